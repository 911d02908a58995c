"""The end of stock: destroyed or passed on, before a witness or signed by a second person within a week."""

from django.db import IntegrityError, transaction
from django.db.models import Q

from naloxone import disposal_rules, ledger, notices, rules
from naloxone.actions import need
from naloxone.actions.custody import carries, check_not_away
from naloxone.actions.stock import open_act_once, tell
from naloxone.disposal_rules import Basis, Method, Reason, Stock
from naloxone.models import (
    Countersignature,
    Device,
    Disposal,
    DisposalPhoto,
    DisposalReceipt,
    DisposalReceiptPhoto,
    LotRecall,
)
from naloxone.rules import CARRIERS, CustodyError, State
from safety_portal import access, alerts, audit
from safety_portal.access import AccessError, Permission
from safety_portal.photos import keep_photo, register_photo_door
from safety_portal.versions import one_at_a_time

PHOTOS = "naloxone.disposal"  # their purpose: who sees the disposal sees them
SIGNERS = (Permission.STOCK_END, Permission.CUSTODY_GIVE)


def may_sign(person, station):
    """Whether a person answers for stock at a station, so that their signature beside another's counts."""
    return any(access.may(person, permission, at=station) for permission in SIGNERS)


def may_see_photo(person, photo):
    """Whether a person sees the disposal that a photo shows."""
    shows = Q(disposalphoto__photo=photo) | Q(receipts__disposalreceiptphoto__photo=photo)
    return Disposal.objects.visible_to(person).filter(shows).exists()


register_photo_door(PHOTOS, may_see_photo)


@transaction.atomic
def record_receipt(*, disposal, number, on, photos=(), now, request_key, by):
    """Record the receipt for what was disposed of; a newer one puts an earlier right. Returns the DisposalReceipt.

    `photos` are held ones of it. Raises CustodyError, AccessError, PhotoError.
    """
    if not may_sign(by, disposal.station):
        raise AccessError(f"{by} may not record a receipt for {disposal.reference}")
    one_at_a_time(f"receipt {disposal.pk}")
    if known := DisposalReceipt.objects.filter(request_key=request_key).first():
        return known
    station = disposal.station
    if not Disposal.objects.standing().filter(pk=disposal.pk).exists():
        raise CustodyError(
            f"{disposal.reference} was undone; there is nothing to get a receipt for."
        )
    disposal_rules.check_receipt(
        number=number,
        on=on,
        done_on=station.today(disposal.act.occurred_at),
        today=station.today(now),
    )
    made = DisposalReceipt.objects.create(
        disposal=disposal, number=number.strip(), on=on, by=by, request_key=request_key
    )
    for upload in photos:
        photo = keep_photo(upload=upload, purpose=PHOTOS, station=station, by=by)
        DisposalReceiptPhoto.objects.create(receipt=made, photo=photo)
    alerts.resolve(
        kind=notices.RECEIPT, subjects=[disposal.reference], how="Its receipt is recorded", by=by, now=now
    )  # fmt: skip
    audit.record(
        "disposal.receipt_recorded", by=by, target=disposal, station=station, number=number, on=on
    )
    return made


def stocks_of(kits):
    """What the rules ask about units, in the order of these; two queries."""
    lots = {}
    doses = (
        Device.objects.filter(kit__in=kits).order_by().values("kit", "lot", "lot__product__route")
    )
    for row in doses.distinct():
        lots.setdefault(row["kit"], []).append((row["lot"], row["lot__product__route"]))
    every = {lot for found in lots.values() for lot, _ in found}
    called_back = set(LotRecall.objects.filter(lot__in=every).values_list("lot", flat=True))
    for kit in kits:
        mine = lots.get(kit.pk, [])
        yield Stock(
            reference=kit.reference,
            state=State(kit.state),
            doses=kit.doses,
            expires_on=kit.expires_on,
            recalled=kit.state == State.RECALLED or any(lot in called_back for lot, _ in mine),
            routes=frozenset(route for _, route in mine),
        )


def check_reach(by, kits):
    """Raise AccessError, CustodyError unless `by` ends stock at the one station of units that nobody else carries."""
    check_not_away(kits)
    for kit in kits:
        access.check(by, Permission.STOCK_END, at=kit.station)
    stations = sorted({str(kit.station) for kit in kits})
    if len(stations) > 1:
        raise CustodyError(
            f"These are of {len(stations)} stations ({disposal_rules.named(stations)}). Each station's own "
            "people sign for them: dispose of them station by station.",
            "kits",
        )
    for kit in kits:
        # Nothing is left in an emptied one that its carrier would have to answer for.
        if kit.holder.kind in CARRIERS and not carries(kit.holder, by) and kit.state != State.SPENT:
            raise CustodyError(
                f"{kit.reference} is with {kit.holder}: they give it back first.", "kits"
            )


def check_fits(*, kits, method, reason, words, recipient, occurred_at, by):
    """Everything that can speak against a disposal but its witness. Raises CustodyError, AccessError."""
    check_reach(by, kits)
    disposal_rules.check_disposal(
        stocks_of(kits), method=method, reason=reason, words=words, recipient=recipient,
        on=kits[0].station.today(occurred_at),
    )  # fmt: skip


def check_witness(second, *, by, station):
    """Raise CustodyError unless the witness is another person who answers for stock there."""
    if second == by:
        raise CustodyError("The witness is another person than you.", "second")
    if not may_sign(second, station):
        raise CustodyError(
            f"{second} can't sign for stock at {station}. A supervisor or coordinator there can.",
            "second",
        )


@transaction.atomic
def dispose_of_kits(
    *, kits, method, reason, words="", receipt="", recipient="", photos=(), second=None,
    proof="", instead=None, why_empty="", occurred_at, now, request_key, by,
):  # fmt: skip
    """Record that units were destroyed or passed on. Returns the Disposal. Raises CustodyError, AccessError.

    `second` is a witness who proved by `proof` in the same page that it is them; without one the disposal is
    by one person until another signs. `photos` are held ones. What would leave a place with nothing that works
    says why (`why_empty`), or which unit comes `instead`. Raises PhotoError too.
    """
    kits, spare, act = need.begin_leaving(kits, instead, request_key)
    if act:
        return act.disposal
    method, reason = Method(method), Reason(reason)
    rules.check_told(occurred_at, now=now)
    check_fits(
        kits=kits, method=method, reason=reason, words=words, recipient=recipient,
        occurred_at=occurred_at, by=by,
    )  # fmt: skip
    leaving = need.check_leaving(kits, spare=spare, why=why_empty, now=occurred_at, by=by)
    station = kits[0].station
    if second is not None:
        check_witness(second, by=by, station=station)
    leaving.put_in(occurred_at=occurred_at, request_key=request_key, by=by)
    kind, taker, state = disposal_rules.ends_as(method)
    note = disposal_rules.in_words(
        method=method, reason=reason, words=words, receipt=receipt, recipient=recipient
    )
    act = open_act_once(
        request_key=request_key, verb="pass_on" if method in disposal_rules.TAKERS else "dispose",
        occurred_at=occurred_at, note=note, second=second, proof=proof, by=by,
    )  # fmt: skip
    where = ledger.outside(taker)
    ledger.write([ledger.event(act, kit, kind, where, state=state) for kit in kits])
    leaving.record(act, by=by)
    disposal = Disposal.objects.create(
        act=act, station=station, method=method, reason=reason, words=words, receipt=receipt,
        recipient=recipient, due_at=None if second else disposal_rules.countersign_by(now),
    )  # fmt: skip
    for upload in photos:
        photo = keep_photo(upload=upload, purpose=PHOTOS, station=station, by=by)
        DisposalPhoto.objects.create(disposal=disposal, photo=photo)
    witness = f"{second} by {proof}" if second else "none yet"
    tell(
        f"custody.{kind}", kits, by=by, disposal=disposal.reference, method=method, reason=reason,
        witness=witness,
    )  # fmt: skip
    return disposal


@transaction.atomic
def countersign(*, disposal, basis, now, request_key, by):
    """Sign for what another person ended alone; late is late, and stays so. Raises CustodyError, AccessError."""
    if not may_sign(by, disposal.station):
        raise AccessError(f"{by} may not sign for {disposal.reference}")
    if by.pk == disposal.act.by_id:
        raise CustodyError("The second signature is another person's.")
    if disposal.act.second_id:
        raise CustodyError(f"{disposal.reference} had a witness; it needs no second signature.")
    if not Disposal.objects.standing().filter(pk=disposal.pk).exists():
        raise CustodyError(f"{disposal.reference} was undone; there is nothing left to sign for.")
    try:
        with transaction.atomic():
            signed = Countersignature.objects.create(
                disposal=disposal, by=by, basis=Basis(basis), at=now, request_key=request_key
            )
    except IntegrityError as error:
        known = Countersignature.objects.select_related("by").get(disposal=disposal)
        if known.request_key == request_key:
            return known
        raise CustodyError(f"{known.by} has signed for {disposal.reference} meanwhile.") from error
    alerts.resolve(
        kind=notices.UNSIGNED, subjects=[disposal.reference], how="Signed by a second person",
        by=by, now=now,
    )  # fmt: skip
    audit.record(
        "disposal.countersigned", by=by, target=disposal, station=disposal.station, basis=basis,
        late="yes" if now > disposal.due_at else "no",
    )  # fmt: skip
    return signed
