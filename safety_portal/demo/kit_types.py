"""By what the demo's kits are made, one type with latex gloves, and trainers."""

import datetime as dt

from naloxone import actions
from naloxone.kit_type_rules import Component, Latex
from naloxone.models import Kit, KitType
from safety_portal.demo.world import not_offered

TYPES = {"kit": "Human kit", "canine_kit": "Canine kit"}
GOOD_DAYS = 420  # for so long the components of most kits are good from today on
SOON = "F"  # the lot whose kits have a mask that expires this month
SOON_DAYS = 20


def bill_of(world, kind, letter):
    """What assembly takes of a kit's type: the version, and until when its components are good."""
    version = KitType.objects.with_versions().get(name=TYPES[kind]).newest
    return {"made_as": version, "expiries": days_of(world, version, SOON_DAYS if letter == SOON else GOOD_DAYS)}  # fmt: skip


def days_of(world, version, days):
    day = world.now.date() + dt.timedelta(days=days)
    return {part.pk: day for part in version.components.all() if part.expires and part.required}


def flag_latex(world, station):
    """A vehicle kit as it was bought has latex gloves: the coordinator of the agency wrote it down, one is made so."""
    vehicle = KitType.objects.with_versions().get(name="Vehicle kit")
    lines = [line for line in vehicle.newest.bill if line.name != "Nitrile gloves"]
    version = actions.write_kit_version(
        kit_type=vehicle, shown=1, components=[Component("Gloves as bought", 1, False, True, Latex.YES), *lines],
        doses=2, source="Contents list of the fictitious supplier, as delivered", request_key=world.key(),
        what_changed="The supplier packs latex gloves", by=world.cast.people["Laurel"],
    )  # fmt: skip
    cartons = Kit.objects.filter(kind="carton", doses=2, state="in_service")
    here = not_offered(cartons.filter(holder=world.stores[station.code]))
    carton = here.with_names().order_by("-expires_on", "pk").first()
    if carton is not None:
        actions.assemble_kits(
            cartons=[carton], kind="kit", doses_per_kit=2, place=carton.holder, made_as=version,
            expiries=days_of(world, version, GOOD_DAYS), occurred_at=world.now, seals=world.new_seals(1),
            request_key=world.key(), by=world.coordinator(station),
        )  # fmt: skip


def bring_trainers(world, station):
    """Two trainers came for the lessons."""
    actions.receive_trainers(
        what="Fictitious nasal spray trainer", count=2, place=world.stores[station.code],
        occurred_at=world.now, request_key=world.key(), by=world.coordinator(station),
    )  # fmt: skip
