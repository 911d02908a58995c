"""What people scan at a counter terminal: kits and badges first, then who they are, then one confirmation."""

from typing import NamedTuple

from django.forms import CharField, HiddenInput

from naloxone import actions, codes
from naloxone.actions import custody
from naloxone.forms.base import CustodyForm, LeavesSomeOut, PlaceChoice, kits_field
from naloxone.models import Holder, Kit
from naloxone.rules import CustodyError, HolderKind, State, check_issuable
from safety_portal import terminals
from safety_portal import widgets as w
from safety_portal.people import Person
from safety_portal.proofs import ProofError
from safety_portal.terminal_forms import PinField, ScannerForm, TurnForm

FEW_PLACES = 6  # as tiles; more are a list


def scanned_kits():
    return kits_field(
        help_text="Scan each kit, its seal or a serial. Press Enter once more to go on.",
        widget=w.CodeInput(rows=3),
    )


class GiveTurnForm(TurnForm):
    """What is handed over, to whom, and who hands it over."""

    kits = scanned_kits()
    receiver = w.CodesField(
        label="To whom", one=True, help_text="Scan their badge. For a dog or a place: C-3, S-12."
    )

    field_order = ("kits", "receiver", "badge", "pin")

    def told(self):
        return {name: self.cleaned_data[name] for name in ("kits", "receiver")}


class StoreChoice(PlaceChoice):
    def label_from_instance(self, place):
        return place.name


class ReturnTurnForm(TurnForm):
    """What goes back, into which place of the terminal's station, and who gives it back."""

    kits = scanned_kits()

    field_order = ("place", "kits", "badge", "pin")

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, **kwargs)
        stores = Holder.objects.in_use().at([station]).filter(kind=HolderKind.STORAGE)
        found = list(stores.order_by("name")[: FEW_PLACES + 1])
        few = len(found) <= FEW_PLACES
        place = StoreChoice(
            queryset=stores.order_by("name"), label="To which place", tiles=few, combo=False
        )
        if len(found) == 1:
            place.initial = found[0]
        self.fields["place"] = place
        self._prepare(place)
        self.order_fields(self.field_order)

    def told(self):
        told = self.cleaned_data
        return {"kits": told["kits"], "receiver": told["place"].reference}


# --- what was scanned, once it is known by whom -------------------------------------------------------


class Scanned(NamedTuple):
    """What codes mean for one person: units they may give, and (code, why not) of the others."""

    kits: list
    left_out: list


def read_codes(found_codes, person, theirs):
    """`theirs(person, kit)` says whether the person may do this with a unit."""
    found, unknown = codes.units_of(found_codes, Kit.objects.visible_to(person))
    left_out = [(codes.told_as(code), "not known, or not yours to see") for code in unknown]
    kits = {}
    for code, kit in found.items():
        if theirs(person, kit):
            kits[kit.pk] = kit
        else:
            left_out.append((code, f"not yours to give: it is with {kit.holder}"))
    return Scanned(list(kits.values()), left_out)


def issuable(scanned, receiver, on):
    """What may go to this receiver on a day; the rest is left out and said why. A store takes what it has become."""
    if isinstance(receiver, Holder) and receiver.kind == HolderKind.STORAGE:
        return scanned
    kits, left_out = [], list(scanned.left_out)
    for kit in scanned.kits:
        try:
            check_issuable("it", state=State(kit.state), expires_on=kit.expires_on, on=on)
        except CustodyError as error:
            left_out.append((kit.reference, str(error)))
        else:
            kits.append(kit)
    return Scanned(kits, left_out)


# --- the act -------------------------------------------------------------------------------------------


class ActForm(ScannerForm, CustodyForm):
    """One act of a turn: its key is the turn's."""

    act = CharField(widget=HiddenInput({"id": False}))

    def __init__(self, *args, turn, act, **kwargs):
        initial = {"request_key": turn.request_key, "act": act, **kwargs.pop("initial", {})}
        super().__init__(*args, person=turn.person, initial=initial, **kwargs)
        self.turn = turn


class HereForm(ActForm):
    """The receiver, or a witness, is here too and proves it."""

    badge = w.CodesField(label="Badge", one=True, help_text="Scan it, or type its number.")
    pin = PinField(label="PIN", help_text="Typed by themselves.")

    def __init__(self, *args, receiver, **kwargs):
        super().__init__(*args, **kwargs)
        self.receiver, self.known = receiver, codes.answers_for(receiver)
        self.with_witness = isinstance(receiver, Person) and not receiver.has_account
        if self.known:
            del self.fields["badge"]
            self.fields["pin"].label = f"PIN of {self.known}"
            self.fields["pin"].widget.attrs["autofocus"] = True

    def hand_over(self, kits, now):
        """Prove, then record; False with the reason at its field."""
        if not self.is_valid():
            return False
        badge = (self.known.badge or "") if self.known else self.cleaned_data["badge"]
        try:
            second = terminals.prove_here(
                terminal=self.turn.terminal, badge=badge, pin=self.cleaned_data["pin"],
                now=now, by=self.turn.person,
            )  # fmt: skip
        except ProofError as error:
            self.add_rule_error(error)
            return False
        verb = actions.record_with_witness if self.with_witness else actions.hand_over_here
        receiver = custody.holder_for(self.receiver)
        return self.carry_out(
            verb, kits=kits, receiver=receiver, second=second, proof="pin", occurred_at=now
        )


class AttestForm(ActForm):
    """The receiver is not here: what the giver says of them stays an open offer."""

    def attest(self, kits, receiver, now):
        facts = {"kits": kits, "receiver": custody.holder_for(receiver), "now": now}
        return self.carry_out(actions.attest_kits, terminal=self.turn.terminal, **facts)


REASONS = ("It is not here", "Its seal is broken", "I have enough", "Something else is wrong")


class TakeForm(LeavesSomeOut, ActForm):
    """Take all that is offered to one receiver, or all but what is not ticked, with a reason."""

    reason = w.ChoiceField(
        label="If you leave some out, why?", choices=[(r, r) for r in REASONS], required=False
    )

    def __init__(self, *args, offers, **kwargs):
        super().__init__(*args, **kwargs)
        self.offers = offers
        self.waiting = [line.kit_id for offer in offers for line in offer.waiting]
        self.helper.form_tag = False
        self.submit_label = ""

    def facts(self):
        reason = self.cleaned_data["reason"]
        return {"offers": self.offers, "refused": dict.fromkeys(self.left, reason)}
