"""What people type about storage points and vehicles."""

from naloxone.forms.base import CustodyForm
from naloxone.models import AccessMode, PlaceType
from naloxone.readiness_rules import LONGEST_DRILL
from naloxone.rules import HolderKind
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission


class PlaceFacts(CustodyForm):
    """What may change of a place."""

    keyed = False  # its name at the station, or its version, tells that it was sent twice

    name = w.TextField(label="Name", max_length=120, help_text="As people call it: “Lane 3 cabinet”")  # fmt: skip
    place_type = w.ChoiceField(label="Kind of place", tiles=False, choices=PlaceType.choices)
    access_mode = w.ChoiceField(label="How it opens", tiles=False, choices=AccessMode.choices, help_text="A code itself is never kept here.")  # fmt: skip
    par_min = w.NumberField(label="Par: at least so many kits", min_value=0, max_value=1000, required=False)  # fmt: skip

    seal = w.TextField(
        label="Outer seal: its number", max_length=30, required=False,
        help_text="If door or lid is sealed. Unbroken, it stands for what is behind it.",
    )  # fmt: skip
    reach_seconds = w.NumberField(
        label="Seconds in which a dose must be in hand", min_value=1, max_value=LONGEST_DRILL, required=False,
        help_text="Empty: as everywhere. A drill shows whether it is.",
    )  # fmt: skip
    every_shift = w.YesField(label="Looked at every shift", required=False, initial=True)
    two_people = w.YesField(label="A round takes two people", required=False)

    outdoors = w.YesField(
        label="Stands out of doors", required=False,
        help_text="Heat and frost reach what is in it, as they do in a vehicle.",
    )  # fmt: skip
    overnight = w.YesField(label="Kits may stay in it over night", required=False, initial=True)
    sensor = w.TextField(
        label="Temperature logger: its number", max_length=40, required=False,
        help_text="If one hangs there.",
    )  # fmt: skip

    def facts(self):
        return {name: value for name, value in self.cleaned_data.items() if name != "request_key"}


class PlaceForm(PlaceFacts):
    submit_label = "Open the place"
    kind = w.ChoiceField(
        label="What is it?",
        choices=[
            (HolderKind.STORAGE.value, w.Tile("Storage point", "Cabinet, vault, box, go-bag")),
            (HolderKind.VEHICLE.value, w.Tile("Vehicle", "A car, boat or aircraft with a kit aboard")),
        ],
    )  # fmt: skip

    field_order = (
        "kind", "name", "station", "place_type", "access_mode", "par_min", "seal", "reach_seconds",
        "every_shift", "two_people", "outdoors", "overnight", "sensor",
    )  # fmt: skip

    def __init__(self, *args, person, **kwargs):
        stations = access.stations_where(person, Permission.PLACES_KEEP).in_use().by_name()
        super().__init__(*args, person=person, **kwargs)
        self.add_field(
            "station",
            w.ModelField(queryset=stations, label="Station", initial=person.station_id),
        )


class ChangePlaceForm(w.RowForm, PlaceFacts):
    submit_label = "Change"
    why = w.TextField(
        label="Why the par changes", max_length=200, required=False,
        help_text="Asked for when it is lowered, and shown beside the change.",
    )  # fmt: skip
    field_order = ("name", "place_type", "access_mode", "par_min", "why")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "Records of what was here before show the new name too."


class ClosePlaceForm(CustodyForm):
    submit_label = "Close the place"
    submit_kind = "danger"
    keyed = False  # what is closed stays closed
    consequences = (
        "Nothing can be received, moved or returned into it any more.",
        "Its page and every record that names it stay.",
        "It can’t be opened again. Another place may have its name.",
    )

    def __init__(self, *args, person, place, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        self.seen_by = (f"Whoever sees kits at {place.station}", f"In the audit: {person}")
