"""A person's PIN for the counter terminal: chosen by themselves, good beside their badge, no sign-in anywhere else."""

import hashlib
import uuid
from itertools import pairwise

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import models, transaction
from django.db.models import F

from safety_portal import audit, encryption, outbox, proofs
from safety_portal.people import Account, Person
from safety_portal.proofs import ProofError

SHORTEST, LONGEST = 6, 12
# NIST 800-63B 5.2.2 allows 100 wrong tries in a row; at one counter half of that is plenty.
MOST_WRONG = 50
TERMINAL_TRIES = 20  # wrong ones at one terminal within five minutes, whoever's badge it was
EASY = "This is one of the first that anybody would try. Choose digits that follow no pattern."
WRONG = (
    "Badge and PIN do not go together. No PIN yet? Sign in on your own device and choose "
    "“Counter PIN” under your name."
)


class PinError(Exception):
    """Why a PIN can't be chosen so; the text is fit to show."""

    def __init__(self, message, field="pin"):
        super().__init__(message)
        self.field = field


class Pin(models.Model):
    """The PIN of an account, hashed, and the hash sealed: six digits under a hash alone are soon found."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="pin")
    sealed_hash = models.TextField()
    set_at = models.DateTimeField()
    wrong_in_a_row = models.PositiveSmallIntegerField(default=0)

    def __str__(self):
        return f"PIN of {self.account_id}"

    def opens_with(self, pin):
        """Whether this is the PIN; takes as long either way. Raises EncryptionError."""
        return check_password(
            pin, encryption.decrypt(self.sealed_hash, bound_to=f"pin.{self.account_id}")
        )


# --- what may be a PIN -----------------------------------------------------------------------------


def is_pattern(pin):
    """Whether digits climb, fall or repeat: 123456, 654321, 112233, 111111, 121212, 123123."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    runs = len(steps) == 1 or steps <= {0, 1} or steps <= {0, 9}
    blocks = (n for n in range(1, len(pin) // 2 + 1) if len(pin) % n == 0)
    return runs or len(set(pin)) < 3 or any(pin == pin[:n] * (len(pin) // n) for n in blocks)


def check_pin(pin, *, known=()):
    """Raise PinError unless a PIN has 6 to 12 digits without a pattern.

    `known`: texts that others read too, such as the badge's number; their digits are no secret.
    """
    if not (pin.isascii() and pin.isdecimal()):
        raise PinError("Digits only, as on a telephone.")
    if not SHORTEST <= len(pin) <= LONGEST:
        raise PinError(f"{SHORTEST} to {LONGEST} digits; this has {len(pin)}.")
    if is_pattern(pin):
        raise PinError(EASY)
    for text in known:
        digits = "".join(filter(str.isdecimal, text))
        if len(digits) > 3 and (digits in pin or pin in digits):
            raise PinError("Your badge’s or telephone’s number is no secret. Choose other digits.")


# --- verbs -----------------------------------------------------------------------------------------


@transaction.atomic
def set_pin(*, pin, now, by):
    """Choose or change one's own PIN; the owner is told by mail. Raises PinError."""
    check_pin(pin, known=filter(None, [by.badge, by.telephone]))
    if not by.badge:
        raise PinError("A PIN is good beside a badge, and no badge of yours is recorded.")
    _, is_new = Pin.objects.update_or_create(
        account=by.account,
        defaults={
            "sealed_hash": encryption.encrypt(make_password(pin), bound_to=f"pin.{by.account.pk}"),
            "set_at": now,
            "wrong_in_a_row": 0,
        },
    )
    done = "set" if is_new else "changed"
    audit.record(f"pin.{done}", by=by, target=by, station=by.station)
    tell_owner(by.account, f"Your counter PIN was {done}", "Was it you? Then there is nothing to do. "
               "If not, tell your administrator now.", now)  # fmt: skip


@transaction.atomic
def remove_pin(*, by):
    """Give up one's own PIN. Raises PinError when there is none."""
    if not Pin.objects.filter(account__person=by).delete()[0]:
        raise PinError("You have no PIN.")
    audit.record("pin.removed", by=by, target=by, station=by.station)


def end_pin(person):
    """With the account its PIN ends; the act that ended the account is in the audit."""
    Pin.objects.filter(account__person=person).delete()


def tell_owner(account, subject, what_to_do, now):
    """One mail to whom the PIN belongs; no name in it."""
    origin = audit.request_origin.get()
    outbox.queue_mail(
        key=f"pin:{account.pk}:{uuid.uuid4().hex}",
        kind="pin",
        to=account.email,
        recipient=account.person,
        subject=subject,
        body=f"{subject}. {what_to_do}\n\nWhen: {now:%d %b %Y, %H:%M} UTC\n"
        + (f"From: {origin}\n" if origin else "")
        + f"\n{settings.PUBLIC_URL}/\n",
        now=now,
    )


# --- the proof ---------------------------------------------------------------------------------------


def prove_pin(*, badge, pin, terminal, now, by=None):
    """The person whose badge and PIN these are, for one act at a terminal. Raises ProofError.

    One sentence for an unknown badge, for nobody's PIN and for a wrong one: which it was is not for
    whoever stands there. `by`: who has proved already, when this is the second person. Ask before the
    act's transaction begins: the audit row of a wrong try would go with it.
    """
    by = by or Person.objects.portal()
    person = Person.objects.filter(badge__iexact=badge).select_related("station").first()
    # Hashed, because the words that a scanner sends are no key for a cache.
    mine = f"pin:{hashlib.sha256(badge.upper().encode()).hexdigest()}"
    here = f"pin:{terminal.reference}"
    check_count(mine, proofs.TRIES, "Too many wrong tries", person or terminal, by)
    check_count(here, TERMINAL_TRIES, "Too many wrong tries at this terminal", terminal, by)
    if not is_right(person, pin):
        if person is not None:
            audit.record("pin.refused", by=by, target=person, why="wrong")
            count_wrong(person, now)
        raise ProofError(WRONG, "pin")
    proofs.forget_tries(mine)
    proofs.take_back_try(here)
    Pin.objects.filter(account__person=person).exclude(wrong_in_a_row=0).update(wrong_in_a_row=0)
    return person


def check_count(key, most, words, target, by):
    """Count this try; the one after the last allowed is noted and, like all after it, refused."""
    count = proofs.count_try(key)
    if count == most + 1:
        audit.record("pin.locked", by=by, target=target, why=words.lower())
    if count > most:
        raise ProofError(f"{words}. Wait five minutes, then try again.", "pin")


def is_right(person, pin):
    """Whether it is this person's PIN, of an account in use; who has none takes as long to refuse."""
    found = (
        person
        and Pin.objects.filter(
            account__person=person, account__is_active=True, account__person__left_on=None
        ).first()
    )
    fits = pin.isascii() and pin.isdecimal() and len(pin) <= LONGEST
    if not found or not fits:
        make_password(pin[:LONGEST])
        return False
    return found.opens_with(pin)


@transaction.atomic
def count_wrong(person, now):
    """Past the most wrong tries in a row the PIN ends, however slowly they came."""
    mine = Pin.objects.filter(account__person=person)
    mine.update(wrong_in_a_row=F("wrong_in_a_row") + 1)
    if mine.filter(wrong_in_a_row__gte=MOST_WRONG).delete()[0]:
        why = f"{MOST_WRONG} wrong tries"
        audit.record("pin.ended", by=Person.objects.portal(), target=person, why=why)
        account = Account.objects.get(person=person)
        tell_owner(account, f"Your counter PIN was ended after {why}",
                   "Tell your supervisor that somebody tried, and set a new PIN.", now)  # fmt: skip
