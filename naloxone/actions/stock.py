"""What makes and opens stock: deliveries, release from quarantine, assembly, recall."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from naloxone import gs1_rules, ledger, notices, rules
from naloxone.actions import orders
from naloxone.actions.fittings import check_made_as, fit_new
from naloxone.actions.packs import remember_code
from naloxone.models import CustodyEvent, Device, Kit, Lot, LotRecall, ReceiptPhoto, UnitKind
from naloxone.rules import CustodyError, EventKind, HolderKind, State
from safety_portal import access, audit
from safety_portal.access import Permission
from safety_portal.photos import keep_photo, register_photo_door

PHOTOS = "naloxone.receipt"  # their purpose: who sees what came sees them


def may_see_photo(person, photo):
    """Whether a person sees a unit of the delivery that a photo belongs to."""
    acts = ReceiptPhoto.objects.filter(photo=photo).values("act")
    units = CustodyEvent.objects.filter(act__in=acts).values("kit")
    return Kit.objects.visible_to(person).filter(pk__in=units).exists()


register_photo_door(PHOTOS, may_see_photo)


def find_or_make_lot(product, number, expires_on):
    """The lot, with the expiry it was first recorded with. Raises CustodyError on a contradiction."""
    lot, _ = Lot.objects.get_or_create(
        product=product, number=number, defaults={"expires_on": expires_on}
    )
    rules.check_lot(number, known=lot.expires_on, told=expires_on)
    return lot


def check_pack(product, lot_number, serials):
    """Raise CustodyError when lot and serials stand in each other's place, as far as this is known of the product."""
    gs1_rules.check_not_swapped(
        lot_number,
        serials,
        known_lots=Lot.objects.filter(
            product=product, number__in=[lot_number, *serials]
        ).values_list("number", flat=True),
        known_serials=Device.objects.filter(lot__product=product, serial=lot_number)[
            :1
        ].values_list("serial", flat=True),
    )


def named_doses(serials, doses):
    """One text a dose of cartons with a serial each: that of a carton stands for its first dose."""
    rest = [""] * (doses - 1)
    return [name for serial in serials for name in (serial, *rest)]


def check_serials(lot, serials, count, what="doses"):
    """Raise CustodyError unless serials are none, or one for each of `count`, each once and new for the lot."""
    if not serials:
        return
    if len(serials) != count:
        raise CustodyError(f"{count} {what} need {count} serials; {len(serials)} given.", "serials")
    doubled = sorted({s for s in serials if serials.count(s) > 1})
    known = list(
        Device.objects.filter(lot=lot, serial__in=serials).values_list("serial", flat=True)
    )
    if doubled or known:
        raise CustodyError(f"Serial {(doubled + known)[0]} is already recorded.", "serials")


@transaction.atomic
def receive_delivery(
    *,
    product,
    lot_number,
    expires_on,
    count,
    place,
    occurred_at,
    checked=True,
    serials=(),
    carton_serials=(),
    supplier_name="",
    photos=(),
    new_code="",
    order_line=None,
    request_key,
    by,
):
    """Receive `count` cartons of one lot at a storage point: one unit a carton, its doses in it.

    Unchecked cartons wait in quarantine, those of a recalled lot are recalled. `serials` are one a dose;
    `carton_serials` are one a carton, as makers print them, and stand for its first dose. `photos` are held ones
    of what is printed. `new_code` is a number on the pack that shall mean the product from now on; `order_line` the
    line of an order that this brings. Returns the act. Raises CustodyError, PhotoError.
    """
    access.check(by, Permission.STOCK_RECEIVE, at=place.station)
    if act := ledger.known_act(request_key):
        return act
    rules.check_told(occurred_at, now=timezone.now())
    rules.check_count(count)
    rules.check_receipt(expires_on=expires_on, on=place.station.today(occurred_at))
    check_pack(product, lot_number, [*serials, *carton_serials])
    lot = find_or_make_lot(product, lot_number, expires_on)
    doses = product.devices_per_carton
    check_serials(lot, list(serials), count * doses)
    check_serials(lot, list(carton_serials), count, "cartons")
    if new_code:
        remember_code(code=new_code, product=product, by=by)
    act = open_act_once(
        request_key=request_key, verb="receive", occurred_at=occurred_at, note=supplier_name, by=by
    )
    recalled = LotRecall.objects.filter(lot=lot).exists()
    state = State.IN_SERVICE if checked and not recalled else State.QUARANTINE
    names = serials or named_doses(carton_serials, doses)
    kits = receive_cartons(act, lot, place, state=state, count=count, serials=names)
    if recalled:
        recall_here(act, kits, place)
    keep_photos(act, photos, place.station, by)
    if order_line:
        orders.count_delivery(
            line=order_line, act=act, product=product, doses=count * doses, station=place.station,
            by=by,
        )  # fmt: skip
    audit.record(
        "custody.received",
        by=by,
        target=f"{kits[0].reference} to {kits[-1].reference}",
        station=place.station,
        product=product,
        lot=lot_number,
        count=count,
        kits=named(kits),
    )
    return act


def keep_photos(act, photos, station, by):
    """Keep what was photographed of a delivery's print."""
    for upload in photos:
        photo = keep_photo(upload=upload, purpose=PHOTOS, station=station, by=by)
        ReceiptPhoto.objects.create(act=act, photo=photo)


def recall_here(act, kits, place):
    """What comes of a lot that is recalled already is on the ledger, and nobody hands it out."""
    ledger.write(
        [
            ledger.event(act, kit, EventKind.RECALLED, place, state=State.RECALLED)
            for kit in ledger.fresh_kits([kit.pk for kit in kits])
        ]
    )


@transaction.atomic
def receive_trainers(*, what, count, place, occurred_at, request_key, by):
    """Receive trainers at a storage point: units that hold no dose and count nowhere. `what` is told of them, as
    “auto-injector trainer”. Returns the act. Raises CustodyError.
    """
    access.check(by, Permission.STOCK_RECEIVE, at=place.station)
    if act := ledger.known_act(request_key):
        return act
    rules.check_told(occurred_at, now=timezone.now())
    rules.check_count(count)
    act = open_act_once(
        request_key=request_key, verb="receive", occurred_at=occurred_at, note=what, by=by
    )
    kits = Kit.objects.bulk_create(Kit(kind=UnitKind.TRAINER) for _ in range(count))
    source = ledger.outside(HolderKind.SUPPLIER)
    ledger.write(
        [
            ledger.event(act, kit, EventKind.RECEIVED, place, state=State.IN_SERVICE, source=source)
            for kit in kits
        ]
    )
    audit.record(
        "custody.trainers_received",
        by=by,
        target=f"{kits[0].reference} to {kits[-1].reference}" if count > 1 else kits[0],
        station=place.station,
        what=what,
        kits=named(kits),
    )
    return act


def receive_cartons(act, lot, place, *, state, count, serials):
    """The units of a delivery, each with its doses, in the ledger by one event a unit."""
    doses = lot.product.devices_per_carton
    kits = Kit.objects.bulk_create(Kit(kind=UnitKind.CARTON) for _ in range(count))
    names = iter(serials)
    devices = Device.objects.bulk_create(
        Device(origin=kit, lot=lot, serial=next(names, "")) for kit in kits for _ in range(doses)
    )
    source = ledger.outside(HolderKind.SUPPLIER)
    ledger.write(
        [
            ledger.event(
                act,
                kit,
                EventKind.RECEIVED,
                place,
                state=state,
                source=source,
                devices=[device.pk for device in devices[index * doses : (index + 1) * doses]],
            )
            for index, kit in enumerate(kits)
        ]
    )
    return kits


def open_act_once(**facts):
    """Open an act; of two that arrive in the same instant one is told to look at the other's result."""
    try:
        return ledger.open_act(**facts)
    except IntegrityError as error:  # the caller's transaction ends with it
        raise CustodyError("This was sent twice at once; the first one counts.") from error


def begin(kits, request_key):
    """Lock the units, then look whether this request was answered already: (fresh units, known act or None)."""
    keys = [kit.pk for kit in kits]
    rules.check_count(len(keys))
    found = ledger.lock_kits(keys)
    if len(found) != len(set(keys)):
        raise CustodyError("One of these kits does not exist.", "kits")
    return ledger.fresh_kits(keys), ledger.known_act(request_key)


def named(kits):
    """The references, so that the audit finds the act by each of them."""
    return ", ".join(kit.reference for kit in kits)


def tell(act, kits, *, by, **facts):
    """One audit row for an act on many units, naming each."""
    audit.record(
        act,
        by=by,
        target=kits[0].reference if len(kits) == 1 else f"{len(kits)} kits",
        station=kits[0].station,
        kits=named(kits),
        **facts,
    )


@transaction.atomic
def assemble_kits(
    *, cartons, kind, doses_per_kit, place, occurred_at, seals=(), made_as=None, expiries=None, request_key, by
):  # fmt: skip
    """Make kits of `doses_per_kit` doses out of cartons at one place; what is left stays in its carton.

    First expired first out. `made_as` is a version of a kit type; `expiries` are then the days until which its
    components are good, {component key: day}, one for all kits of the act. Returns the act; each touched unit gets one event. Raises CustodyError.
    """
    access.check(by, Permission.KITS_ASSEMBLE, at=place.station)
    cartons, act = begin(cartons, request_key)
    if act:
        return act
    rules.check_told(occurred_at, now=timezone.now())
    for carton in cartons:
        if carton.holder_id != place.pk or carton.kind != UnitKind.CARTON:
            raise CustodyError(f"{carton.reference} is not a carton at {place}.", "kits")
        rules.check_issuable(
            carton.reference,
            state=State(carton.state),
            expires_on=carton.expires_on,
            on=place.station.today(occurred_at),
        )
    devices = list(Device.objects.filter(kit__in=cartons).order_by("lot__expires_on", "kit", "pk"))
    makes = len(devices) // doses_per_kit
    if not makes:
        raise CustodyError(f"These cartons hold fewer than {doses_per_kit} doses.", "kits")
    if seals and len(seals) != makes:
        raise CustodyError(f"{makes} kits need {makes} seals; {len(seals)} given.", "seals")
    check_seals(seals, place.station)
    if made_as is not None:
        kind = made_as.kit_type.kind
        check_made_as(made_as, expiries or {}, on=place.station.today(occurred_at))
    act = open_act_once(request_key=request_key, verb="assemble", occurred_at=occurred_at, by=by)
    made = Kit.objects.bulk_create(
        Kit(kind=kind, seal=seals[n] if seals else "", made_as=made_as) for n in range(makes)
    )
    part_cartons(act, cartons, devices[: makes * doses_per_kit], made, doses_per_kit, place)
    ledger.write(
        [
            ledger.event(act, kit, EventKind.ASSEMBLED, place, state=State.IN_SERVICE, source=place)
            for kit in made
        ]
    )
    fit_new(made, expiries or {}, request_key=request_key, by=by)
    audit.record(
        "custody.assembled",
        by=by,
        target=f"{made[0].reference} to {made[-1].reference}",
        station=place.station,
        cartons=named(cartons),
        kits=named(made),
        made_as=made_as or "",
    )
    return act


def check_seals(seals, station):
    """Raise CustodyError when a seal is on a unit of the station already: one seal is of one unit."""
    worn = sealed_with(seals, [station])
    if worn:
        seal, kit = min(worn.items())
        raise CustodyError(f"Seal {seal} is on {kit.reference} already. Look at its number again.", "seals")  # fmt: skip


def sealed_with(seals, stations):
    """{seal: unit} of those that units within reach at some stations have on them; one query."""
    if not seals:
        return {}
    found = Kit.objects.filter(seal__in=seals, station__in=stations, state__in=rules.STOCKED)
    return {kit.seal: kit for kit in found.select_related("lot")}


def part_cartons(act, cartons, taken, made, doses_per_kit, place):
    """One event a carton that gives doses: which go into which new kit."""
    target = {device.pk: made[n // doses_per_kit].pk for n, device in enumerate(taken)}
    events = []
    for carton in cartons:
        mine = [device.pk for device in taken if device.kit_id == carton.pk]
        if not mine:
            continue
        emptied = len(mine) == carton.doses
        events.append(
            ledger.event(
                act,
                carton,
                EventKind.PARTED,
                place,
                state=State.SPENT if emptied else State.IN_SERVICE,
                devices=mine,
                units=[target[key] for key in mine],
            )
        )
    ledger.write(events)


@transaction.atomic
def recall_lot(*, lot, notice, occurred_at, request_key, by):
    """Record a recall: every unit with a dose of the lot becomes recalled where it is. Raises CustodyError."""
    access.check(by, Permission.LOT_RECALL, at=access.EVERYWHERE)
    if act := ledger.known_act(request_key):
        return act
    if LotRecall.objects.filter(lot=lot).exists():
        raise CustodyError(f"Lot {lot} is already recalled.", "lot")
    rules.check_told(occurred_at, now=timezone.now())
    made = LotRecall.objects.create(lot=lot, notice=notice, by=by)
    act = open_act_once(
        request_key=request_key, verb="recall", occurred_at=occurred_at, note=notice, by=by
    )
    keys = Kit.objects.filter(devices__lot=lot, state__in=rules.UNUSED).values_list("pk", flat=True)
    ledger.lock_kits(set(keys))
    kits = [k for k in ledger.fresh_kits(set(keys)) if k.state != State.RECALLED]
    ledger.write(
        [
            ledger.event(act, kit, EventKind.RECALLED, kit.holder, state=State.RECALLED)
            for kit in kits
        ]
    )
    notices.tell_recalled(made, act, now=timezone.now())
    audit.record("lot.recalled", by=by, target=lot, notice=notice, kits=named(kits))
    return act
