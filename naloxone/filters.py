"""What a list of kits can be narrowed down by, in the address and in words."""

import datetime as dt
from functools import cached_property

import django_filters as filters
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Cast, Lower
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from naloxone import gs1_rules, packs
from naloxone.disposal_rules import METHOD_WORDS, Method
from naloxone.models import HALF_USED, Device, Holder, Kit, KitType, Lot, Product, UnitKind
from naloxone.rules import GONE, PLACES, STATE_WORDS, State
from safety_portal import access, scanner_rules
from safety_portal.access import Permission
from safety_portal.keyset import By
from safety_portal.page_parts import FilterWord, address
from safety_portal.people import reference_number
from safety_portal.widgets import ComboBox, ScanField, Select, TextInput, words

MOST_PLACES = 200  # more are not offered; a station narrows them down
WINDOWS = [("expired", "Expired"), *((str(d), f"Within {d} days") for d in (30, 60, 90, 180))]
STATES = [(s.value, STATE_WORDS[s]) for s in State if s != State.NEW]
CHECKS = [("due", "Inspection due"), ("overdue", "Inspection overdue")]
KINDS = [(kind.value, kind.label) for kind in UnitKind]
COMPONENTS = [("expired", "Component expired"), *((str(d), f"Component expires within {d} days") for d in (30, 60, 90, 180))]  # fmt: skip
MORE = ("type", "used", "component", "station", "place", "product", "lot", "inspection")

ORDERS = {
    "reference": (By("pk"),),
    "expiry": (By("expires_on", dt.date.fromisoformat), By("pk")),
    "place": (By("place_key", str), By("holder_id"), By("pk")),
}


def order_of(name, *, with_gone):
    """The columns of a sort. What is emptied has no expiry; only lists that hold them pay for that."""
    if name == "expiry" and with_gone:
        return (By("expires_on", dt.date.fromisoformat, nullable=True), By("pk"))
    return ORDERS[name]


def lots_called(text):
    """Lots of this number, or the one with this reference; a lot may be called L77, so the dash counts."""
    key = reference_number("L", text) if "-" in text else None
    return Lot.objects.filter(Q(number__iexact=text) | Q(pk=key))


def by_code(text):
    """The condition for units that a scanned or typed code means, else None.

    K-214, a seal, L-5, a lot, a serial; the code of a maker's pack: by its serial the unit, else its lot, else its product.
    """
    code = scanner_rules.plain(words.tidy(text).replace("\x00", ""))
    if not code:
        return None
    number = Kit.number(code)
    if number is not None:
        return Q(pk=number)
    if readings := gs1_rules.pack_readings(code):
        return on_pack(code, readings)
    lots = lots_called(code)
    either = {code, code.upper()}
    sealed = Kit.objects.filter(seal__in=either).exclude(seal="").values("pk")
    of_lot = Device.objects.filter(lot__in=lots).values("kit")
    by_serial = Device.objects.filter(serial__in=either).exclude(serial="").values("kit")
    # One list of keys: three conditions in an OR would look at every kit.
    found = Q(pk__in=sealed.union(of_lot, by_serial, all=True))
    retail = gs1_rules.is_retail_code(code) and packs.product_of(gs1_rules.checked_gtin(code))
    return found | Q(lot__product=retail) if retail else found


def on_pack(code, readings):
    """The condition for units that the code of a maker's pack means."""
    if units := packs.units_of(code):
        return Q(pk__in=units)
    if lots := packs.lots_of(code):
        return Q(pk__in=Device.objects.filter(lot__in=lots).values("kit"))
    # A pack whose lot or serial is not here is not here, whatever else of the product is.
    only_product = any(pack.parts == 1 for pack in readings)
    return Q(lot__product=packs.product_of(readings[0].gtin)) if only_product else Q(pk__in=())


SELECTED = mark_safe(" selected")


class Lean:
    """A list that writes its options itself: a template for each of 200 costs more than the page."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = str((value[0] if isinstance(value, list) else value) or "")
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, SELECTED if str(key) == chosen else "", text) for key, text in self.choices),
        )
        return format_html(self.frame, id=attrs["id"], name=name, options=options, chosen=chosen)


class LeanSelect(Lean, Select):
    frame = '<select class="usa-select" id="{id}" name="{name}">{options}</select>'


class LeanCombo(Lean, ComboBox):
    # USWDS takes what is chosen from the attribute, not from the list.
    frame = (
        '<div class="usa-combo-box" data-default-value="{chosen}">'
        '<select class="usa-select" id="{id}" name="{name}">{options}</select></div>'
    )


def choice(label, method, *, widget=LeanSelect):
    return filters.ChoiceFilter(
        label=label, method=method, widget=widget, empty_label="All", choices=[]
    )


class KitFilter(filters.FilterSet):
    """Filters of the list; what a person may choose from comes with one query for all of them."""

    q = filters.CharFilter(
        label="Reference, seal, lot or serial",
        method="with_code",
        max_length=ScanField.longest,
        widget=TextInput({"data-code": ""}),
    )
    station = choice("Station", "at_station", widget=LeanCombo)
    place = choice("Place", "at_place", widget=LeanCombo)
    state = filters.ChoiceFilter(
        label="State", method="in_state", widget=LeanSelect, choices=STATES,
        empty_label="All but those gone",
    )  # fmt: skip
    expiry = filters.ChoiceFilter(
        label="Expiry", method="expiring", widget=LeanSelect, choices=WINDOWS, empty_label="Any day"
    )
    type = choice("Kit type", "of_type")
    used = filters.ChoiceFilter(
        label="Doses", method="half_used", widget=LeanSelect, choices=[("half", "Half used")],
        empty_label="All",
    )  # fmt: skip
    component = filters.ChoiceFilter(
        label="Components", method="component_expires", widget=LeanSelect, choices=COMPONENTS,
        empty_label="All",
    )  # fmt: skip
    product = choice("Product", "of_product")
    lot = filters.CharFilter(label="Lot", method="of_lot", max_length=20, widget=TextInput)
    inspection = filters.ChoiceFilter(
        label="Inspection", method="to_inspect", widget=LeanSelect, choices=CHECKS,
        empty_label="All",
    )  # fmt: skip

    def __init__(self, data, queryset, *, person):
        super().__init__(data, queryset)
        self.person = person
        self._offer_choices()

    def _offer_choices(self):
        found = self._names()
        several = len(found["station"]) > 1
        names = dict(found["station"])
        self.filters["station"].extra["choices"] = [(k, n) for k, (n, _) in found["station"]]
        places = found["place"]
        self.too_many_places = len(places) > MOST_PLACES
        if self.too_many_places:
            places = self._chosen_place()
        self.filters["place"].extra["choices"] = [
            (k, f"{n}, {names[s][0]}" if several and s in names else n) for k, (n, s) in places
        ]
        types = [(k, n) for k, (n, _) in found["type"]]
        self.filters["type"].extra["choices"] = [*KINDS, *types]
        self.filters["product"].extra["choices"] = [(k, n) for k, (n, _) in found["product"]]
        # An address that names a station keeps the filter, which then says that it is not known here.
        if not several and not self.data.get("station"):
            del self.filters["station"]

    def _chosen_place(self):
        """The one place that a link names, where there are too many to offer."""
        key = self.data.get("place", "")
        if not key.isdecimal() or len(key) > 18:
            return []
        seen = Holder.objects.filter(access.within(self.person, Permission.KITS_SEE), pk=key)
        return [(pk, (name, at)) for pk, name, at in seen.values_list("pk", "name", "station")]

    def _names(self):
        """Stations, places, products and kit types by name, in one query: {kind: [(key, (name, station key))]}."""

        def rows(kind, queryset, station):
            return queryset.order_by().values_list(
                Value(kind, TextField()), "pk", Cast("name", TextField()), station
            )

        person, nowhere = self.person, Value(0)
        places = Holder.objects.filter(access.within(person, Permission.KITS_SEE), kind__in=PLACES)
        asked = self.data.get("place", "")
        # The page of a closed place leads here, to what was emptied in it; nobody else is offered it.
        asked = Q(pk=asked) if asked.isdecimal() and len(asked) <= 18 else Q()
        places = places.filter(Q(closed_on=None) | asked)
        chosen = self.data.get("station", "")
        if chosen.isdecimal() and len(chosen) < 10:
            places = places.filter(station=chosen)
        found = {"station": [], "place": [], "product": [], "type": []}
        everything = rows(
            "station", access.stations_where(person, Permission.KITS_SEE).in_use(), nowhere
        ).union(
            rows("place", places, F("station"))[: MOST_PLACES + 1],
            rows("product", Product.objects.all(), nowhere),
            rows("type", KitType.objects.all(), nowhere),
            all=True,
        )
        for kind, key, name, station in everything:
            found[kind].append((key, (name, station)))
        for named in found.values():
            named.sort(key=lambda each: each[1][0].lower())
        return found

    # --- what each filter means -----------------------------------------------------------------------
    def with_code(self, kits, name, value):
        condition = by_code(value)
        return kits if condition is None else kits.filter(condition)

    def at_station(self, kits, name, value):
        return kits.filter(station=value)

    def at_place(self, kits, name, value):
        return kits.filter(holder=value)

    def in_state(self, kits, name, value):
        return kits.filter(state=value)

    def expiring(self, kits, name, value):
        today = self.person.station.today()
        if value == "expired":
            return kits.filter(expires_on__lt=today)
        return kits.filter(
            expires_on__gte=today, expires_on__lte=today + dt.timedelta(days=int(value))
        )

    def of_type(self, kits, name, value):
        if value.isdecimal():
            return kits.filter(made_as__kit_type=value)
        return kits.filter(kind=value)

    def half_used(self, kits, name, value):
        return kits.filter(HALF_USED)

    def component_expires(self, kits, name, value):
        today = self.person.station.today()
        if value == "expired":
            return kits.filter(component_expires_on__lt=today)
        until = today + dt.timedelta(days=int(value))
        return kits.filter(component_expires_on__range=(today, until))

    def of_product(self, kits, name, value):
        return kits.filter(lot__in=Lot.objects.filter(product=value).values("pk"))

    def to_inspect(self, kits, name, value):
        """Due today is not overdue yet: that begins the day after."""
        today = self.person.station.today()
        return kits.inspection_due(today - dt.timedelta(days=value == "overdue"))

    def of_lot(self, kits, name, value):
        return kits.filter(pk__in=Device.objects.filter(lot__in=lots_called(value)).values("kit"))

    # --- what is shown ----------------------------------------------------------------------------------
    @cached_property
    def chosen(self):
        """The filters in force: {name: value}."""
        self.form.is_valid()
        return {k: v for k, v in self.form.cleaned_data.items() if v}

    @property
    def more_fields(self):
        """The filters behind the fold, in the form."""
        return [self.form[name] for name in MORE if name in self.filters]

    @property
    def more_chosen(self):
        return any(name in self.chosen for name in MORE)

    @property
    def with_gone(self):
        return "q" in self.chosen or self.chosen.get("state") in GONE

    @cached_property
    def qs(self):
        """The kits that are left. Without a state or a code, what is gone stays out of sight."""
        kits = self.filter_queryset(self.queryset.all()) if self.chosen else self.queryset.all()
        if not self.with_gone:
            kits = kits.exclude(state__in=GONE)
        return kits

    def filter_words(self, query):
        """The filters in force in words, each with the address that leaves it out."""
        here = {"after": None, "before": None, "last": None}
        said = {"q": "Code “{}”", "lot": "Lot {}", "station": "At {}", "expiry": "{}"}
        for name, value in self.chosen.items():
            choices = dict(self.filters[name].extra.get("choices", ()))
            word = choices.get(value) or choices.get(int(value) if value.isdecimal() else value)
            if name == "expiry" and value != "expired":
                word = f"Expiring {word.lower()}"
            yield FilterWord(
                said.get(name, "{}").format(word or value), address(query, **here, **{name: None})
            )


class DisposalFilter(filters.FilterSet):
    """The one filter of the lists of disposals: by which way."""

    method = filters.ChoiceFilter(
        label="How", widget=LeanSelect, empty_label="Every way",
        choices=[(m.value, said) for m, said in METHOD_WORDS.items()],
    )  # fmt: skip

    def filter_words(self, query):
        """The filter in words, with the address that leaves it out."""
        self.form.is_valid()
        chosen = self.form.cleaned_data.get("method")
        if chosen:
            here = {"after": None, "before": None, "last": None, "method": None}
            yield FilterWord(METHOD_WORDS[Method(chosen)], address(query, **here))


def listed(kits):
    """Only the columns that a row shows; names by a join, so that a page is one query of small rows."""
    return kits.only(
        "kind", "seal", "state", "doses", "doses_full", "expires_on", "holder_id"
    ).annotate(
        holder_name=F("holder__name"),
        station_name=F("station__name"),
        lot_number=F("lot__number"),
        product_name=F("lot__product__name"),
    )


def by_place(kits, person):
    """In the order of their holders' names. What looks superfluous lets PostgreSQL begin with the holders.

    Every kit has a holder, so the join may be an inner one; a kit is at its holder's station.
    """
    at = access.within(person, Permission.KITS_SEE, field="holder__station")
    return kits.filter(at, holder__name__gte="").annotate(place_key=Lower("holder__name"))
