"""The end of stock: disposing of kits in two steps, the lists of what was ended, one disposal and its second signature."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, codes, disposal_rules, ended, forms, printed
from naloxone.actions.disposals import may_sign, stocks_of
from naloxone.filters import DisposalFilter
from naloxone.models import Disposal, Kit
from naloxone.views.stock import asked, form_page
from safety_portal import documents, keyset, looking
from safety_portal.access import Permission, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Tab, Table
from safety_portal.widgets import look_up_answer

TITLE = "Dispose of kits"
NEWEST = (By("pk"),)
TABS = (
    ("All", "disposals", "Nothing has been disposed of at your stations yet."),
    ("Waiting for a signature", "waiting_disposals", "Two people stand for every disposal."),
    ("Receipts owed", "owed_receipts", "Nobody owes a receipt for what left your stations."),
    ("Not signed in time", "unsigned_disposals", "Every disposal was signed within its week."),
)


# --- doing it -----------------------------------------------------------------------------------------
FILE = (
    Out("No.", "reference"), Out("How", "get_method_display"), Out("Why", "get_reason_display"), Out("In words", "words"),
    Out("Kits", "standing"), Out("Kits undone", lambda one: one.kits - one.standing), Out("Station", "station.name"),
    Out("Done", "act.occurred_at", moment=True), Out("By", "act.by.name"), Out("Witness", "act.second.name"),
    Out("Signed by", "signed.by.name"), Out("Signed", "signed.at", moment=True), Out("To be signed until", "due_at", moment=True),
    Out("Who got them", "recipient"), Out("Receipt", "receipt_number"), Out("Receipt owed", lambda one: one.owes_receipt and not one.receipt_number),
)  # fmt: skip


@needs(Permission.STOCK_END)
def dispose(request):
    """Which kits, how and why; then the list to check, with a witness here or a signature later."""
    sent = request.method == "POST"
    form = forms.DisposeForm(
        request.POST if sent else None, request.FILES if sent else None, person=request.person,
        cancel_url=reverse("naloxone:kits"), initial=None if sent else begins_with(request),
    )  # fmt: skip
    if not sent or not form.is_valid():
        return form_page(request, form, TITLE, template="naloxone/dispose.html")
    if known := form.known():
        return redirect(known)
    if request.POST.get("way") == forms.BackForm.way or not form.fits():
        return form_page(request, form, TITLE, template="naloxone/dispose.html")
    witness, later = second_steps(request, form)
    done = witness.is_bound and witness.dispose(request)
    if done or (later.is_bound and later.carry_out(actions.dispose_of_kits)):
        made = (witness if done else later).result
        messages.success(request, f"Recorded as {made.reference}.")
        return redirect(made)
    return check_page(request, form, witness, later)


def begins_with(request):
    """The kits asked for, and the reason that their record tells of all of them."""
    kits = asked(request)["kits"]
    keys = {Kit.number(code) for code in kits} - {None}
    found = list(Kit.objects.overseen_by(request.person).filter(pk__in=keys)) if keys else []
    on = request.person.station.today()
    return {"kits": kits, "reason": disposal_rules.likely_reason(stocks_of(found), on=on)}


def second_steps(request, form):
    """Both ways to go on; the one that was sent is bound."""
    way = request.POST.get("way")
    return [
        kind(
            request.POST if way == kind.way else None, told=form, person=request.person,
            initial=form.carried(),
        )
        for kind in (forms.WitnessForm, forms.LaterForm)
    ]  # fmt: skip


def check_page(request, form, witness, later):
    """The list by lot, what to see to, and the two ways to go on."""
    facts = form.facts()
    kits, method, reason = facts["kits"], facts["method"], facts["reason"]
    many = kits[0].reference if len(kits) == 1 else f"{len(kits):,} kits"
    verb = "Pass on" if method in disposal_rules.TAKERS else "Dispose of"
    witness.submit_label = f"{verb} {many} before the witness"
    later.submit_label = f"{verb} {many}, to be signed later"
    context = {
        "title": f"{verb} {many}?",
        "kits": kits,
        "contents": ended.contents_of(kits),
        "cautions": [
            *ended.offers_that_end(kits),
            *disposal_rules.cautions(stocks_of(kits), method=method, reason=reason),
        ],
        "note": disposal_rules.in_words(
            **{n: facts[n] for n in ("method", "reason", "words", "receipt", "recipient")}
        ),
        "outcome": form.outcome(),
        "photos": facts["photos"],
        "form": witness,
        "later": later,
        "back": forms.BackForm(told=form, person=request.person, initial=form.carried()),
    }
    return render(request, "naloxone/dispose_check.html", context)


@everyone
def witness_options(request):
    """Witnesses for the look-up."""
    return look_up_answer(
        request, lambda text: codes.witnesses(text, request.person), codes.describe
    )


# --- lists --------------------------------------------------------------------------------------------
def list_page(request, found, name):
    """A page of disposals, newest first; those of one method when the address says so."""
    columns = [
        Column("No."), Column("How and why"), Column("Kits", figure=True), Column("Station"),
        Column("By"), Column("Signed by"), Column("Done"),
    ]  # fmt: skip
    chosen = DisposalFilter(request.GET, found.filter(looking.narrowing(request.person)))
    if wanted(request):
        return Listed("Disposals", FILE, chosen.qs.with_names().with_counts(), NEWEST, down=True)
    page = keyset.page_of(request.GET, chosen.qs.with_names().with_counts(), NEWEST, down=True)
    now = timezone.now()
    for one in page.rows:
        one.badge = badges.signature_badge(one, now)
        one.receipt_badge = badges.receipt_badge(one, one.station.today(now))
    context = {
        "title": "Disposals",
        "tabs": [Tab(label, reverse(f"naloxone:{tab}"), tab == name) for label, tab, _ in TABS],
        "head": Table(request, "Disposals", columns, caption_hidden=True),
        "rows": page.rows,
        "filter": chosen,
        "words": list(chosen.filter_words(request.GET)),
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, chosen.qs), "disposal"),
        "empty": next(text for _, tab, text in TABS if tab == name),
        "here": reverse(f"naloxone:{name}"),
    }  # fmt: skip
    return render(request, "naloxone/disposals.html", context)


@needs(Permission.KITS_SEE)
@downloads
def disposals(request):
    """What left the agency's hands at one's stations."""
    return list_page(request, Disposal.objects.visible_to(request.person), "disposals")


@needs(Permission.KITS_SEE)
@downloads
def waiting_disposals(request):
    """What one person ended and nobody has signed for beside them."""
    found = Disposal.objects.visible_to(request.person).waiting()
    return list_page(request, found, "waiting_disposals")


@needs(Permission.KITS_SEE)
@downloads
def unsigned_disposals(request):
    """What one person ended and nobody signed for within the week: not at all, or late."""
    found = Disposal.objects.visible_to(request.person).past(timezone.now())
    return list_page(request, found, "unsigned_disposals")


@needs(Permission.KITS_SEE)
@downloads
def owed_receipts(request):
    """What somebody took and has given no receipt for."""
    found = Disposal.objects.visible_to(request.person).owing()
    return list_page(request, found, "owed_receipts")


# --- one ----------------------------------------------------------------------------------------------
@needs(Permission.KITS_SEE)
def disposal(request, number):
    """One disposal: what, how, by whom, who stands for it; and signing as the second person."""
    found = seen(request.person, number)
    form = sign_form(request, found)
    if request.method == "POST":
        if found.signed is not None:
            messages.info(request, f"{found.signed.by} has signed for {found.reference}.")
            return redirect(found)
        if form is None:
            raise Http404
        if form.carry_out(actions.countersign, disposal=found):
            messages.success(request, f"{found.reference} is signed by two people.")
            return redirect(found)
    standing, undone = ended.units_of(found)
    context = {
        "title": found.reference,
        "found": found,
        "badge": badges.signature_badge(found, timezone.now()),
        "proof": ended.proof_of(found.act),
        "contents": ended.contents_of(standing),
        "kits": standing,
        "undone": undone,
        "form": form,
        "mine": found.act.by_id == request.person.pk,
        "receipts": receipts_of(found),
        "receipt_badge": badges.receipt_badge(found, found.station.today()),
        "may_record": bool(found.standing) and may_sign(request.person, found.station_id),
    }
    return render(request, "naloxone/disposal.html", context)


def receipts_of(found):
    """Receipts that came later, newest first: that one counts."""
    shown = found.receipts.select_related("by")
    return list(shown.prefetch_related("disposalreceiptphoto_set__photo"))


def seen(person, number):
    found = Disposal.objects.visible_to(person).with_names().with_counts()
    return get_object_or_404(found, pk=number)


@needs(Permission.KITS_SEE)
def receipt(request, number):
    """The receipt that came later."""
    found = seen(request.person, number)
    if not may_sign(request.person, found.station_id):
        raise Http404
    sent = request.method == "POST"
    form = forms.ReceiptForm(
        request.POST if sent else None, request.FILES if sent else None, disposal=found,
        person=request.person, cancel_url=found.get_absolute_url(),
    )  # fmt: skip
    if sent and form.carry_out(actions.record_receipt):
        messages.success(request, f"The receipt for {found.reference} is recorded.")
        return redirect(found)
    return form_page(request, form, f"Receipt for {found.reference}")


@needs(Permission.KITS_SEE)
def manifest(request, number):
    """What left, by product and lot, on paper for who takes it: with the lines for both signatures and the receipt."""
    found = seen(request.person, number)
    pdf = printed.manifest(found, by=request.person, now=timezone.now())
    return documents.answer(pdf, f"{found.reference} manifest.pdf")


def sign_form(request, found):
    """The form for the second signature, for who may give it."""
    waits = found.due_at is not None and found.signed is None and found.standing
    if not waits or found.act.by_id == request.person.pk:
        return None
    if not may_sign(request.person, found.station_id):
        return None
    sent = request.POST if request.method == "POST" else None
    return forms.CountersignForm(sent, person=request.person)
