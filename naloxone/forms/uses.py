"""What people type about doses that were given: first the clock and the kit, everything else later."""

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Coalesce

from naloxone import codes, packs
from naloxone.actions.uses import MOST_DOSES, Told
from naloxone.forms.base import CustodyForm, place_field, places_in_use, when_field
from naloxone.models import OUTSIDE, Device, Fault, Giver, Kit, Site
from naloxone.rules import GONE
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.people import Station

ANOTHER, UNCLEAR = "another", "unclear"
MOST_OWN = 8
MOST_TOLD = 40  # characters of a number that no kit has


def own_kits(person):
    """Kits that the person or their dog carries, first expiry first."""
    held = Kit.objects.held_by(person).exclude(state__in=GONE).with_names()
    return list(held.first_expired_first()[:MOST_OWN])


def unit_called(code):
    """The unit of a number, seal or serial, wherever it is; None when there is none. In need nobody asks whose it is."""
    number = Kit.number(code)
    if number is None and len(packed := packs.units_of(code)) == 1:
        [number] = packed
    if number is not None:
        return Kit.objects.filter(pk=number).first()
    upper = code.upper()
    # A dose that is gone is in no unit: the carton it came in stands for it.
    serial = (
        Device.objects.filter(serial__in={code, upper})
        .exclude(serial="")
        .values_list(Coalesce("kit", "origin"))
    )
    seal = Q(seal__in={code, upper}) & ~Q(seal="")
    return Kit.objects.filter(seal | Q(pk__in=serial)).order_by("pk").first()


class UseForm(CustodyForm):
    """The least that is needed, filled in as far as the portal knows it: one tap when it was one's own kit just now."""

    submit_label = "Save: a dose was given"
    given_at = when_field("Given at")
    which = w.ChoiceField(label="Which kit?", choices=[])
    # Not “code”: a field of that name is a secret and is not kept when a session ends.
    unit = w.ScanField(
        label="Its number, seal or serial", required=False, widget=w.CodeLine(),
        help_text="Only for another kit: K-214, or what the scanner reads.",
    )  # fmt: skip
    doses = w.NumberField(
        label="Doses from it", min_value=1, max_value=MOST_DOSES, initial=1, widget=w.Stepper()
    )
    station = w.ModelField(
        queryset=Station.objects.in_use().by_name(), label="At or near which station",
        help_text="Where it happened.",
    )  # fmt: skip

    field_order = ("given_at", "which", "unit", "place", "doses", "station")

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        mine = own_kits(person)
        asked = self.initial.get("unit")
        self.fields["which"].choices = [
            *((k.reference, w.Tile(f"My {k.reference}", what(k))) for k in mine),
            *self.no_longer_own({kit.reference for kit in mine}),
            (ANOTHER, w.Tile("Another kit", "From a cabinet, a car or a colleague.")),
            (UNCLEAR, w.Tile("One of a place, not known which", "It is found out later.")),
            (OUTSIDE, w.Tile("Not ours", "The ambulance’s, or somebody’s own.")),
        ]
        own = next((k.reference for k in mine if not asked or k.reference == asked), None)
        self.fields["which"].initial = own or (ANOTHER if asked or not mine else None)
        if own == asked:
            self.initial.pop("unit", None)
        self.fields["station"].initial = person.station_id
        self.add_field("place", self.place_field())

    def no_longer_own(self, mine):
        """The kit that was one's own when the form was shown: emptied or taken meanwhile, its use is recorded all the same."""
        sent = self.data.get("which", "") if self.is_bound else ""
        if Kit.number(sent) is not None and sent not in mine:
            yield sent[:MOST_TOLD], w.Tile(f"{sent[:MOST_TOLD]}", "As it was shown to you.")

    def place_field(self):
        field = place_field(places_in_use(codes.people_near(self.person)), "Of which place")
        field.required, field.initial = False, None
        field.help_text = "Only when it is not known which kit."
        return field

    def clean(self):
        told = super().clean()
        which = told.get("which")
        if which == ANOTHER and not told.get("unit"):
            self.add_error(
                "unit", ValidationError("Type or scan its number, or choose “not known which”.")
            )
        if which is not None:
            told["told"] = [self.one(which, told)]
        return told

    def one(self, which, told):
        """The answer as the action takes it."""
        doses = told.get("doses") or 1
        if which == OUTSIDE:
            return Told(code=OUTSIDE, doses=doses)
        if which == UNCLEAR:
            return Told(doses=doses)
        code = told.get("unit", "") if which == ANOTHER else which
        unit = unit_called(code)
        # Whatever was read is kept as it was told, as far as there is room: a use is never refused.
        return Told(kit=unit, code="" if unit else codes.told_as(code)[:MOST_TOLD], doses=doses)

    def facts(self):
        told = self.cleaned_data
        unclear = told["which"] == UNCLEAR
        return {
            "told": told["told"],
            "given_at": told["given_at"],
            "station": told["station"],
            "place": told["place"] if unclear else None,
        }


def what(kit):
    if kit.is_trainer:
        return "A trainer: it holds no medicine"
    return f"{kit.lot.product}, {kit.doses} left" if kit.lot else f"{kit.doses} left"


class MoreDosesForm(UseForm):
    """Another dose of the same report."""

    submit_label = "Add it"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["station"]
        del self.fields["place"]

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("told", "given_at")}


class DoseForm(CustodyForm):
    """One dose: when exactly, by whom, where, did the device work."""

    submit_label = "Keep it"
    keyed = False  # the same answer twice is one answer more, and the newest counts
    given_at = when_field("Given at")
    giver = w.ChoiceField(label="Who gave it?", choices=Giver.choices)
    fault = w.ChoiceField(label="What was wrong with the device?", choices=Fault.choices)
    site = w.ChoiceField(label="Where did it go in?", tiles=False, required=False, choices=[("", "Not said"), *Site.choices])  # fmt: skip

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("given_at", "giver", "fault", "site")}


RECIPIENTS = [
    ("employee", "One of our people"), ("contractor", "A contractor"),
    ("other_officer", "An officer of another agency"), ("custody", "A person in custody"),
    ("public", "A traveller or member of the public"), ("canine", "A dog"), ("unknown", "Don’t know"),
]  # fmt: skip
# Objective first: these are what an antagonist is for (domain A.4).
SIGNS = [
    ("no_breathing", "Slow or no breathing"), ("unresponsive", "Could not be woken"),
    ("pinpoint", "Pinpoint pupils"), ("blue", "Blue lips or nails"), ("gurgling", "Snoring or gurgling"),
    ("dizzy", "Dizzy or light-headed"), ("anxious", "Anxious, heart racing"), ("other", "Something else"),
]  # fmt: skip
RESPONSES = [
    ("under_1", "Within a minute"), ("1_3", "In 1 to 3 minutes"), ("3_5", "In 3 to 5 minutes"),
    ("over_5", "After more than 5 minutes"), ("none", "It did not work"), ("unknown", "Don’t know"),
]  # fmt: skip
AFTER = [
    ("none", "Nothing"), ("vomiting", "Nausea or vomiting"), ("withdrawal", "Sick, sweating, restless"),
    ("combative", "Angry or combative"), ("seizure", "Seizure"), ("sleepy_again", "Sleepy again later"),
]  # fmt: skip
CARE = [
    ("breaths", "Rescue breaths"), ("compressions", "Chest compressions"), ("aed", "AED"),
    ("oxygen", "Oxygen"), ("recovery", "Recovery position"),
]  # fmt: skip
WHERE_TO = [
    ("hospital", "To hospital or veterinarian"), ("ems", "Treated by EMS on the spot"),
    ("refused", "Refused further care"), ("died", "Died"), ("unknown", "Don’t know"),
]  # fmt: skip


class PersonForm(CustodyForm):
    """About who was given it. Nothing is required: an answer later is better than a guess now."""

    submit_label = "Keep it"
    lead = (
        "Only medical officers read this, each time with a reason, and you for a day. Not your supervisor, and "
        "no list or mail. No names here; answer what you know."
    )
    keyed = False  # the same answer twice is one answer more, and the newest counts
    recipient = w.ChoiceField(label="Who was given it?", choices=RECIPIENTS, required=False)
    signs = w.ChoicesField(label="What did you see before?", choices=SIGNS, required=False)
    response = w.ChoiceField(label="Did it work?", choices=RESPONSES, required=False)
    after = w.ChoicesField(label="And then?", choices=AFTER, required=False)
    care = w.ChoicesField(label="What else was done?", choices=CARE, required=False)
    ems = w.TextField(
        label="EMS: called and arrived when", max_length=80, required=False,
        help_text="For example: called 03:10, there 03:19.",
    )  # fmt: skip
    vitals = w.TextField(
        label="Breathing, pulse, oxygen", max_length=200, required=False,
        help_text="Before and after, as far as measured.",
    )  # fmt: skip
    where_to = w.ChoiceField(label="What became of them?", choices=WHERE_TO, required=False)
    words = w.TextField(label="Anything else", max_length=1000, lines=4, required=False)

    NAMES = (
        "recipient", "signs", "response", "after", "care", "ems", "vitals", "where_to", "words",
    )  # fmt: skip

    def facts(self):
        return {"facts": {name: self.cleaned_data[name] for name in self.NAMES}}


def in_words(facts):
    """A clinical entry as (question, answer) lines, in the order of the form."""
    for name in PersonForm.NAMES:
        if name in facts:
            field = PersonForm.base_fields[name]
            labels = dict(getattr(field, "choices", ()))
            value = facts[name]
            told = [value] if isinstance(value, str) else value
            yield field.label, ", ".join(str(labels.get(one, one)) for one in told)


class ReadForm(CustodyForm):
    """Why a medical officer reads the clinical part."""

    submit_label = "Read it"
    reason = w.TextField(label="Why do you read it?", max_length=200, help_text="It is kept with your name; the person may see it.")  # fmt: skip


class BindForm(CustodyForm):
    """Which kit a dose came from."""

    submit_label = "It was this kit"
    kit = w.ScanField(label="Number, seal or serial", widget=w.CodeLine())
    consequences = (
        "A dose leaves the kit's record as of when it was given.",
        "Your name stands there as who said so.",
    )

    def clean_kit(self):
        text = self.cleaned_data["kit"]
        found, _ = codes.units_of(
            [text.upper() if Kit.number(text) is None else text],
            Kit.objects.filter(access.within(self.person, Permission.CUSTODY_GIVE)),
        )
        if not found:
            raise ValidationError("There is no kit of this number at your stations.")
        return next(iter(found.values()))

    def facts(self):
        return {"kit": self.cleaned_data["kit"]}
