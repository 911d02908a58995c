"""What people type at a counter terminal, to make one, and to choose their PIN."""

from django.core.exceptions import ValidationError
from django.forms import ChoiceField
from django.utils import timezone

from safety_portal import pins, terminals
from safety_portal import widgets as w
from safety_portal.access import Permission, stations_where
from safety_portal.forms import RosterForm


class PinInput(w.PasswordInput):
    """Digits that are not shown; at a counter there is always somebody behind one."""

    template_name = "django/forms/widgets/password.html"


class PinField(w.PasswordField):
    """A PIN. “one-time-code” keeps the browser from offering to remember it for the next person."""

    def __init__(self, **kwargs):
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": pins.LONGEST}
        super().__init__(widget=PinInput(attrs), **kwargs)


class ScannerForm(w.PortalForm):
    """A form of a counter terminal: for a scanner, belonging to nobody's session, remembered by no browser."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Without an owner it is never held for anybody (ADR 6).
        del self.fields["form_owner"]
        self.helper.attrs |= {"autocomplete": "off", "data-scanner": ""}
        self.helper.form_error_title = "Not done yet. Please look at this first:"
        for field in self.fields.values():
            if not field.widget.is_hidden and not isinstance(field, ChoiceField):
                field.widget.attrs["autofocus"] = True
                break


class TurnForm(ScannerForm):
    """Who stands there: badge and PIN, for one act."""

    submit_label = "Go on"

    badge = w.CodesField(label="Your badge", one=True, help_text="Scan it, or type its number.")
    pin = PinField(label="Your PIN")

    def told(self):
        """What was scanned besides, kept with the turn."""
        return {}

    def proof(self):
        return {name: self.cleaned_data[name] for name in ("badge", "pin")}


class StationTerminalForm(RosterForm):
    """Enrol this browser."""

    refusals = (terminals.TerminalError,)
    submit_label = "Make this browser a terminal"
    consequences = (
        "You are signed out of this browser now.",
        "Whoever stands before it may act with badge and PIN, one act at a time.",
        "It stays so until you or another who keeps terminals of the station revokes it.",
    )
    seen_by = ("Who keeps terminals of the station", "The auditors, with your name")

    station = w.ModelField(label="Station", queryset=None)
    name = w.TextField(
        label="Name", max_length=60, help_text="Where it stands, for example: Muster room counter"
    )

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        mine = stations_where(person, Permission.TERMINALS_KEEP).in_use().by_name()
        self.fields["station"].queryset = mine
        self.fields["station"].initial = mine.filter(pk=person.station_id).first() or mine.first()

    def facts(self):
        return super().facts() | {"now": timezone.now()}


class RevokeForm(RosterForm):
    refusals = (terminals.TerminalError,)
    submit_label = "Revoke this terminal"
    submit_kind = "danger"
    consequences = (
        "Its browser asks for sign-in like any other from now on; a turn that is under way there ends.",
        "To use it again somebody enrols it again.",
    )
    seen_by = ("Who keeps terminals of the station", "The auditors, with your name")

    def facts(self):
        return {"now": timezone.now()}


class ChoosePinForm(RosterForm):
    refusals = (pins.PinError,)
    submit_label = "Save my PIN"

    pin = PinField(label="PIN", help_text="6 to 12 digits without a pattern.")
    pin_again = PinField(label="The same PIN again")

    def clean(self):
        told = super().clean()
        if told.get("pin") and told.get("pin_again") and told["pin"] != told["pin_again"]:
            raise ValidationError({"pin_again": "This is not the same as above. Type both anew."})
        return told

    def facts(self):
        return {"pin": self.cleaned_data["pin"], "now": timezone.now()}
