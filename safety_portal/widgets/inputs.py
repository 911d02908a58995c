"""Django's widgets in USWDS classes."""

import datetime as dt

from django import forms
from django.core.exceptions import ValidationError

from safety_portal import scanner_rules
from safety_portal.widgets import words


class Look:
    """Gives a widget its USWDS class, and the error class when the field has an error."""

    look = "usa-input"
    error_look = "usa-input--error"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        found = context["widget"]["attrs"]
        classes = [self.look, found.get("class", "")]
        if found.get("aria-invalid"):
            classes.append(self.error_look)
        found["class"] = " ".join(filter(None, classes))
        return context


class TextInput(Look, forms.TextInput):
    pass


class EmailInput(Look, forms.EmailInput):
    pass


class NumberInput(Look, forms.NumberInput):
    """A text field with a number keyboard: type=number changes under a scrolling wheel."""

    input_type = "text"

    def __init__(self, attrs=None):
        super().__init__({"inputmode": "numeric", "autocomplete": "off", **(attrs or {})})


class Stepper(NumberInput):
    """A count with large − and + beside it, for thumbs in gloves; typed without JavaScript."""

    template_name = "uswds/widgets/stepper.html"


class Textarea(Look, forms.Textarea):
    """Several lines; with `most` it counts the characters that are left."""

    look, error_look = "usa-textarea", "usa-input--error"
    template_name = "uswds/widgets/textarea.html"

    def __init__(self, attrs=None, *, most=None, rows=4):
        super().__init__({"rows": rows, "cols": None, **(attrs or {})})
        self.most = most

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["most"] = self.most
        if self.most:
            context["widget"]["attrs"]["class"] += " usa-character-count__field"
        context["widget"]["attrs"].pop("cols", None)
        return context


class Select(Look, forms.Select):
    look, error_look = "usa-select", "usa-input--error"


class ComboBox(Look, forms.Select):
    """Some hundreds of choices, found by typing; a plain list without JavaScript."""

    look, error_look = "usa-select", "usa-input--error"
    template_name = "uswds/widgets/combo_box.html"


class Checkbox(Look, forms.CheckboxInput):
    look, error_look = "usa-checkbox__input", ""


class FileInput(Look, forms.FileInput):
    look, error_look = "usa-file-input", ""


class PasswordInput(Look, forms.PasswordInput):
    template_name = "uswds/widgets/password.html"


class CodeInput(Look, forms.Textarea):
    """Codes from a scanner or a keyboard, one a line. Enter makes a line; Ctrl and Enter send."""

    look, error_look = "usa-textarea portal-codes", "usa-input--error"
    template_name = "uswds/widgets/codes.html"

    def __init__(self, attrs=None, *, rows=5):
        plain = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__({**plain, "rows": rows, "data-codes": "", **(attrs or {})})
        del self.attrs["cols"]

    def format_value(self, value):
        text = "\n".join(value) if isinstance(value, list | tuple) else value
        return scanner_rules.shown(text) if text else text


class CodeLine(TextInput):
    """One code from a scanner, the camera or a keyboard."""

    template_name = "uswds/widgets/code.html"

    def __init__(self, attrs=None):
        plain = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__({**plain, "data-code": "", **(attrs or {})})

    def format_value(self, value):
        # A separator of GS1 is to be seen, and some browsers drop what is invisible.
        return scanner_rules.shown(value) if isinstance(value, str) else value


class ScanInput(CodeLine):
    """A code that fills in other fields: with a button that reads it, without JavaScript too. `said` is what was read."""

    template_name = "uswds/widgets/scan.html"
    said = ""

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["said"] = self.said
        return context


class Tile(str):
    """A choice's label with a line that says what it means."""

    hint = ""

    def __new__(cls, label, hint=""):
        tile = super().__new__(cls, label)
        tile.hint = hint
        return tile


class Tiles:
    template_name = "uswds/widgets/tiles.html"
    kind = "radio"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["kind"] = self.kind
        return context

    def create_option(self, *args, **kwargs):
        option = super().create_option(*args, **kwargs)
        # The error belongs to the group: its fieldset is described by it.
        option["attrs"].pop("aria-invalid", None)
        return option


class RadioTiles(Tiles, forms.RadioSelect):
    pass


class Readings(RadioTiles):
    """The readings of a code that has several, to choose from, with a button that takes the chosen one."""

    template_name = "uswds/widgets/readings.html"


class CheckboxTiles(Tiles, forms.CheckboxSelectMultiple):
    kind = "checkbox"


class DatePicker(Look, forms.TextInput):
    """A day typed or chosen; the calendar comes with JavaScript."""

    template_name = "uswds/widgets/date_picker.html"

    def __init__(self, attrs=None, *, min_day=None, max_day=None):
        super().__init__({"autocomplete": "off", **(attrs or {})})
        self.min_day, self.max_day = min_day, max_day

    def format_value(self, value):
        return f"{value:%m/%d/%Y}" if isinstance(value, dt.date) else value

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["default"] = self._day(value)
        context["widget"]["min_day"], context["widget"]["max_day"] = self.min_day, self.max_day
        return context

    def _day(self, value):
        """The day for the calendar; a text that is no day stays text."""
        if isinstance(value, dt.date) or not value:
            return value or None
        try:
            return words.read_day(words.tidy(value))
        except ValidationError:
            return None


def first_control(bound):
    """The id that a link in the error summary goes to."""
    own = getattr(bound.field.widget, "first_control", None)
    if own:
        return own(bound.auto_id)
    return f"{bound.auto_id}_0" if bound.use_fieldset else bound.auto_id
