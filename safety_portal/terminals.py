"""The counter terminal: a browser enrolled for one station, and the turns of those who stand before it.

Nobody signs in there. Who acts proves it by badge and PIN for one act; what the proof allows ends with
that act, or with sixty seconds without a key.
"""

import datetime as dt
import hashlib
import secrets
import uuid

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from safety_portal import access, audit
from safety_portal.access import Grant, Permission
from safety_portal.people import Person, Station
from safety_portal.pins import prove_pin
from safety_portal.proofs import ProofError

# WCAG 2.2.1: whoever is slow may ask for more time ten times; then it ends all the same.
MOST_RENEWALS = 10


class TerminalError(Exception):
    """Why a browser can't be enrolled so; the text is fit to show."""

    def __init__(self, message, field=None):
        super().__init__(message)
        self.field = field


def hash_of(token):
    """What is stored of a long random token: it needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


# --- the browsers ------------------------------------------------------------------------------------


class TerminalQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(revoked_at=None)

    def kept_by(self, person):
        """Terminals of stations where the person keeps them."""
        return self.filter(access.within(person, Permission.TERMINALS_KEEP))

    def with_names(self):
        return self.select_related("station__region", "enrolled_by")


class Terminal(models.Model):
    """A browser that keeps a token and so stands at one station's counter. Revoked, never removed."""

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="terminals")
    name = models.CharField(max_length=60)
    token_hash = models.CharField(max_length=64, unique=True)
    enrolled_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    enrolled_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = TerminalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "station", Lower("name"), condition=Q(revoked_at=None),
                name="terminal_name_once_a_station",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="terminal_revoked_by_somebody",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def reference(self):
        return f"T-{self.pk}"


def of_token(token):
    """The terminal in use whose browser keeps this token, or None."""
    if not token:
        return None
    return Terminal.objects.in_use().with_names().filter(token_hash=hash_of(token)).first()


@transaction.atomic
def enrol_terminal(*, station, name, replaces=None, now, by):
    """Make a browser a terminal of a station. Returns (Terminal, token); the token is known only now.

    `replaces`: what this browser was before; it ends. Raises TerminalError.
    """
    access.check(by, Permission.TERMINALS_KEEP, at=station)
    if replaces is not None:
        end_terminal(replaces, now=now, by=by)
    # Two of one name at once, or a closing: the second waits for what the first has written.
    station = Station.objects.select_for_update(no_key=True).get(pk=station.pk)
    if station.closed_on is not None:
        raise TerminalError(station.closed_words, "station")
    if Terminal.objects.in_use().filter(station=station, name__iexact=name).exists():
        raise TerminalError(f"{station} already has a terminal of this name.", "name")
    token = secrets.token_urlsafe(32)
    terminal = Terminal.objects.create(
        station=station, name=name, token_hash=hash_of(token), enrolled_by=by, enrolled_at=now
    )
    audit.record("terminal.enrolled", by=by, target=terminal, station=station, name=name)
    return terminal, token


@transaction.atomic
def revoke_terminal(*, terminal, now, by):
    """End a terminal: its browser is a stranger from now on. Raises TerminalError when it has ended."""
    access.check(by, Permission.TERMINALS_KEEP, at=terminal.station)
    if not end_terminal(terminal, now=now, by=by):
        raise TerminalError(f"{terminal} is a terminal no more.")


def end_terminal(terminal, *, now, by):
    """Whether this call ended it; a turn that is under way there ends too."""
    ended = Terminal.objects.in_use().filter(pk=terminal.pk).update(revoked_at=now, revoked_by=by)
    if ended:
        end_turn(terminal)
        facts = {"station": terminal.station, "name": terminal.name}
        audit.record("terminal.revoked", by=by, target=terminal, **facts)
    return bool(ended)


def end_terminals(station, *, now, by):
    """End all of a station that is being closed."""
    for terminal in Terminal.objects.in_use().filter(station=station).with_names().order_by("pk"):
        end_terminal(terminal, now=now, by=by)


# --- a turn ------------------------------------------------------------------------------------------


class TurnQuerySet(models.QuerySet):
    def live(self, now):
        """Not run out, at a terminal in use, of somebody whose account is."""
        return self.filter(
            ends_at__gt=now,
            terminal__revoked_at=None,
            person__left_on=None,
            person__account__is_active=True,
        )


class Turn(models.Model):
    """Who stands before a terminal, proved a moment ago, for one act. The next person's takes its place.

    `told` is what they scanned before they proved who they are; it goes with the turn.
    """

    terminal = models.OneToOneField(Terminal, on_delete=models.CASCADE, related_name="turn")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20)  # the one act that it is for
    told = models.JSONField(default=dict)
    token_hash = models.CharField(max_length=64)
    # The act's own key: a second click, and a second act, find the first one's answer.
    request_key = models.UUIDField(default=uuid.uuid4)
    said = models.TextField(blank=True)  # what was done, once it is
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = TurnQuerySet.as_manager()

    def __str__(self):
        return f"turn at {self.terminal_id}"


def moment_after(now):
    return now + dt.timedelta(seconds=settings.TERMINAL_SECONDS)


def begin_turn(*, terminal, badge, pin, purpose, told=None, now):
    """Prove who stands there, for one purpose. Returns the turn's token. Raises ProofError."""
    person = prove_here(badge=badge, pin=pin, terminal=terminal, now=now)
    token = secrets.token_urlsafe(32)
    facts = {
        "person": person, "purpose": purpose, "told": told or {}, "token_hash": hash_of(token),
        "request_key": uuid.uuid4(), "said": "", "began_at": now, "ends_at": moment_after(now),
    }  # fmt: skip
    with transaction.atomic():
        Turn.objects.update_or_create(terminal=terminal, defaults=facts)
        Terminal.objects.filter(pk=terminal.pk).update(last_used_at=now)
        facts = {"station": terminal.station, "purpose": purpose}
        audit.record("terminal.proved", by=person, target=terminal, **facts)
    return token


def prove_here(*, terminal, badge, pin, now, by=None):
    """Whose badge and PIN these are, if their station or a role of theirs reaches the terminal. Raises ProofError.

    `by`: whose turn it is, when this is the second person of their act.
    """
    person = prove_pin(badge=badge, pin=pin, terminal=terminal, now=now, by=by)
    reaching = Grant.objects.in_force(now).reaching(terminal.station).filter(person=person)
    if person.station_id == terminal.station_id or reaching.exists():
        return person
    audit.record("pin.refused", by=person, target=person, why="another station’s terminal")
    raise ProofError(
        f"This terminal is for {terminal.station}; your station is {person.station}. "
        "Sign in on your own device.",
        "badge",
    )


def turn_of(terminal, token, now):
    """The turn that is under way, if the token is its; else None."""
    live = Turn.objects.live(now).filter(terminal=terminal, token_hash=hash_of(token or ""))
    return live.select_related("person__station", "terminal__station__region").first()


def lock_turn(turn, now):
    """The turn as it stands now, this caller alone at it; None when it has ended meanwhile."""
    found = Turn.objects.live(now).filter(pk=turn.pk, request_key=turn.request_key)
    return found.select_for_update(of=("self",)).select_related(
        "person__station", "terminal__station__region"
    ).first()  # fmt: skip


def finish_turn(turn, said, now):
    """The act is done: what was done may be read for another sixty seconds, and nothing else."""
    Turn.objects.filter(pk=turn.pk).update(said=said, told={}, ends_at=moment_after(now))


def go_on(turn, told, now):
    """A step of the act is done and another follows: what was told so far stays with the turn, for another sixty seconds."""
    Turn.objects.filter(pk=turn.pk).update(told=told)
    keep_turn(turn, now)


def keep_turn(turn, now):
    """A key was pressed: sixty seconds from now, ten times at most. Returns the seconds left."""
    last = turn.began_at + dt.timedelta(seconds=settings.TERMINAL_SECONDS * (MOST_RENEWALS + 1))
    ends_at = min(moment_after(now), last)
    Turn.objects.live(now).filter(pk=turn.pk).update(ends_at=ends_at)
    return int((ends_at - now).total_seconds())


def end_turn(terminal):
    """Done, or the next person: nothing is left, not even of a turn that has run out."""
    Turn.objects.filter(terminal=terminal).delete()


def clear_turns(now):
    """Remove what nobody ended by hand; it could not be read any more. Returns how many."""
    return Turn.objects.filter(ends_at__lte=now).delete()[0]
