"""The people of one's stations; one of them; recorded, changed, invited, left."""

from django.contrib import messages
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from safety_portal import access, forms, keyset, looking, roster
from safety_portal.access import EVERYWHERE, Grant, Permission, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Button, Column, FilterWord, Tab, Table, address
from safety_portal.roster import people_seen, stations_seen
from safety_portal.saved_filters import savable
from safety_portal.widgets import look_up_answer, words

BY_NAME = (By("family_key", str), By("given_key", str), By("pk"))
MOST_ROLES = 50

# Which people are listed: the word in the address → its words, and the condition.
SHOWN = {
    "serving": ("", {"left_on": None}),
    "no_account": ("Without an account", {"left_on": None, "account": None}),
    "invited": (
        "Invited, no password yet",
        {"left_on": None, "account__is_active": True, "account__password__startswith": "!"},
    ),
    "left": ("Who have left", {"left_on__isnull": False}),
}


FILE = (
    Out("Person", "name"), Out("Badge", "badge"), Out("Station", "station.name"),
    Out("Sign-in", lambda person: sign_in_of(person)[0]),
)  # fmt: skip


def tabs(current):
    pages = (("People", "people"), ("Dogs", "canines"), ("Stations", "stations"))
    return [Tab(label, reverse(name), name == current) for label, name in pages]


def keeps(person):
    """Whether the person keeps the roster: an administrator of the whole agency."""
    return access.may(person, Permission.PEOPLE_KEEP, at=EVERYWHERE)


def form_page(request, form, title, *trail, template="people/form.html", **more):
    """A form in reading width. `trail`: label, address, … of the pages it hangs under."""
    links = list(zip(trail[0::2], trail[1::2], strict=True))
    context = {"title": title, "form": form, "narrow": True, "trail": links, **more}
    return render(request, template, context)


# --- the list ------------------------------------------------------------------------------------


class Filter:
    """What the address asks for: words, a station of one's own, and which people."""

    def __init__(self, request):
        asked = request.GET
        self.q = words.tidy(asked.get("q", ""))[:60].replace("\x00", "")
        named = asked.get("station", "")
        # A closed station is offered to nobody, but its page leads to those who left there.
        choices = Q(closed_on=None) | Q(code=named[:20].replace("\x00", ""))
        self.stations = list(stations_seen(request.person).filter(choices).by_name())
        codes = {station.code: station for station in self.stations}
        self.station = codes.get(named)
        self.unknown = bool(named) and self.station is None
        self.shown = asked.get("shown") if asked.get("shown") in SHOWN else "serving"

    @property
    def choices(self):
        """(value, label, chosen) of which people."""
        return [
            (name, label or "Who serve", name == self.shown) for name, (label, _) in SHOWN.items()
        ]

    def rows(self, people):
        people = people.filter(**SHOWN[self.shown][1])
        if self.station:
            people = people.filter(station=self.station)
        return people.matching(self.q) if self.q else people

    def words(self, query):
        here = dict.fromkeys(("after", "before", "last"))
        found = [("q", f"“{self.q}”" if self.q else ""), ("station", self.station and f"At {self.station}"),
                 ("shown", SHOWN[self.shown][0])]  # fmt: skip
        return [
            FilterWord(text, address(query, **here, **{name: None})) for name, text in found if text
        ]


@needs(Permission.PEOPLE_SEE)
@savable("q", "station", shown="serving")
@downloads
def people(request):
    """Who belongs to my stations?"""
    asked = Filter(request)
    seen_here = people_seen(request.person)
    if not asked.station:
        seen_here = seen_here.filter(looking.narrowing(request.person))
    found = asked.rows(seen_here)
    rows = found.select_related("station", "account").annotate(
        family_key=Lower("family_name"), given_key=Lower("given_name")
    )
    if wanted(request):
        return Listed("People", FILE, rows, BY_NAME)
    page = keyset.page_of(request.GET, rows, BY_NAME)
    count = keyset.count_of(page, found)
    columns = [Column("Person"), Column("Badge"), Column("Station"), Column("Sign-in")]
    for one in page.rows:
        one.sign_in = sign_in_of(one)
    context = {
        "title": "People",
        "tabs": tabs("people"),
        "filter": asked,
        "words": asked.words(request.GET),
        "head": Table(request, "People", columns, caption_hidden=True),
        "people": page.rows,
        "pager": keyset.pager(request.GET, page, BY_NAME, count, "person|people"),
        "keeps": keeps(request.person),
    }
    return render(request, "people/people.html", context)


@everyone
def people_options(request):
    """People for the look-ups: those one sees."""
    return look_up_answer(
        request,
        lambda text: forms.choosable(request.person).matching(text).by_name(),
        forms.describe_person,
    )


# --- one person ----------------------------------------------------------------------------------


def sign_in_of(person):
    """Whether somebody can sign in, as the words and tone of a badge."""
    account = getattr(person, "account", None)
    if person.left_on is not None:
        return "Left", "quiet"
    if account is None:
        return "No account", "quiet"
    if not account.is_active:
        return "Account ended", "bad"
    return ("Signs in", "good") if account.has_usable_password() else ("Invited", "watch")


def seen(request, number):
    """The person, if they are the reader's to see."""
    people = people_seen(request.person).select_related("station__region__component", "account")
    return get_object_or_404(people, pk=number)


def facts_of(found, person):
    account = getattr(found, "account", None)
    facts = [
        ("Badge", found.badge or "—"),
        ("Belongs to the agency as", found.get_kind_display()),
        ("Home station", found.station),
        ("Telephone", found.telephone or "—"),
    ]
    if account and keeps(person):
        facts.append(("Signs in as", account.email))
    return facts


def acts_on(found, person):
    """What one may do with this person now; nothing else is shown."""
    if not keeps(person) or found.left_on is not None:
        return []
    account = getattr(found, "account", None)
    active = account is not None and account.is_active
    acts = []
    if not active or not account.has_usable_password():
        acts.append(("Invite again" if active else "Invite", "invite_person", "primary"))
    acts.append(("Change", "change_person", "outline"))
    if found != person:
        acts.append(("Give a role", "give_role", "outline"))
        if active:
            acts.append(("End the account", "end_account", "plain"))
        acts.append(("Record that they left", "person_left", "plain"))
    return [Button(label, reverse(name, args=[found.pk]), kind) for label, name, kind in acts]


@needs(Permission.PEOPLE_SEE)
def person(request, number):
    """Who is this, what do they do, and what may they do here?"""
    found = seen(request, number)
    now = timezone.now()
    grants = list(Grant.objects.filter(person=found).with_names().newest_first()[:MOST_ROLES])
    running = [one for one in grants if one.ends_at is None or one.ends_at > now]
    context = {
        "title": found.name,
        "found": found,
        "sign_in": sign_in_of(found),
        "facts": facts_of(found, request.person),
        "acts": acts_on(found, request.person),
        "work": list(found.work.order_by("-ended_on", "started_on", "pk")),
        "roles": running,
        "past_roles": [one for one in grants if one not in running],
        "canines": list(found.canines.serving().by_name()),
        "can_end": found != request.person
        and access.may(request.person, Permission.GRANTS_KEEP, at=EVERYWHERE),
        "now": now,
        "role_columns": Table(
            request, "Roles now",
            [Column("Role"), Column("Where"), Column("From"), Column("Until"), Column("Given by"),
             Column("", hidden="Acts")],
            caption_hidden=True,
        ),
    }  # fmt: skip
    return render(request, "people/person.html", context)


def acted_on(request, number, act):
    """The person, when the act is one of those possible now. A form that comes too late gets a sentence instead."""
    found = seen(request, number)
    possible = [button.url for button in acts_on(found, request.person)]
    if request.method != "POST" and reverse(act, args=[found.pk]) not in possible:
        raise Http404
    return found


def page_of(found):
    return reverse("person", args=[found.pk])


def act_page(request, found, form, verb, title, said):
    """A page with one act about a person, and back to the person."""
    if request.method == "POST" and form.carry_out(verb, person=found):
        messages.success(request, said)
        return redirect(page_of(found))
    return form_page(request, form, title, "People", reverse("people"), found.name, page_of(found))


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def new_person(request):
    """Record somebody, and invite them at once."""
    form = forms.PersonForm(
        request.POST or None, person=request.person, cancel_url=reverse("people")
    )
    if request.method == "POST" and form.carry_out(roster.record_and_invite):
        address = form.cleaned_data["email"]
        invited = f" The invitation goes to {address}." if address else ""
        messages.success(request, f"{form.result} is recorded.{invited}")
        return redirect(page_of(form.result))
    return form_page(request, form, "Record a person", "People", reverse("people"))


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def change_person(request, number):
    """Change what is known of somebody."""
    found = acted_on(request, number, "change_person")
    form = forms.PersonForm(
        request.POST or None, row=found, person=request.person, cancel_url=page_of(found),
        submit_label="Change",
    )  # fmt: skip
    return act_page(request, found, form, roster.change_person, f"Change {found}", "Changed.")


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def invite_person(request, number):
    """Give somebody an account, or send the link once more."""
    found = acted_on(request, number, "invite_person")
    account = getattr(found, "account", None)
    form = forms.InviteForm(
        request.POST or None, person=request.person, cancel_url=page_of(found),
        initial={"email": account.email if account else ""},
    )  # fmt: skip
    said = "The invitation is on its way."
    return act_page(request, found, form, roster.invite_person, f"Invite {found}", said)


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def end_account(request, number):
    """Stop somebody from signing in."""
    found = acted_on(request, number, "end_account")
    form = forms.EndAccountForm(
        request.POST or None, person=request.person, cancel_url=page_of(found)
    )
    said = f"{found} can no longer sign in."
    return act_page(request, found, form, roster.end_account, f"End the account of {found}?", said)


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def person_left(request, number):
    """Record that somebody left."""
    found = acted_on(request, number, "person_left")
    form = forms.LeftForm(
        request.POST or None, person=request.person, cancel_url=page_of(found),
        today=found.station.today(),
    )  # fmt: skip
    said = f"Recorded: {found} has left."
    return act_page(request, found, form, roster.record_left, f"Has {found} left?", said)
