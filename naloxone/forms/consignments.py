"""What people type about boxes on their way from station to station."""

from naloxone.forms.base import (
    CustodyForm,
    LeavingForm,
    place_field,
    places_where,
    when_field,
)
from naloxone.forms.orders import order_line_field
from naloxone.rules import PLACES, HolderKind
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.people import Station, reference_number

WHOLE = [("yes", "Yes"), ("no", "No, or it is another number")]


class SendForm(LeavingForm):
    submit_label = "Send them off"
    not_yours = "Not in a place of yours"

    destination = w.ModelField(queryset=Station.objects.none(), label="To which station")
    carrier = w.TextField(
        label="Carrier",
        max_length=80,
        help_text="Who takes them: a courier, the mail, a colleague’s post",
    )
    tracking = w.TextField(label="Tracking number", max_length=60, required=False)
    seal = w.TextField(label="Seal number of the box", max_length=30, required=False)
    expected_on = w.DayField(label="Expected there on")
    occurred_at = when_field("When does it leave?")
    note = w.TextField(label="Note for the receiver", max_length=300, lines=2, required=False)

    told = (
        "kits", "destination", "carrier", "tracking", "seal", "expected_on", "occurred_at", "note",
    )  # fmt: skip
    field_order = ("kits", "instead", "why_empty", *told[1:])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["destination"].queryset = Station.objects.in_use().order_by("name")

    def is_yours(self, kit):
        at_place = kit.holder is not None and kit.holder.kind in PLACES
        return at_place and access.may(self.person, Permission.CUSTODY_GIVE, at=kit.station_id)

    def facts(self):
        return {name: self.cleaned_data[name] for name in self.told} | self.leaving_facts()


class ArrivalForm(CustodyForm):
    """A box is here: into which place, and what of it is not as it was sent. Units are ticked in the page's table."""

    reason = w.TextField(
        label="What is wrong?", max_length=200, lines=2, required=False,
        help_text="Only if something is not there, damaged, or the box was open.",
    )  # fmt: skip

    field_order = ("place", "seal_whole", "reason", "order_line")

    def __init__(self, *args, consignment, **kwargs):
        super().__init__(*args, **kwargs)
        self.consignment = consignment
        stores = places_where(self.person, Permission.CUSTODY_TAKE, [HolderKind.STORAGE])
        here = stores.filter(station=consignment.destination_id)
        self.add_field("place", place_field(here, "Into"))
        if consignment.seal:
            label = f"Is seal {consignment.seal} on it, and whole?"
            self.add_field("seal_whole", w.ChoiceField(label=label, choices=WHOLE))
        if (ordered := order_line_field([consignment.destination_id])) is not None:
            self.add_field("order_line", ordered)
        self.helper.form_tag = False
        self.submit_label = ""

    def ticked(self, name):
        """Keys of the units ticked in one column."""
        found = self.data.getlist(name) if self.is_bound else []
        return {reference_number("K", code) for code in found} - {None}

    def facts(self):
        told = self.cleaned_data
        seal = told.get("seal_whole")
        return {
            "consignment": self.consignment,
            "place": told["place"],
            "reason": told["reason"],
            "seal_whole": seal == "yes" if seal else None,
            "short": self.ticked("short"),
            "damaged": self.ticked("damaged"),
            "order_line": told.get("order_line"),
        }


class CallBackForm(CustodyForm):
    """The box is back, or never left."""

    submit_label = "Take them back"

    def __init__(self, *args, consignment, **kwargs):
        super().__init__(*args, **kwargs)
        self.consignment = consignment
        stores = places_where(self.person, Permission.CUSTODY_TAKE, [HolderKind.STORAGE])
        self.add_field("place", place_field(stores.filter(station=consignment.station_id), "Into"))
        self.consequences = (
            f"All that is still under way in {consignment.reference} is back in the place you choose.",
            f"{consignment.destination} gets a mail that it does not come.",
        )

    def facts(self):
        return {"consignment": self.consignment, "place": self.cleaned_data["place"]}
