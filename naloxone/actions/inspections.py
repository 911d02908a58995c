"""Looking at a unit: what was seen is kept, and only a difference makes events and discrepancies."""

import uuid
from dataclasses import replace

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from naloxone import inspection_rules, ledger, rules
from naloxone.actions import discrepancies, life
from naloxone.actions.fittings import tell_short
from naloxone.actions.stock import begin
from naloxone.inspection_rules import FINDING_WORDS, Finding, LotSeen
from naloxone.models import (
    Device,
    DiscrepancyKind,
    Holder,
    Inspection,
    InspectionLine,
    InspectionPhoto,
)
from naloxone.rules import PLACES, CustodyError, EventKind, State
from safety_portal import access, audit
from safety_portal.access import Permission
from safety_portal.photos import keep_photo, register_photo_door

PHOTOS = "naloxone.inspection"  # their purpose: who sees the inspection sees them
# What does not add up. An expiry is no difference from the record: its own alert has told of it.
DIFFERENCES = {
    Finding.SEAL: DiscrepancyKind.SEAL,
    Finding.SHORT: DiscrepancyKind.SHORT,
    Finding.EXTRA: DiscrepancyKind.EXTRA,
    Finding.MISMATCH: DiscrepancyKind.MISMATCH,
    Finding.PACKAGE: DiscrepancyKind.REPLACE,
    Finding.DEVICE: DiscrepancyKind.REPLACE,
    Finding.LIQUID: DiscrepancyKind.REPLACE,
    Finding.ACCESSORIES: DiscrepancyKind.REPLACE,
}


def may_see_photo(person, photo):
    """Whether a person sees the inspection that a photo shows."""
    return Inspection.objects.visible_to(person).filter(inspectionphoto__photo=photo).exists()


register_photo_door(PHOTOS, may_see_photo)


@transaction.atomic
def inspect_kit(
    *, kit, sequence, seen, counts=None, seal_seen="", access_seconds=None, note="", photos=(),
    missing=(), hold=False, works=True, why="", occurred_at, request_key, by,
):  # fmt: skip
    """Record an inspection as it was seen: all is well, or each difference with its discrepancy. Returns it.

    `counts` is {lot key: (doses counted, whether lot and expiry are as printed)}. `sequence` is the custody
    event that the page showed as the newest: when the unit has moved or been used since, CustodyError
    says so. `missing` are the components of its type that were not there. A broken seal opens the unit in the same transaction; `hold` puts it on hold;
    it stays usable in need, unless `works` is false: then `why` says why. `photos` are held ones. Raises
    PhotoError too.
    """
    [kit], _ = begin([kit], request_key)
    if known := Inspection.objects.filter(request_key=request_key).first():
        return known
    life.check_touch(by, [kit])
    rules.check_told(occurred_at, now=timezone.now())
    check_as_shown(kit, sequence)
    life.check_states([kit], rules.STOCKED)
    lots = compare(kit, counts or {})
    seen = replace(seen, lots=list(lots.values()))
    inspection_rules.check_seen(seen, sealed=is_sealed(kit), doses=kit.doses)
    inspection_rules.check_access_seconds(access_seconds, opened=seen.opened)
    day = kit.station.today(occurred_at)
    found = inspection_rules.findings(seen, expires_on=kit.expires_on, on=day)
    inspection_rules.check_works(works=works, why=why, found=found)
    made = Inspection.objects.create(
        request_key=request_key, kit=kit, sequence=sequence, holder=kit.holder, station=kit.station,
        by=by, occurred_at=occurred_at, seal_intact=seen.seal_intact, seal_seen=seal_seen,
        package_intact=seen.package_intact, device_sound=seen.device_sound,
        liquid_clear=seen.liquid_clear, accessories_there=seen.accessories_there,
        opened=seen.opened, access_seconds=access_seconds, result=inspection_rules.result_of(found),
        findings=" ".join(found), next_due_on=inspection_rules.inspection_due_on(day), note=note,
    )  # fmt: skip
    InspectionLine.objects.bulk_create(
        InspectionLine(
            inspection=made, lot_id=lot, expected=one.expected, counted=one.counted, matches=one.matches
        )
        for lot, one in lots.items()
    )  # fmt: skip
    for upload in photos:
        photo = keep_photo(upload=upload, purpose=PHOTOS, station=kit.station, by=by)
        InspectionPhoto.objects.create(inspection=made, photo=photo)
    tell_short(kit, missing, note=made.reference, request_key=request_key, by=by)
    names = ", ".join(map(str, missing))
    note = ". ".join(filter(None, [f"Not there: {names}" if names else "", note]))
    audit.record(
        "kit.inspected", by=by, target=kit, station=kit.station, inspection=made.reference,
        result=made.result,
    )  # fmt: skip
    tell_differences(kit, found, note, by=by)
    change_state(kit, made, found, hold=hold, works=works, why=why, by=by)
    return made


def compare(kit, counts):
    """{lot key: inspection_rules.LotSeen} of the lots that were counted, beside what the ledger says is in the unit."""
    recorded = Device.objects.filter(kit=kit).order_by().values_list("lot")
    return {
        lot: LotSeen(expected, *counts[lot])
        for lot, expected in recorded.annotate(n=Count("pk"))
        if lot in counts
    }


def is_sealed(kit):
    """Whether an unbroken seal may answer for what is in a unit: once opened, it no longer does."""
    return bool(kit.seal) and kit.state != State.OPENED


def check_as_shown(kit, sequence):
    """Raise CustodyError when something happened to a unit since its page was shown."""
    if kit.last_sequence != sequence:
        raise CustodyError(
            f"{kit.reference} was moved, used or changed while you looked (no. {kit.last_sequence} of its "
            "record). What is recorded now is shown below; compare once more and send again."
        )


def tell_differences(kit, found, note, *, by):
    """A discrepancy for each kind of difference, with its clock; of the place when it did not open."""
    now = timezone.now()
    told = {}
    for finding in found:
        if finding in DIFFERENCES:
            told.setdefault(DIFFERENCES[finding], []).append(FINDING_WORDS[finding])
    for kind, words in told.items():
        said = ". ".join([*words, note]) if note else ". ".join(words)
        discrepancies.open_once(
            kind=kind, kit=kit, station=kit.station, told=said, now=now, by=by
        )  # fmt: skip
    if Finding.NO_ACCESS in found and kit.holder.kind in PLACES:
        tell_no_access(kit.holder, kit.station, note, now=now, by=by)


def tell_no_access(place, station, note, *, now, by):
    """The discrepancy of a place that did not open. Of two before the same door at once, one opens it."""
    Holder.objects.select_for_update(of=("self",), no_key=True).get(pk=place.pk)
    return discrepancies.open_once(
        kind=DiscrepancyKind.NO_ACCESS, place=place, station=station, told=note, now=now, by=by
    )


def change_state(kit, made, found, *, hold, works, why, by):
    """The custody events that a difference makes: opened by its broken seal, on hold when the inspector says so."""
    said = ". ".join(FINDING_WORDS[finding] for finding in found)
    facts = {"occurred_at": made.occurred_at, "note": f"{made.reference}: {said}", "by": by}
    if Finding.SEAL in found and kit.state == State.IN_SERVICE:
        life.record(
            [kit], EventKind.OPENED, verb="open", said="custody.opened", to_state=State.OPENED,
            request_key=uuid.uuid5(made.request_key, "opened"), **facts,
        )  # fmt: skip
        [kit] = ledger.fresh_kits([kit.pk])
    if hold and found and kit.state in life.HOLDABLE:
        key = uuid.uuid5(made.request_key, "held")
        life.hold([kit], works=works, why=why, request_key=key, **facts)


@transaction.atomic
def report_no_access(*, place, note="", now, by):
    """Record that a place could not be opened by who came for it: a discrepancy, one while it is open. Returns it."""
    access.check(by, Permission.CUSTODY_GIVE, at=place.station)
    if place.kind not in PLACES:
        raise CustodyError(f"{place} is no place that opens.")
    return tell_no_access(place, place.station, note, now=now, by=by)
