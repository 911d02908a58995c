"""What people type about people, roles, dogs and stations; the verbs decide whether it can be."""

import datetime as dt
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.utils import timezone

from safety_portal import widgets as w
from safety_portal.access import LENDING_DAYS, GrantError, Permission, Role, Scope, stations_where
from safety_portal.geography import STATES, clocks, in_words
from safety_portal.people import (
    Component,
    Discipline,
    FacilityType,
    Kind,
    Person,
    PersonError,
    Region,
    Station,
    WorkRole,
)
from safety_portal.roster import people_seen
from safety_portal.versions import StaleError

KINDS = [(kind.value, kind.label) for kind in (Kind.EMPLOYEE, Kind.CONTRACTOR)]
NOT_CHOSEN = ("", "- Choose -")
ROLES = [NOT_CHOSEN, *((role.value, role.label) for role in Role if role != Role.EMPLOYEE)]
PLACES = {Scope.COMPONENT: Component, Scope.REGION: Region, Scope.STATION: Station}


def limit(field, first=None, last=None):
    """Let a day field, and its calendar, offer only these days."""
    field.min_day = field.widget.min_day = first
    field.max_day = field.widget.max_day = last


def end_of(day, zone):
    """The moment at which a local day is over; None for no day."""
    # In UTC: between two moments of one zone Python reckons by the wall clock.
    return day and dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).astimezone(
        dt.UTC
    )


def start_of(day, zone):
    """The moment at which a local day begins; now, when that is today."""
    now = timezone.now()
    begins = dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
    return max(begins, now)


def find_people(field, people):
    """Let a look-up find people of a queryset, by name, badge or reference."""
    field.find = lambda text: people.matching(text).by_name()
    field.get = lambda value: people.filter(pk=Person.number(value)).first()
    field.describe = describe_person


def describe_person(person):
    return w.Option(person.reference, person.name, f"badge {person.badge}, {person.station}")


def choosable(person):
    """People whom a person may choose: they see them, and they still serve."""
    return people_seen(person).serving().select_related("station")


class RosterForm(w.PortalForm):
    """A form that carries out one verb; a refusal stands at the field it names."""

    refusals = (PersonError, GrantError, StaleError)
    result = None

    def facts(self):
        """What the verb takes, by its own names."""
        return {name: value for name, value in self.cleaned_data.items() if name != "request_key"}

    def carry_out(self, verb, **more):
        """Do it; False, with the reason shown, when the form or the verb says no."""
        if not self.is_valid():
            return False
        try:
            self.result = verb(**self.facts(), **more, by=self.person)
        except self.refusals as error:
            self.add_rule_error(error)
            return False
        return True


class PersonForm(w.RowForm, RosterForm):
    submit_label = "Record this person"

    given_name = w.TextField(label="Given name", max_length=80)
    family_name = w.TextField(label="Family name", max_length=80)
    kind = w.ChoiceField(label="Belongs to the agency as", choices=KINDS)
    badge = w.TextField(label="Badge number", max_length=20)
    telephone = w.TextField(label="Telephone", max_length=30, required=False)
    station = w.ModelField(label="Home station", queryset=Station.objects.none())
    work = w.ChoicesField(label="Work", choices=WorkRole.choices, required=False)
    work_since = w.DayField(label="Does this work since")
    email = w.EmailField(
        label="E-mail address",
        required=False,
        help_text="They get an account, and a mail with the link to choose a password. Empty: no account yet.",
    )

    def __init__(self, data=None, *, row=None, person, **kwargs):
        today = person.station.today()
        first = {"work_since": today}
        if row is not None:
            first["work"] = [one.role for one in row.work.all() if one.ended_on is None]
        super().__init__(data, row=row, person=person, initial=first, **kwargs)
        stations = stations_where(person, Permission.PEOPLE_KEEP).in_use()
        self.fields["station"].queryset = stations.by_name()
        # One day of slack: it may be tomorrow already where they work. The verb knows.
        limit(self.fields["work_since"], last=today + dt.timedelta(days=1))
        if row is not None:
            del self.fields["email"]
            self.fields["work_since"].label = "Changes of work hold from"

    def carry_out(self, verb, **more):
        if self.row is None:
            more |= {"now": timezone.now()}
        return super().carry_out(verb, **more)

    def facts(self):
        facts = super().facts()
        if self.row is None:
            facts["request_key"] = self.cleaned_data["request_key"]
        return facts


class InviteForm(RosterForm):
    submit_label = "Send the invitation"
    consequences = (
        "They get a mail with a link to choose a password.",
        "An earlier link works no more.",
    )

    email = w.EmailField(label="E-mail address", help_text="Their own address at the agency.")

    def facts(self):
        return dict(self.cleaned_data) | {"now": timezone.now()}


class LeftForm(RosterForm):
    submit_label = "Record that they left"
    submit_kind = "danger"
    consequences = (
        "They are signed out and can no longer sign in.",
        "Their roles end now, and with them what they lent to others.",
        "Kits in their hands stay theirs in the ledger until somebody takes them back.",
    )
    seen_by = ("Whoever sees people of the station", "The auditors, with your name")

    on = w.DayField(label="Last day")

    def __init__(self, data=None, *, today, **kwargs):
        super().__init__(data, initial={"on": today}, **kwargs)
        limit(self.fields["on"], last=today)


class EndAccountForm(RosterForm):
    submit_label = "End the account"
    submit_kind = "danger"
    consequences = (
        "They are signed out and can no longer sign in.",
        "Their roles and what they hold stay. You can invite them again.",
    )
    seen_by = ("The auditors, with your name and reason",)

    reason = w.TextField(label="Why", max_length=200)


# --- roles ---------------------------------------------------------------------------------------


def place_choices():
    """Every scope by name, widest first: a combo box finds one among some hundreds by typing."""
    yield NOT_CHOSEN
    yield Scope.EVERYWHERE.value, Scope.EVERYWHERE.label
    for component in Component.objects.order_by("name"):
        yield f"component-{component.pk}", f"{component}, the whole component"
    for region in Region.objects.select_related("component").order_by("name"):
        yield f"region-{region.pk}", f"{region}, a region of {region.component.code}"
    for station in Station.objects.in_use().select_related("region").by_name():
        yield f"station-{station.pk}", f"{station}, {station.region}"


class GrantForm(RosterForm):
    submit_label = "Give the role"
    seen_by = ("They themselves", "The auditors, with your name")

    role = w.ChoiceField(label="Role", tiles=False, choices=ROLES)
    place = w.ChoiceField(label="Where", choices=[], widget=w.ComboBox())
    starts_on = w.DayField(label="From")
    ends_on = w.DayField(label="Last day", required=False)
    reason = w.TextField(label="Why", max_length=200, required=False)

    def __init__(self, data=None, *, to, **kwargs):
        self.to = to
        today = to.station.today()
        super().__init__(data, initial={"starts_on": today}, **kwargs)
        self.fields["place"].choices = list(place_choices())
        self.fields["ends_on"].help_text = "Empty: until somebody ends it."
        for name in ("starts_on", "ends_on"):
            limit(self.fields[name], first=today)

    def facts(self):
        facts = self.cleaned_data
        scope, _, key = facts["place"].partition("-")
        ends_on = facts["ends_on"]
        return {
            "person": self.to, "role": facts["role"], "scope": scope, "reason": facts["reason"],
            "place": PLACES[scope].objects.filter(pk=key).first() if key else None,
            "starts_at": start_of(facts["starts_on"], self.to.zone),
            "ends_at": end_of(ends_on, self.to.zone),
        }  # fmt: skip


class EndGrantForm(RosterForm):
    submit_label = "End the role"
    submit_kind = "danger"
    consequences = (
        "It no longer holds from this moment on; what it let them do is closed to them.",
    )
    seen_by = ("They themselves", "The auditors, with your name and reason")

    reason = w.TextField(label="Why", max_length=200)

    def facts(self):
        return {"reason": self.cleaned_data["reason"], "now": timezone.now()}


class GrantChoice(w.ModelField):
    def label_from_instance(self, grant):
        return str(grant)


class LendForm(RosterForm):
    submit_label = "Lend the role"
    consequences = (
        "They may do what you may do there, until the last day is over or you end it.",
        "You keep the role as well.",
    )
    seen_by = ("They themselves", "The administrators and the auditors")

    grant = GrantChoice(label="Which role", queryset=None, tiles=True)
    to = w.LookUpField(label="To whom", url_name="people_options")
    starts_on = w.DayField(label="From")
    ends_on = w.DayField(label="Last day")
    reason = w.TextField(label="Why", max_length=200, required=False)

    def __init__(self, data=None, *, grants, person, **kwargs):
        today = person.station.today()
        super().__init__(data, person=person, initial={"starts_on": today}, **kwargs)
        self.fields["grant"].queryset = grants
        only = list(grants[:2])
        if len(only) == 1:
            self.fields["grant"].initial = only[0]
        signs_in = choosable(person).filter(account__is_active=True).exclude(pk=person.pk)
        find_people(self.fields["to"], signs_in)
        for name in ("starts_on", "ends_on"):
            limit(self.fields[name], first=today)
        self.fields["ends_on"].help_text = f"At most {LENDING_DAYS} days after the first."

    def facts(self):
        facts = self.cleaned_data
        starts_at = start_of(facts["starts_on"], self.person.zone)
        ends_at = end_of(facts["ends_on"], self.person.zone)
        # Over the night on which clocks go back, fourteen days have an hour more.
        longest = starts_at + dt.timedelta(days=LENDING_DAYS)
        if longest < ends_at <= longest + dt.timedelta(hours=1):
            ends_at = longest
        return {
            "grant": facts["grant"], "to": facts["to"], "reason": facts["reason"],
            "starts_at": starts_at, "ends_at": ends_at,
        }  # fmt: skip


# --- dogs and stations ---------------------------------------------------------------------------


class FigureField(w.TextField):
    """A figure with so many places behind its point (a comma is taken for one), between two others; None for nothing."""

    def __init__(self, *, least, most, places, wrong, **kwargs):
        super().__init__(max_length=12, **kwargs)
        self.least, self.largest, self.wrong = Decimal(least), Decimal(most), wrong
        self.step = Decimal(1).scaleb(-places)

    def to_python(self, value):
        text = super().to_python(value).replace(",", ".")
        if not text:
            return None
        try:
            found = Decimal(text)
        except InvalidOperation:
            raise ValidationError(self.wrong) from None
        if not found.is_finite() or not self.least <= found <= self.largest:
            raise ValidationError(self.wrong)
        if found != found.quantize(self.step):
            # Rounded, it would be another dose than the one that was written.
            raise ValidationError(f"Not finer than {self.step}.")
        return found

    def validate(self, value):
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value):
        return  # a figure by now, or nothing


def weight_field(**more):
    return FigureField(
        label="Weight in kilograms", least=1, most=120, places=1,
        wrong="Write kilograms between 1 and 120, for example 31.5.",
        help_text="Its dose of naloxone is worked out from this. For example 31.5", **more,
    )  # fmt: skip


class CanineForm(w.RowForm, RosterForm):
    submit_label = "Record this dog"

    name = w.TextField(label="Name", max_length=60)
    microchip = w.TextField(label="Chip number", max_length=20)
    discipline = w.ChoiceField(
        label="Finds", tiles=False, choices=[NOT_CHOSEN, *Discipline.choices]
    )
    handler = w.LookUpField(
        label="Handler", url_name="people_options", help_text="The dog stands at their station."
    )
    weight_kg = weight_field(required=False)
    weighed_on = w.DayField(label="Weighed on", required=False)
    breed = w.TextField(label="Breed", max_length=60, required=False)
    born_on = w.DayField(label="Born on", required=False)
    veterinarian = w.TextField(
        label="Veterinarian", max_length=120, required=False,
        help_text="A post or practice that the handler calls, day and night.",
    )  # fmt: skip
    veterinarian_telephone = w.TextField(
        label="The veterinarian’s telephone", max_length=30, required=False
    )
    retired_on = w.DayField(label="Retired on", required=False)

    def __init__(self, data=None, *, row=None, person, **kwargs):
        super().__init__(data, row=row, person=person, **kwargs)
        find_people(self.fields["handler"], choosable(person))
        if row is None:
            del self.fields["retired_on"]


class WeighForm(RosterForm):
    submit_label = "Record the weight"
    consequences = ("Its dose is worked out anew, and the card in its bag no longer holds.",)
    seen_by = ("Whoever sees the dogs of its station, with your name",)

    weight_kg = weight_field()
    weighed_on = w.DayField(label="Weighed on")

    def __init__(self, data=None, *, today, **kwargs):
        super().__init__(data, initial={"weighed_on": today}, **kwargs)
        limit(self.fields["weighed_on"], last=today)

    def facts(self):
        return dict(self.cleaned_data)


class RegionChoice(w.ModelField):
    def label_from_instance(self, region):
        return f"{region}, {region.component.code}"


def clock_choices():
    """The clocks of the states and territories, and those that stations have besides."""
    used = Station.objects.order_by().values_list("time_zone", flat=True).distinct()
    yield NOT_CHOSEN
    yield from clocks().items()
    yield from ((zone, in_words(zone)) for zone in sorted(set(used) - clocks().keys()))


class StationForm(w.RowForm, RosterForm):
    submit_label = "Record this station"

    name = w.TextField(label="Name", max_length=120)
    code = w.TextField(
        label="Code", max_length=20,
        help_text="As the agency writes it, such as 2304 or OS-HOU. The audit names the station by it, so it stays.",
    )  # fmt: skip
    facility_type = w.ChoiceField(
        label="Kind", tiles=False, choices=[NOT_CHOSEN, *FacilityType.choices]
    )
    region = RegionChoice(label="Region", queryset=Region.objects.none())
    state = w.ChoiceField(
        label="State or territory", widget=w.ComboBox(), choices=[NOT_CHOSEN, *STATES.items()]
    )
    time_zone = w.ChoiceField(
        label="Clock", widget=w.ComboBox(),
        help_text="Days begin and end by it, and its times are shown.",
    )  # fmt: skip

    def __init__(self, data=None, *, row=None, **kwargs):
        super().__init__(data, row=row, **kwargs)
        regions = Region.objects.select_related("component").order_by("component__code", "name")
        self.fields["time_zone"].choices = list(clock_choices())
        self.fields["region"].queryset = regions
        if row is not None:
            del self.fields["code"]
            self.fields["region"].queryset = regions.filter(component=row.region.component_id)
            self.fields["region"].help_text = (
                "In another one, those with a role for that region see the station, and those of "
                "the former no longer."
            )

    def clean_code(self):
        return self.cleaned_data["code"].upper()


class CloseStationForm(RosterForm):
    submit_label = "Close the station"
    submit_kind = "danger"
    seen_by = ("Whoever sees this station’s page", "The auditors, with your name and reason")

    reason = w.TextField(label="Why", max_length=200)

    def __init__(self, data=None, *, follows, **kwargs):
        super().__init__(data, **kwargs)
        self.consequences = (
            "Nobody and nothing can be recorded there, and no role given for it, any more.",
            *follows,
            "Its page stays, and so do the audit and the custody records that name it.",
            "It can’t be opened again; a new station gets a code of its own.",
        )

    def facts(self):
        return {"reason": self.cleaned_data["reason"], "now": timezone.now()}
