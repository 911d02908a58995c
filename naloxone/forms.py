"""What people type about kits; actions decide whether it can be."""

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.forms import CharField, HiddenInput
from django.utils import timezone

from naloxone import actions, codes, ledger
from naloxone.actions import custody
from naloxone.models import AccessMode, HandOver, Holder, Kit, PlaceType, Product, UnitKind
from naloxone.rules import MOST_UNITS, CustodyError, HolderKind, State
from safety_portal import access, signin
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.people import Person, reference_number
from safety_portal.widgets import words

MOST_LISTED = 200  # places in one list; beyond that one looks them up
MOST_SERIALS = 5000


def places_where(person, permission, kinds=codes.PLACES):
    """Places in use at stations where the person has the permission, by name."""
    return (
        Holder.objects.in_use()
        .filter(access.within(person, permission), kind__in=kinds)
        .select_related("station")
        .order_by("station__name", "name")
    )


class PlaceChoice(w.ModelField):
    def label_from_instance(self, place):
        return f"{place.name}, {place.station}"


def place_field(places, label):
    """A combo of places, chosen already when there is one; a look-up when there are too many."""
    found = list(places[: MOST_LISTED + 1])
    if len(found) > MOST_LISTED:
        field = w.LookUpField(label=label, url_name="naloxone:place_options")
        field.find = lambda text: places.filter(name__icontains=text)
        field.get = lambda value: places.filter(pk=reference_number("S", value)).first()
        field.describe = codes.describe
        return field
    field = PlaceChoice(queryset=places, label=label)
    if len(found) == 1:
        field.initial = found[0]
    return field


class CustodyForm(w.PortalForm):
    """A form whose fields may depend on the person, and whose refusal stands at its field."""

    result = None

    def add_field(self, name, field):
        self.fields[name] = field
        self._prepare(field)
        self.order_fields(self.field_order)

    def facts(self):
        """What the action takes, by its own names."""
        return {}

    def carry_out(self, verb, **more):
        """Do the act; False, with the reason shown, when the form or the rules say no."""
        if not self.is_valid():
            return False
        key = self.cleaned_data["request_key"]
        try:
            self.result = verb(**self.facts(), **more, request_key=key, by=self.person)
        except CustodyError as error:
            self.add_rule_error(error)
            return False
        return True


class KitsForm(CustodyForm):
    """A form about units named by their codes."""

    kits = w.CodesField(
        label="Kits", max_codes=MOST_UNITS,
        help_text="Scan or type K-214, a seal or a serial, one a line.",
    )  # fmt: skip
    not_yours = "Not yours to do this with"

    def is_yours(self, kit):
        """Whether the person may do this with a unit they can see."""
        return True

    def clean_kits(self):
        found, unknown = codes.units_of(self.cleaned_data["kits"], self.person)
        errors = []
        if unknown:
            errors.append(f"Unknown, or not at your stations: {listed(unknown)}.")
        units = {}
        for code, kit in found.items():
            if kit.pk in units:
                errors.append(f"{code} is {kit.reference}, which is listed already.")
            units[kit.pk] = kit
        foreign = [f"{k.reference} (with {k.holder})" for k in units.values() if not self.is_yours(k)]  # fmt: skip
        if foreign:
            errors.append(f"{self.not_yours}: {listed(foreign)}.")
        if errors:
            raise ValidationError(errors)
        return list(units.values())


def listed(names, most=10):
    """The first names and how many more."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def when_field(label="When"):
    return w.MomentField(label=label, initial=timezone.now)


def note_field(label="Note"):
    return w.TextField(label=label, max_length=500, lines=2, required=False)


class ReceiveForm(CustodyForm):
    submit_label = "Receive the delivery"

    product = w.ModelField(queryset=Product.objects.all(), label="Product")
    lot = w.TextField(label="Lot", max_length=20, help_text="As printed on the carton")
    expires_on = w.DayField(label="Expiry", help_text="The day printed on the carton, month/day/year. Only a month? Its last day.")  # fmt: skip
    cartons = w.NumberField(label="Cartons", min_value=1, max_value=MOST_UNITS)
    checked = w.ChoiceField(
        label="Checked on receipt?",
        choices=[
            ("yes", w.Tile("Yes", "Seals, lot, expiry and count agree with the papers.")),
            ("no", w.Tile("Not yet", "The cartons wait in quarantine until they are released.")),
        ],
    )
    occurred_at = when_field("When did it arrive?")
    supplier = w.TextField(label="Supplier and delivery note", max_length=120, required=False)
    serials = w.CodesField(
        label="Serials", max_codes=MOST_SERIALS, required=False,
        help_text="Only where doses have them: one a dose, carton after carton, one a line.",
    )  # fmt: skip

    field_order = (
        "product", "lot", "expires_on", "cartons", "place", "checked", "occurred_at", "supplier",
        "serials",
    )  # fmt: skip

    def __init__(self, *args, person, **kwargs):
        stores = places_where(person, Permission.STOCK_RECEIVE, [HolderKind.STORAGE])
        super().__init__(*args, person=person, **kwargs)
        self.add_field("place", place_field(stores, "Into"))

    def add_rule_error(self, error):
        # Rules count kits; here the count has a field of its own.
        if getattr(error, "field", None) == "kits":
            self.add_error("cartons", str(error))
        else:
            super().add_rule_error(error)

    def facts(self):
        told = self.cleaned_data
        return {
            "product": told["product"],
            "lot_number": told["lot"],
            "expires_on": told["expires_on"],
            "count": told["cartons"],
            "place": told["place"],
            "occurred_at": told["occurred_at"],
            "checked": told["checked"] == "yes",
            "serials": told["serials"],
            "supplier_name": told["supplier"],
        }


class ReleaseForm(KitsForm):
    submit_label = "Release into service"
    not_yours = "Not yours to release"
    occurred_at = when_field("When was it checked?")
    note = note_field("What was checked")

    def is_yours(self, kit):
        return access.may(self.person, Permission.STOCK_RECEIVE, at=kit.station_id)

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("kits", "occurred_at", "note")}


class MoveForm(KitsForm):
    submit_label = "Move"
    not_yours = "Not yours to move"
    occurred_at = when_field()
    note = note_field()

    field_order = ("kits", "place", "occurred_at", "note")

    def __init__(self, *args, person, **kwargs):
        places = places_where(person, Permission.CUSTODY_TAKE)
        super().__init__(*args, person=person, **kwargs)
        self.add_field("place", place_field(places, "To"))

    def is_yours(self, kit):
        return access.may(self.person, Permission.CUSTODY_GIVE, at=kit.station_id)

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("kits", "place", "occurred_at", "note")}


class AssembleForm(KitsForm):
    submit_label = "Assemble kits"
    not_yours = "Not cartons you may open"
    kits = w.CodesField(label="Cartons", help_text="Scan or type K-214 or a serial, one a line. All of one place.")  # fmt: skip
    kind = w.ChoiceField(
        label="Into",
        choices=[(k.value, k.label) for k in (UnitKind.KIT, UnitKind.CANINE_KIT)],
        initial=UnitKind.KIT.value,
    )
    doses_per_kit = w.NumberField(label="Doses in each", min_value=1, max_value=20, initial=2)
    seals = w.CodesField(
        label="Seals", required=False, max_codes=MOST_UNITS,
        help_text="If you seal them now: one a kit, one a line.",
    )  # fmt: skip
    occurred_at = when_field()

    def is_yours(self, kit):
        return kit.kind == UnitKind.CARTON and access.may(
            self.person, Permission.KITS_ASSEMBLE, at=kit.station_id
        )

    def clean_kits(self):
        cartons = super().clean_kits()
        places = {str(carton.holder) for carton in cartons}
        if len(places) > 1:
            raise ValidationError(f"These are at several places: {listed(sorted(places))}.")
        return cartons

    def clean_seals(self):
        seals = self.cleaned_data["seals"]
        for seal in seals:
            words.check_length(seal, 30)
        return seals

    def facts(self):
        told = self.cleaned_data
        return {
            "cartons": told["kits"],
            "place": told["kits"][0].holder,
            **{n: told[n] for n in ("kind", "doses_per_kit", "seals", "occurred_at")},
        }


class RecallForm(CustodyForm):
    submit_label = "Record the recall"
    submit_kind = "danger"
    notice = w.TextField(
        label="Notice", max_length=120, help_text="Who recalls it, and the notice's number or date"
    )

    def facts(self):
        return {"notice": self.cleaned_data["notice"]}

    def describe(self, lot):
        """What this will do, counted, before it is done."""
        units = Kit.objects.filter(
            devices__lot=lot, state__in=[State.QUARANTINE, State.IN_SERVICE]
        ).aggregate(kits=Count("pk", distinct=True), stations=Count("station", distinct=True))
        stations = units["stations"]
        where = f"{units['kits']:,} at {stations:,} station{'' if stations == 1 else 's'}"
        self.consequences = (
            f"Every unit with a dose of the lot becomes “Recalled” where it is: {where}.",
            "None of them can be handed out again. In need, giving a dose is still right; record it.",
            "This stays in each kit's custody record and can't be taken back.",
        )
        self.seen_by = (
            "Everybody who has such a kit, and everybody who sees kits at their stations",
            f"In the audit: {self.person}, and the notice",
        )


class PlaceForm(CustodyForm):
    submit_label = "Open the place"
    kind = w.ChoiceField(
        label="What is it?",
        choices=[
            (HolderKind.STORAGE.value, w.Tile("Storage point", "Cabinet, vault, box, go-bag")),
            (HolderKind.VEHICLE.value, w.Tile("Vehicle", "A car, boat or aircraft with a kit aboard")),
        ],
    )  # fmt: skip
    name = w.TextField(label="Name", max_length=120, help_text="As people call it: “Lane 3 cabinet”")  # fmt: skip
    place_type = w.ChoiceField(label="Kind of place", tiles=False, choices=PlaceType.choices)
    access_mode = w.ChoiceField(label="How it opens", tiles=False, choices=AccessMode.choices, help_text="A code itself is never kept here.")  # fmt: skip
    par_min = w.NumberField(label="Par: at least so many kits", min_value=0, max_value=1000, required=False)  # fmt: skip

    field_order = ("kind", "name", "station", "place_type", "access_mode", "par_min")

    def __init__(self, *args, person, **kwargs):
        stations = access.stations_where(person, Permission.PLACES_KEEP).by_name()
        super().__init__(*args, person=person, **kwargs)
        self.add_field(
            "station",
            w.ModelField(queryset=stations, label="Station", initial=person.station_id),
        )

    def facts(self):
        names = ("kind", "name", "station", "place_type", "access_mode", "par_min")
        return {name: self.cleaned_data[name] for name in names}


# --- hand-overs -----------------------------------------------------------------------------------------
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
        mine = kit.holder is not None and custody.carries(kit.holder, self.person)
        return mine or access.may(self.person, Permission.CUSTODY_GIVE, at=kit.station_id)

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
        except signin.ProofError as error:
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
        places = (
            Holder.objects.in_use()
            .filter(codes.people_near(person), kind=HolderKind.STORAGE)
            .select_related("station")
            .order_by("station__name", "name")
        )
        self.add_field("place", place_field(places, "To which place"))

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


class AnswerForm(CustodyForm):
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

    @property
    def taken(self):
        """Keys of the units that are ticked; all of them until somebody unticks one."""
        if not self.is_bound or self.data.get("answer") == "all":
            return set(self.waiting)
        return {reference_number("K", code) for code in self.data.getlist("take")}

    @property
    def left(self):
        return [key for key in self.waiting if key not in self.taken]

    def facts(self):
        reason = self.cleaned_data["reason"]
        return {"offer": self.offer, "refused": dict.fromkeys(self.left, reason)}
