"""The form that every page writes through: it knows its request, its owner and its button."""

import uuid

from crispy_forms.helper import FormHelper
from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from safety_portal.versions import StaleError
from safety_portal.widgets import fields, inputs, words
from safety_portal.widgets.look_up import LookUpField
from safety_portal.widgets.moments import MomentField
from safety_portal.widgets.photos import PhotosField

LOOKING = "_look_up"  # the Find button of a look-up, pressed without JavaScript
_signer = signing.Signer(salt="form_owner")


def form_owner(person):
    """The signed key of the person a form was made for: another's form is not taken after a new sign-in."""
    return _signer.sign(str(person.pk)) if person else ""


def owner_of(text):
    """The person's key in form_owner's text, or None."""
    try:
        return int(_signer.unsign(text or ""))
    except (signing.BadSignature, ValueError):
        return None


class _RequestKey(forms.UUIDField):
    default_error_messages = {
        "invalid": "This form was changed on its way. Load the page again and send it once more."
    }

    def clean(self, value):
        # Without one the act can't be recognised when sent twice, but it is an act all the same.
        return super().clean(value) or uuid.uuid4()


def _hidden():
    # No id: two forms on a page would have the same one.
    return forms.HiddenInput(attrs={"id": False})


class PortalForm(forms.Form):
    """A plain form with our look, tidy text, and the request's key (the same act sent twice is done once)."""

    submit_label = "Save"
    submit_kind = ""  # "danger" for what can't be undone; "outline" beside the page's own act
    cancel_label = "Cancel"
    consequences = ()  # sentences: what will be so when this is sent
    seen_by = ()  # who will see it

    request_key = _RequestKey(required=False, widget=_hidden())
    form_owner = forms.CharField(required=False, widget=_hidden())

    def __init__(
        self, data=None, files=None, *, person=None, submit_label=None, cancel_url="", cancel_label=None, **kwargs
    ):  # fmt: skip
        super().__init__(data, files, **kwargs)
        self.person = person
        self.submit_label = submit_label or self.submit_label
        self.cancel_url, self.cancel_label = cancel_url, cancel_label or self.cancel_label
        self.looking_up = bool(self.is_bound and self.data.get(LOOKING))
        self.fields["request_key"].initial = uuid.uuid4
        self.fields["form_owner"].initial = form_owner(person)
        self.helper = FormHelper()
        self.helper.render_hidden_fields = True
        self.helper.attrs = {"novalidate": ""}  # our sentences, not the browser's
        for field in self.fields.values():
            self._prepare(field)

    def _prepare(self, field):
        chosen = isinstance(field, forms.ChoiceField | LookUpField)
        if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
            field.error_messages["required"] = fields.CHOOSE if chosen else fields.FILL_IN
        if isinstance(field, MomentField) and field.zone is None and self.person:
            field.zone = self.person.zone
        if isinstance(field, PhotosField):
            field.person = self.person
        if field.widget.needs_multipart_form:
            self.helper.attrs["enctype"] = "multipart/form-data"
        # Our text checks itself, a secret is taken as it is, and a UUID is no text.
        checked = fields.TextField | fields.PasswordField | forms.UUIDField
        if isinstance(field, forms.CharField) and not isinstance(field, checked):
            field.validators.append(words.check_characters)

    @property
    def has_look_up(self):
        """Whether a button stands among the fields that only asks something."""
        return any(
            isinstance(field, LookUpField) or isinstance(field.widget, inputs.ScanInput)
            for field in self.fields.values()
        )

    @property
    def has_both(self):
        """Whether some fields must be filled in and others need not: then the mark is explained."""
        return len({f.required for f in self.fields.values() if not f.widget.is_hidden}) == 2

    def is_valid(self):
        return super().is_valid() and not self.looking_up

    def full_clean(self):
        if self.looking_up:
            # Half filled in, and only asking: nothing is wrong yet. But a photo must not get lost.
            self._errors, self.cleaned_data = ErrorDict(renderer=self.renderer), {}
            self._hold_photos()
            return
        super().full_clean()
        if self.is_bound:
            self.cleaned_data.pop("form_owner", None)

    def _hold_photos(self):
        for name, field in self.fields.items():
            if isinstance(field, PhotosField):
                _, faults = field.hold(self[name].data)
                if faults:
                    self.add_error(name, ValidationError(faults))

    def add_error(self, field, error):
        # A rule's error may name a field that this form doesn't show.
        if field is not None and field not in self.fields and isinstance(error, str):
            field = None
        super().add_error(field, error)

    def add_rule_error(self, error):
        """Show a rule's error at the field it names (error.field), else on top."""
        field = getattr(error, "field", None)
        self.add_error(field if field in self.fields else None, ValidationError(str(error)))


class RowForm(PortalForm):
    """A form about a row that two may change: it knows which version of it was shown. No row: it makes one."""

    version = forms.IntegerField(required=False, widget=_hidden())

    def __init__(self, data=None, *, row=None, initial=None, **kwargs):
        known = {name: getattr(row, name) for name in self.base_fields if hasattr(row, name)}
        super().__init__(data, initial={**known, **(initial or {})}, **kwargs)
        self.row = row
        if row is None:
            del self.fields["version"]

    def clean_version(self):
        # Lost on its way: no version fits, and the change is looked at once more.
        return self.cleaned_data["version"] or 0

    def add_rule_error(self, error):
        super().add_rule_error(error)
        if isinstance(error, StaleError):
            # The row was read again: sent once more, the form is about what it showed.
            self.data = self.data.copy()
            self.data[self.add_prefix("version")] = self.row.version


_OURS = {
    forms.TextInput: inputs.TextInput,
    forms.EmailInput: inputs.EmailInput,
    forms.PasswordInput: inputs.PasswordInput,
    forms.CheckboxInput: inputs.Checkbox,
    forms.Select: inputs.Select,
    forms.RadioSelect: inputs.RadioTiles,
}


def dress(form):
    """A library's form with our widgets; its attributes (autocomplete, autofocus) are kept, placeholders are not."""
    for field in form.fields.values():
        ours = _OURS.get(type(field.widget))
        if ours is None:
            continue
        old = field.widget
        attrs = {k: v for k, v in old.attrs.items() if k not in ("placeholder", "class")}
        field.widget = ours(attrs)
        field.widget.is_required = old.is_required
        if hasattr(old, "choices"):
            field.widget.choices = old.choices
    return form
