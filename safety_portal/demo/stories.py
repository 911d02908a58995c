"""What happened: deliveries, kits that went from hand to hand, a recall, and what waits today. Told through the actions."""

import datetime as dt

from naloxone import actions, plans
from naloxone.actions.custody import holder_of
from naloxone.actions.registers import places_of, recorded_in
from naloxone.inspection_rules import Seen
from naloxone.models import Kit, Lot
from naloxone.order_rules import Covers
from safety_portal.access import Permission
from safety_portal.demo import heat, kit_types, needs, rounds
from safety_portal.demo.drawn import drawing
from safety_portal.demo.world import UNSEEN, carried_at, in_store, kits_of, not_offered
from safety_portal.photos import hold_photo
from safety_portal.saved_filters import save_filter

SUPPLIER = "Fictitious Medical Supply, delivery note on file"
RECALLED = "G"
LAREDO = "2304"


def tell(world):
    """Fourteen months, from one story for each lot at each station and those that tie them together."""
    for code, counts in world.stock.items():
        station = world.stations[code]
        for letter, count in counts.items():
            if int(count):
                story = LOTS.get(letter, kits)
                world.begin(story(world, station, world.lots[letter], int(count)))
    for story in (ordered, officer, recall, between_stations, used):
        world.begin(story(world))
    for facts in ENDED:
        world.begin(ended(world, **facts))
    for code in (LAREDO, "2504", "1012"):
        world.begin(without_account(world, world.stations[code]))
    world.tell()
    explain_number(world)
    look_around(world)
    rounds.walk_round(world)
    rounds.report_nothing(world)
    leave_open(world)
    send_boxes(world)
    keep_views(world)
    leave_unexplained(world)
    pass_registers(world)
    needs.tell_needs(world)
    heat.tell_of_heat(world)
    kit_types.flag_latex(world, world.stations[LAREDO])
    kit_types.bring_trainers(world, world.stations[LAREDO])
    plan_ahead(world)


def explain_number(world):
    """A carton of a store's own brand was scanned, and the coordinator said what it is. The number is of GS1's example maker."""
    actions.remember_code(
        code="614141000036",
        product=world.lots["A"].product,
        by=world.coordinator(world.stations[LAREDO]),
    )


# --- stock -----------------------------------------------------------------------------------------
def cartons(world, station, lot, count):
    """A delivery that stays as it came; the newest still waits for its receipt check."""
    moment = world.moment(station, lot.days_ago)
    yield moment
    return receive(world, station, lot, count, moment)


def receive(world, station, lot, count, moment):
    doses = count * lot.product.devices_per_carton
    serials = [f"{station.code}{number:05}" for number in range(doses)]
    act = actions.receive_delivery(
        product=lot.product,
        lot_number=lot.number,
        expires_on=lot.expires_on,
        count=count,
        place=world.stores[station.code],
        occurred_at=moment,
        checked=lot.checked,
        serials=serials if lot.product.supply == "Rx" else (),
        supplier_name=SUPPLIER,
        order_line=world.ordered.get((station.code, lot.letter)),
        request_key=world.key(),
        by=world.coordinator(station),
    )
    return kits_of(act)


def ordered(world):
    """The national coordinator ordered twice: one came by half, of the other nothing has come and its day is past."""
    laurel, lot, late = world.cast.people["Laurel"], world.lots["Q"], world.lots["D"]
    yield world.moment(laurel.station, 30)
    codes = [code for code, counts in world.stock.items() if int(counts["Q"])]
    lines = [
        actions.Wanted(world.stations[code], 2 * int(world.stock[code]["Q"])) for code in codes
    ]
    half = place(world, laurel, [lot.product], lines, days=12, note="For the coming season")
    world.ordered = {
        (line.station.code, "Q"): line for line in half.lines.select_related("station")
    }
    month = late.expires_on.replace(day=1)
    lines = [actions.Wanted(world.stations[LAREDO], 2, Covers.EXPIRY, month)]
    place(world, laurel, [late.product], lines, days=-3)


def place(world, by, products, lines, *, days, note=""):
    """An order of a month ago, due so many days from now."""
    today = by.station.today(world.now)
    return actions.place_order(
        products=products, supplier="Fictitious Medical Supply", lines=lines, note=note,
        due_on=today + dt.timedelta(days=days), on=today - dt.timedelta(days=30),
        request_key=world.key(), by=by,
    )  # fmt: skip


def ready(world, station, lot, count):
    """A delivery, released after its check; returns its cartons and the moment."""
    found = yield from cartons(world, station, lot, count)
    moment = world.moment(station, lot.days_ago - 1)
    if not lot.checked:
        yield moment
        actions.release_kits(
            kits=found,
            occurred_at=moment,
            note="Blisters intact, lot and expiry as on the note",
            request_key=world.key(),
            by=world.coordinator(station),
        )
    return found, moment


def assemble(world, station, found, moment, *, kind, doses, count, letter):
    act = actions.assemble_kits(
        cartons=found,
        kind=kind,
        doses_per_kit=doses,
        place=world.stores[station.code],
        occurred_at=moment,
        seals=world.new_seals(count),
        **kit_types.bill_of(world, kind, letter),
        request_key=world.key(),
        by=world.coordinator(station),
    )
    return [kit for kit in kits_of(act) if kit.kind == kind]


def kits(world, station, lot, count):
    """A carton of two doses becomes a sealed kit; the kits go to people and places."""
    found, moment = yield from ready(world, station, lot, count)
    moment = world.later(moment, station, days=1)
    yield moment
    made = assemble(
        world, station, found, moment, kind="kit", doses=2, count=count, letter=lot.letter
    )
    if lot.letter == "F" and station.code == LAREDO:
        return  # they are what waits for the demo's officer today
    for kit in made:
        way = WAYS[next(world.ways[station.code])]
        moment = world.later(moment, station, days=world.random.randrange(1, 4))
        world.begin(way(world, station, kit, moment))


def canine_kits(world, station, lot, count):
    """Four doses of a carton of six make a dog's kit; two stay in the carton."""
    found, moment = yield from ready(world, station, lot, count)
    dogs = [dog for dog in world.cast.canines if dog.station_id == station.pk]
    for carton in found:
        moment = world.later(moment, station, days=1)
        yield moment
        (kit,) = assemble(
            world, station, [carton], moment, kind="canine_kit", doses=4, count=1, letter=lot.letter
        )
        if dogs:
            dog = dogs.pop()
            moment = world.later(moment, station, days=1)
            yield from offered(world, station, kit, moment, dog.handler, holder_of(canine=dog))


# --- from hand to hand -------------------------------------------------------------------------------
def offer(world, chosen, receiver, moment, by, note=""):
    return actions.offer_kits(
        kits=chosen, receiver=receiver, note=note, now=moment, request_key=world.key(), by=by
    )


def offered(world, station, kit, moment, person, receiver):
    """Offered by the supervisor, accepted some minutes later."""
    yield moment
    made = offer(world, [kit], receiver, moment, world.supervisor(station))
    moment = world.soon(moment)
    yield moment
    actions.answer_offer(offer=made, now=moment, request_key=world.key(), by=person)


def given_back(world, station, kit, moment, person):
    """Offered to the storeroom by its carrier, accepted by the supervisor."""
    yield moment
    made = offer(world, [kit], world.stores[station.code], moment, person)
    moment = world.soon(moment)
    yield moment
    actions.answer_offer(
        offer=made, now=moment, request_key=world.key(), by=world.supervisor(station)
    )


def at_counter(world, station, kit, moment, person):
    """Both at the counter, the receiver with their own password."""
    yield moment
    actions.hand_over_here(
        kits=[kit],
        receiver=holder_of(person=person),
        second=person,
        proof="password",
        occurred_at=moment,
        request_key=world.key(),
        by=world.supervisor(station),
    )


def carried(world, station, kit, moment):
    """Carried by one person for some weeks, then by another."""
    first, second = world.next_carrier(station), world.next_carrier(station)
    yield from offered(world, station, kit, moment, first, holder_of(person=first))
    moment = world.later(moment, station, days=world.random.randrange(20, 70))
    yield from given_back(world, station, kit, moment, first)
    moment = world.later(moment, station, days=world.random.randrange(1, 9))
    yield from at_counter(world, station, kit, moment, second)


def placed(world, station, kit, moment):
    """Brought to a place or vehicle of the station, and once to another."""
    for place in world.random.sample(world.points[station.code], 2):
        yield moment
        actions.move_kits(
            kits=[kit],
            place=place,
            why_empty="The lane is closed; the kit goes where people work",
            occurred_at=moment,
            request_key=world.key(),
            by=world.supervisor(station),
        )
        moment = world.later(moment, station, days=world.random.randrange(15, 60))


def counted_out(world, station, kit, moment):
    """Handed over at the counter and carried since."""
    yield from at_counter(world, station, kit, moment, world.next_carrier(station))


def refused(world, station, kit, moment):
    """Offered once and refused, so it is still in the storeroom."""
    person = world.next_carrier(station)
    yield moment
    made = offer(world, [kit], holder_of(person=person), moment, world.supervisor(station))
    moment = world.soon(moment)
    yield moment
    reason = world.random.choice(["I carry one already", "The pouch does not close"])
    actions.answer_offer(
        offer=made, refused={kit.pk: reason}, now=moment, request_key=world.key(), by=person
    )


WAYS = (carried, placed, counted_out, refused)
LOTS = {"H": cartons, "Q": cartons, "K": canine_kits}


# --- what ties them together ---------------------------------------------------------------------------
def officer(world):
    """The demo's officer: the same kit for most of a year, with a leave and a week in a colleague's hands."""
    station, alder = world.officer.station, world.officer
    own = holder_of(person=alder)
    moment = world.moment(station, 300)
    yield moment
    kit = world_kit(world, station, "C")
    yield from offered(world, station, kit, moment, alder, own)
    yield from given_back(world, station, kit, world.moment(station, 210), alder)
    yield from at_counter(world, station, kit, world.moment(station, 195), alder)
    colleague = world.cast.people["Fern"]
    for days_ago, giver, taker in ((96, alder, colleague), (89, colleague, alder)):
        moment = world.moment(station, days_ago)
        yield moment
        made = offer(world, [kit], holder_of(person=taker), moment, giver, "For the week")
        moment = world.soon(moment)
        yield moment
        actions.answer_offer(offer=made, now=moment, request_key=world.key(), by=taker)


def world_kit(world, station, letter):
    """A kit of a lot that stands in the station's storeroom."""
    return (
        in_store(world.stores[station.code]).filter(lot__number=world.lots[letter].number).first()
    )


def recall(world):
    """The national coordinator records a recall; one carrier has brought their kit back since."""
    laurel = world.cast.people["Laurel"]
    moment = world.moment(laurel.station, 12)
    yield moment
    lot = Lot.objects.get(number=world.lots[RECALLED].number)
    actions.recall_lot(
        lot=lot,
        notice="Exercise notice 7 (fictitious)",
        occurred_at=moment,
        request_key=world.key(),
        by=laurel,
    )
    station = world.stations[LAREDO]
    kit = carried_at(station).filter(state="recalled").first()
    yield from given_back(world, station, kit, world.moment(station, 9), kit.holder.person)


def between_stations(world):
    """A carton goes from Laredo to a station that has fewer."""
    moment = world.moment(world.stations[LAREDO], 30)
    yield moment
    number = world.lots["H"].number
    spare = world.stores[LAREDO].kits.filter(lot__number=number).order_by("pk").first()
    actions.move_kits(
        kits=[spare],
        place=world.stores["BP-RGV-FALFUR"],
        occurred_at=moment,
        note="Taken along by the evidence run",
        request_key=world.key(),
        by=world.cast.people["Laurel"],
    )


def without_account(world, station):
    """A contractor who has no account takes a kit before a witness."""
    moment = world.moment(station, 120)
    yield moment
    contractor = next(p for p in world.cast.at(station) if p.kind == "contractor")
    actions.record_with_witness(
        kits=[in_store(world.stores[station.code]).first()],
        receiver=holder_of(person=contractor),
        second=world.next_carrier(station),
        proof="password",
        occurred_at=moment,
        note="For the teardown bay",
        request_key=world.key(),
        by=world.supervisor(station),
    )


def used(world):
    """Some weeks ago a carrier gave one dose of their own kit and brought the rest back."""
    station = world.stations[LAREDO]
    moment = world.moment(station, 38)
    yield moment
    day = world.now.date() + dt.timedelta(days=60)
    carried = carried_at(station).filter(state="in_service", kind="kit", expires_on__gt=day)
    kit = carried.exclude(holder__person=world.officer).last()
    carrier = kit.holder.person
    report = actions.record_use(
        told=[actions.Told(kit=kit)], station=station, given_at=moment, now=moment,
        request_key=world.key(), by=carrier,
    )  # fmt: skip
    actions.add_detail(
        dose=report.doses.get(), given_at=moment, giver="writer", site="left_nostril", fault="none",
        now=moment, by=carrier,
    )  # fmt: skip
    actions.ask_replacement(report=report, now=moment, by=carrier)
    moment = world.soon(moment)
    yield moment
    actions.replacement_done(report=report, now=moment, by=world.supervisor(station))


# --- the end ---------------------------------------------------------------------------------------------
# By which station, when, from which lot and how. Two had a witness or a signature; one waits, one is overdue.
ENDED = (
    {"code": LAREDO, "days_ago": 20, "letter": "A", "method": "trash", "reason": "expired", "signs": "witness"},
    {"code": "2604", "days_ago": 16, "letter": "H", "method": "donation", "reason": "surplus",
     "recipient": "Fictitious County Harm Reduction", "receipt": "FC-0417", "signs": "later"},
    {"code": "2504", "days_ago": 11, "letter": "B", "method": "take_back", "reason": "temperature"},
    {"code": LAREDO, "days_ago": 2, "letter": "E", "method": "incineration", "reason": "damaged"},
)  # fmt: skip


def ended(world, *, code, days_ago, letter, method, reason, recipient="", receipt="", signs=""):
    """What lies in a station's places of one lot is disposed of, at most two units."""
    station = world.stations[code]
    moment = world.moment(station, days_ago)
    yield moment
    by, second = world.coordinator(station), world.supervisor(station)
    places = [world.stores[code], *world.points[code]]
    found = Kit.objects.filter(
        holder__in=places, lot__number=world.lots[letter].number, doses__gt=0
    )
    units = list(not_offered(found).order_by("pk")[:2])
    card = [f"{station.name}, {moment.astimezone(station.zone):%d %b %Y}", receipt or "No receipt"]
    picture = drawing(*card, boxes=len(units))
    made = actions.dispose_of_kits(
        kits=units, method=method, reason=reason, recipient=recipient, receipt=receipt,
        photos=[hold_photo(file=picture, now=moment, by=by, durable=False)],
        second=second if signs == "witness" else None, proof="password" if signs == "witness" else "",
        why_empty="Another cabinet stands in the same hall",
        occurred_at=moment, now=moment, request_key=world.key(), by=by,
    )  # fmt: skip
    if signs == "later":
        moment = world.later(moment, station, days=2)
        yield moment
        actions.countersign(
            disposal=made, basis="saw_papers", now=moment, request_key=world.key(), by=second
        )


# --- looked at ---------------------------------------------------------------------------------------
def look_around(world):
    """Who has a kit looked at it this month, and the month before; at two places they did not."""
    rng = world.random
    for kit in list(Kit.objects.in_service().to_inspect().with_names().order_by("pk")):
        unseen = (kit.station.code, kit.holder.name) in UNSEEN
        mine = kit.holder.person_id == world.officer.pk
        for days_ago in (rng.randrange(62, 68), 34 if unseen or mine else rng.randrange(2, 26)):
            look(world, kit, world.moment(kit.station, days_ago))
    bag = (
        Kit.objects.in_service()
        .to_inspect()
        .filter(station__code=LAREDO, holder__name__contains="go-bag")
    )
    seen = Seen(seal_intact=True, package_intact=False, opened=True)
    note = "The pouch is torn open at the zip; the seal inside is whole"
    look(world, bag.with_names().first(), ago(world, 20), seen, note=note, access_seconds=11)


def look(world, kit, moment, seen=Seen(seal_intact=True), **facts):  # noqa: B008 - frozen
    """Somebody looks, if the kit was where it is by then."""
    came = kit.events.latest("sequence").act.occurred_at
    if moment <= came:
        return
    carrier = kit.holder.person or (kit.holder.canine and kit.holder.canine.handler)
    by = carrier if carrier and carrier.has_account and not carrier.left_on else None
    actions.inspect_kit(
        kit=kit, sequence=kit.last_sequence, seen=seen, occurred_at=moment,
        request_key=world.key(), by=by or world.supervisor(kit.station), **facts,
    )  # fmt: skip


# --- what waits today ------------------------------------------------------------------------------------
def leave_open(world):
    """Offers that nobody has answered yet: three to the demo's officer, one of them late, and others."""
    station, store = world.officer.station, world.stores[LAREDO]
    own, birch = holder_of(person=world.officer), world.supervisor(station)
    fresh = list(in_store(store).filter(lot__number=world.lots["F"].number))
    offer(world, fresh[:2], own, ago(world, 30), birch, "For the team's go-bag on the night shift")
    offer(
        world,
        fresh[2:3],
        own,
        ago(world, 3),
        world.coordinator(station),
        "In place of your kit that expires this month",
    )
    kit = lasting(world, station)
    offer(world, [kit], own, ago(world, 1), kit.holder.person, "You take over my lane at noon")
    for code, hours in ((LAREDO, 2), ("2504", 27)):
        kit = lasting(world, world.stations[code])
        store = world.stores[code]
        offer(world, [kit], store, ago(world, hours), kit.holder.person, "On leave from tomorrow")
    team = holder_of(canine=world.cast.canines[0])
    spare = world.stores[LAREDO].kits.filter(kind="canine_kit").order_by("pk").first()
    offer(world, [spare], team, ago(world, 5), birch, "Second kit, for the kennel")


def send_boxes(world):
    """One box of cartons is on its way to Laredo, one came there last week with a torn corner."""
    laredo = world.stations[LAREDO]
    for code, hours, days in (("2504", 190, 3), ("BP-RGV-FALFUR", 20, 2)):
        sender, moment = world.stations[code], ago(world, hours)
        spare = world.stores[code].kits.filter(kind="carton", state="in_service")
        box = actions.send_kits(
            kits=list(spare.order_by("-expires_on", "pk")[:3]), destination=laredo,
            carrier="Fictitious Parcel", tracking=f"FP {code} {hours:04}", seal=f"BOX-{code}",
            expected_on=laredo.today(moment) + dt.timedelta(days=days), occurred_at=moment,
            note="From our surplus", request_key=world.key(), by=world.coordinator(sender),
        )  # fmt: skip
        if hours > 100:
            torn = box.lines.order_by("pk").first()
            actions.receive_consignment(
                consignment=box, place=world.stores[LAREDO], damaged=[torn.kit_id],
                reason="One corner of the box was torn, one carton is dented", seal_whole=True,
                now=ago(world, 150), request_key=world.key(), by=world.coordinator(laredo),
            )  # fmt: skip


def keep_views(world):
    """What both coordinators look at each morning stands above their list of kits."""
    for by in (world.coordinator(world.officer.station), world.cast.people["Laurel"]):
        for name, query in (
            ("Expires within 90 days", "expiry=90"),
            ("Waits for its check", "state=quarantine"),
        ):
            save_filter(page="naloxone:kits", name=name, query=query, by=by)


def pass_registers(world):
    """One register that passed with a difference, which stays with the old name; and one that waits for its second count."""
    people = world.cast.people
    for giver, taker, hours, other, both in (
        ("Willow", "Cedar", 5, {"Vehicle 12": -1}, True),
        ("Basil", "Larch", 20, {}, False),
    ):
        station, then = people[giver].station, ago(world, hours)
        places = list(places_of(station))
        recorded = recorded_in(places)
        counts = {
            place: max(recorded.get(place.pk, 0) + other.get(place.name, 0), 0) for place in places
        }
        passing = actions.hand_over_register(
            station=station, outgoing=people[giver], incoming=people[taker], counts=counts,
            proof="password", now=then, request_key=world.key(), by=people[giver],
        )  # fmt: skip
        if both:
            actions.take_register(
                passing=passing, counts=counts, proof="password", now=then,
                request_key=world.key(), by=people[taker],
            )  # fmt: skip


def leave_unexplained(world):
    """A dose from a cabinet, nobody knows of which kit; and a kit that is missing since this morning."""
    station = world.stations[LAREDO]
    carriers = [kit.holder.person for kit in carried_at(station)]
    teller = next(person for person in carriers if person != world.officer)
    actions.record_use(
        told=[actions.Told()], station=station, place=world.points[LAREDO][0],
        given_at=ago(world, 7), now=ago(world, 7), request_key=world.key(), by=teller,
    )  # fmt: skip
    kit = lasting(world, station)
    actions.report_missing(
        kits=[kit], occurred_at=ago(world, 4), note="Not on the belt after the shift change",
        request_key=world.key(), by=kit.holder.person,
    )  # fmt: skip


def plan_ahead(world):
    """The plan for one month's expiries is made; other months wait for somebody to look at them."""
    laurel, lot = world.cast.people["Laurel"], world.lots["D"]
    month = lot.expires_on.replace(day=1)
    plan = plans.plan_for(laurel, Permission.ORDERS_KEEP, world.now)
    actions.make_plan(
        month=month, todos=plan.of_month(month), stations=plan.names, products=[lot.product],
        supplier="Fictitious Medical Supply", on=plan.on, request_key=world.key(), by=laurel,
    )  # fmt: skip


def ago(world, hours):
    return world.now - dt.timedelta(hours=hours)


def lasting(world, station):
    """A kit in somebody's hands that is good for two months more."""
    day = world.now.date() + dt.timedelta(days=60)
    kits = carried_at(station).filter(state="in_service", kind="kit", expires_on__gt=day)
    return kits.exclude(holder__person=world.officer).first()
