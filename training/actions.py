"""The only writes of the app: each verb is one transaction, checks rights first and leaves an audit row."""

from django.db import transaction
from django.utils import timezone

from safety_portal import access, alerts, audit, roster
from safety_portal.access import EVERYWHERE, PERMITS, AccessError, Grant, Permission, Role
from safety_portal.people import Canine
from safety_portal.versions import one_at_a_time
from training import doses, notices, rules
from training.models import (
    DoseCard,
    Protocol,
    ProtocolApproval,
    ProtocolDose,
    ProtocolStep,
    ProtocolVersion,
    ProtocolWithdrawal,
)
from training.rules import STALE_WORDS, Kind, ProtocolError, Stale


def may_keep(person, *, component=None, station=None):
    """Whether a person writes and approves protocols for a station, all of a component, or (neither) the agency."""
    if station is not None:
        return access.may(person, Permission.PROTOCOLS_KEEP, at=station)
    if access.may(person, Permission.PROTOCOLS_KEEP, at=EVERYWHERE):
        return True
    # Who keeps each of its stations does not keep the next that opens: the role must be for the component.
    roles = [role for role in Role if Permission.PROTOCOLS_KEEP in PERMITS[role]]
    mine = Grant.objects.in_force(timezone.now()).of_role(*roles).filter(person=person)
    return component is not None and mine.filter(component=component).exists()


def check_keeper(by, *, component=None, station=None):
    """Raise AccessError unless `by` keeps protocols there."""
    if not may_keep(by, component=component, station=station):
        raise AccessError(f"{by} keeps no protocols for {station or component or 'the agency'}")


def day_of(protocol, now, by):
    """The day on which a protocol's acts happen: its station's own, else that of whoever acts or reads.

    Of UTC, the form of an evening in Texas would offer a day that is refused as gone by.
    """
    return (protocol.station or by.station).today(now)


@transaction.atomic
def write_protocol(
    *, kind, title, component=None, station=None, work="", request_key, now, by, **version
):
    """Begin a protocol with its first version, a draft. Returns the version. Raises ProtocolError, AccessError.

    Without component and station it is for the whole agency; with `work` (a WorkRole) only for who does that.
    """
    check_keeper(by, component=component, station=station)
    if component is not None and station is not None:
        raise ProtocolError("A protocol is for a component or for a station.", "place")
    one_at_a_time(str(request_key))
    if known := ProtocolVersion.objects.filter(request_key=request_key, written_by=by).first():
        return known
    protocol = Protocol.objects.create(
        kind=kind, title=title, component=component, station=station, work=work, made_by=by
    )
    audit.record("protocol.begun", by=by, target=protocol, station=station, kind=kind, title=title)
    return _add_version(protocol, number=1, request_key=request_key, now=now, by=by, **version)


@transaction.atomic
def write_version(*, protocol, shown, request_key, now, by, **version):
    """Write a newer version, a draft; `shown` is the number of the one it was written from. Returns it.

    A draft that was there is set aside. Raises ProtocolError, AccessError.
    """
    check_keeper(by, component=protocol.component, station=protocol.station)
    one_at_a_time(protocol.reference)
    if known := ProtocolVersion.objects.filter(request_key=request_key, written_by=by).first():
        return known
    newest = protocol.versions.latest("number")
    if newest.number != shown:
        raise ProtocolError(
            f"{newest.written_by} wrote version {newest.number} meanwhile. What you typed is still below; "
            "read theirs, and send it again to put it after theirs."
        )
    return _add_version(
        protocol, number=newest.number + 1, request_key=request_key, now=now, by=by, **version
    )


def _add_version(
    protocol, *, number, steps, dosings=(), starts_on, review_due_on, now, by, **facts
):
    rules.check_version(
        kind=Kind(protocol.kind), steps=steps, dosings=dosings, starts_on=starts_on,
        review_due_on=review_due_on, on=day_of(protocol, now, by),
    )  # fmt: skip
    version = ProtocolVersion.objects.create(
        protocol=protocol, number=number, starts_on=starts_on, review_due_on=review_due_on, written_by=by, at=now, **facts,
    )  # fmt: skip
    ProtocolStep.objects.bulk_create(
        ProtocolStep(version=version, position=n, **vars(step)) for n, step in enumerate(steps, 1)
    )
    ProtocolDose.objects.bulk_create(
        ProtocolDose(version=version, position=n, **vars(one)) for n, one in enumerate(dosings, 1)
    )
    audit.record(
        "protocol.written", by=by, target=protocol, station=protocol.station, version=number,
        steps=len(steps),
    )  # fmt: skip
    return version


@transaction.atomic
def approve_version(*, version, now, by):
    """Put a draft in force, from the day it names or from today, whichever is later. Raises ProtocolError, AccessError."""
    protocol = version.protocol
    check_keeper(by, component=protocol.component, station=protocol.station)
    one_at_a_time(protocol.reference)
    version = (
        ProtocolVersion.objects.with_names()
        .prefetch_related("protocol__versions__approval", "protocol__versions__withdrawal")
        .get(pk=version.pk)
    )
    if version.approved and version.approved.by == by:
        return version.approved
    today = day_of(protocol, now, by)
    rules.check_approval(version.standing(today), is_own=version.written_by == by)
    in_force_on = max(version.starts_on, today)
    if version.review_due_on <= in_force_on:
        raise ProtocolError("Its review was due before anybody approved it: write it anew.")
    approval = ProtocolApproval.objects.create(
        version=version, by=by, in_force_on=in_force_on, at=now
    )
    if in_force_on <= today:
        end_alert(protocol, "A newer version is in force", now=now, by=by)
    audit.record(
        "protocol.approved", by=by, target=protocol, station=protocol.station,
        version=version.number, in_force=in_force_on,
    )  # fmt: skip
    return approval


@transaction.atomic
def withdraw_version(*, version, reason, now, by):
    """Let an approved version hold no more from today on; no older one comes back. Raises ProtocolError, AccessError."""
    protocol = version.protocol
    check_keeper(by, component=protocol.component, station=protocol.station)
    one_at_a_time(protocol.reference)
    if not ProtocolApproval.objects.filter(version=version).exists():
        raise ProtocolError("It was never approved, so there is nothing to withdraw.")
    if not reason:
        raise ProtocolError("Say why.", "reason")
    known = ProtocolWithdrawal.objects.filter(version=version).select_related("by").first()
    if known:
        if (known.by, known.reason) == (by, reason):
            return known
        raise ProtocolError(f"{known.by} has withdrawn it already.")
    withdrawal = ProtocolWithdrawal.objects.create(
        version=version, by=by, on=day_of(protocol, now, by), reason=reason, at=now
    )
    end_alert(protocol, "Withdrawn", now=now, by=by)
    audit.record(
        "protocol.withdrawn", by=by, target=protocol, station=protocol.station,
        version=version.number, reason=reason,
    )  # fmt: skip
    return withdrawal


def end_alert(protocol, how, *, now, by):
    alerts.resolve(kind=notices.REVIEW, subjects=[protocol.reference], how=how, by=by, now=now)


# --- dogs ----------------------------------------------------------------------------------------


@transaction.atomic
def make_dose_card(*, canine, now, request_key, by):
    """Make the dose card of a dog from its newest weight and the protocol in force; one that holds is given back.

    Its handler, or who keeps dogs there. Raises ProtocolError when no dose can be worked out, AccessError.
    """
    if not roster.may_weigh(by, canine):
        raise AccessError(f"{by} makes no dose card for {canine.reference}")
    Canine.objects.select_for_update(of=("self",), no_key=True).get(pk=canine.pk)
    if known := DoseCard.objects.filter(request_key=request_key, canine=canine, by=by).first():
        return known
    [sheet] = doses.sheets([canine], now)
    if not sheet.stale:
        return sheet.card
    for reason in (Stale.NO_PROTOCOL, Stale.NO_WEIGHT, Stale.OLD_WEIGHT):
        if reason in sheet.stale:
            raise ProtocolError(f"No card can be made: {STALE_WORDS[reason]}.")
    card = DoseCard.objects.create(
        canine=canine, weight=sheet.weight, version=sheet.version, by=by, at=now,
        request_key=request_key,
    )  # fmt: skip
    alerts.resolve(
        kind=notices.CARD, subjects=[canine.reference], how="A new card was made", by=by, now=now
    )
    audit.record(
        "canine.card_made", by=by, target=canine, station=canine.station, card=card.reference,
        protocol=sheet.version.reference, kg=sheet.weight.kg,
    )  # fmt: skip
    return card
