"""What does not add up: missing kits, searches, discrepancies with their clocks, what one person ended alone."""

import datetime as dt
from collections import defaultdict

from django.conf import settings
from django.urls import reverse

from naloxone.models import Discrepancy, Disposal
from naloxone.notices.letters import ESCALATED, IN_CHARGE, LATE, in_charge, mail, standing_in
from naloxone.rules import ESCALATE_HOURS
from safety_portal import access, alerts
from safety_portal.access import Role

DISCREPANCY = "naloxone.discrepancy"
UNSIGNED = "naloxone.disposal_uncountersigned"
RECEIPT = "naloxone.receipt_owed"


def tell_missing(kits, act, *, now):
    """Mail at once to who answers for the stations of missing units: references and a link, no names."""
    at = defaultdict(list)
    for kit in kits:
        at[kit.station].append(kit.reference)
    for station, references in at.items():
        noun = "kit is" if len(references) == 1 else "kits are"
        for person in in_charge(station, None, now):
            mail(
                person, key=f"missing:{act.pk}:{station.code}", kind="kit.missing",
                subject=f"{len(references)} {noun} reported missing at {station}",
                body=f"{', '.join(references)} at {station}.\n\n"
                "Who finds one records it; after the search it is written off.",
                path=reverse("naloxone:discrepancies"), now=now,
            )  # fmt: skip


def tell_search(search, people, *, now):
    """Mail whoever has a kit by the record that it was not where it is expected: a reference and a link, no names."""
    for person in people:
        mail(
            person, key=f"search:{search.reference}", kind="kit.searched",
            subject=f"{search.kit.reference}: where is it?",
            body=f"{search.kit.reference} was not where it is recorded. Say where it is within "
            f"{settings.SEARCH_HOURS} hours, or it counts as missing then.",
            path=search.get_absolute_url(), now=now,
        )  # fmt: skip


def tell_owner(discrepancy, person, *, now):
    """Mail somebody that a discrepancy is theirs to see to."""
    mail(
        person, key=f"owner:{discrepancy.reference}", kind="discrepancy.handed_on",
        subject=f"{discrepancy.reference} is yours to see to",
        body=f"{discrepancy.reference} at {discrepancy.station} was given to you. It has a clock.",
        path=reverse("naloxone:discrepancy", args=[discrepancy.pk]), now=now,
    )  # fmt: skip


def overdue(now):
    """One Due for each open discrepancy past its time; past 72 hours it has reached the next step."""
    late = Discrepancy.objects.open().filter(due_at__lte=now).select_related("station")
    for found in late:
        hours = (now - found.opened_at) / dt.timedelta(hours=1)
        yield alerts.Due(
            kind=DISCREPANCY,
            subject=found.reference,
            station_id=found.station_id,
            due_on=found.station.today(found.due_at),
            threshold=ESCALATED if hours >= ESCALATE_HOURS else LATE,
            group=f"discrepancies {found.station.code}",
        )


sweep_discrepancies = alerts.sweep_of(DISCREPANCY, overdue, how="Closed")


def discrepancy_recipients(station, threshold, now):
    """The station; from 72 hours on the health office too."""
    roles = [*IN_CHARGE, Role.HEALTH_OFFICE] if threshold <= ESCALATED else IN_CHARGE
    return access.holders_of(standing_in(roles, station, now), station, now)


def discrepancy_line(found):
    count = len(found)
    noun = "thing does" if count == 1 else "things do"
    return f"{count} {noun} not add up at {found[0].station} and {'is' if count == 1 else 'are'} past the time to explain it"


def unsigned(now):
    """One Due for each disposal by one person that nobody else signed for within the week."""
    late = Disposal.objects.waiting().filter(due_at__lte=now).select_related("station")
    for found in late:
        yield alerts.Due(
            kind=UNSIGNED,
            subject=found.reference,
            station_id=found.station_id,
            due_on=found.station.today(found.due_at),
            threshold=LATE,
            group=f"disposals {found.station.code}",
        )


sweep_disposals = alerts.sweep_of(UNSIGNED, unsigned, how="Signed, or undone")


def unsigned_line(found):
    count = len(found)
    noun = "disposal" if count == 1 else "disposals"
    return f"{count} {noun} at {found[0].station} by one person: a second signature is overdue"


alerts.register_kind(
    alerts.Kind(
        name=UNSIGNED,
        title="Disposals by one person",
        recipients=in_charge,
        line=unsigned_line,
        url=lambda found: reverse("naloxone:unsigned_disposals"),
    )
)
alerts.register_sweep("naloxone.disposals", sweep_disposals)


def receipts_owed(now):
    """One Due for each disposal whose receipt should be here by now."""
    for found in Disposal.objects.owing().select_related("station", "act"):
        if found.station.today(now) > found.receipt_due_on:
            yield alerts.Due(
                kind=RECEIPT, subject=found.reference, station_id=found.station_id,
                due_on=found.receipt_due_on, threshold=LATE, group=f"receipts {found.station.code}",
            )  # fmt: skip


sweep_receipts = alerts.sweep_of(
    RECEIPT, receipts_owed, how="Its receipt is recorded, or it was undone"
)


def receipt_line(found):
    count = len(found)
    noun = "receipt" if count == 1 else "receipts"
    return f"{count} {noun} for what left {found[0].station} should be here: ask who took it"


alerts.register_kind(
    alerts.Kind(
        name=RECEIPT,
        title="Receipts not here yet",
        recipients=in_charge,
        line=receipt_line,
        url=lambda found: reverse("naloxone:owed_receipts"),
    )
)
alerts.register_sweep("naloxone.receipts", sweep_receipts)


alerts.register_kind(
    alerts.Kind(
        name=DISCREPANCY,
        title="What does not add up",
        recipients=discrepancy_recipients,
        line=discrepancy_line,
        url=lambda found: reverse("naloxone:discrepancies"),
    )
)
alerts.register_sweep("naloxone.discrepancies", sweep_discrepancies)
