"""Protocols: which hold where, what one says, writing a version, approving it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from safety_portal import access
from safety_portal.access import Permission, everyone, needs
from safety_portal.page_parts import Column, Tab, Table
from training import actions, forms, holding, rules
from training.models import Protocol, ProtocolVersion
from training.rules import KIND_WORDS, STANDING_WORDS, Kind, Standing

TONES = {
    Standing.DRAFT: "info", Standing.SET_ASIDE: "quiet", Standing.COMING: "info",
    Standing.IN_FORCE: "good", Standing.SUPERSEDED: "quiet", Standing.WITHDRAWN: "quiet",
}  # fmt: skip
TABS = (
    ("In force here", ""),
    ("Review due", "review"),
    ("Drafts", "drafts"),
    ("All", "all"),
)
EMPTY = {
    "": "No protocol is in force here.",
    "review": "No review is overdue or due soon.",
    "drafts": "No draft waits for approval.",
    "all": "No protocol has been written yet.",
}


def keeps(person):
    return access.may(person, Permission.PROTOCOLS_KEEP, at=access.ANYWHERE)


def station_asked(request):
    """The station whose protocols one asks for: one's own, unless the address names another of one's own."""
    code = request.GET.get("station", "")[:20].replace("\x00", "")
    mine = access.stations_where(request.person, Permission.PEOPLE_SEE).in_use()
    found = mine.filter(code=code).select_related("region__component").first() if code else None
    return found or request.person.station


def listed(shown, station, today):
    """The versions of a tab, with their names."""
    if shown == "review":
        last = today + holding.review_horizon()
        rows = ProtocolVersion.objects.in_force(today).filter(review_due_on__lte=last)
        return list(rows.with_names().soonest_review_first())
    if shown == "drafts":
        return list(ProtocolVersion.objects.drafts().with_names().order_by("-pk"))
    if shown == "all":
        newest = {v.protocol_id: v for v in ProtocolVersion.objects.with_names().order_by("number")}
        newest |= {v.protocol_id: v for v in holding.in_force(today)}
        return sorted(newest.values(), key=lambda v: (v.protocol.kind, v.protocol.title, v.pk))
    return [v for v in holding.in_force(today) if holding.reaches(v, station)]


def with_badges(versions, today):
    """Sets each version's standing and how its review stands, as (text, tone)."""
    protocols = Protocol.objects.with_names().in_bulk([v.protocol_id for v in versions])
    for version in versions:
        standing = rules.standing_of(version.number, protocols[version.protocol_id].lives, on=today)
        version.badge = STANDING_WORDS[standing], TONES[standing]
        left = rules.review_left(version.review_due_on, on=today)
        version.review = None
        if standing == Standing.IN_FORCE and left < 0:
            version.review = "Review overdue", "bad"
        elif standing == Standing.IN_FORCE and left <= holding.review_horizon().days:
            version.review = "Review due", "watch"
    return versions


@everyone
def protocols(request):
    """Which protocols hold here today, which are to be reviewed, what is missing?"""
    shown = request.GET.get("show", "")
    shown = shown if shown in EMPTY else ""
    station = station_asked(request)
    today = station.today()
    columns = [Column("Protocol"), Column("For"), Column("Version"), Column("Review due"), Column("Owner")]  # fmt: skip
    here = reverse("training:protocols")
    context = {
        "title": "Protocols",
        "tabs": [
            Tab(label, f"{here}?show={name}" if name else here, name == shown)
            for label, name in TABS
        ],
        "shown": shown,
        "station": station,
        "missing": missing_at(station, today) if not shown else [],
        "head": Table(request, "Protocols", columns, caption_hidden=True),
        "versions": with_badges(listed(shown, station, today), today),
        "empty": EMPTY[shown],
        "keeps": keeps(request.person),
    }
    return render(request, "training/protocols.html", context)


def missing_at(station, today):
    """Words for what a station is asked to have a protocol for, and has none."""
    answers = holding.answers_at(station, today)
    return [one.words for one in answers if one.asked_for and one.version is None]


# --- one ------------------------------------------------------------------------------------------


def seen(number):
    """A protocol; everybody reads them."""
    return get_object_or_404(Protocol.objects.with_names(), pk=number)


@everyone
def protocol(request, number):
    """What does this protocol say today? Its version in force, else the newest."""
    found = seen(number)
    today = actions.day_of(found, timezone.now(), request.person)
    versions = list(found.versions.all())
    standing = {v: rules.standing_of(v.number, found.lives, on=today) for v in versions}
    in_force = [v for v in versions if standing[v] == Standing.IN_FORCE]
    return redirect((in_force or versions[-1:])[0])


@everyone
def version(request, number, version):
    """One version: its steps, what changed, who wrote and approved it; approving or withdrawing it."""
    found = seen(number)
    one = get_object_or_404(
        found.versions.with_names().prefetch_related("steps", "doses"), number=version
    )
    today = actions.day_of(found, timezone.now(), request.person)
    standing = rules.standing_of(one.number, found.lives, on=today)
    verb, form = act_on(request, one, standing)
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.carry_out(verb, version=one):
            said = "approved" if verb == actions.approve_version else "withdrawn"
            messages.success(request, f"{one.reference} is {said}.")
            return redirect(one)
    context = {
        "title": found.title,
        "found": found,
        "one": one,
        "badge": (STANDING_WORDS[standing], TONES[standing]),
        "overdue": standing == Standing.IN_FORCE and one.review_due_on < today,
        **changed(found, one),
        "history": history(found, today),
        "head": Table(
            request, "Versions",
            [Column("Version"), Column("State"), Column("In force from"), Column("Written by"), Column("Approved by")],
        ),
        "form": form,
        "own_draft": standing == Standing.DRAFT and one.written_by == request.person,
        "may_write": may_keep(request.person, found),
    }  # fmt: skip
    return render(request, "training/protocol.html", context)


def may_keep(person, protocol):
    return actions.may_keep(person, component=protocol.component, station=protocol.station)


def act_on(request, one, standing):
    """What this person may do with a version now, and the form for it: (action, form), or (None, None)."""
    if not may_keep(request.person, one.protocol):
        return None, None
    sent = request.POST if request.method == "POST" else None
    if standing == Standing.DRAFT and one.written_by != request.person:
        return actions.approve_version, forms.ApproveForm(sent, person=request.person)
    if standing in (Standing.IN_FORCE, Standing.COMING):
        return actions.withdraw_version, forms.WithdrawForm(sent, person=request.person)
    return None, None


def version_before(protocol, one):
    """The version that this one takes the place of: the newest approved before it, else the one before."""
    older = [v for v in protocol.versions.all() if v.number < one.number]
    approved = [v for v in older if v.approved]
    return (approved or older or [None])[-1]


def changed(protocol, one):
    """The version before it, and what this one says otherwise."""
    before = version_before(protocol, one)
    if before is None:
        return {"before": None, "changes": []}
    pair = (before.facts, before.lines), (one.facts, one.lines)
    return {"before": before, "changes": rules.changes(*pair)}


def history(protocol, today):
    """All versions, newest first, each with its badge."""
    found = list(protocol.versions.with_names().order_by("-number"))
    for one in found:
        standing = rules.standing_of(one.number, protocol.lives, on=today)
        one.badge = STANDING_WORDS[standing], TONES[standing]
    return found


# --- writing --------------------------------------------------------------------------------------


@needs(Permission.PROTOCOLS_KEEP)
def new_protocol(request):
    """Write a new protocol: first what it is for, then its first version."""
    kind = request.GET.get("kind", "")
    if kind not in set(Kind):
        context = {"title": "Write a protocol", "kinds": KIND_WORDS.items(), "narrow": True}
        return render(request, "training/new_protocol.html", context)
    form = forms.ProtocolForm(
        request.POST or None, kind=kind, person=request.person,
        cancel_url=reverse("training:protocols"),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.write_protocol):
        return written(request, form)
    return write_page(request, form, f"Write a protocol: {KIND_WORDS[Kind(kind)]}")


@needs(Permission.PROTOCOLS_KEEP)
def new_version(request, number):
    """Write a newer version, from the newest one."""
    found = seen(number)
    if not may_keep(request.person, found):
        raise Http404
    old = found.versions.prefetch_related("steps", "doses").latest("number")
    form = forms.VersionForm(
        request.POST or None, kind=found.kind, old=old, person=request.person, cancel_url=old.get_absolute_url(),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.write_version, protocol=found):
        return written(request, form)
    return write_page(request, form, f"New version of {found.title}", found)


def written(request, form):
    messages.success(
        request, f"{form.result.reference} is written. It waits for another person’s approval."
    )
    return redirect(form.result)


def write_page(request, form, title, protocol=None):
    context = {"title": title, "form": form, "protocol": protocol}
    return render(request, "training/write.html", context)
