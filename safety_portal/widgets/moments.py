"""A day and a time on a station's clock, turned into a UTC moment; hours that are missing or double are refused."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from safety_portal.widgets import inputs, words

_TIME = re.compile(
    r"^(?P<hour>\d{1,2})[:.h]?(?P<minute>\d{2})(?::\d{2})?\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>[a-z]{3,5}|[+-]\d{2})?$",
    re.IGNORECASE,
)


def read_time(text):
    """(time, name of the zone or "") from 03:12, 0312, 3:12 am or 01:30 CST. Raises ValidationError."""
    found = _TIME.match(text)
    wrong = ValidationError(
        f"“{text}” is not a time. Write hours and minutes, like 14:05.", code="not_a_time"
    )
    if not found:
        raise wrong
    hour, minute = int(found["hour"]), int(found["minute"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise wrong
        hour = hour % 12 + (12 if found["half"][0].lower() == "p" else 0)
    try:
        return dt.time(hour, minute), (found["zone"] or "").upper()
    except ValueError:
        raise wrong from None


def moment_at(day, time, zone, name=""):
    """The UTC moment when the zone's clock showed this; `name` (CST) picks one of a double hour.

    Raises ValidationError when the clock never showed it, or showed it twice and no name says which.
    """
    shown = dt.datetime.combine(day, time)
    first, second = (shown.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    told = f"{time:%H:%M} on {words.show_day(day)}"
    back = first.astimezone(dt.UTC).astimezone(zone)
    if back.replace(tzinfo=None) != shown:
        raise ValidationError(
            f"{told} did not exist: the clocks went forward ({zone.key}). "
            f"If it was {back:%H:%M %Z}, write {back:%H:%M}.",
            code="missing_hour",
        )
    if name:
        for each in (first, second):
            if each.tzname() == name:
                return each.astimezone(dt.UTC)
        raise ValidationError(
            f"The clock there showed {first.tzname()} then, not {name}. Give the time of that clock.",
            code="other_zone",
        )
    if first.utcoffset() != second.utcoffset():
        raise ValidationError(
            f"{told} came twice: the clocks went back ({zone.key}). Write {time:%H:%M} {first.tzname()} "
            f"for the first, {time:%H:%M} {second.tzname()} for the second.",
            code="double_hour",
        )
    return first.astimezone(dt.UTC)


class MomentInput(forms.MultiWidget):
    """A day and a time side by side, with a button for now."""

    template_name = "uswds/widgets/moment.html"
    use_fieldset = True

    def __init__(self, attrs=None, *, zone=None):
        self.zone = zone
        time = inputs.TextInput({"autocomplete": "off", "class": "portal-time"})
        super().__init__([inputs.DatePicker(), time], attrs)

    def decompress(self, value):
        if value is None:
            return [None, None]
        local = value.astimezone(self.zone or dt.UTC)
        return [local.date(), f"{local:%H:%M}"]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["zone"] = self.zone
        return context


class MomentField(forms.Field):
    """A moment in UTC, typed as the clock of a station showed it. `zone` may be set later (a ZoneInfo or a name)."""

    def __init__(self, *, zone=None, **kwargs):
        super().__init__(**{"widget": MomentInput(), **kwargs})
        self.zone = zone

    @property
    def zone(self):
        return self.widget.zone

    @zone.setter
    def zone(self, zone):
        self.widget.zone = ZoneInfo(zone) if isinstance(zone, str) else zone

    def to_python(self, value):
        day, time = (words.tidy(part or "") for part in value or ("", ""))
        if not day and not time:
            return None
        if not time:
            raise ValidationError("Add the time, like 14:05.", code="no_time")
        if not day:
            raise ValidationError("Add the day, like 11/24/2026.", code="no_day")
        date = words.read_day(day)
        if not words.FIRST_DAY <= date <= words.LAST_DAY:
            raise ValidationError(f"Look at the year: {date.year}.", code="odd_year")
        clock, name = read_time(time)
        return moment_at(date, clock, self.zone, name)

    def has_changed(self, initial, data):
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True
