"""The verbs of people and accounts: recorded, changed, invited, left. All by the administrator."""

import datetime as dt
import uuid

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from safety_portal import access, audit, outbox, pins
from safety_portal.access import EVERYWHERE, Grant, Permission
from safety_portal.people import (
    Account,
    Kind,
    Person,
    PersonError,
    Station,
    WorkAssignment,
    WorkRole,
)
from safety_portal.versions import change_row, one_at_a_time

INVITATION = "account.invitation"


# --- who sees whom -------------------------------------------------------------------------------


def people_seen(person):
    """People of the stations where the person may see people; everybody in the agency for the administrator."""
    return Person.objects.filter(access.within(person, Permission.PEOPLE_SEE)).exclude(
        kind=Kind.PORTAL
    )


# --- checks --------------------------------------------------------------------------------------


def begin(by):
    """The right, and then the only one at it: badge, chip and address are looked up before they are written."""
    access.check(by, Permission.PEOPLE_KEEP, at=EVERYWHERE)
    one_at_a_time("roster")


def check_day(day, station, field):
    """Raise PersonError when a day has not come yet at a station."""
    if day is not None and station is not None and day > station.today():
        raise PersonError("This day is in the future.", field)


def check_in_use(station, field):
    """Raise PersonError when a station has been closed, read anew: the form may have waited for that."""
    station = Station.objects.get(pk=station.pk)
    if station.closed_on is not None:
        raise PersonError(station.closed_words, field)


def check_person(*, kind, badge, station, but=None):
    """Raise PersonError unless a person may stand so: kind, badge nobody else has, known station."""
    if kind not in (Kind.EMPLOYEE, Kind.CONTRACTOR):
        raise PersonError("Choose employee or contractor.", "kind")
    if station is None:
        raise PersonError("Choose the home station from the list.", "station")
    check_in_use(station, "station")
    if not badge:
        raise PersonError("Write the badge’s number; it tells namesakes apart.", "badge")
    other = Person.objects.filter(badge__iexact=badge).exclude(pk=but and but.pk).first()
    if other:
        raise PersonError(f"Badge {badge} is that of {other}, {other.reference}.", "badge")


# --- people --------------------------------------------------------------------------------------

PERSON_WORDS = {
    "given_name": "given name", "family_name": "family name", "station": "home station",
}  # fmt: skip


@transaction.atomic
def record_person(
    *, kind, given_name, family_name, badge, station, telephone="", work=(), work_since=None, by
):  # fmt: skip
    """Record an employee or contractor, with their work from a day on. Returns the Person. Raises PersonError.

    The same facts again give the same person: the badge tells that it is one form sent twice.
    """
    begin(by)
    facts = {
        "kind": kind, "given_name": given_name, "family_name": family_name,
        "station": station, "telephone": telephone,
    }  # fmt: skip
    if badge and (known := Person.objects.filter(badge=badge, left_on=None, **facts).first()):
        return known
    check_person(kind=kind, badge=badge, station=station)
    since = work_since or station.today()
    check_day(since, station, "work_since")
    person = Person.objects.create(badge=badge, **facts)
    WorkAssignment.objects.bulk_create(
        WorkAssignment(person=person, role=WorkRole(role), started_on=since) for role in work
    )
    audit.record("person.recorded", by=by, target=person, station=station, work=", ".join(work))
    return person


@transaction.atomic
def change_person(*, person, version, work=None, work_since=None, by, **facts):
    """Change what is known of a person (kind, names, badge, telephone, station) and what work they do.

    `work` is everything they do from `work_since` on; None leaves it. Raises PersonError, StaleError.
    """
    begin(by)
    check_serving(person)
    wanted = {name: getattr(person, name) for name in ("kind", "badge", "station")} | facts
    check_person(**{n: wanted[n] for n in ("kind", "badge", "station")}, but=person)
    since = work_since or wanted["station"].today()
    check_day(since, wanted["station"], "work_since")
    told = change_row(person, version, facts, PERSON_WORDS)
    if work is not None:
        told |= change_work(person, set(work), since)
    if told:
        audit.record("person.changed", by=by, target=person, station=person.station, **told)
    return person


def change_work(person, wanted, since):
    """Begin and end work so that `wanted` is what they do; returns what changed, in words."""
    running = {one.role: one for one in person.work.filter(ended_on=None)}
    gone, new = sorted(running.keys() - wanted), sorted(wanted - running.keys())
    for role in gone:
        if running[role].started_on > since:
            raise PersonError(
                f"{WorkRole(role).label} began on {running[role].started_on:%d %b %Y}; "
                "it can’t end before.",
                "work_since",
            )
    person.work.filter(role__in=gone, ended_on=None).update(ended_on=since)
    WorkAssignment.objects.bulk_create(
        WorkAssignment(person=person, role=WorkRole(role), started_on=since) for role in new
    )
    words = {"work begun": new, "work ended": gone}
    return {
        name: f"{', '.join(roles)} on {since:%d %b %Y}" for name, roles in words.items() if roles
    }


def check_serving(person):
    if person.left_on is not None:
        raise PersonError(f"{person} left on {person.left_on:%d %b %Y}.")
    if person.kind == Kind.PORTAL:
        raise PersonError("The portal itself is no person to change.")


@transaction.atomic
def record_left(*, person, on, by):
    """Record that a person left on a day: their account, PIN, roles (lent ones too) and work end.

    Kits in their hands stay there until they are given back. Raises PersonError.
    """
    begin(by)
    if person.kind == Kind.PORTAL:
        raise PersonError("The portal itself does not leave.")
    if person == by:
        raise PersonError("Another administrator records that you have left.")
    check_day(on, person.station, "on")
    if not Person.objects.filter(pk=person.pk, left_on=None).update(
        left_on=on, version=F("version") + 1
    ):
        raise PersonError(f"That {person} left is already recorded.")
    now = timezone.now()
    mine = Q(person=person) | Q(lent_from__person=person)
    running = Grant.objects.filter(mine).filter(Q(ends_at=None) | Q(ends_at__gt=now))
    ended = running.update(ends_at=Greatest(F("starts_at"), now), ended_by=by)
    person.work.filter(ended_on=None).update(ended_on=Greatest(F("started_on"), on))
    Account.objects.filter(person=person).update(is_active=False)
    pins.end_pin(person)
    person.refresh_from_db()
    access.forget(person)
    audit.record(
        "person.left", by=by, target=person, station=person.station, on=on, roles_ended=ended
    )
    return person


# --- accounts ------------------------------------------------------------------------------------


@transaction.atomic
def invite_person(*, person, email, now, request_key=None, by):
    """Give a person an account without a password and mail them the link to choose one. Returns the Account.

    Again sends a new link, and the older one works no more. Raises PersonError: address of another, has
    a password already.
    """
    begin(by)
    key = f"invitation:{request_key or uuid.uuid4()}"
    account = Account.objects.filter(person=person).first()
    if account and outbox.Message.objects.filter(key=key).exists():
        return account
    check_invitable(person, account, email)
    account = account or Account(person=person)
    account.email, account.is_active, account.invited_at = email, True, now
    account.set_unusable_password()  # also what makes an earlier link fail
    account.save()
    # allauth would go on taking the former address.
    EmailAddress.objects.filter(user=account).exclude(email__iexact=email).delete()
    outbox.queue_mail(
        key=key,
        kind=INVITATION,
        to=email,
        recipient=person,
        subject="Your account for the safety portal",
        body=invitation_text(person, account),
        now=now,
    )
    audit.record("account.invited", by=by, target=person, station=person.station)
    return account


def check_invitable(person, account, email):
    check_serving(person)
    if not email:
        raise PersonError("Write the address the link goes to.", "email")
    other = Account.objects.filter(email__iexact=email).exclude(person=person).first()
    if other:
        raise PersonError(
            f"{other.person}, {other.person.reference}, signs in with this address already.",
            "email",
        )
    if account and account.is_active and account.has_usable_password():
        raise PersonError(
            f"{person} has chosen a password already. Lost it? The sign-in page sends a new link."
        )


def invitation_text(person, account):
    key = {
        "uidb36": user_pk_to_url_str(account),
        "key": default_token_generator.make_token(account),
    }
    path = reverse("account_reset_password_from_key", kwargs=key)
    days = dt.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT).days
    facts = {"person": person, "url": f"{settings.PUBLIC_URL}{path}", "days": days,
             "site": settings.PUBLIC_URL}  # fmt: skip
    return render_to_string("emails/invitation.txt", facts)


@transaction.atomic
def record_and_invite(*, email="", now, request_key, by, **facts):
    """Record a person and, with an address, invite them: both or neither. Returns the Person. Raises PersonError."""
    person = record_person(**facts, by=by)
    if email:
        invite_person(person=person, email=email, now=now, request_key=request_key, by=by)
    return person


@transaction.atomic
def end_account(*, person, reason, by):
    """End a person's sign-in and their PIN; who they are, their roles and what they hold stay. Raises PersonError."""
    begin(by)
    if person == by:
        raise PersonError("Another administrator ends your account.")
    if not Account.objects.filter(person=person, is_active=True).update(is_active=False):
        raise PersonError(f"{person} has no account in use.")
    pins.end_pin(person)
    audit.record("account.ended", by=by, target=person, station=person.station, reason=reason)
