"""What people type when kits pass from hand to hand."""

from django.forms import CharField, HiddenInput

from naloxone import actions, codes, ledger
from naloxone.actions import custody, life
from naloxone.forms.base import (
    CustodyForm,
    KitsForm,
    LeavesSomeOut,
    listed,
    place_field,
    places_in_use,
    when_field,
)
from naloxone.models import HandOver
from naloxone.rules import MOST_UNITS, HolderKind
from safety_portal import proofs, signin
from safety_portal import widgets as w
from safety_portal.people import Person, reference_number


class GiveForm(KitsForm):
    """First step: what, and to whom."""

    submit_label = "Check the list"
    not_yours = "Not yours to give"
    receiver = w.LookUpField(
        label="To whom", url_name="naloxone:receiver_options",
        help_text="A person, place, vehicle or dog: a name, or scan the badge.",
    )  # fmt: skip
    note = w.TextField(label="Note", max_length=300, lines=2, required=False)

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        field = self.fields["receiver"]
        field.find = lambda text: codes.receivers(text, person)
        field.get = lambda value: codes.receiver(value, person)
        field.describe = codes.describe

    def is_yours(self, kit):
        return life.touches(self.person, kit)

    def clean(self):
        """Said before the list is checked: what somebody else carries only they hand on. Unless this form did it."""
        told = super().clean()
        kits = told.get("kits", ())
        others = [kit for kit in kits if not custody.may_hand_on(self.person, kit)]
        if others and not ledger.known_act(told.get("request_key")):
            names = listed([f"{kit.reference} (with {kit.holder})" for kit in others])
            self.add_error("kits", f"Only who carries it hands it on: {names}.")
        return told

    def carried(self):
        """What the second step takes along."""
        told = self.cleaned_data
        return {
            "kits": ",".join(kit.reference for kit in told["kits"]),
            "receiver": told["receiver"].reference,
            "note": told["note"],
            "request_key": told["request_key"],
        }

    def facts(self):
        told = self.cleaned_data
        return {
            "kits": told["kits"],
            "receiver": custody.holder_for(told["receiver"]),
            "note": told["note"],
        }


class CarriedForm(CustodyForm):
    """Second step: the first one's answers go along unseen."""

    kits = w.CodesField(widget=HiddenInput({"id": False}), max_codes=MOST_UNITS)
    receiver = CharField(widget=HiddenInput({"id": False}))
    note = CharField(widget=HiddenInput({"id": False}), required=False)
    act = CharField(widget=HiddenInput({"id": False}))


class OfferForm(CarriedForm):
    """The receiver answers later, on their own page."""


class CounterForm(CarriedForm):
    """Both here: the second person proves in this page that it is them."""

    secret = w.PasswordField(label="Password or code", autocomplete="off")
    occurred_at = when_field()

    field_order = ("second", "secret", "occurred_at")

    def __init__(self, *args, person, receiver, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        self.receiver, self.known = receiver, codes.answers_for(receiver)
        self.with_witness = isinstance(receiver, Person) and not receiver.has_account
        if self.known is None:
            self.add_field("second", self._second_field(receiver))
            who = "Their"
        else:
            who = f"{self.known}:"
        self.fields["secret"].label = f"{who} password or one-time code"
        self.fields["secret"].help_text = "Typed by themselves, here. You stay signed in."

    def _second_field(self, receiver):
        field = w.LookUpField(
            label="Witness" if self.with_witness else f"Who takes them for {receiver}",
            url_name="naloxone:second_options",
        )
        field.find = lambda text: codes.seconds(text, self.person)
        field.get = lambda value: codes.second(value)
        field.describe = codes.describe
        return field

    def second(self):
        return self.known or self.cleaned_data["second"]

    def hand_over(self, give, request):
        """Prove, then record; False with the reason at its field. An act already made needs no second proof."""
        if not self.is_valid():
            return False
        if act := ledger.known_act(self.cleaned_data["request_key"]):
            self.result = act
            return True
        try:
            proof = signin.prove(
                person=self.second(), secret=self.cleaned_data["secret"], request=request
            )
        except proofs.ProofError as error:
            self.add_error("secret", str(error))
            return False
        verb = actions.record_with_witness if self.with_witness else actions.hand_over_here
        facts = {"second": self.second(), "occurred_at": self.cleaned_data["occurred_at"]}
        return self.carry_out(verb, proof=proof, **facts, **give.facts())


class GiveBackForm(GiveForm):
    """Kits of one's own, offered back to a place; who keeps the place accepts them."""

    submit_label = "Offer them back"
    not_yours = "Not with you"
    field_order = ("kits", "place", "note")

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        del self.fields["receiver"]
        stores = places_in_use(codes.people_near(person), [HolderKind.STORAGE])
        self.add_field("place", place_field(stores, "To which place"))

    def is_yours(self, kit):
        return kit.holder is not None and custody.carries(kit.holder, self.person)

    def facts(self):
        told = self.cleaned_data
        return {"kits": told["kits"], "receiver": told["place"], "note": told["note"]}


class AcceptForm(CustodyForm):
    """Everything that one giver offers, in one tap."""

    offers = w.CodesField(widget=HiddenInput({"id": False}))

    def clean_offers(self):
        keys = {reference_number("H", code) for code in self.cleaned_data["offers"]}
        return list(
            HandOver.objects.for_receiver(self.person)
            .filter(pk__in=keys - {None})
            .select_related("receiver__canine", "receiver__person", "receiver__station")
            .order_by("pk")
            .distinct()
        )

    def facts(self):
        return {"offers": self.cleaned_data["offers"]}


class AnswerForm(LeavesSomeOut, CustodyForm):
    """Accept all of an offer, or all but the units not ticked, with a reason."""

    reason = w.TextField(
        label="Why not the others?", max_length=200, lines=2, required=False,
        help_text="Only if you leave some out, for example: seal is broken.",
    )  # fmt: skip

    def __init__(self, *args, offer, waiting, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer, self.waiting = offer, waiting
        self.helper.form_tag = False
        self.submit_label = ""

    def facts(self):
        reason = self.cleaned_data["reason"]
        return {"offer": self.offer, "refused": dict.fromkeys(self.left, reason)}
