"""Fields that say in a sentence what is wrong and how to put it right."""

import re

from django import forms
from django.core.exceptions import ValidationError

from safety_portal import scanner_rules
from safety_portal.widgets import inputs, words

FILL_IN = "Fill this in."
CHOOSE = "Choose one."
_BETWEEN_CODES = re.compile(r"[\n,;\t]+")


class TextField(forms.CharField):
    """Text of at most `max_length` characters; `lines` makes it several lines with a count."""

    def __init__(self, *, max_length, lines=0, **kwargs):
        self.most, self.lines = max_length, lines
        look = inputs.Textarea(most=max_length, rows=lines) if lines else inputs.TextInput()
        super().__init__(**{"widget": look, **kwargs})

    def to_python(self, value):
        return words.tidy(super().to_python(value), lines=bool(self.lines))

    def validate(self, value):
        super().validate(value)
        words.check_characters(value)
        words.check_length(value, self.most)


class NumberField(forms.IntegerField):
    """A whole number; “1,000” is one."""

    widget = inputs.NumberInput

    def to_python(self, value):
        text = str(value).replace(",", "").strip() if value is not None else value
        try:
            return super().to_python(text)
        except ValidationError:
            raise ValidationError(
                f"“{value}” is not a whole number. Write digits, like 12.", code="invalid"
            ) from None

    def run_validators(self, value):
        for limit, wrong, sentence in (
            (self.min_value, lambda a, b: a < b, "At least {:,}; this is {:,}."),
            (self.max_value, lambda a, b: a > b, "At most {:,}; this is {:,}."),
        ):
            if value is not None and limit is not None and wrong(value, limit):
                raise ValidationError(sentence.format(limit, value), code="out_of_range")

    def widget_attrs(self, widget):
        return {}


class EmailField(forms.EmailField):
    widget = inputs.EmailInput
    default_error_messages = {"invalid": "Write an e-mail address, like name@agency.example."}


class PasswordField(forms.CharField):
    """A secret: never changed, stripped or shown again."""

    def __init__(self, *, autocomplete="current-password", **kwargs):
        look = inputs.PasswordInput({"autocomplete": autocomplete})
        super().__init__(**{"widget": look, "strip": False, "max_length": 500, **kwargs})

    def widget_attrs(self, widget):
        return {}


class ChoiceField(forms.ChoiceField):
    """One of a few: tiles, or a list with tiles=False."""

    default_error_messages = {"invalid_choice": "“%(value)s” is not among the choices. Choose one."}

    def __init__(self, *, tiles=True, **kwargs):
        look = inputs.RadioTiles() if tiles else inputs.Select()
        super().__init__(**{"widget": look, **kwargs})


class ChoicesField(forms.MultipleChoiceField):
    """Any of a few, as tiles."""

    widget = inputs.CheckboxTiles


class ModelField(forms.ModelChoiceField):
    """One object of a queryset: a combo box, a list with combo=False, or tiles."""

    default_error_messages = {"invalid_choice": "This is not among the choices. Choose one."}

    def __init__(self, *, combo=True, tiles=False, **kwargs):
        look = inputs.ComboBox if combo else inputs.Select
        look = inputs.RadioTiles if tiles else look
        plain = {"widget": look(), "empty_label": None if tiles else "- Choose -"}
        super().__init__(**{**plain, **kwargs})


class ModelsField(forms.ModelMultipleChoiceField):
    """Any objects of a short queryset, as tiles."""

    widget = inputs.CheckboxTiles


class YesField(forms.BooleanField):
    """One box to tick."""

    widget = inputs.Checkbox
    default_error_messages = {"required": "Tick this to go on."}


class DayField(forms.Field):
    """A day. Accepts 2026-11-24, 11/24/2026 and 24 Nov 2026."""

    def __init__(self, *, min_day=None, max_day=None, **kwargs):
        self.min_day, self.max_day = min_day, max_day
        look = inputs.DatePicker(min_day=min_day, max_day=max_day)
        hint = "Month/day/year, for example 11/24/2026"
        super().__init__(**{"widget": look, "help_text": hint, **kwargs})

    def to_python(self, value):
        text = words.tidy(value or "")
        return words.read_day(text) if text else None

    def validate(self, value):
        super().validate(value)
        if value is None:
            return
        first, last = self.min_day or words.FIRST_DAY, self.max_day or words.LAST_DAY
        if value < first:
            raise ValidationError(
                f"{words.show_day(value)} is too early: {words.show_day(first)} or later.",
                code="too_early",
            )
        if value > last:
            raise ValidationError(
                f"{words.show_day(value)} is too late: {words.show_day(last)} or earlier.",
                code="too_late",
            )

    def has_changed(self, initial, data):
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True


class CodesField(forms.Field):
    """Codes from a scanner or typed, one a line: a list in capitals. one=True: a single code, not a list."""

    def __init__(self, *, max_codes=500, one=False, gs1=False, **kwargs):
        self.max_codes, self.one = max_codes, one
        self.allowed = scanner_rules.SEPARATOR if gs1 else ""
        look = inputs.CodeLine() if one else inputs.CodeInput()
        hint = "Scan or type a code." if one else "Scan or type, one code a line."
        super().__init__(**{"widget": look, "help_text": hint, **kwargs})

    def to_python(self, value):
        if isinstance(value, list | tuple):
            value = "\n".join(value)
        text = words.tidy((value or "").replace("\t", "\n"), lines=True)
        codes = [scanner_rules.plain(code).upper() for code in _BETWEEN_CODES.split(text)]
        return [code for code in codes if code]

    def validate(self, value):
        super().validate(value)
        for code in value:
            words.check_characters(code, allowed=self.allowed)
            words.check_length(code, 200)
        if self.one and len(value) > 1:
            raise ValidationError(f"One code only; these are {len(value)}.", code="too_many")
        if len(value) > self.max_codes:
            raise ValidationError(
                f"At most {self.max_codes:,} codes at once; these are {len(value):,}.",
                code="too_many",
            )
        twice = sorted({code for code in value if value.count(code) > 1})
        if twice:
            raise ValidationError(
                f"Listed more than once: {', '.join(twice[:10])}. Keep each one only once.",
                code="twice",
            )

    def clean(self, value):
        codes = super().clean(value)
        if self.one:
            return codes[0] if codes else ""
        return codes


class ScanField(forms.Field):
    """The code of a maker's pack, as it was scanned or typed; the form reads it. Letters stay as they are."""

    widget = inputs.ScanInput
    longest = 200

    def to_python(self, value):
        return scanner_rules.plain(words.tidy(value or ""))

    def validate(self, value):
        super().validate(value)
        words.check_characters(value, allowed=scanner_rules.SEPARATOR)
        words.check_length(value, self.longest)


class FileField(forms.FileField):
    """A file of a kind (`accept`, as in HTML) and of at most `max_size` bytes."""

    def __init__(self, *, accept="", max_size=10_000_000, **kwargs):
        self.accept, self.max_size = accept, max_size
        look = inputs.FileInput({"accept": accept} if accept else {})
        super().__init__(**{"widget": look, **kwargs})
        self.error_messages["empty"] = "The file is empty. Choose it again, or another."

    def to_python(self, data):
        found = super().to_python(data)
        if found is not None and found.size > self.max_size:
            most, size = self.max_size / 1e6, found.size / 1e6
            raise ValidationError(
                f"At most {most:.0f} MB; “{found.name}” has {size:.1f} MB.", code="too_large"
            )
        return found
