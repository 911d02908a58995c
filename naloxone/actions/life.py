"""What befalls a unit: opened, on hold, works or not, wasted, missing, found, written off; mistakes put right."""

from django.db import transaction
from django.utils import timezone

from naloxone import exchange_rules, ledger, need_rules, notices, rules
from naloxone.actions import discrepancies, need
from naloxone.actions.custody import carries, check_not_away, holder_for
from naloxone.actions.stock import begin, open_act_once, tell
from naloxone.models import (
    ClosingCode,
    CustodyEvent,
    Device,
    DiscrepancyKind,
    Exchange,
    LotRecall,
    NeedWord,
    Search,
    SearchEnd,
    UseBinding,
)
from naloxone.rules import STATE_WORDS, CustodyError, EventKind, HolderKind, State
from safety_portal import access
from safety_portal.access import AccessError, Permission

E, S = EventKind, State


def touches(person, kit):
    """Whether a person carries a unit, or may give from where it is."""
    if kit.holder is not None and carries(kit.holder, person):
        return True
    return access.may(person, Permission.CUSTODY_GIVE, at=kit.station_id)


def check_touch(by, kits):
    """Raise AccessError unless `by` carries each unit or may give from where it is, CustodyError if it is under way."""
    check_not_away(kits)
    for kit in kits:
        if not touches(by, kit):
            raise AccessError(f"{by} has nothing to do with {kit.reference}")


def check_states(kits, states):
    """Raise CustodyError, naming the unit and what it is, unless each is in one of the states."""
    for kit in kits:
        if State(kit.state) not in states:
            said = STATE_WORDS[State(kit.state)].lower()
            raise CustodyError(
                f"{kit.reference} is {said}; this can't be done with it now.", "kits"
            )


def record(
    kits, kind, *, verb, said, to_state, destination=None, occurred_at, note, request_key, by
):
    """Write one act with one event a unit. `to_state` is a state, or says it of a unit. Returns the act."""
    rules.check_told(occurred_at, now=timezone.now())
    act = open_act_once(
        request_key=request_key, verb=verb, occurred_at=occurred_at, note=note, by=by
    )
    state_of = to_state if callable(to_state) else lambda kit: to_state
    ledger.write(
        [
            ledger.event(act, kit, kind, destination or kit.holder, state=state_of(kit))
            for kit in kits
        ]
    )
    tell(said, kits, by=by)
    return act


@transaction.atomic
def open_kits(*, kits, occurred_at, note="", request_key, by):
    """Record that the seal of units was broken and nothing taken yet. Returns the act. Raises CustodyError."""
    kits, act = begin(kits, request_key)
    if act:
        return act
    check_touch(by, kits)
    check_states(kits, (S.IN_SERVICE,))
    return record(
        kits, E.OPENED, verb="open", said="custody.opened", to_state=S.OPENED,
        occurred_at=occurred_at, note=note, request_key=request_key, by=by,
    )  # fmt: skip


HOLDABLE = (S.QUARANTINE, S.IN_SERVICE, S.OPENED)


@transaction.atomic
def hold_kits(*, kits, works=True, why="", occurred_at, note, request_key, by):
    """Put units on hold with a reason: not handed out until released. Returns the act. Raises CustodyError.

    They stay usable in need, unless `works` is false: then `why` says why they would not even do then.
    """
    kits, act = begin(kits, request_key)
    if act:
        return act
    check_touch(by, kits)
    rules.check_reason(note)
    if not works:
        rules.check_reason(why, "why")
    check_states(kits, HOLDABLE)
    return hold(
        kits, works=works, why=why, occurred_at=occurred_at, note=note, request_key=request_key, by=by
    )  # fmt: skip


def hold(kits, *, works, why, occurred_at, note, request_key, by):
    """Write that units are on hold, and the word on whether they would work. Returns the act."""
    act = record(
        kits, E.HELD, verb="hold", said="custody.held", to_state=S.HELD,
        occurred_at=occurred_at, note=note, request_key=request_key, by=by,
    )  # fmt: skip
    if not works:
        need.say(kits, works=False, why=why, act=act, request_key=request_key, by=by)
    return act


@transaction.atomic
def say_works(*, kit, works, why, now, request_key, by):
    """Say of a unit that it would work in need, or that it does not, and why. Returns the NeedWord.

    What does not work and could still be handed out goes on hold in the same act. Raises CustodyError.
    """
    [kit], _ = begin([kit], request_key)
    if known := NeedWord.objects.filter(kit=kit, request_key=request_key).first():
        return known
    check_touch(by, [kit])
    need_rules.check_word(kit.reference, state=State(kit.state), doses=kit.doses, why=why)
    told = {"why": why, "request_key": request_key, "by": by}
    if not works and kit.state in HOLDABLE:
        hold([kit], works=False, occurred_at=now, note=f"Does not work: {why}"[:500], **told)
    else:
        need.say([kit], works=works, **told)
    return NeedWord.objects.get(kit=kit, request_key=request_key)


@transaction.atomic
def release_kits(*, kits, occurred_at, note="", request_key, by):
    """Release units from quarantine after the receipt check, or from hold to what they were. Raises CustodyError."""
    kits, act = begin(kits, request_key)
    if act:
        return act
    for station in {kit.station for kit in kits}:
        access.check(by, Permission.STOCK_RECEIVE, at=station)
    check_states(kits, (S.QUARANTINE, S.HELD))
    act = record(
        kits, E.RELEASED, verb="release", said="custody.released", to_state=released_to,
        occurred_at=occurred_at, note=note, request_key=request_key, by=by,
    )  # fmt: skip
    if broken := [kit for kit in kits if not kit.works]:
        why = f"Looked at and released. {note}".strip()
        need.say(broken, works=True, why=why, act=act, request_key=request_key, by=by)
    return act


def released_to(kit):
    """What a unit becomes when it is released: in service, or what it was before the hold."""
    if kit.state == S.QUARANTINE:
        return S.IN_SERVICE
    events = CustodyEvent.objects.filter(kit=kit)
    before = events.filter(state__in=[S.QUARANTINE, S.IN_SERVICE, S.OPENED]).latest("sequence")
    gone = 0
    for event in events.filter(sequence__gt=before.sequence, devices__isnull=False):
        gone += len(event.devices) * (-1 if event.kind == E.CORRECTED else 1)
    return rules.state_after_hold(State(before.state), doses_gone=gone)


def choose_doses(kit, count, *, lot=None):
    """Keys of doses to take out of a unit, first expiry first. Raises CustodyError when there are fewer."""
    doses = Device.objects.filter(kit=kit).order_by("lot__expires_on", "pk")
    if lot is not None:
        doses = doses.filter(lot=lot)
    found = list(doses.values_list("pk", flat=True)[:count])
    if len(found) < count:
        of_lot = f" of lot {lot}" if lot else ""
        raise CustodyError(
            f"{kit.reference} holds {len(found)} doses{of_lot}, not {count}.", "count"
        )
    return found


def take_doses(kit, kind, act, devices):
    """The event by which doses leave a unit for good: given or wasted."""
    state = rules.after_dose(State(kit.state), left=kit.doses - len(devices))
    return ledger.event(act, kit, kind, kit.holder, state=state, devices=devices)


@transaction.atomic
def waste_doses(*, kit, count, occurred_at, note, lot=None, request_key, by):
    """Record doses spent without being given: fired by mistake, broken, used in training. Raises CustodyError."""
    [kit], act = begin([kit], request_key)
    if act:
        return act
    check_touch(by, [kit])
    rules.check_reason(note)
    rules.check_told(occurred_at, now=timezone.now())
    check_states([kit], rules.STOCKED)
    devices = choose_doses(kit, count, lot=lot)
    act = open_act_once(
        request_key=request_key, verb="waste", occurred_at=occurred_at, note=note, by=by
    )
    ledger.write([take_doses(kit, E.WASTED, act, devices)])
    tell("custody.wasted", [kit], by=by, doses=count)
    return act


@transaction.atomic
def report_missing(*, kits, occurred_at, note="", request_key, by):
    """Report units missing: a discrepancy with its clock for each, and mail at once. Raises CustodyError."""
    kits, act = begin(kits, request_key)
    if act:
        return act
    check_touch(by, kits)
    return miss(kits, occurred_at=occurred_at, note=note, request_key=request_key, by=by)


def miss(kits, *, occurred_at, note, request_key, by):
    """Write that units are missing: each with its discrepancy, and mail at once. Ends their search. Returns the act."""
    check_not_away(kits)  # what is not in its box is told when the box is received
    check_states(kits, rules.STOCKED)
    act = record(
        kits, E.MISSED, verb="missing", said="custody.missed", to_state=S.MISSING,
        destination=ledger.outside(HolderKind.MISSING),
        occurred_at=occurred_at, note=note, request_key=request_key, by=by,
    )  # fmt: skip
    now = timezone.now()
    for kit in kits:
        discrepancies.open_once(
            kind=DiscrepancyKind.MISSING, kit=kit, station=kit.station, told=note, now=now, by=by
        )
    open_ones = Search.objects.open().filter(kit__in=kits)
    open_ones.update(end=SearchEnd.MISSING, ended_by=by, ended_at=now)
    notices.tell_missing(kits, act, now=now)
    return act


@transaction.atomic
def record_found(*, kits, where, occurred_at, note="", request_key, by):
    """Record that missing units are back, at a place of one's charge or with oneself. Raises CustodyError.

    They wait on hold to be looked at; those of a recalled lot are recalled.
    """
    kits, act = begin(kits, request_key)
    if act:
        return act
    where = holder_for(where)
    if not carries(where, by):
        access.check(by, Permission.CUSTODY_TAKE, at=where.station)
    for kit in kits:
        if kit.holder.kind != HolderKind.MISSING:
            raise CustodyError(f"{kit.reference} is not missing: it is with {kit.holder}.", "kits")
    recalled = set(
        LotRecall.objects.filter(lot__devices__kit__in=kits).values_list(
            "lot__devices__kit", flat=True
        )
    )
    act = record(
        kits, E.FOUND, verb="found", said="custody.found", destination=where,
        to_state=lambda kit: rules.state_when_found(is_empty=kit.is_empty, recalled=kit.pk in recalled),
        occurred_at=occurred_at, note=note, request_key=request_key, by=by,
    )  # fmt: skip
    discrepancies.close_of(
        kits, DiscrepancyKind.MISSING, code=ClosingCode.FOUND, note=note, now=timezone.now(), by=by
    )
    return act


@transaction.atomic
def write_off(*, kits, occurred_at, note, request_key, by):
    """Write missing units off as lost; it ends their search. Returns the act. Raises CustodyError."""
    kits, act = begin(kits, request_key)
    if act:
        return act
    for station in {kit.station for kit in kits}:
        access.check(by, Permission.STOCK_END, at=station)
    rules.check_reason(note)
    check_states(kits, (S.MISSING,))
    act = record(
        kits, E.WRITTEN_OFF, verb="write_off", said="custody.written_off", to_state=S.WRITTEN_OFF,
        occurred_at=occurred_at, note=note, request_key=request_key, by=by,
    )  # fmt: skip
    discrepancies.close_of(
        kits, DiscrepancyKind.MISSING, code=ClosingCode.LOST, note=note, now=timezone.now(), by=by
    )
    return act


# --- mistakes ------------------------------------------------------------------------------------


def newest_event(kit):
    """The newest event of a unit, with its act."""
    return CustodyEvent.objects.select_related(
        "act", "source__person__account", "source__canine__handler__account"
    ).get(kit=kit, sequence=kit.last_sequence)


def is_undoable(event):
    """Whether the ledger knows a mirror of it. What did not arrive is found: its journey is over."""
    if event.kind == E.MISSED and event.source.kind == HolderKind.IN_TRANSIT:
        return False
    return event.kind in rules.UNDOABLE


def may_undo(person, kit, event):
    """Whether a person may undo a unit's newest event: who ends stock at its station; who recorded it.

    What passed between two is undone by neither of them alone: the kit would be in hands that did not take it.
    """
    if not is_undoable(event):
        return False
    if access.may(person, Permission.STOCK_END, at=kit.station_id):
        return True
    return event.act.by_id == person.pk and event.kind not in rules.TWO_SIDED


@transaction.atomic
def undo_newest(*, kit, sequence, note, request_key, by):
    """Undo a unit's newest event by its mirror, which names it; nothing is erased. Returns the act.

    `sequence` is the event as it was seen: when another came meanwhile, CustodyError says so.
    """
    [kit], act = begin([kit], request_key)
    if act:
        return act
    rules.check_reason(note)
    event = newest_event(kit)
    if event.sequence != sequence:
        raise CustodyError(
            f"{kit.reference} has moved on meanwhile; no. {sequence} is not its newest event."
        )
    if not is_undoable(event):
        raise CustodyError(f"No. {sequence} can't be undone. Add a note that says what was wrong.")
    if not may_undo(by, kit, event):
        raise AccessError(f"{by} may not undo no. {sequence} of {kit.reference}")
    check_other_half(kit, event)
    now = timezone.now()
    before = CustodyEvent.objects.get(kit=kit, sequence=sequence - 1)
    act = open_act_once(request_key=request_key, verb="undo", occurred_at=now, note=note, by=by)
    mirror = ledger.event(
        act, kit, E.CORRECTED, event.source, state=State(before.state), devices=event.devices
    )
    ledger.write([mirror])
    if event.kind == E.MISSED:
        discrepancies.close_of(
            [kit],
            DiscrepancyKind.MISSING,
            code=ClosingCode.RECORDED_WRONG,
            note=note,
            now=now,
            by=by,
        )
    if before.state == S.MISSING:  # missing again: the search goes on
        discrepancies.open_once(
            kind=DiscrepancyKind.MISSING, kit=kit, station=kit.station, told=note, now=now, by=by
        )
    UseBinding.objects.filter(event=event, undone_at=None).update(undone_at=now)
    need.take_back(kit, event.act, act, why=note, by=by)
    notices.tell_undone(kit, event, by=by, now=now)
    tell("custody.undone", [kit], by=by, event=f"no. {sequence}, {event.kind}")
    return act


def check_other_half(kit, event):
    """Raise CustodyError when the event gave a unit for another that has not come back to its receiver."""
    pair = Exchange.objects.filter(act=event.act_id, new=kit).select_related("receiver", "old")
    for one in pair:
        exchange_rules.check_undo(
            kit.reference, one.old.reference, receiver=str(one.receiver),
            old_is_back=one.old.holder_id == one.receiver_id,
        )  # fmt: skip


def may_note(person, kit):
    return touches(person, kit) or access.may(person, Permission.STOCK_END, at=kit.station_id)


@transaction.atomic
def note_event(*, kit, about, note, request_key, by):
    """Add a note about an earlier event: it moves nothing and stands in the record for good. Raises CustodyError."""
    [kit], act = begin([kit], request_key)
    if act:
        return act
    if not may_note(by, kit):
        raise AccessError(f"{by} has nothing to do with {kit.reference}")
    rules.check_reason(note)
    if not 1 <= about <= kit.last_sequence:
        raise CustodyError(f"{kit.reference} has no event no. {about}.", "about")
    return record(
        [kit], E.NOTED, verb="note", said="custody.noted", to_state=State(kit.state),
        occurred_at=timezone.now(), note=f"About no. {about}: {note}", request_key=request_key,
        by=by,
    )  # fmt: skip
