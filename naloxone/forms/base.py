"""What every form about kits has: fields that depend on the person, codes that become units, one act."""

from django.core.exceptions import ValidationError
from django.utils import timezone

from naloxone import codes, swaps
from naloxone.actions.need import places_emptied
from naloxone.models import Holder, Kit
from naloxone.rules import MOST_UNITS, PLACES, CustodyError
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.people import reference_number
from safety_portal.photos import PhotoError
from safety_portal.versions import StaleError

MOST_SPARES = 3  # proposed beside one another
MOST_LISTED = 200  # places in one list; beyond that one looks them up


def places_in_use(condition, kinds=PLACES):
    """Places in use that fit a condition, by station and name."""
    found = Holder.objects.in_use().filter(condition, kind__in=kinds)
    return found.select_related("station").order_by("station__name", "name")


def places_where(person, permission, kinds=PLACES):
    """Places in use at stations where the person has the permission."""
    return places_in_use(access.within(person, permission), kinds)


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
    keyed = True  # the act knows by the request's key that it was sent twice

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
        if self.keyed:
            more |= {"request_key": self.cleaned_data["request_key"]}
        try:
            self.result = verb(**self.facts(), **more, by=self.person)
        except (CustodyError, PhotoError, StaleError) as error:
            self.add_rule_error(error)
            return False
        return True


class LeavesSomeOut:
    """A form with a box for each unit that waits (`waiting`: their keys): what is not ticked is not taken."""

    @property
    def taken(self):
        """Keys of the units that are ticked; all of them until somebody unticks one."""
        if not self.is_bound or self.data.get("answer") == "all":
            return set(self.waiting)
        return {reference_number("K", code) for code in self.data.getlist("take")}

    @property
    def left(self):
        return [key for key in self.waiting if key not in self.taken]


def kits_field(
    label="Kits", help_text="Scan or type K-214, a seal or a serial, one a line.", **more
):
    """Units by their codes: our labels, seals, and what is printed on a maker's pack."""
    return w.CodesField(label=label, max_codes=MOST_UNITS, gs1=True, help_text=help_text, **more)


class KitsForm(CustodyForm):
    """A form about units named by their codes."""

    kits = kits_field()
    not_yours = "Not yours to do this with"

    def is_yours(self, kit):
        """Whether the person may do this with a unit they can see."""
        return True

    def seen(self):
        """The units that the codes may mean."""
        return Kit.objects.visible_to(self.person)

    def clean_kits(self):
        return self.units_of("kits")

    def units_of(self, name):
        """The units behind the codes of a field. Raises ValidationError with all that is wrong with them."""
        found, unknown = codes.units_of(self.cleaned_data[name], self.seen())
        errors = []
        if unknown:
            unknown = [codes.told_as(code) for code in unknown]
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


AWAY = "away"  # taken away all the same


class LeavingForm(KitsForm):
    """Kits that leave places. Where one would be left with nothing that works, the form asks what shall be so:
    another kit comes in the same act, or somebody says why these are taken away all the same."""

    leaving = ("instead", "why_empty")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        asked_before = any(self.data.get(name) for name in self.leaving)
        if asked_before or self.initial.get("why_empty"):
            self.ask_instead()

    def ask_instead(self):
        """Two fields more: which kit takes their place, and why none does."""
        if "why_empty" in self.fields:
            return
        found = self.spares() if self.is_bound else []
        if found:
            choices = [
                *((one.reference, w.Tile(f"Put {one} there", f"Expires {one.expires_on:%d %b %Y}. In the same act, before these leave.")) for one in found),
                (AWAY, w.Tile("Take them away all the same", "Say why below; supervisors and auditors see it.")),
            ]  # fmt: skip
            self.add_field(
                "instead", w.ChoiceField(label="What shall be there instead?", choices=choices, required=False)
            )  # fmt: skip
        why = w.TextField(
            label="Why are they taken away all the same?", max_length=500, lines=2, required=False,
            help_text="For example: the place is given up, another cabinet stands beside it.",
        )  # fmt: skip
        self.add_field("why_empty", why)

    def spares(self):
        """Up to three units that could take the place of what leaves one place."""
        codes_sent = self.fields["kits"].widget.value_from_datadict(self.data, self.files, "kits")
        kits = self.cleaned_data.get("kits") if hasattr(self, "cleaned_data") else None
        if kits is None:
            found, _ = codes.units_of(self.fields["kits"].clean(codes_sent), self.seen())
            kits = list(found.values())
        now = timezone.now()
        emptied = places_emptied(kits, now)
        if len(emptied) != 1:
            return []
        [place] = emptied
        left = swaps.spares([place.station_id], now, [place.pk])
        leaving = {kit.pk for kit in kits}
        return [spare for spare in left if spare.key not in leaving][:MOST_SPARES]

    def leaving_facts(self):
        """What the action takes; nothing while nobody was asked."""
        told = self.cleaned_data
        chosen = told.get("instead") or AWAY
        if chosen != AWAY:
            return {"instead": Kit.objects.get(pk=Kit.number(chosen))}
        return {"why_empty": told["why_empty"]} if told.get("why_empty") else {}

    def add_rule_error(self, error):
        if error.field in self.leaving:
            self.ask_instead()
        super().add_rule_error(error)


def listed(names, most=10):
    """The first names and how many more."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def when_field(label="When"):
    return w.MomentField(label=label, initial=timezone.now)


def note_field(label="Note"):
    return w.TextField(label=label, max_length=500, lines=2, required=False)
