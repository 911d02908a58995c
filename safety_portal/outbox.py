"""Mail as rows: queued in the transaction of its cause, sent by the worker, never marked sent before the server's 250."""

import datetime as dt
import logging
import smtplib
import time
import uuid
from email.parser import BytesHeaderParser
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from safety_portal import encryption
from safety_portal.append_only import FilledMoment
from safety_portal.celery import app
from safety_portal.people import Person

logger = logging.getLogger(__name__)

# Longer than one mail can take over SMTP when every answer comes just before EMAIL_TIMEOUT.
LEASE = dt.timedelta(minutes=2)
WAITS = [dt.timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30)]  # then hourly
HOURLY = dt.timedelta(hours=1)
GIVE_UP_AFTER = dt.timedelta(hours=48)
# A run ends well inside the task's time limit; what is left waits for the next one.
RUN_SECONDS = 25
CLOCK_SLACK = dt.timedelta(minutes=5)  # the journal's machine may have another clock
HEADER_BYTES = 64 * 1024


class MessageState(models.TextChoices):
    """Where a message stands on its way."""

    QUEUED = "queued", "Queued"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Refused by the mail server"
    GIVEN_UP = "given_up", "Given up"


class MessageQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(state__in=[MessageState.QUEUED, MessageState.SENDING])

    def due(self, now):
        """To be sent now: queued and its time has come, or left in the middle by a sender that ended."""
        lapsed = Q(state=MessageState.SENDING, lease_until__lte=now)
        return self.filter(Q(state=MessageState.QUEUED, next_attempt_at__lte=now) | lapsed)

    def undeliverable(self):
        return self.filter(state__in=[MessageState.FAILED, MessageState.GIVEN_UP])

    def oldest_first(self):
        return self.order_by("next_attempt_at", "pk")

    def newest_first(self):
        return self.order_by("-pk")


class Message(models.Model):
    """One e-mail, from its making to the mail server's answer.

    `key` makes it exist once (digest:2026-11-24:P-7). Its Message-ID is fixed when it is made, so that
    a sender in doubt can ask the last hop's journal before it repeats.
    """

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    address = models.EmailField()
    subject = models.CharField(max_length=200)
    # Encrypted: an invitation's link signs somebody in. Emptied once such a mail is sent.
    sealed_body = models.TextField(blank=True)
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(
        max_length=10, choices=MessageState.choices, default=MessageState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    repeats = models.PositiveSmallIntegerField(default=0)  # sent again in doubt
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_answer = models.CharField(max_length=300, blank=True)
    recorded_at = FilledMoment(db_default=Now())

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=["queued", "sending"]),
                name="message_waiting",
            )
        ]

    def __str__(self):
        return self.key

    @property
    def reference(self):
        return f"M-{self.pk}"

    @property
    def tone(self):
        """How the state is shown in a badge."""
        tones = {MessageState.SENT: "good", MessageState.QUEUED: "quiet"}
        return tones.get(self.state, "watch" if self.state == MessageState.SENDING else "bad")

    @property
    def body(self):
        """The text; raises EncryptionError when its key has left the ring."""
        return encryption.decrypt(self.sealed_body, bound_to=f"message.{self.message_id}")


# --- putting in ----------------------------------------------------------------------------------


@transaction.atomic
def queue_mail(*, key, **facts):
    """Put one mail into the outbox; the same key again gives the first one back, unchanged.

    `facts` as for message_facts.
    """
    message, made = Message.objects.get_or_create(key=key, defaults=message_facts(**facts))
    if made:
        ring_after_commit()
    return message


def queue_mails(mails):
    """Put many mails into the outbox by one statement: each a dict as for queue_mail. Known keys are left alone."""
    rows = []
    for mail in mails:
        facts = dict(mail)
        rows.append(Message(key=facts.pop("key"), **message_facts(**facts)))
    if rows:
        Message.objects.bulk_create(rows, ignore_conflicts=True)
        ring_after_commit()


def message_facts(*, kind, to, subject, body, now, recipient=None):
    """The columns of a mail.

    `kind` begins with “account” for mails whose link signs somebody in: their body goes once they are sent.
    """
    message_id = f"<{uuid.uuid4().hex}@{urlsplit(settings.PUBLIC_URL).hostname}>"
    return {
        "kind": kind,
        "recipient": recipient,
        "address": to,
        "subject": " ".join(subject.split())[:200],
        "sealed_body": encryption.encrypt(body, bound_to=f"message.{message_id}"),
        "message_id": message_id,
        "next_attempt_at": now,
    }


def ring_after_commit():
    """Wake the worker once the rows are there; one ring a transaction is enough."""
    rung = {entry[1] for entry in transaction.get_connection().run_on_commit}
    if ring not in rung:
        # robust: a broker that is down must not make an error of a saved fact.
        transaction.on_commit(ring, robust=True)


def ring():
    """The doorbell. Nobody hears it? The schedule looks every minute."""
    app.send_task("alerts.deliver_mail", expires=60)


# --- sending -------------------------------------------------------------------------------------


class NoConnection(Exception):
    """The mail server can't be reached or does not let us in; no fault of the mail."""


def deliver_mail(*, now):
    """Send what is due, over one connection. Returns how many were handed over (or found to have been)."""
    begun = time.monotonic()

    def clock():
        return now + dt.timedelta(seconds=time.monotonic() - begun)

    sent, connection = 0, get_connection()
    try:
        while time.monotonic() - begun < RUN_SECONDS:
            leased = lease_one(now=clock())
            if leased is None:
                return sent
            sent += _deliver(*leased, connection, clock)
    except NoConnection as error:
        logger.warning("The mail server can't be used: %s", error)
        return sent
    finally:
        connection.close()
    ring_after_commit()
    return sent


@transaction.atomic
def lease_one(*, now):
    """Take one due message for two minutes: (message, whether it may have gone out before); None when there is none.

    One at a time: a sender that is killed leaves one mail in doubt, not a batch.
    """
    message = (
        Message.objects.due(now).oldest_first().select_for_update(skip_locked=True, of=("self",))
    ).first()
    if message is None:
        return None
    in_doubt = message.state == MessageState.SENDING
    message.state, message.lease_until = MessageState.SENDING, now + LEASE
    message.save(update_fields=["state", "lease_until"])
    return message, in_doubt


def _deliver(message, in_doubt, connection, clock):
    """Send one leased message and note the answer. 1 when it is with the server, else 0."""
    if in_doubt and is_in_journal(message):
        _mark_sent(message, "found in the journal", clock())
        return 1
    try:
        mail = EmailMessage(
            message.subject,
            message.body,
            to=[message.address],
            headers={"Message-ID": message.message_id},
            connection=connection,
        )
        mail.message()  # a header that can't be written is a fault of the mail, not of the server
    except (encryption.EncryptionError, ValueError) as error:
        _end(message, MessageState.FAILED, f"It could not be written: {error}")
        return 0
    message.attempts += 1
    Message.objects.filter(pk=message.pk).update(attempts=message.attempts)
    try:
        _open(connection)
    except NoConnection as error:
        _put_off(message, str(error), clock(), in_doubt=in_doubt)
        raise
    if in_doubt:
        Message.objects.filter(pk=message.pk).update(repeats=F("repeats") + 1)
    return _hand_over(mail, message, connection, clock)


def _open(connection):
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise NoConnection(f"No connection: {_words(error)}") from error


def _hand_over(mail, message, connection, clock):
    """The SMTP talk itself: 250 → sent, 5xx → failed, 4xx → later, silence → in doubt."""
    try:
        connection.send_messages([mail])
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        code = _code(error)
        if code is None:
            # It may have been accepted: it stays “sending”, and whoever takes it next looks it up.
            _put_off(message, f"Cut off: {_words(error)}", clock(), in_doubt=True)
            raise NoConnection(_words(error)) from error
        if 500 <= code < 600:
            _end(message, MessageState.FAILED, _words(error))
        else:
            _put_off(message, _words(error), clock(), in_doubt=False)
            if code == 421:  # the server has hung up
                raise NoConnection(_words(error)) from error
        return 0
    _mark_sent(message, "250", clock())
    return 1


def _code(error):
    """The server's answer in figures, or None when it gave none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))[0]
    return getattr(error, "smtp_code", None)


def _words(error):
    """The server's answer as text, without the address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, words = error.smtp_code, error.smtp_error
    else:
        return f"{type(error).__name__}: {error}"[:300]
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    return f"{code} {text}"[:300]


def _mark_sent(message, answer, now):
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.SENT,
        sent_at=now,
        lease_until=None,
        last_answer=answer,
        **_spent(message),
    )


def _end(message, state, answer):
    Message.objects.filter(pk=message.pk).update(
        state=state, lease_until=None, last_answer=answer[:300], **_spent(message)
    )


def _spent(message):
    """A mail whose link signs somebody in keeps no body once nobody will send it any more."""
    return {"sealed_body": ""} if message.kind.startswith("account") else {}


def wait_after(attempts):
    """How long to wait after so many attempts: 1, 2, 5, 10, 30 minutes, then hourly."""
    return WAITS[attempts - 1] if 1 <= attempts <= len(WAITS) else HOURLY


def _put_off(message, answer, now, *, in_doubt):
    """Try again later; two days after it was made, give up where all can see it."""
    if now - message.recorded_at >= GIVE_UP_AFTER:
        _end(message, MessageState.GIVEN_UP, answer)
        return
    later = now + wait_after(max(message.attempts, 1))
    state = MessageState.SENDING if in_doubt else MessageState.QUEUED
    Message.objects.filter(pk=message.pk).update(
        state=state,
        lease_until=later if in_doubt else None,
        next_attempt_at=later,
        last_answer=answer[:300],
    )


def is_in_journal(message):
    """Whether the last hop kept a mail with this Message-ID. Without a journal: no, and we repeat."""
    if not settings.MAIL_JOURNAL:
        return False
    since = (message.recorded_at - CLOCK_SLACK).timestamp()
    for path in Path(settings.MAIL_JOURNAL).rglob("*.eml"):
        if path.stat().st_mtime < since:
            continue
        with path.open("rb") as kept:
            headers = BytesHeaderParser().parsebytes(kept.read(HEADER_BYTES))
        if str(headers.get("Message-ID", "")).strip() == message.message_id:
            return True
    return False
