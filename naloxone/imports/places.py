"""A list of storage points and vehicles: each is opened, changed, or is so already."""

from naloxone import actions
from naloxone.import_rules import Outcome, check_text, read_choice, read_number, read_yes
from naloxone.imports.known import Stations
from naloxone.imports.steps import Plan, Sheet, said_twice
from naloxone.models import AccessMode, Holder, PlaceType
from naloxone.rules import PLACES, HolderKind
from safety_portal.access import Permission

KINDS = {HolderKind.STORAGE.value: "Storage point", HolderKind.VEHICLE.value: "Vehicle"}
MOST_PAR = 1000
READERS = {
    "kind": lambda text: read_choice(text, KINDS),
    "place_type": lambda text: read_choice(text, dict(PlaceType.choices)),
    "access_mode": lambda text: read_choice(text, dict(AccessMode.choices)),
    "par_min": lambda text: read_number(text, most=MOST_PAR),
    "seal": lambda text: check_text(text, 30),
    "every_shift": read_yes,
    "two_people": read_yes,
}
WORDS = {
    "place_type": "kind", "access_mode": "opens", "par_min": "par", "seal": "outer seal",
    "every_shift": "looked at every shift", "two_people": "a round takes two",
}  # fmt: skip


def plan(run, rows):
    """What comes of each row."""
    sheet, stations, seen = Sheet(run, rows), Stations(run, Permission.PLACES_KEEP), {}
    steps = []
    for step, cells in sheet.steps():
        told = {"name": cells.read("name", lambda text: check_text(text, 120))}
        told |= {"station": stations.of(cells)}
        told |= {key: cells.read(key, reader) for key, reader in READERS.items()}
        # An empty cell says nothing: what is recorded stays.
        step.facts = {key: value for key, value in told.items() if value is not None}
        steps.append(step)
    known = known_places(stations.stations)
    for step in steps:
        if not step.faults:
            settle(step, known, seen)
    return Plan(steps)


def known_places(stations):
    """{(station key, name): place} of all in use at some stations."""
    found = Holder.objects.in_use().at(stations).filter(kind__in=PLACES)
    return {(p.station_id, p.name.casefold()): p for p in found.select_related("station")}


def settle(step, known, seen):
    """Opened, changed or so already."""
    name, station = step.facts["name"], step.facts["station"]
    if said_twice(seen, ("name", f"{name.casefold()} at {station}"), step, "{}"):
        return
    place = known.get((station.pk, name.casefold()))
    if place is None:
        kind = step.facts.setdefault("kind", HolderKind.STORAGE.value)
        par = step.facts.get("par_min")
        return step.becomes(
            Outcome.NEW,
            f"New {KINDS[kind].lower()} {name} at {station}" + (f", par {par}" if par else ""),
        )
    settle_known(step, place)


def settle_known(step, place):
    """What changes of a place that is there."""
    kind = step.facts.get("kind", place.kind)
    if kind != place.kind:
        return step.fault("kind", f"{place} is a {KINDS[place.kind].lower()}, and stays one: records name it so.")  # fmt: skip
    told = {key: value for key, value in step.facts.items() if key not in ("kind", "station")}
    new = {key: value for key, value in told.items() if getattr(place, key) != value}
    said = ", ".join(f"{WORDS.get(k, k)} {shown(place, k, getattr(place, k))} → {shown(place, k, v)}" for k, v in new.items())  # fmt: skip
    step.facts = {"place": place, **new}
    outcome = Outcome.CHANGE if new else Outcome.NOTHING
    step.becomes(outcome, f"{place}: {said}"[:300] if new else f"Nothing: {place} is so already")


def shown(place, name, value):
    """A value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    labels = dict(place._meta.get_field(name).choices or ())
    return labels.get(value, value) if value not in (None, "") else "nothing"


def carry_out(run, steps, progress):
    """Open and change. Returns what was made."""
    made = []
    for done, step in enumerate(steps, start=1):
        if step.outcome == Outcome.NEW:
            place = actions.open_place(**step.facts, by=run.by)
        else:
            facts = dict(step.facts)
            place = facts.pop("place")
            why = f"By the imported file {run.name}"
            place = actions.change_place(
                place=place, version=place.version, why=why, by=run.by, **facts
            )
        made.append({"words": f"{place}, {place.station}", "url": place.get_absolute_url()})
        progress(done)
    return made
