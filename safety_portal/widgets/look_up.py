"""A choice among thousands: type, see what is found, choose. Without JavaScript the form comes back with the options."""

from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse

from safety_portal.widgets import words

MOST_OPTIONS = 20
SHORTEST = 2  # letters before a search begins


@dataclass(frozen=True)
class Option:
    """What is shown of one thing found: its value (an id or reference), its name, where it belongs."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Typed:
    """What came back: the option chosen, and the words typed."""

    value: str = ""
    text: str = ""


def _nothing(_text):
    return []


def _plain(thing):
    return Option(str(thing.pk), str(thing))


def _found(find, describe, text):
    """Options for the words, and whether there were more than fit."""
    if len(text) < SHORTEST:
        return [], False
    things = list(find(text)[: MOST_OPTIONS + 1])
    return [describe(thing) for thing in things[:MOST_OPTIONS]], len(things) > MOST_OPTIONS


class LookUp(forms.Widget):
    """A search field; what it finds appears below as tiles."""

    template_name = "uswds/widgets/look_up.html"

    def __init__(self, attrs=None, *, url_name=""):
        super().__init__(attrs)
        self.url_name = url_name
        self.find, self.get, self.describe = _nothing, lambda value: None, _plain

    def use_required_attribute(self, initial):
        return False

    def value_from_datadict(self, data, files, name):
        return Typed((data.get(name) or "").strip(), words.tidy(data.get(f"{name}_text") or ""))

    def value_omitted_from_data(self, data, files, name):
        return name not in data and f"{name}_text" not in data

    def get_context(self, name, value, attrs):
        typed = self._typed(value)
        chosen = self.get(typed.value) if typed.value else None
        options, more = _found(self.find, self.describe, typed.text)
        if chosen is not None:
            one = self.describe(chosen)
            options = [one, *(option for option in options if option.value != one.value)]
        context = super().get_context(name, typed.text, attrs)
        look = [
            "usa-input",
            "usa-input--error" if context["widget"]["attrs"].get("aria-invalid") else "",
        ]
        context["widget"]["attrs"]["class"] = " ".join(filter(None, look))
        context["widget"] |= {
            "url": reverse(self.url_name) if self.url_name else "",
            "options": options,
            "more": more,
            "chosen": typed.value if chosen is not None else "",
            "text": typed.text,
        }
        return context

    def format_value(self, value):
        return value

    def _typed(self, value):
        if isinstance(value, Typed):
            return value
        if value is None:
            return Typed()
        return Typed(value) if isinstance(value, str) else Typed(self.describe(value).value)


class LookUpField(forms.Field):
    """An object found by words. Set in the form's __init__:

    find(text) → objects, get(value) → object or None, describe(object) → Option.
    """

    def __init__(self, *, url_name="", find=None, get=None, describe=None, **kwargs):
        super().__init__(**{"widget": LookUp(url_name=url_name), **kwargs})
        for name, given in (("find", find), ("get", get), ("describe", describe)):
            if given:
                setattr(self, name, given)

    def to_python(self, value):
        if not value.value and not value.text:
            return None
        # Words that are exactly a reference (scanned, say) need no choosing.
        thing = self.widget.get(value.value or value.text)
        if thing is None and value.value:
            raise ValidationError("This can no longer be chosen. Look again.", code="gone")
        if thing is None:
            raise ValidationError(
                f"Nothing is chosen yet for “{value.text}”. Press Find, then choose one.",
                code="not_chosen",
            )
        return thing

    def has_changed(self, initial, data):
        return bool(data.value or data.text)


def _through_widget(name):
    # The widget is what Django copies with the form, so it keeps them.
    return property(
        lambda field: getattr(field.widget, name),
        lambda field, value: setattr(field.widget, name, value),
    )


for _name in ("find", "get", "describe"):
    setattr(LookUpField, _name, _through_widget(_name))


def look_up_answer(request, find, describe=_plain):
    """The answer of a look-up's endpoint: options for the words typed, as tiles."""
    name = request.GET.get("field", "")
    text = words.tidy(request.GET.get(f"{name}_text", ""))
    options, more = _found(find, describe, text)
    context = {"name": name, "options": options, "more": more, "text": text, "id": f"id_{name}"}
    return render(request, "components/_lookup_options.html", context)
