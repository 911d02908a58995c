"""What people tell on a round: all right, or what is not; then the kits that the portal asks for."""

from django.core.exceptions import ValidationError
from django.db.models import Q

from naloxone import codes, round_rules
from naloxone.actions.rounds import Told
from naloxone.forms.base import CustodyForm, note_field, place_field, places_in_use
from naloxone.models import Kit, SearchEnd
from naloxone.round_rules import RoundKind, Seen
from naloxone.rules import CARRIERS, CustodyError
from safety_portal import access, proofs, signin
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.people import reference_number

AS_RECORDED, ABSENT, DAMAGED = "", "absent", "damaged"
WHOLE, BROKEN, NO_ACCESS = "whole", "broken", "no_access"
MOST_LISTED = 100  # kits one by one; of more, those that differ are scanned
MOST_COUNTED = 100_000


def kits_at(place):
    """Units with doses that are recorded at a place, first expired first."""
    found = Kit.objects.stocked().filter(holder=place)
    return list(found.with_names().first_expired_first()[: MOST_LISTED + 1])


def place_of(code, places):
    """The place among some behind its code (S-12) or the number of its outer seal, or None."""
    if (key := reference_number("S", code)) is not None:
        return places.filter(pk=key).first()
    return places.exclude(seal="").filter(seal__iexact=code).first() if code else None


def places_at(station):
    """Places in use at a station, as a round needs them."""
    return places_in_use(Q(station=station))


class SecondHere:
    """A form that asks for a second person, who proves to be here, where a place's policy says so."""

    def ask_second(self):
        second = w.LookUpField(label="Who is with you?", url_name="naloxone:second_options")
        second.find = lambda text: codes.seconds(text, self.person)
        second.get = codes.second
        second.describe = codes.describe
        self.add_field("second", second)
        secret = w.PasswordField(
            label="Their password or one-time code", autocomplete="off",
            help_text="Typed by themselves, here. You stay signed in.",
        )  # fmt: skip
        self.add_field("secret", secret)

    def go_round(self, verb, request, **more):
        """Prove the second person where one is asked for, then record; False with the reason at its field."""
        if not self.is_valid():
            return False
        second = more.get("second") or self.cleaned_data.get("second")
        if second is not None:
            try:
                proof = signin.prove(
                    person=second, secret=self.cleaned_data["secret"], request=request
                )
            except proofs.ProofError as error:
                self.add_error("secret", str(error))
                return False
            more |= {"second": second, "proof": proof}
        return self.carry_out(verb, **more)


class RoundForm(SecondHere, CustodyForm):
    """A place is as recorded: one tap."""

    submit_label = "All right"

    def __init__(self, *args, place, kind, expected, with_second=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.place, self.kind, self.expected = place, kind, expected
        if with_second:
            self.ask_second()

    def told(self):
        # Without a seal before them the kits themselves were looked at.
        counted = self.expected if self.kind == RoundKind.COUNT else None
        seen = Seen(seal_whole=True if self.place.seal else None, counted=counted)
        return Told(self.place, self.kind, seen)

    def facts(self):
        return {"told": [self.told()]}


class DifferenceForm(RoundForm):
    """What is not right at a place, or what a count of it finds. `kits` are those recorded there."""

    submit_label = "Record what I saw"

    note = note_field("What else should be known?")

    field_order = ("seal", "seal_seen", "seal_new", "counted")

    def __init__(self, *args, kits, **kwargs):
        super().__init__(*args, **kwargs)
        self.kits = kits[:MOST_LISTED]
        self.all_listed = len(kits) <= MOST_LISTED
        self._ask_seal()
        counted = w.NumberField(
            label="Kits counted", min_value=0, max_value=MOST_COUNTED, required=False,
            help_text=f"{self.expected:,} recorded here.",
        )  # fmt: skip
        self.add_field("counted", counted)
        if self.all_listed:
            for kit in self.kits:
                self.add_field(f"kit_{kit.pk}", self._kit_field(kit))
        else:
            absent = w.CodesField(label="Kits that are not here", required=False, gs1=True)
            self.add_field("absent", absent)
        extra = w.CodesField(
            label="Kits here that are not listed", required=False, gs1=True,
            help_text="Scan each. One of another place is moved here; a missing one is found.",
        )  # fmt: skip
        self.add_field("extra", extra)
        self.order_fields((*self.field_order, *(n for n in self.fields if n != "note"), "note"))

    def _ask_seal(self):
        choices = [(BROKEN, "Broken, gone or another number"), (NO_ACCESS, "I could not open it")]
        if self.place.seal:
            choices.insert(0, (WHOLE, w.Tile("Unbroken", f"and its number is {self.place.seal}")))
            label = "The outer seal"
        else:
            choices[0] = ("", "I looked inside")
            label = "The place"
        seal = w.ChoiceField(label=label, choices=choices, required=bool(self.place.seal))
        self.add_field("seal", seal)
        if self.place.seal:
            self.add_field("seal_seen", self._number_field("Its number, if it is another"))
        label = (
            "Number of the new seal"
            if self.place.seal
            else "A seal that you put on now: its number"
        )
        self.add_field("seal_new", self._number_field(label))

    def _number_field(self, label):
        return w.TextField(label=label, max_length=30, required=False)

    def _kit_field(self, kit):
        left = [(str(n), f"{n} {'dose' if n == 1 else 'doses'} left") for n in range(kit.doses)]
        choices = [
            (AS_RECORDED, "As recorded"), (ABSENT, "Not here"), *left, (DAMAGED, "Damaged or doubtful"),
        ]  # fmt: skip
        label = f"{kit.reference}, {kit.doses} {'dose' if kit.doses == 1 else 'doses'}"
        return w.ChoiceField(label=label, choices=choices, required=False, tiles=False)

    @property
    def by_kit(self):
        """For the page: each unit with the field about it."""
        return [(kit, self[f"kit_{kit.pk}"]) for kit in self.kits if f"kit_{kit.pk}" in self.fields]

    def _units(self, name):
        """Keys of the units behind a field of codes; those unknown stand at the field."""
        found, unknown = codes.units_of(
            self.cleaned_data.get(name) or [], Kit.objects.visible_to(self.person)
        )
        if unknown:
            self.add_error(name, f"Unknown, or not at your stations: {', '.join(unknown)}.")
        return frozenset(kit.pk for kit in found.values())

    def clean(self):
        told = super().clean()
        told["extra_keys"] = self._units("extra")
        told["absent_keys"] = frozenset() if self.all_listed else self._units("absent")
        if self.kind != RoundKind.COUNT and not self.errors and not self._says_something(told):
            raise ValidationError("Say what is not right, or go back to “All right”.")
        if not self.errors:
            self._check(self.seen)
        return told

    def _check(self, seen):
        """What the rules want to know besides, at its field, before anything is sent on."""
        try:
            round_rules.check_seen(seen, kind=self.kind, seal=self.place.seal)
        except CustodyError as error:
            self.add_rule_error(error)

    def _says_something(self, told):
        seen = self.seen
        return (
            seen.no_access or seen.seal_whole is False or seen.names_units
            or seen.counted is not None or bool(told.get("note"))
        )  # fmt: skip

    def _those(self, answer):
        told = self.cleaned_data
        return frozenset(kit.pk for kit in self.kits if told.get(f"kit_{kit.pk}") == answer)

    @property
    def seen(self):
        told = self.cleaned_data
        seal = told.get("seal")
        if seal == NO_ACCESS:
            return Seen(no_access=True)
        answers = {kit.pk: told.get(f"kit_{kit.pk}") or "" for kit in self.kits}
        return Seen(
            seal_whole=seal == WHOLE if self.place.seal else None,
            seal_new=told.get("seal_new", ""), counted=told.get("counted"),
            absent=self._those(ABSENT) | told["absent_keys"], extra=told["extra_keys"],
            damaged=self._those(DAMAGED),
            short={key: int(left) for key, left in answers.items() if left.isdecimal()},
        )  # fmt: skip

    def told(self):
        told = self.cleaned_data
        return Told(self.place, self.kind, self.seen, told.get("seal_seen", ""), told["note"])


class ScanForm(CustodyForm):
    """The kits that the portal asks for: a field each, so that a scanner's Enter goes from one to the next and sends."""

    submit_label = "Record the scans"
    keyed = False  # a drawn kit is scanned once

    def __init__(self, *args, asked, **kwargs):
        super().__init__(*args, **kwargs)
        self.names = [f"scan_{kit.pk}" for kit in asked]
        for name, kit in zip(self.names, asked, strict=True):
            hint = f"With {kit.holder}. Its label, seal or a serial."
            field = w.CodesField(label=f"Scan {kit.reference}", one=True, gs1=True, help_text=hint)
            field.required = False  # who has only one of them records that one
            self.add_field(name, field)

    def clean(self):
        told = super().clean()
        sent = {code: name for name in self.names if (code := told.get(name))}
        self.codes, unknown = codes.units_of(list(sent), Kit.objects.visible_to(self.person))
        for code in unknown:
            self.add_error(sent[code], f"Unknown, or not at your stations: {code}.")
        if not sent and not self.errors:
            raise ValidationError("Scan at least one of them.")
        return told

    def facts(self):
        return {"codes": self.codes}


class PlaceCodeForm(w.PortalForm):
    """A place scanned at its door."""

    submit_label = "Go to it"
    code = w.CodesField(label="Scan the place", one=True, help_text="Its code, S-12, or its outer seal.")  # fmt: skip


HOW = {
    SearchEnd.HERE: "It is here, where it belongs",
    SearchEnd.FOUND: "It is at another place",
    SearchEnd.MISSING: "It is really missing",
}


class SearchForm(CustodyForm):
    """Where is it?"""

    submit_label = "Say so"
    note = note_field("What should be known?")

    field_order = ("how", "place", "note")

    def __init__(self, *args, search, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        words = dict(HOW)
        if search.holder.kind in CARRIERS:
            mine = search.holder.carrier == person
            words[SearchEnd.HERE] = "I have it" if mine else f"{search.holder} has it"
        else:
            words[SearchEnd.HERE] = f"It is at {search.holder}"
        self.add_field("how", w.ChoiceField(label="Where is it?", choices=list(words.items())))
        mine = Q(station=person.station_id) if search.holder.kind in CARRIERS else Q(pk=None)
        places = places_in_use(access.within(person, Permission.CUSTODY_TAKE) | mine)
        place = place_field(places.exclude(pk=search.holder_id), "At which place?")
        place.required, place.initial = False, None
        place.help_text = (
            "If it is at another place. What you carry is offered to whoever keeps it."
        )
        self.add_field("place", place)

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("how", "place", "note")}


class SearchForKitForm(CustodyForm):
    """A unit is not where it should be."""

    submit_label = "Begin the search"
    keyed = False  # a unit is searched for once
    note = note_field("Where was it expected, and when?")

    def facts(self):
        return {"note": self.cleaned_data["note"]}


class HandOnForm(CustodyForm):
    """Who sees to a discrepancy."""

    submit_label = "Give it to them"
    keyed = False
    to = w.LookUpField(label="Who sees to it?", url_name="naloxone:second_options")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        field.find = lambda text: codes.seconds(text, self.person)
        field.get = codes.second
        field.describe = codes.describe

    def facts(self):
        return {"to": self.cleaned_data["to"]}


class NilReportForm(CustodyForm):
    """Confirm what a station holds after a month."""

    submit_label = "Confirm and draw the kits"
    note = note_field("Is there something to add?")

    def facts(self):
        return {"note": self.cleaned_data["note"]}
