"""What people type when an old kit is exchanged for a new one, alone or at a muster."""

import datetime as dt

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.forms import CharField, HiddenInput

from naloxone import actions, codes, swaps
from naloxone.actions import exchanges
from naloxone.forms.base import CustodyForm, note_field, place_field, places_where
from naloxone.forms.rounds import SecondHere
from naloxone.models import Kit, UnitKind, need
from naloxone.models.exchanges import lots_carried
from naloxone.rules import HolderKind
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.templatetags.portal import day

HERE, OFFER = "here", "offer"
LOT, BY_DAY = "lot:", "day"  # which old kits: of a lot, or by their day
MOST_LOTS = 12  # offered; of more a day says which


def sure_field():
    return w.YesField(label="Yes: it is meant, though it does not expire later", required=False)


class TakesSurely:
    """A form that asks once more where the new unit does not expire later than the old one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.data.get("sure"):
            self.add_field("sure", sure_field())

    def add_rule_error(self, error):
        if getattr(error, "field", None) == "sure" and "sure" not in self.fields:
            self.add_field("sure", sure_field())
        super().add_rule_error(error)


def unit_of(code, person):
    """The one unit behind a code. Raises ValidationError when none is known, or it is at no station of one's own."""
    found, _ = codes.units_of([code], Kit.objects.visible_to(person))
    if code not in found:
        raise ValidationError(f"Unknown, or not at your stations: {codes.told_as(code)}.")
    return found[code]


class ExchangeForm(TakesSurely, SecondHere, CustodyForm):
    """The unit that somebody carries for a new one: they prove it here, or accept it as an offer."""

    submit_label = "Exchange"
    new = w.CodesField(
        label="The new kit", one=True, gs1=True, help_text="Scan or type K-214, a seal or a serial."
    )
    note = note_field()

    field_order = ("new", "sure", "to", "how", "second", "secret", "note")

    def __init__(self, *args, person, kit, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        self.kit = kit
        stores = places_where(person, Permission.CUSTODY_TAKE, [HolderKind.STORAGE])
        self.add_field("to", place_field(stores.filter(station=kit.station), "The old one goes to"))
        self.known = codes.answers_for(kit.holder.person or kit.holder.canine)
        self.consequences = (
            f"{kit.holder} gets the new one first and gives {kit.reference} back in the same act: at no moment nothing.",
        )
        self.ask_second()
        if self.known:
            self.ask_how()
        else:
            self.fields["second"].label = "Witness"
            self.fields[
                "second"
            ].help_text = (
                f"{kit.holder} has no account: somebody else sees it. It is never called accepted."
            )

    def ask_how(self):
        del self.fields["second"]
        secret = self.fields["secret"]
        secret.label, secret.required = f"{self.known}: password or one-time code", False
        how = w.ChoiceField(
            label="How",
            choices=[
                (HERE, w.Tile("Both here", f"{self.known} proves it on this screen.")),
                (OFFER, w.Tile("As an offer", "They accept on their own screen or at the counter; both happen then.")),
            ],
            initial=HERE,
        )  # fmt: skip
        self.add_field("how", how)

    def clean_new(self):
        return unit_of(self.cleaned_data["new"], self.person)

    def facts(self):
        told = self.cleaned_data
        return {
            "new": told["new"], "old": self.kit, "to": told["to"], "note": told["note"],
            "sure": told.get("sure", False),
        }  # fmt: skip

    def exchange(self, request, now):
        """Prove and exchange, or offer; False with the reason at its field."""
        if not self.is_valid():
            return False
        if self.cleaned_data.get("how") == OFFER:
            return self.carry_out(actions.offer_exchange, now=now)
        return self.go_round(actions.exchange_here, request, second=self.known, occurred_at=now)


def first_spare(kit, now):
    """The unit to begin with: spare at the station, of the same kind, first expired first."""
    wanted = kit.kind == UnitKind.CANINE_KIT
    found = swaps.spares([kit.station_id], now)
    return next((spare for spare in found if spare.is_canine == wanted), None)


class MusterForm(SecondHere, CustodyForm):
    """What is exchanged, from where to where, and before whom."""

    submit_label = "Begin"
    until = w.DayField(label="The day", required=False)

    field_order = ("which", "until", "source", "back_to", "second", "secret")
    consequences = (
        "The witness proves once, now, and stays until the end: each exchange is recorded as seen by them.",
        "It is never called accepted. Each receiver finds in My kits what was put in their hands, and can say that it is not right.",
    )

    def __init__(self, *args, person, station, now, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        self.station, self.today = station, station.today(now)
        self.ask_which()
        self.ask_places()
        self.ask_second()
        self.fields["second"].label = "Witness"
        self.fields["second"].help_text = "Somebody with an account who sees every exchange."

    def ask_which(self):
        """The lots that people carry, the nearest expiry first and chosen; or a day."""
        lots = [
            (f"{LOT}{number}", lot_tile(number, first, count, self.today))
            for number, first, count in lots_carried(self.station)[:MOST_LOTS]
        ]
        by_day = w.Tile("All that expire by a day", "Of whatever lot. You choose the day.")
        choices = [*lots, (BY_DAY, by_day)]
        which = w.ChoiceField(label="What is exchanged", choices=choices, initial=choices[0][0])
        self.add_field("which", which)
        self.fields["until"].initial = self.today + dt.timedelta(
            days=max(settings.EXPIRY_SWAP_DAYS)
        )

    def ask_places(self):
        """From where most can be given, and back to its storeroom, unless one says otherwise."""
        gives, takes = (
            places_where(self.person, permission, [HolderKind.STORAGE]).filter(station=self.station)
            for permission in (Permission.CUSTODY_GIVE, Permission.CUSTODY_TAKE)
        )
        ready = Count("kits", filter=need.serviceable(self.today, "kits__"))
        fullest = gives.annotate(ready=ready).order_by("-ready", "name").first()
        near = swaps.stores_of(self.station, source=fullest.pk if fullest else 0)
        for name, places, label, first in (
            ("source", gives, "New kits are in", fullest),
            ("back_to", takes, "Old kits go to", near.first()),
        ):
            field = place_field(places, label)
            field.initial = first
            self.add_field(name, field)

    def clean(self):
        told = super().clean()
        if told.get("which") == BY_DAY and "until" not in self.errors and not told.get("until"):
            self.add_error("until", ValidationError("Give the day.", code="required"))
        return told

    def facts(self):
        told = self.cleaned_data
        by_day = told["which"] == BY_DAY
        return {
            "lot": "" if by_day else told["which"].removeprefix(LOT),
            "until": told["until"] if by_day else None,
            "source": told["source"], "back_to": told["back_to"],
        }  # fmt: skip


def lot_tile(number, first, count, today):
    """A lot as people know it: its number, its expiry and how many carry it."""
    verb = "expired" if first < today else "expires"
    return w.Tile(f"Lot {number}", f"{verb} {day(first)} · {count} carried")


class PairForm(TakesSurely, CustodyForm):
    """One field, scanned twice: the old unit, then the new one. What was scanned first goes along unseen."""

    code = w.CodesField(label="Scan the old kit", one=True, gs1=True, required=False)
    old = CharField(widget=HiddenInput({"id": False}), required=False)
    new = CharField(widget=HiddenInput({"id": False}), required=False)

    def __init__(self, *args, muster, **kwargs):
        super().__init__(*args, **kwargs)
        self.muster = muster
        self.first = self.known("old")
        field = self.fields["code"]
        field.widget.attrs["autofocus"] = True
        if self.first:
            field.label = f"Now the new kit for {self.first.holder}"

    def known(self, name):
        """The unit that was scanned before, if any."""
        number = Kit.number(self.data.get(name) or self.initial.get(name) or "")
        seen = Kit.objects.visible_to(self.person).with_names()
        return seen.filter(pk=number).first() if number else None

    def clean(self):
        told = super().clean()
        code = told.get("code")
        if code:
            try:
                unit = unit_of(code, self.person)
            except ValidationError as error:
                self.add_error("code", error)
                return told
            told["new" if self.first else "old"] = unit
        if self.first:
            told["old"] = self.first
            told["new"] = told.get("new") if code else self.known("new")
        if not code and not told.get("new"):
            self.add_error("code", "Scan a kit.")
        return told

    @property
    def is_pair(self):
        return bool(self.first)

    def looks_right(self, now):
        """Whether the old unit may be exchanged here at all, asked before the new one is scanned."""
        try:
            exchanges.check_at_muster(
                self.muster, self.cleaned_data["old"], now=now, by=self.person
            )
        except actions.CustodyError as error:
            self.add_rule_error(error)
            return False
        return True

    def add_rule_error(self, error):
        if error.field in ("old", "new"):
            error = actions.CustodyError(str(error), "code")
        if error.field == "sure":
            # The pair is known; only whether it is meant is open.
            self.data = self.data.copy()
            self.data["new"], self.data["code"] = self.cleaned_data["new"].reference, ""
        super().add_rule_error(error)

    def facts(self):
        told = self.cleaned_data
        return {
            "muster": self.muster, "old": told["old"], "new": told["new"],
            "sure": told.get("sure", False),
        }  # fmt: skip


class NotRightForm(CustodyForm):
    """What was put in one's hands by the record, and is not there."""

    submit_label = "Say so"
    keyed = False  # one discrepancy of a kit is open at a time
    note = w.TextField(
        label="What is not right?", max_length=500, lines=2,
        help_text="For example: I was not there; I have another kit, K-7.",
    )  # fmt: skip
    consequences = (
        "A discrepancy opens with 24 hours: who answers for the station’s stock sees to it.",
        "The kit stays with you by the record until that is done.",
    )

    def __init__(self, *args, kit, **kwargs):
        super().__init__(*args, **kwargs)
        self.kit = kit

    def facts(self):
        return {"kit": self.kit, "note": self.cleaned_data["note"]}
