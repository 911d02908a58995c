"""One mail a person a day about what is new: references, counts and links; no name of a person."""

import datetime as dt
from collections import defaultdict

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from safety_portal import access, alerts
from safety_portal.alerts import Alert, AlertStep, MessageLine
from safety_portal.outbox import Message, queue_mail
from safety_portal.people import Person

FROM_HOUR = 7  # of the recipient's home station


def send_digests(*, now):
    """Queue the digests that are due, one process at a time; the run leaves a row like a sweep's."""
    return alerts.run_sweep("digests", lambda at: _make(at), now=now, counts=("looked_at", "sent"))


def make_digests(*, now):
    """Queue the digests that are due; returns how many."""
    run = send_digests(now=now)
    return run.sent if run else 0


def _make(now):
    found = list(
        Alert.objects.open().filter(kind__in=alerts.kinds).select_related("station__region")
    )
    told = set(
        MessageLine.objects.filter(step__alert__resolved_at=None).values_list(
            "step__alert_id", "step__threshold", "recipient_id"
        )
    )
    people, news = {}, defaultdict(list)
    reached = {}
    for alert in found:
        combination = (alert.kind, alert.station_id, alert.threshold)
        if combination not in reached:
            reached[combination] = who_hears(
                alerts.kinds[alert.kind], alert.station, alert.threshold, now
            )
        for person in reached[combination]:
            if (alert.pk, alert.threshold, person.pk) not in told:
                people[person.pk] = person
                news[person.pk].append(alert)
    made = [_tell(people[key], news[key], now) for key in sorted(news)]
    return len(found), sum(made)


def who_hears(kind, station, threshold, now):
    """The kind's own recipients; nobody there: the health office, then the administrators."""
    return (
        [p for p in kind.recipients(station, threshold, now) if p.has_account and not p.left_on]
        or list(holders(access.Role.HEALTH_OFFICE, station, now))
        or list(holders(access.Role.ADMINISTRATOR, station, now))
    )


def holders(role, station, now):
    """Who holds a role at the station; for what has no station, in the whole agency."""
    if station:
        return access.holders_of([role], station, now)
    grants = access.Grant.objects.in_force(now).of_role(role).filter(scope=access.Scope.EVERYWHERE)
    return Person.objects.filter(
        pk__in=grants.values("person"), account__is_active=True
    ).select_related("account", "station")


@transaction.atomic
def _tell(person, found, now):
    """One person's digest of today, unless it is too early there or was made. 1 when it is made."""
    local = now.astimezone(person.zone)
    key = f"digest:{local.date()}:{person.reference}"
    if local.hour < FROM_HOUR or Message.objects.filter(key=key).exists():
        return 0
    many = "1 new alert" if len(found) == 1 else f"{len(found):,} new alerts"
    message = queue_mail(
        key=key,
        kind="digest",
        to=person.account.email,
        recipient=person,
        subject=f"Safety portal: {many}",
        body=_body(found, many),
        now=now,
    )
    steps = AlertStep.objects.filter(alert__in=found).exclude(
        pk__in=MessageLine.objects.filter(recipient=person).values("step")
    )
    MessageLine.objects.bulk_create(
        MessageLine(message=message, step=step, recipient=person) for step in steps
    )
    return 1


def _body(found, many):
    groups = defaultdict(list)
    for alert in sorted(found, key=lambda a: (a.due_on or dt.date.min, a.pk)):
        groups[alert.kind, alert.group].append(alert)
    told = defaultdict(list)
    for (name, _), members in groups.items():
        kind = alerts.kinds[name]
        told[kind.title].append((kind.line(members), settings.PUBLIC_URL + kind.url(members)))
    return render_to_string(
        "emails/digest.txt",
        {"many": many, "told": told.items(), "all": settings.PUBLIC_URL + reverse("alerts")},
    )
