"""A round at a counter terminal: places scanned, then all right or which not, then two kits."""

from django.forms import CharField, HiddenInput

from naloxone.forms.rounds import DifferenceForm, ScanForm, place_of, places_at
from naloxone.forms.terminal import ActForm
from safety_portal import terminals
from safety_portal import widgets as w
from safety_portal.proofs import ProofError
from safety_portal.terminal_forms import PinField, ScannerForm, TurnForm

MOST_PLACES = 60


class RoundTurnForm(TurnForm):
    """Which places were looked at, and who looked."""

    places = w.CodesField(
        label="Places", max_codes=MOST_PLACES, widget=w.CodeInput(rows=3),
        help_text="Scan each place or its outer seal. Press Enter once more to go on.",
    )  # fmt: skip

    field_order = ("places", "badge", "pin")

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, **kwargs)
        self.station = station

    def clean_places(self):
        here, found, unknown = places_at(self.station), {}, []
        for code in self.cleaned_data["places"]:
            place = place_of(code, here)
            if place:
                found[place.pk] = place.reference
            else:
                unknown.append(code)
        if unknown:
            self.add_error("places", f"No place of {self.station}: {', '.join(unknown)}.")
        return list(found.values())

    def told(self):
        return {"places": self.cleaned_data["places"]}


class RightForm(ActForm):
    """All right everywhere, or tick where not. Where policy wants two people, the second proves to be here."""

    wrong = w.ChoicesField(label="Something is not right at", choices=[], required=False)

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["wrong"].choices = [(place.reference, place.name) for place in places]
        number = len(places)
        all_right = "All right" if number == 1 else f"All right at all {number} places"
        self.submit_label = f"{all_right}, but for what is ticked"
        if any(place.two_people for place in places):
            badge = w.CodesField(label="Badge of who is with you", one=True)
            for name, field in (("badge", badge), ("pin", PinField(label="Their PIN"))):
                self.add_field(name, field)

    def prove_second(self, now):
        """Who is here too; None where nobody is asked for, False with the reason at its field."""
        if "badge" not in self.fields:
            return None
        told = self.cleaned_data
        try:
            return terminals.prove_here(
                terminal=self.turn.terminal, badge=told["badge"], pin=told["pin"], now=now, by=self.turn.person
            )  # fmt: skip
        except ProofError as error:
            self.add_rule_error(error)
            return False


class TerminalDifferenceForm(ScannerForm, DifferenceForm):
    """What is not right at one of the places."""

    submit_label = "Go on"


class TerminalScanForm(ScannerForm, ScanForm):
    """The kits that the portal asks for."""

    submit_label = "Done"
    act = CharField(widget=HiddenInput({"id": False}), initial="scan")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields[self.names[0]].widget.attrs["autofocus"] = True
