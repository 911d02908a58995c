"""Which acts a person may do with a unit now. What is not possible is not shown; actions check it all again."""

from urllib.parse import urlencode

from django.urls import reverse

from naloxone.actions import life
from naloxone.actions.custody import carries, may_hand_on
from naloxone.models import UnitKind
from naloxone.rules import CARRIERS, LOST, MOVABLE, PLACES, STOCKED, HolderKind, State
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.page_parts import Button

NO_DOSE = (State.SPENT, State.DESTROYED, State.PASSED_ON)


def address_of(name, kit):
    return f"{reverse(f'naloxone:{name}')}?{urlencode({'kits': kit.reference})}"


def is_here(kit):
    """Whether it is somewhere, and not on its way to another station."""
    return kit.holder is not None and kit.holder.kind != HolderKind.IN_TRANSIT


def is_with(kit, person):
    """Whether the person has it, or the dog they lead."""
    return carries(kit.holder, person)


def may_answer(kit, person):
    """Whether the open offer of this kit is the person's to answer."""
    if kit.offer_to_person:
        return kit.offer_to_person == person.pk
    return access.may(person, Permission.CUSTODY_TAKE, at=kit.offer_to_place)


def offer_acts(kit, person):
    """What can be done about the open offer."""
    page = reverse("naloxone:hand_over", args=[kit.offer_key])
    if may_answer(kit, person):
        yield Button(f"Answer H-{kit.offer_key}", page)
    elif kit.offer_by == person.pk or gives(kit, person):
        yield Button(f"Withdraw H-{kit.offer_key}", page, "outline")


def gives(kit, person):
    return access.may(person, Permission.CUSTODY_GIVE, at=kit.station_id)


def may_exchange(kit, person):
    """Whether a person may give whoever else carries the unit a new one for it."""
    carried = kit.holder is not None and kit.holder.kind in CARRIERS and not is_with(kit, person)
    return carried and kit.state in MOVABLE and gives(kit, person)


def custody_acts(kit, person, today):
    """Giving, moving and returning."""
    mine = is_with(kit, person)
    at_place = kit.holder.kind in PLACES
    expired = kit.expires_on is not None and kit.expires_on < today
    if may_hand_on(person, kit) and kit.state == State.IN_SERVICE and not expired:
        yield Button("Hand over", address_of("give", kit))
    if may_exchange(kit, person):
        yield Button(
            "Exchange for a new one", reverse("naloxone:exchange", args=[kit.pk]), "outline"
        )
    if mine and kit.state in MOVABLE:
        yield Button("Return to a place", address_of("give_back", kit), "outline")
    if at_place and kit.state in STOCKED and gives(kit, person):
        yield Button("Move", address_of("move", kit), "outline")


def send_acts(kit, person):
    """To another station, by a carrier."""
    if kit.holder.kind in PLACES and kit.state in STOCKED and gives(kit, person):
        yield Button("Send to a station", address_of("send", kit), "plain")


def may_inspect(kit, person):
    """Whether a person has the unit, or gives from where it is, and there is something in it to look at."""
    return (
        is_here(kit) and kit.state in STOCKED and not kit.is_trainer and life.touches(person, kit)
    )


def look_acts(kit, person):
    """Looking at what one relies on."""
    if may_inspect(kit, person):
        yield Button("Inspect", reverse("naloxone:inspect", args=[kit.pk]), "outline")


def stock_acts(kit, person, today):
    """What is done with stock in a store."""
    if kit.holder.kind != HolderKind.STORAGE:
        return
    fresh = kit.expires_on is not None and kit.expires_on >= today
    may_receive = access.may(person, Permission.STOCK_RECEIVE, at=kit.station_id)
    may_assemble = access.may(person, Permission.KITS_ASSEMBLE, at=kit.station_id)
    if kit.state == State.QUARANTINE and may_receive:
        yield Button("Release", address_of("release", kit))
    if kit.kind == UnitKind.CARTON and kit.state == State.IN_SERVICE and fresh and may_assemble:
        yield Button("Assemble kits", address_of("assemble", kit), "outline")


def back_acts(kit, person):
    """Back from where nobody can hand it out: missing, on hold."""
    if kit.holder.kind == HolderKind.MISSING:
        yield Button("It is found", address_of("found", kit))
        ends = access.may(person, Permission.STOCK_END, at=kit.station_id)
        if kit.state == State.MISSING and ends:
            yield Button("Write it off", address_of("write_off", kit), "outline")
    if kit.state == State.HELD and access.may(person, Permission.STOCK_RECEIVE, at=kit.station_id):
        yield Button("Release from hold", address_of("release", kit))


def may_end(kit, person):
    """Whether the person may dispose of it. What somebody else carries is given back first, unless it is empty."""
    with_other = kit.holder.kind in CARRIERS and not is_with(kit, person)
    if kit.state not in MOVABLE or (with_other and kit.state != State.SPENT):
        return False
    return access.may(person, Permission.STOCK_END, at=kit.station_id)


def is_sound(kit, today):
    """Whether it can still be handed out, or is about to: then its end is no act beside the others."""
    expired = kit.expires_on is not None and kit.expires_on < today
    return kit.state in (State.QUARANTINE, State.IN_SERVICE) and not expired


def end_acts(kit, person, today):
    """The end of what is of no use any more: destroyed or passed on."""
    if not is_sound(kit, today) and may_end(kit, person):
        yield Button("Dispose", address_of("dispose", kit), "outline")


def troubles_now(kit, person, today):
    """What one records when something is wrong with it."""
    if not is_here(kit) or not life.touches(person, kit) or kit.state not in STOCKED:
        return
    if kit.is_trainer:
        yield from trainer_troubles(kit, person, today)
        return
    if kit.state == State.IN_SERVICE and kit.kind != UnitKind.CARTON:
        yield Button("It was opened", address_of("open", kit))
    if kit.state in (State.QUARANTINE, State.IN_SERVICE, State.OPENED):
        yield Button("Put it on hold", address_of("hold", kit))
    yield works_act(kit)
    yield Button("A dose was wasted", reverse("naloxone:waste", args=[kit.pk]))
    yield Button("It is not where it should be", reverse("naloxone:search_kit", args=[kit.pk]))
    yield Button("It is missing", address_of("missing", kit))
    if is_sound(kit, today) and may_end(kit, person):
        yield Button("Dispose of it", address_of("dispose", kit))


def trainer_troubles(kit, person, today):
    """What can go wrong with what nobody relies on."""
    if kit.state in (State.QUARANTINE, State.IN_SERVICE):
        yield Button("Put it on hold", address_of("hold", kit))
    yield Button("It is not where it should be", reverse("naloxone:search_kit", args=[kit.pk]))
    yield Button("It is missing", address_of("missing", kit))
    if is_sound(kit, today) and may_end(kit, person):
        yield Button("Dispose of it", address_of("dispose", kit))


def works_act(kit):
    """Where one says the opposite of what counts now."""
    where = reverse("naloxone:works", args=[kit.pk])
    if kit.works:
        return Button("It does not work", f"{where}?works=no")
    return Button("It does work", f"{where}?works=yes")


def record_acts(kit, person, events):
    """What one may add to its custody record (newest event first): undo the newest, note something about another."""
    if events and life.may_undo(person, kit, events[0]):
        where = reverse("naloxone:undo", args=[kit.pk, kit.last_sequence])
        yield Button(f"Undo no. {kit.last_sequence}", where)
    if life.may_note(person, kit):
        yield Button("Add a note", reverse("naloxone:note", args=[kit.pk]))


def acts_now(kit, person, today):
    """The acts that are possible now for this person, the nearest first."""
    acts = list(offer_acts(kit, person)) if kit.offer_key else []
    if not is_here(kit):
        return acts
    sends = []
    if not kit.offer_key:
        acts += custody_acts(kit, person, today)
        sends = send_acts(kit, person)
    return [
        *acts,
        *look_acts(kit, person),
        *stock_acts(kit, person, today),
        *back_acts(kit, person),
        *end_acts(kit, person, today),
        *sends,
    ]


def use_of(kit, person):
    """The address where a use of it is recorded, for who has to do with it. Whatever its state: a use is never refused."""
    if kit.holder is None or kit.state in NO_DOSE or kit.is_trainer:
        return ""
    near = kit.state in LOST or life.touches(person, kit)
    return address_of("record_use", kit) if near else ""


def acts_on_place(place, person, left):
    """What who keeps places may do with this one. `left` is what is in it or on its way: while there is any, it stays open."""
    keeps = access.may(person, Permission.PLACES_KEEP, at=place.station_id)
    if not keeps or place.closed_on is not None:
        return []
    acts = [Button("Change", reverse("naloxone:change_place", args=[place.pk]), "outline")]
    if not any(left.values()):
        acts.append(Button("Close", reverse("naloxone:close_place", args=[place.pk]), "plain"))
    return acts
