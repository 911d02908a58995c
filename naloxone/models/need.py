"""What people said of a kit, and the conditions for serviceable, usable in need and neither.

Three forms of the same: a Q for some units on one day, a Q by each station's own day, and SQL text.
"""

from django.db import models
from django.db.models import DateField, DateTimeField, F, Func, Q, Value
from django.db.models.functions import Cast, Now

from naloxone.need_rules import TRAINER
from naloxone.rules import STOCKED, State
from safety_portal.append_only import FilledMoment


def own_day(now, station="station"):
    """The local day of a row's own station at a moment (UTC), to compare dates with in a query over all stations."""
    local = Func(
        F(f"{station}__time_zone"), Value(now, DateTimeField()), function="timezone",
        output_field=DateTimeField(),
    )  # fmt: skip
    return Cast(local, DateField())


def _condition(of, **facts):
    return Q(**{f"{of}{name}": value for name, value in facts.items()})


def _stocked(of):
    """With a dose in it, somewhere in our hands, and no trainer."""
    return ~_condition(of, kind=TRAINER) & _condition(of, state__in=STOCKED, doses__gt=0)


def serviceable(on, of=""):
    """In service, in date on a day (a date, or `own_day`), and nobody said that it does not work.

    `of` is the way to the units, as in "kits__".
    """
    in_service = _condition(of, state=State.IN_SERVICE, works=True, expires_on__gte=on)
    return _stocked(of) & in_service


def in_need(on, of=""):
    """With a dose, not serviceable, and nobody said that it does not work: better than none (domain B.2)."""
    sound = _condition(of, state=State.IN_SERVICE, expires_on__gte=on)
    return _stocked(of) & _condition(of, works=True) & ~sound


def neither(of=""):
    """With a dose, and somebody said that it does not work."""
    return _stocked(of) & _condition(of, works=False)


# The same for statements over all stations, each on its own day: units are `kit`, their station is `station`,
# and the moment is the parameter `now`.
STOCKED_SQL = f"""(kit.kind <> '{TRAINER}' and kit.doses > 0
    and kit.state in ({", ".join(f"'{state}'" for state in STOCKED)}))"""
SOUND_SQL = f"""(kit.state = '{State.IN_SERVICE}'
    and kit.expires_on >= (%(now)s::timestamptz at time zone station.time_zone)::date)"""
SERVICEABLE_SQL = f"({STOCKED_SQL} and kit.works and {SOUND_SQL})"
IN_NEED_SQL = f"({STOCKED_SQL} and kit.works and not {SOUND_SQL})"
# Serviceable or usable in need: what works does so on any day.
WORKS_SQL = f"({STOCKED_SQL} and kit.works)"
NEITHER_SQL = f"({STOCKED_SQL} and not kit.works)"


class NeedWordQuerySet(models.QuerySet):
    def newest_first(self):
        return self.order_by("-pk")


class NeedWord(models.Model):
    """That a person said of a kit whether it would work in need, and why. The newest word counts; a trigger
    projects it on the kit. Only ever added to."""

    may_insert = ("kit", "works", "why", "by", "act", "request_key")

    kit = models.ForeignKey("Kit", on_delete=models.PROTECT, related_name="words")
    works = models.BooleanField()
    why = models.CharField(max_length=500)
    by = models.ForeignKey("safety_portal.Person", on_delete=models.PROTECT, related_name="+")
    # The act in which it was said: the hold, the release, what undid either. None when only the word was given.
    act = models.ForeignKey("Act", on_delete=models.PROTECT, null=True, related_name="words")
    request_key = models.UUIDField()
    recorded_at = FilledMoment(db_default=Now())

    objects = NeedWordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kit", "request_key"], name="need_word_once_a_request"),
            models.CheckConstraint(condition=~Q(why=""), name="need_word_says_why"),
        ]

    def __str__(self):
        return f"K-{self.kit_id} {'works' if self.works else 'does not work'}"
