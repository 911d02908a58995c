"""What people type when stock ends: which, how and why; then who stands by, or signs later."""

from django.forms import CharField, Field, HiddenInput, MultipleHiddenInput
from django.utils import timezone

from naloxone import actions, codes, disposal_rules
from naloxone.actions.disposals import check_fits
from naloxone.actions.need import check_leaving, places_emptied
from naloxone.disposal_rules import (
    BASIS_WORDS,
    COUNTERSIGN_DAYS,
    METHOD_WORDS,
    REASON_WORDS,
    TAKERS,
    Method,
    Reason,
)
from naloxone.forms.base import CustodyForm, LeavingForm, kits_field, when_field
from naloxone.models import Disposal
from naloxone.rules import CustodyError
from safety_portal import access, signin
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.widgets.photos import HELD

HINTS = {
    Method.TRASH: "Nasal devices, used or unused, in their box.",
    Method.SHARPS: "Everything with a needle.",
    Method.TAKE_BACK: "A pharmacy or a collection point took them.",
    Method.REVERSE_DISTRIBUTOR: "A firm collected them and gives a receipt.",
    Method.INCINERATION: "Burned under supervision.",
    Method.TRAINING_USE: "Fired or opened in a lesson. Not recalled stock.",
    Method.DONATION: "Only what is sealed, in service and in date.",
    Method.RETURN_TO_VENDOR: "Back to the maker or supplier, as after a recall.",
    Method.EVIDENCE_HOLD: "Taken as evidence; it does not come back to stock.",
}
METHODS = [(m.value, w.Tile(words, HINTS[m])) for m, words in METHOD_WORDS.items()]
PHOTOS = HELD + "photos"  # the name under which a form sends what it holds
FIRST_STEP = (
    "method", "reason", "words", "receipt", "recipient", "instead", "why_empty", "occurred_at_0",
    "occurred_at_1",
)  # fmt: skip


TOLD = ("kits", "words", "recipient", "receipt", "photos", "occurred_at")
UNCHECKED = ("receipt", "photos")


class DisposeForm(LeavingForm):
    """First step: which, how and why."""

    submit_label = "Check the list"
    not_yours = "Not yours to dispose of"

    kits = kits_field(
        help_text="Scan or type K-214, a seal or a serial, one a line. All of one station."
    )
    method = w.ChoiceField(label="How", choices=METHODS)
    reason = w.ChoiceField(
        label="Why", choices=[(r.value, words) for r, words in REASON_WORDS.items()]
    )
    words = w.TextField(
        label="In words", max_length=500, lines=2, required=False,
        help_text="Needed for another reason. It stands in each kit’s record. No medical facts.",
    )  # fmt: skip
    recipient = w.TextField(
        label="Who gets them", max_length=120, required=False,
        help_text="Needed for a donation, a return to the vendor and evidence.",
    )  # fmt: skip
    receipt = w.TextField(label="Receipt number", max_length=60, required=False)
    photos = w.PhotosField(required=False)
    occurred_at = when_field("When was it done?")

    field_order = (
        "kits", "method", "reason", "words", "recipient", "instead", "why_empty", "receipt",
        "photos", "occurred_at",
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.looking_up = False  # the look-up stands in the second step

    def is_yours(self, kit):
        return access.may(self.person, Permission.STOCK_END, at=kit.station_id)

    def facts(self):
        told = self.cleaned_data
        return {
            "method": Method(told["method"]),
            "reason": Reason(told["reason"]),
            **{name: told[name] for name in TOLD},
            **self.leaving_facts(),
        }

    def outcome(self):
        """What will be so whichever way one goes on, and who will see it."""
        facts = self.facts()
        many = "It is" if len(facts["kits"]) == 1 else f"All {len(facts['kits']):,} are"
        where = f"passed on to {facts['recipient']}" if facts["method"] in TAKERS else "destroyed"
        station = facts["kits"][0].station
        return {
            "what": [
                *self.what_stays(facts),
                f"{many} recorded as {where}, for good.",
                "A mistake is undone kit by kit, by an event that mirrors it, with a reason. Nothing is erased.",
            ],
            "seen_by": [
                f"Whoever sees kits of {station}, and the auditors: who did it, who signed, receipt, photos"
            ],
        }

    def what_stays(self, facts):
        """What is there instead, or that nothing is and why."""
        if spare := facts.get("instead"):
            yield f"{spare.reference} from {spare.holder} is put there first, in the same act."
        elif why := facts.get("why_empty"):
            places = [place.name for place in places_emptied(facts["kits"], facts["occurred_at"])]
            if places:
                yield f"{disposal_rules.named(places)} is left with nothing that would work in need: {why}"

    def known(self):
        """The disposal that this form has made already, when it is sent twice."""
        key = self.cleaned_data["request_key"]
        return Disposal.objects.filter(act__request_key=key, act__by=self.person).first()

    def fits(self):
        """Whether it may be so, asked before the second step; what speaks against it stands at its field."""
        facts = {name: told for name, told in self.facts().items() if name not in UNCHECKED}
        leaving = {
            "spare": facts.pop("instead", None), "why": facts.pop("why_empty", ""),
            "kits": facts["kits"], "now": facts["occurred_at"],
        }  # fmt: skip
        errors = []
        for check, told in ((check_fits, facts), (check_leaving, leaving)):
            try:
                check(**told, by=self.person)
            except CustodyError as error:
                errors += disposal_rules.all_of(error)
        for error in errors:
            self.add_rule_error(error)
        return not errors

    def carried(self):
        """What the second step takes along, under the names under which it was sent."""
        told = self.cleaned_data
        return {
            "kits": ",".join(kit.reference for kit in told["kits"]),
            "request_key": told["request_key"],
            PHOTOS: [photo.token for photo in told["photos"]],
            **{name: self.data.get(name, "") for name in FIRST_STEP},
        }


class EndForm(CustodyForm):
    """Second step: the first one's answers go along unseen; what will be so stands above the button."""

    submit_kind = "danger"
    way = ""

    def __init__(self, *args, told, person, initial=None, **kwargs):
        super().__init__(
            *args, person=person, initial={**(initial or {}), "way": self.way}, **kwargs
        )
        self.told = told
        for name in ("kits", *FIRST_STEP, "way"):
            self.add_field(name, CharField(widget=HiddenInput({"id": False}), required=False))
        held = MultipleHiddenInput({"id": False})
        self.add_field(PHOTOS, Field(widget=held, required=False))
        self.consequences = self.more(told.facts()["kits"][0].station)

    def more(self, station):
        return ()

    def facts(self):
        return {**self.told.facts(), "now": timezone.now()}


class BackForm(EndForm):
    """Back to the first step, as it was filled in."""

    way = "back"
    submit_label = "Change something"
    submit_kind = "outline"


class LaterForm(EndForm):
    """Nobody is there: another person signs within a week."""

    way = "later"

    def more(self, station):
        return (
            f"It stands as done by one person until somebody else who keeps stock at {station} signs.",
            f"After {COUNTERSIGN_DAYS} days without a signature the station is told and the auditors list it.",
        )


class WitnessForm(EndForm):
    """A witness proves in this page that they are there."""

    way = "witness"
    second = w.LookUpField(
        label="Witness", url_name="naloxone:witness_options",
        help_text="A supervisor or coordinator of the station: a name, or scan the badge.",
    )  # fmt: skip
    secret = w.PasswordField(
        label="Their password or one-time code", autocomplete="off",
        help_text="Typed by themselves, here. You stay signed in.",
    )  # fmt: skip

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        field = self.fields["second"]
        field.find = lambda text: codes.witnesses(text, person)
        field.get = codes.second
        field.describe = codes.describe

    def more(self, station):
        return ("The witness stands in each kit’s record, with how they proved that it was them.",)

    def dispose(self, request):
        """Prove, then record; False with the reason at its field."""
        if not self.is_valid():
            return False
        second = self.cleaned_data["second"]
        try:
            proof = signin.prove(person=second, secret=self.cleaned_data["secret"], request=request)
        except signin.ProofError as error:
            self.add_error("secret", str(error))
            return False
        return self.carry_out(actions.dispose_of_kits, second=second, proof=proof)


class ReceiptForm(CustodyForm):
    """The receipt that came later, or one that puts an earlier right."""

    submit_label = "Record the receipt"
    number = w.TextField(label="Receipt number", max_length=60)
    on = w.DayField(label="Its day")
    photos = w.PhotosField(required=False, label="Photo or scanned page")
    consequences = ("It stands with your name. A mistake is put right by another; both stay.",)

    def __init__(self, *args, disposal, **kwargs):
        super().__init__(*args, **kwargs)
        self.disposal = disposal

    def facts(self):
        told = self.cleaned_data
        return {
            "disposal": self.disposal, "now": timezone.now(),
            **{name: told[name] for name in ("number", "on", "photos")},
        }  # fmt: skip


class CountersignForm(CustodyForm):
    """The second signature, on the signer's own page."""

    submit_label = "Sign as the second person"
    basis = w.ChoiceField(
        label="What do you sign on?", choices=[(b.value, words) for b, words in BASIS_WORDS.items()]
    )
    consequences = (
        "From now on two people stand for it: the one who did it, and you.",
        "A signature can’t be taken back.",
    )
    seen_by = ("Whoever sees kits of the station, and the auditors",)

    def facts(self):
        return {"basis": self.cleaned_data["basis"], "now": timezone.now()}
