"""What people type when a serviceable kit takes an old one's place."""

from naloxone.forms.base import (
    LeavingForm,
    kits_field,
    note_field,
    place_field,
    places_in_use,
)
from naloxone.rules import CustodyError, HolderKind
from safety_portal import access
from safety_portal.access import Permission


class SwapForm(LeavingForm):
    """Which units go in, which come out, and to which store: one act."""

    submit_label = "Swap"
    not_yours = "Not yours to move"
    kits = kits_field("Goes in")
    old = kits_field("Comes out", "Leave empty when nothing is to come out.", required=False)
    note = note_field()

    field_order = ("kits", "old", "to", "why_empty", "note")
    consequences = (
        "One act: the new ones are put in first, then the old ones come out. The place never holds nothing.",
    )

    def __init__(self, *args, person, place, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        self.place = place
        stores = places_in_use(
            access.within(person, Permission.CUSTODY_TAKE), [HolderKind.STORAGE]
        ).filter(station=place.station)
        field = place_field(stores.exclude(pk=place.pk), "Old ones go to")
        field.required = False
        self.add_field("to", field)

    def is_yours(self, kit):
        return access.may(self.person, Permission.CUSTODY_GIVE, at=kit.station_id)

    def spares(self):
        """None: what goes in would empty another place, and only a reason speaks for that."""
        return []

    def clean_old(self):
        return self.units_of("old")

    def add_rule_error(self, error):
        if error.field == "new":
            error = CustodyError(str(error), "kits")
        super().add_rule_error(error)

    def facts(self):
        told = self.cleaned_data
        return {
            "place": self.place, "new": told["kits"], "old": told["old"], "to": told["to"],
            "note": told["note"], "why_empty": told.get("why_empty", ""),
        }  # fmt: skip
