"""What people count and sign when the register of a station passes: a figure a place, told before the ledger's is shown."""

from django.utils import timezone

from naloxone import liaisons
from naloxone.actions.registers import may_stand_in, places_of
from naloxone.forms.base import CustodyForm, note_field
from naloxone.rules import CustodyError
from safety_portal import signin
from safety_portal import widgets as w

MOST_COUNTED = 9999


class CountForm(CustodyForm):
    """A figure for each place in use, and the signer's own secret: they need not be who is signed in."""

    first = ()  # what is asked before the figures
    secret = w.PasswordField(label="Password or one-time code", autocomplete="off")

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, **kwargs)
        self.station, self.places = station, list(places_of(station))
        for place in self.places:
            count = w.NumberField(
                label=f"Kits and cartons in {place}", min_value=0, max_value=MOST_COUNTED,
            )  # fmt: skip
            self.add_field(f"place_{place.pk}", count)
        figures = [f"place_{place.pk}" for place in self.places]
        self.order_fields([*self.first, *figures, "note", "secret"])

    @property
    def counts(self):
        return {place: self.cleaned_data[f"place_{place.pk}"] for place in self.places}

    def sign(self, request, signer, verb, **facts):
        """Prove that it is the signer, then record; False with the reason at its field."""
        if not self.is_valid():
            return False
        try:
            proof = signin.prove(person=signer, secret=self.cleaned_data["secret"], request=request)
        except signin.ProofError as error:
            self.add_error("secret", str(error))
            return False
        try:
            self.result = verb(
                **self.facts(), **facts, proof=proof, counts=self.counts, now=timezone.now(),
                request_key=self.cleaned_data["request_key"], by=signer,
            )  # fmt: skip
        except CustodyError as error:
            self.add_rule_error(error)
            return False
        return True


class PersonChoice(w.ModelField):
    def label_from_instance(self, person):
        return person.name


class HandOverRegisterForm(CountForm):
    """The outgoing liaison's count; a supervisor's, in the place of one who is gone."""

    submit_label = "Sign and hand over"
    consequences = (
        "The next liaison counts too, without seeing your figures, and signs; then it is theirs.",
        "What differs from the record becomes a discrepancy and stays with the old name.",
    )
    seen_by = ("Whoever sees the liaisons of the station, and the auditors",)
    first = ("outgoing", "incoming")

    outgoing = PersonChoice(label="Whose register is it?", queryset=None, combo=False)
    incoming = PersonChoice(label="Who takes it over?", queryset=None, combo=False)
    note = note_field()

    def __init__(self, *args, station, person, **kwargs):
        super().__init__(*args, station=station, person=person, **kwargs)
        now = timezone.now()
        serving = liaisons.liaisons_at(station, now)
        self.fields["secret"].label = "Your own password or one-time code"
        self.fields["secret"].help_text = "It is your signature under these figures."
        self.fields["incoming"].queryset = serving.exclude(pk=person.pk)
        if serving.filter(pk=person.pk).exists() or not may_stand_in(person, station):
            del self.fields["outgoing"]
        else:
            self.fields["outgoing"].queryset = liaisons.former_liaisons(station, now)
            self.fields[
                "outgoing"
            ].help_text = "Somebody who is no liaison any more; you sign in their place."
        for name in ("outgoing", "incoming"):
            if name in self.fields and len(only := list(self.fields[name].queryset[:2])) == 1:
                self.fields[name].initial = only[0]

    def facts(self):
        told = self.cleaned_data
        return {
            "station": self.station, "outgoing": told.get("outgoing") or self.person,
            "incoming": told["incoming"], "note": told["note"],
        }  # fmt: skip


class TakeRegisterForm(CountForm):
    """The incoming liaison's count, in the other's page or on their own."""

    submit_label = "Sign and take over"
    consequences = (
        "From now on the register is in your name, as you counted it.",
        "What differs from the record becomes a discrepancy that stays with the old name.",
    )
    seen_by = ("Whoever sees the liaisons of the station, and the auditors",)

    def __init__(self, *args, passing, **kwargs):
        super().__init__(*args, station=passing.station, **kwargs)
        self.fields["secret"].label = f"Password or one-time code of {passing.incoming}"
        self.fields[
            "secret"
        ].help_text = "Typed by themselves, here. Whoever is signed in stays so."
