"""The register passes: one counts and signs, the next counts and signs, and what differs stays with the old name."""

from django.db import transaction
from django.db.models import Count

from naloxone import liaison_rules, liaisons, notices
from naloxone.actions import discrepancies
from naloxone.models import (
    DiscrepancyKind,
    Holder,
    Kit,
    RegisterCount,
    RegisterPassing,
    RegisterTaking,
)
from naloxone.rules import PLACES, CustodyError
from safety_portal import access, alerts, audit
from safety_portal.access import AccessError, Permission
from safety_portal.versions import one_at_a_time


def places_of(station):
    """The places that are counted: all in use, in a fixed order."""
    return Holder.objects.in_use().filter(station=station, kind__in=PLACES).order_by("name", "pk")


def recorded_in(places):
    """{place's key: units with doses that the ledger has there now}."""
    kits = Kit.objects.stocked().filter(holder__in=places).order_by()
    return dict(kits.values_list("holder").annotate(n=Count("pk")))


def may_stand_in(person, station):
    """Whether a person signs in the place of a liaison who is gone: a supervisor of the station."""
    return access.may(person, Permission.ROLE_LEND, at=station)


@transaction.atomic
def hand_over_register(
    *, station, outgoing, incoming, counts, proof, note="", now, request_key, by
):
    """Count a station's stock and sign it over to the next liaison. Returns the passing, which waits for them.

    `counts` is {place: units}, told before the ledger's figures are shown. `by` is the outgoing liaison, or
    a supervisor in the place of one who is gone; they proved by `proof` that it is them. A passing that
    waited is replaced by this one. Raises CustodyError, AccessError.
    """
    one_at_a_time(f"register {station.pk}")
    if known := RegisterPassing.objects.filter(request_key=request_key, signed_by=by).first():
        return known
    check_outgoing(station, outgoing, now=now, by=by)
    liaison_rules.check_pair(outgoing=outgoing.pk, incoming=incoming.pk, signer=by.pk)
    check_incoming(station, incoming, now=now)
    passing = RegisterPassing.objects.create(
        station=station, outgoing=outgoing, incoming=incoming, signed_by=by, proof=proof, note=note,
        at=now, request_key=request_key,
    )  # fmt: skip
    keep_counts(passing, counts, by=by)
    notices.tell_register(passing, now=now)
    audit.record(
        "register.handed_over", by=by, target=passing, station=station, outgoing=outgoing.reference,
        incoming=incoming.reference, places=len(counts), proof=proof,
    )  # fmt: skip
    return passing


def check_outgoing(station, outgoing, *, now, by):
    """Raise AccessError, CustodyError unless `by` may hand a station's register over in that name."""
    serves = liaisons.liaisons_at(station, now)
    if outgoing == by:
        if not serves.filter(pk=by.pk).exists():
            raise AccessError(f"{by} has no register of {station} to hand over")
        return
    if not may_stand_in(by, station):
        raise AccessError(f"{by} may not hand over the register of {outgoing} at {station}")
    if not liaisons.former_liaisons(station, now).filter(pk=outgoing.pk).exists():
        raise CustodyError(f"{outgoing} is there and hands over in person.", "outgoing")


def check_incoming(station, incoming, *, now):
    """Raise CustodyError unless a person may take a station's register over."""
    if not liaisons.liaisons_at(station, now).filter(pk=incoming.pk).exists():
        raise CustodyError(
            f"{incoming} is neither coordinator nor deputy of {station}. An administrator gives the role first.",
            "incoming",
        )


def keep_counts(passing, counts, *, by, discrepancy=lambda place, counted, recorded: None):
    """Keep what somebody counted in each place, beside what the ledger says now. Raises CustodyError."""
    places = list(places_of(passing.station))
    if {place.pk for place in places} != {place.pk for place in counts}:
        raise CustodyError("A place was opened or closed meanwhile. Count once more.")
    recorded = recorded_in(places)
    RegisterCount.objects.bulk_create(
        RegisterCount(
            passing=passing, place=place, by=by, counted=counted, recorded=recorded.get(place.pk, 0),
            discrepancy=discrepancy(place, counted, recorded.get(place.pk, 0)),
        )
        for place, counted in counts.items()
    )  # fmt: skip


@transaction.atomic
def take_register(*, passing, counts, proof, now, request_key, by):
    """Count too and sign: the register is theirs. `by` is the incoming liaison, who proved it by `proof`.

    Each place where their count is not the ledger's opens a discrepancy that stays with the outgoing
    liaison. Raises CustodyError, AccessError.
    """
    if passing.incoming_id != by.pk:
        raise AccessError(f"{passing.reference} is not signed over to {by}")
    one_at_a_time(f"register {passing.station_id}")
    known = RegisterTaking.objects.filter(passing=passing).first()
    if known and known.request_key == request_key:
        return known
    if known:
        raise CustodyError(f"{passing.reference} is signed by both already.")
    if not RegisterPassing.objects.waiting().filter(pk=passing.pk).exists():
        raise CustodyError("It was counted anew since; sign the newest one.")
    check_incoming(passing.station, by, now=now)
    first = dict(passing.counts.values_list("place", "counted"))

    def discrepancy(place, counted, recorded):
        told = liaison_rules.difference_words(
            recorded=recorded, counted=counted, first_count=first.get(place.pk, counted)
        )
        if not told:
            return None
        return discrepancies.open_once(
            kind=DiscrepancyKind.FEWER if counted < recorded else DiscrepancyKind.MORE,
            place=place, station=passing.station, told=f"{passing.reference}: {told}",
            owner=passing.outgoing, now=now, by=by,
        )  # fmt: skip

    taking = RegisterTaking.objects.create(
        passing=passing, proof=proof, at=now, request_key=request_key
    )
    keep_counts(passing, counts, by=by, discrepancy=discrepancy)
    differences = passing.counts.filter(discrepancy__isnull=False).count()
    audit.record(
        "register.taken", by=by, target=passing, station=passing.station,
        outgoing=passing.outgoing.reference, differences=differences, proof=proof,
    )  # fmt: skip
    [here] = liaisons.of_stations([passing.station], now)
    if not here.lacks:
        alerts.resolve(
            kind=notices.LIAISON, subjects=[passing.station.code], how="The register passed on",
            by=by, now=now,
        )  # fmt: skip
    return taking
