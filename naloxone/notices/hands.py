"""Hand-overs and uses: who must hear at once that a unit did not come, came back, or was given."""

from collections import defaultdict

from django.urls import reverse

from naloxone.models import HandOver
from naloxone.notices.letters import in_charge, mail
from safety_portal import access
from safety_portal.access import Role


def tell_lapsed(lapsed, *, now):
    """Mail the receivers of offers that a move overtook. `lapsed`: (hand-over key, kit key) pairs."""
    kits = defaultdict(list)
    for hand_over, kit in sorted(lapsed):
        kits[hand_over].append(f"K-{kit}")
    offers = HandOver.objects.filter(pk__in=kits).select_related(
        "receiver__person__account", "receiver__canine__handler__account"
    )
    for offer in offers:
        person = offer.receiver.carrier
        if person and person.has_account:  # a place has nobody in particular
            tell_one(person, offer, kits[offer.pk], now)


def tell_one(person, offer, references, now):
    """One mail about one offer: references and a link, no names."""
    mail(
        person, key=f"lapsed:{offer.reference}:{references[0]}", kind="hand_over.lapsed",
        subject=f"{offer.reference}: {len(references)} no longer offered to you",
        body=f"{', '.join(references)} of {offer.reference} moved before you answered, so the offer "
        "of it has ended. There is nothing you have to do.",
        path=reverse("naloxone:hand_over", args=[offer.pk]), now=now,
    )  # fmt: skip


def tell_undone(kit, event, *, by, now):
    """Mail who has a unit again because a hand-over was undone, unless they did it themselves."""
    person = event.source.carrier
    if person is None or person == by or not person.has_account:
        return
    mail(
        person, key=f"undone:{kit.reference}:{event.sequence}", kind="kit.undone",
        subject=f"{kit.reference} is with you again",
        body=f"No. {event.sequence} of {kit.reference} was recorded by mistake and is undone, so the "
        "kit is recorded as with you again. If you don't have it, say so there.",
        path=kit.get_absolute_url(), now=now,
    )  # fmt: skip


def tell_used(report, kits, *, now):
    """Mail at once: to who answers for the station and for each kit, and to its medical officers. No names, no facts.

    Asked again, as when a dose is added, it tells only of kits that it has not told of.
    """
    here = set(in_charge(report.station, None, now))
    used = dict.fromkeys(here, kits)
    for kit in kits:
        for person in in_charge(kit.station, None, now):
            if person not in here:
                used.setdefault(person, []).append(kit)
    where = reverse("naloxone:use", args=[report.pk])
    for person, theirs in used.items():
        subject = f"{used_words(theirs)} at {report.station}"
        # Who answers for the kit alone does not see the report of another station.
        see = (report.reference, where) if person in here else (theirs[0].reference, theirs[0].get_absolute_url())  # fmt: skip
        mail_use(person, report, subject, see, theirs, now=now)
    for person in access.holders_of([Role.MEDICAL_OFFICER], report.station, now):
        if person not in used:
            subject = f"{report.reference} waits for you"
            mail_use(person, report, subject, (report.reference, where), (), now=now)


def used_words(kits):
    if not kits:
        return "A dose was given"
    return f"{', '.join(kit.reference for kit in kits)} {'was' if len(kits) == 1 else 'were'} used"


def mail_use(person, report, subject, see, kits, *, now):
    """One mail about a use of these units; `see` is the reference and path of what the person can open."""
    reference, path = see
    mail(
        person, key=":".join(["used", report.reference, *(kit.reference for kit in kits)]),
        kind="kit.used", subject=subject, body=f"{subject}. See {reference}:", path=path, now=now,
    )  # fmt: skip
