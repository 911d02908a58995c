"""What scanned or typed codes mean: which units, which receiver."""

from django.db.models import Q
from django.utils import timezone

from naloxone import gs1_rules, packs
from naloxone.models import Device, Holder, Kit
from naloxone.rules import PLACES
from safety_portal import access, scanner_rules
from safety_portal.access import Permission
from safety_portal.people import Canine, Person, reference_number
from safety_portal.widgets import Option

FEW = 7  # of each kind, so that no kind crowds out the others


def units_of(codes, seen):
    """Units behind codes (K-214, a seal, a serial, a pack's code) among those seen: ({code: kit}, codes left over).

    A pack's code that may mean several units means none: nobody guesses.
    """
    numbers = {code: Kit.number(code) for code in codes}
    for code, packed in packs.units_of_each(codes).items():
        if len(packed) == 1:
            [numbers[code]] = packed
    others = [code for code, number in numbers.items() if number is None]
    serials = dict(
        Device.objects.filter(serial__in=others).values_list("serial", "kit") if others else ()
    )
    keys = {number for number in numbers.values() if number is not None} | set(serials.values())
    condition = Q(pk__in=keys) | Q(seal__in=others) if others else Q(pk__in=keys)
    units = list(seen.filter(condition).with_names().order_by("pk"))
    by_key = {kit.pk: kit for kit in units}
    by_seal = {kit.seal.upper(): kit for kit in units if kit.seal}
    found = {
        code: by_key.get(number if number is not None else serials.get(code)) or by_seal.get(code)
        for code, number in numbers.items()
    }
    return (
        {code: kit for code, kit in found.items() if kit is not None},
        [code for code, kit in found.items() if kit is None],
    )


def told_as(code):
    """A code that means no unit, as people are told of it: of a maker's pack what stands in it."""
    packed = gs1_rules.pack_readings(code)
    if not packed:
        return scanner_rules.shown(code)
    lot, serial = packed[0].lot or "unknown", packed[0].serial
    return f"lot {lot}, serial {serial}" if serial else f"lot {lot} (a code without serial)"


# --- receivers ------------------------------------------------------------------------------------------
def people_near(person):
    """Who may be found by name: people of one's own station and of those one answers for."""
    near = Q(station=person.station_id)
    for permission in (Permission.KITS_SEE, Permission.PEOPLE_SEE):
        near |= access.within(person, permission)
    return near


def receivers(text, person):
    """People, dogs and places that kits may go to; a badge or reference is found at every station."""
    near = people_near(person)
    found = Person.objects.serving().select_related("station", "account")
    exact = Q(badge__iexact=text) | Q(pk=Person.number(text))
    people = found.filter(exact) | found.matching(text).filter(near)
    dogs = Canine.objects.serving().matching(text).filter(near).select_related("station", "handler")
    places = (
        Holder.objects.in_use()
        .filter(near, Q(name__icontains=text) | Q(pk=reference_number("S", text)), kind__in=PLACES)
        .select_related("station")
    )
    return [
        *people.exclude(pk=person.pk).by_name().distinct()[:FEW],
        *places.order_by("name")[:FEW],
        *dogs.by_name()[:FEW],
    ]


def receiver(value, person):
    """The person (P-7), dog (C-3) or place (S-12) behind a reference, a badge, or None."""
    if (key := Person.number(value)) is not None:
        return Person.objects.serving().select_related("station", "account").filter(pk=key).first()
    if (key := reference_number("C", value)) is not None:
        dogs = Canine.objects.serving().select_related("station", "handler__account")
        return dogs.filter(pk=key).first()
    if (key := reference_number("S", value)) is not None:
        places = Holder.objects.in_use().filter(kind__in=PLACES).select_related("station")
        return places.filter(people_near(person), pk=key).first()
    return Person.objects.serving().filter(badge__iexact=value).select_related("station").first()


def describe(thing):
    """A receiver as an option of a look-up."""
    if isinstance(thing, Canine):
        return Option(thing.reference, f"{thing.name}, dog of {thing.handler}", str(thing.station))
    if isinstance(thing, Holder):
        return Option(thing.reference, thing.name, f"{thing.get_kind_display()}, {thing.station}")
    badge = f"badge {thing.badge}, " if thing.badge else ""
    return Option(thing.reference, thing.name, f"{badge}{thing.station}")


# --- the second person of an act -------------------------------------------------------------------------
def answers_for(thing):
    """Who takes for a receiver at the counter, when that is one certain person with an account; else None."""
    if isinstance(thing, Canine):
        return thing.handler
    return thing if isinstance(thing, Person) and thing.has_account else None


def seconds(text, person):
    """People with an account near the person, or by their badge anywhere."""
    found = Person.objects.serving().filter(account__is_active=True).select_related("station")
    near = found.matching(text).filter(people_near(person))
    return (found.filter(badge__iexact=text) | near).exclude(pk=person.pk).by_name().distinct()


def witnesses(text, person):
    """Second persons who answer for stock somewhere; the act asks whether it is here."""
    roles = [role for role, permits in access.PERMITS.items() if Permission.CUSTODY_GIVE in permits]
    grants = access.Grant.objects.in_force(timezone.now()).of_role(*roles)
    return seconds(text, person).filter(pk__in=grants.values("person"))


def second(value):
    """A person with an account, by reference or badge."""
    found = Person.objects.serving().filter(account__is_active=True).select_related("station")
    key = Person.number(value)
    return found.filter(Q(pk=key) if key is not None else Q(badge__iexact=value)).first()
