"""What people type about temperatures: a reading, a logger's file and its columns, labels, decisions, hot months."""

from django.core.exceptions import ValidationError

from naloxone import loggers
from naloxone.actions.storage import file_limits
from naloxone.forms.base import CustodyForm, note_field, places_in_use, when_field
from naloxone.models import MONTHS, LabelVersion, StorageDecision
from naloxone.rules import HolderKind
from naloxone.storage_rules import DECISION_WORDS, Decision, StorageError, centi_of
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.forms import FigureField
from safety_portal.people import reference_number
from safety_portal.tables import TableError

MOST_YES = [("", "Not on record"), ("yes", "Yes"), ("no", "No")]
KNOWN = {"yes": True, "no": False, "": None}


def degrees_field(label, **more):
    return FigureField(
        label=label,
        least=-100,
        most=250,
        places=1,
        wrong="Write degrees, for example 31.5.",
        **more,
    )


class TemperatureForm(CustodyForm):
    """One look at a thermometer: three taps when it shows nothing special."""

    submit_label = "Record the temperature"

    degrees = degrees_field("The thermometer shows")
    unit = w.ChoiceField(label="Degrees", choices=[("f", "°F"), ("c", "°C")], initial="f")
    occurred_at = when_field("When")
    lowest = degrees_field(
        "Lowest since it was last read", required=False,
        help_text="If it keeps them. Then set it back.",
    )  # fmt: skip
    highest = degrees_field("Highest since it was last read", required=False)
    note = note_field()

    def __init__(self, *args, place, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["occurred_at"].zone = place.station.zone

    def clean(self):
        told = super().clean()
        unit = told.get("unit")
        for name in ("degrees", "lowest", "highest"):
            if unit and told.get(name) is not None:
                try:
                    told[f"{name}_centi"] = centi_of(float(told[name]), unit)
                except StorageError as error:
                    self.add_error(name, ValidationError(str(error)))
        return told

    def facts(self):
        told = self.cleaned_data
        return {
            "centi": told["degrees_centi"], "lowest": told.get("lowest_centi"),
            "highest": told.get("highest_centi"), "occurred_at": told["occurred_at"], "note": told["note"],
        }  # fmt: skip


class LoggerFileForm(CustodyForm):
    submit_label = "Look at the file"
    keyed = False  # a file sent twice waits once

    file = w.FileField(
        label="The logger’s file",
        accept=".csv,.txt,.tsv,.xlsx",
        help_text="As its program exports it: CSV or XLSX, with a time and a temperature in each row.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].max_size = file_limits().size

    def carry_out(self, verb, **more):
        try:
            return super().carry_out(verb, **more)
        except TableError as error:
            self.add_error("file", ValidationError(str(error)))
            return False

    def facts(self):
        file = self.cleaned_data["file"]
        return {"name": file.name, "content": file.read()}


class ColumnsForm(CustodyForm):
    """Which column is what. Sent with “look”, it only shows what the file brings then."""

    submit_label = "Import the readings"
    cancel_label = "Leave it"

    time = w.ChoiceField(label="Time", tiles=False)
    clock = w.ChoiceField(label="Time of day, if it stands apart", tiles=False, required=False)
    order = w.ChoiceField(label="The day is written", tiles=False, choices=loggers.ORDERS)
    zone = w.ChoiceField(label="By which clock", tiles=False, choices=loggers.ZONES)
    temperature = w.ChoiceField(label="Temperature", tiles=False)
    unit = w.ChoiceField(label="Degrees", tiles=False, choices=loggers.UNITS)

    def __init__(self, *args, rows, guessed, **kwargs):
        super().__init__(*args, **kwargs)
        self.guessed, self.chosen = guessed, None
        self.helper.form_tag = False  # the page has a second button: look again
        head = rows[guessed.first - 1].cells if guessed.first else ()
        example = rows[guessed.first].cells
        columns = [
            (str(n), f"{head[n] if n < len(head) and head[n] else f'Column {n + 1}'}: {cell[:30]}")
            for n, cell in enumerate(example)
        ]
        self.fields["time"].choices = self.fields["temperature"].choices = columns
        self.fields["clock"].choices = [("", "In the same column"), *columns]
        told = {**vars(guessed), "clock": "" if guessed.clock is None else guessed.clock}
        for name in ("time", "clock", "temperature", "unit", "zone", "order"):
            self.fields[name].initial = str(told[name])

    def mapping(self):
        """What was chosen, or else guessed. A refusal afterwards takes nothing away from what was chosen."""
        if self.chosen or not self.is_bound or not self.is_valid():
            return self.chosen or self.guessed
        told = self.cleaned_data
        self.chosen = loggers.Mapping(
            time=int(told["time"]), clock=int(told["clock"]) if told["clock"] else None,
            temperature=int(told["temperature"]), unit=told["unit"], zone=told["zone"],
            order=told["order"], first=self.guessed.first,
        )  # fmt: skip
        return self.chosen

    def facts(self):
        return {"mapping": self.mapping()}


class WithdrawForm(CustodyForm):
    submit_label = "Take it back"
    submit_kind = "danger"
    keyed = False  # taken back twice, it is once
    consequences = (
        "Its readings no longer count for any kit; what was decided because of them stays.",
        "It stays on record with your name and reason. The right file can be imported afterwards.",
    )

    reason = w.TextField(
        label="Why", max_length=500, help_text="“It was the logger of Vehicle 32.”"
    )

    def facts(self):
        return {"reason": self.cleaned_data["reason"]}


def ticked(form):
    """Keys of the kits that were ticked beside a form."""
    return {reference_number("K", code) for code in form.data.getlist("kits")}


class DecisionForm(CustodyForm):
    """One decision for the ticked kits of a place."""

    submit_label = "Record the decision"
    seen_by = ("Whoever sees these kits, with your name and reason", "The auditors")

    decision = w.ChoiceField(label="What becomes of them?")
    reason = w.TextField(label="Why", max_length=500, lines=2)

    def __init__(self, *args, rows, may_hold, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = rows
        self.helper.form_id = "decision-form"
        hints = {
            Decision.KEEP: "They stay as they are. More heat or frost asks again.",
            Decision.REPLACE: "They stay usable, and counted, until another is in their place.",
            Decision.HOLD: "Leads on to the page that does it; others are put in their place first.",
        }
        self.fields["decision"].choices = [
            (decision.value, w.Tile(words, hints[decision]))
            for decision, words in DECISION_WORDS.items()
            if decision != Decision.HOLD or may_hold
        ]

    def facts(self):
        keys = ticked(self)
        self.check_waiting(keys)
        return {
            "decision": Decision(self.cleaned_data["decision"]),
            "reason": self.cleaned_data["reason"],
            "kits": [row.kit for row in self.rows if row.kit_id in keys],
        }

    def check_waiting(self, keys):
        """Raise StorageError when one of the ticked kits is decided on or gone since the page was opened."""
        gone = keys - {row.kit_id for row in self.rows} - {None}
        sent = StorageDecision.objects.filter(request_key=self.cleaned_data["request_key"])
        if gone and not sent.exists():
            names = ", ".join(f"K-{key}" for key in sorted(gone))
            raise StorageError(
                f"Nothing was recorded: {names} no longer {'waits' if len(gone) == 1 else 'wait'} for a decision here. "
                "Look at those that are left, and send it again.",
                "decision",
            )


class LotLabelForm(CustodyForm):
    submit_label = "This is its label"
    keyed = False  # the same word twice is noted once

    label = w.ChoiceField(label="Which label does the carton carry?")

    def __init__(self, *args, lot, **kwargs):
        super().__init__(*args, **kwargs)
        versions = LabelVersion.objects.filter(product=lot.product, own=False).order_by("pk")
        own = LabelVersion.objects.of_products().get(product=lot.product)
        self.versions = {str(one.pk): one for one in versions}
        self.fields["label"].choices = [
            ("own", w.Tile("The product’s own label", own.words)),
            *((key, w.Tile(one.name, f"{one.words}. Source: {one.source}")) for key, one in self.versions.items()),
        ]  # fmt: skip

    def facts(self):
        return {"label": self.versions.get(self.cleaned_data["label"])}


class LabelForm(CustodyForm):
    """What another edition of a product's label says."""

    submit_label = "Add the label"
    keyed = False  # the same name and facts again are the same label

    name = w.TextField(
        label="What tells it apart", max_length=80, help_text="“Generation II (red plunger)”"
    )
    base_min_c = w.NumberField(label="Store from, °C", min_value=-60, max_value=95, required=False)
    base_max_c = w.NumberField(label="Store up to, °C", min_value=-60, max_value=95, required=False)
    excursion_min_c = w.NumberField(
        label="For a time from, °C", min_value=-60, max_value=95, required=False
    )
    excursion_max_c = w.NumberField(
        label="For a time up to, °C", min_value=-60, max_value=95, required=False
    )
    do_not_freeze = w.ChoiceField(
        label="Do not freeze", tiles=False, choices=MOST_YES, required=False
    )
    protect_from_light = w.ChoiceField(
        label="Protect from light", tiles=False, choices=MOST_YES, required=False
    )
    source = w.TextField(label="Where it stands", max_length=200, help_text="The carton, or the maker’s page")  # fmt: skip

    def clean(self):
        told = super().clean()
        for kind in ("base", "excursion"):
            low, high = told.get(f"{kind}_min_c"), told.get(f"{kind}_max_c")
            if low is not None and high is not None and low >= high:
                self.add_error(f"{kind}_max_c", ValidationError("This is no higher than where it begins."))  # fmt: skip
        return told

    def facts(self):
        told = {name: value for name, value in self.cleaned_data.items() if name != "request_key"}
        yes = {name: KNOWN[told[name]] for name in ("do_not_freeze", "protect_from_light")}
        return told | yes


class SeasonForm(CustodyForm):
    submit_label = "These are the months"
    keyed = False  # the same months said twice are said once

    first_month = w.ChoiceField(label="From the first day of", tiles=False, required=False)
    last_month = w.ChoiceField(label="To the last day of", tiles=False, required=False)
    source = w.TextField(label="How you know", max_length=200, help_text="“Vehicles here stood over 40 °C from May on”")  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("first_month", "last_month"):
            self.fields[name].choices = [("", "No hot season"), *MONTHS]

    def clean(self):
        told = super().clean()
        if bool(told.get("first_month")) != bool(told.get("last_month")):
            self.add_error("last_month", ValidationError("Choose both months, or neither."))
        return told

    def facts(self):
        told = self.cleaned_data
        return {
            "first_month": int(told["first_month"]) if told["first_month"] else None,
            "last_month": int(told["last_month"]) if told["last_month"] else None,
            "source": told["source"],
        }


class RotateForm(CustodyForm):
    """The ticked kits go indoors, others from there go out in their place where too few would be left."""

    submit_label = "Move them indoors"

    occurred_at = when_field()

    def __init__(self, *args, rows, station, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = rows
        self.helper.form_id = "rotate-form"
        indoors = places_in_use(
            access.within(self.person, Permission.CUSTODY_GIVE), [HolderKind.STORAGE]
        ).filter(station=station, outdoors=False)
        self.add_field(
            "place", w.ModelField(queryset=indoors, label="Into which place", combo=False)
        )
        only = list(indoors[:2])
        if len(only) == 1:
            self.fields["place"].initial = only[0]
        self.order_fields(("place", "occurred_at"))

    def facts(self):
        keys = ticked(self)
        return {
            "kits": [row for row in self.rows if row.pk in keys],
            "place": self.cleaned_data["place"],
            "occurred_at": self.cleaned_data["occurred_at"],
        }
