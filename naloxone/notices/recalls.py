"""Recalled lots: told at once to everybody who has some, and followed until all is back."""

import datetime as dt
from collections import defaultdict

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.urls import reverse

from naloxone.models import Lot, LotRecall
from naloxone.notices.letters import IN_CHARGE, LATE, in_charge, letter, standing_in
from naloxone.rules import CARRIERS
from safety_portal import access, alerts, outbox
from safety_portal.access import Role
from safety_portal.people import Station

RECALL = "naloxone.recall_out"
RUNNING = 1  # a recall that still has time


def tell_recalled(recall, act, *, now):
    """Mail at once to everybody who has a recalled unit, and to who answers for the stations where some are."""
    told = [*to_carriers(recall, act, now), *to_stations(recall, act, now)]
    outbox.queue_mails(told)


def recall_letter(person, recall, subject, body, now):
    lot = recall.lot
    return letter(
        person, key=f"recall:{lot.reference}", kind="lot.recalled", subject=subject,
        body=f"Lot {lot.number} of {lot.product} is recalled ({recall.notice}).\n\n{body}",
        path=reverse("naloxone:lot", args=[lot.pk]), now=now,
    )  # fmt: skip


def to_carriers(recall, act, now):
    """One mail to each person with an account who carries some, or leads the dog that does."""
    has = defaultdict(list)
    events = act.events.filter(destination__kind__in=CARRIERS).order_by("kit")
    for event in events.select_related(
        "destination__person__account", "destination__canine__handler__account"
    ):
        person = event.destination.carrier
        if person and person.has_account:
            has[person].append(f"K-{event.kit_id}")
    for person, references in has.items():
        subject = f"Recalled: {', '.join(references[:3])}{' and more' if references[3:] else ''}"
        body = (
            f"You have {', '.join(references)} of it. Give it back to your station and take another with "
            "you. Until then keep it: in need, a recalled dose is better than none."
        )
        yield recall_letter(person, recall, subject, body, now)


def to_stations(recall, act, now):
    """One mail to each person in charge, with the number of units at their stations."""
    at = defaultdict(int)
    stations = act.events.order_by().values_list("station").annotate(n=Count("pk"))
    count = dict(stations)
    for station in Station.objects.filter(pk__in=count):
        for person in in_charge(station, 0, now):
            at[person] += count[station.pk]
    for person, number in at.items():
        units = "unit is" if number == 1 else "units are"
        body = (
            "Get those back that are carried, put others in their place first, then send them back or "
            "destroy them. Where it is the last in a place it stays there, usable in need, until another is "
            "there. The page says where each is, and what is still out."
        )
        subject = f"Lot {recall.lot.number} is recalled: {number:,} {units} yours to get back"
        yield recall_letter(person, recall, subject, body, now)


# Units of recalled lots that are not back in a place yet.
OUT = """
select device.lot_id, kit.station_id, count(distinct kit.id)
from naloxone_lotrecall recall
join naloxone_device device on device.lot_id = recall.lot_id
join naloxone_kit kit on kit.id = device.kit_id and kit.state = 'recalled'
join naloxone_holder holder on holder.id = kit.holder_id and holder.kind <> 'storage'
group by 1, 2
order by 1, 2
"""


def recalls_out(now):
    """One Due for each lot and station with recalled units still out; worse once they have been out too long."""
    recalls = {recall.lot_id: recall for recall in LotRecall.objects.all()}
    stations = {station.pk: station for station in Station.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute(OUT)
        rows = cursor.fetchall()
    for lot, key, _ in rows:
        station, recalled_at = stations[key], recalls[lot].recorded_at
        due_on = station.today(recalled_at) + dt.timedelta(days=settings.RECALL_BACK_DAYS)
        yield alerts.Due(
            kind=RECALL, subject=f"L-{lot} {station.code}", station_id=key, due_on=due_on,
            threshold=LATE if station.today(now) > due_on else RUNNING,
            group=f"recall L-{lot} {station.code}",
        )  # fmt: skip


sweep_recalls = alerts.sweep_of(RECALL, recalls_out, how="All back, or none of it here any more")


def recall_recipients(station, threshold, now):
    """The station; the health office too once it takes too long."""
    roles = [*IN_CHARGE, Role.HEALTH_OFFICE] if threshold <= LATE else IN_CHARGE
    return access.holders_of(standing_in(roles, station, now), station, now)


def lot_of(alert):
    """The key behind the alert's subject, “L-7 LRT”."""
    return int(alert.subject.split()[0].removeprefix("L-"))


def recall_line(found):
    """One line of a digest for a lot at a station."""
    alert = found[0]
    lot = Lot.objects.get(pk=lot_of(alert))
    late = " and should have been back" if alert.threshold <= LATE else ""
    return f"Recalled lot {lot.number} is still out at {alert.station}{late}, due {alert.due_on:%d %b %Y}"


alerts.register_sweep("naloxone.recalls", sweep_recalls)


alerts.register_kind(
    alerts.Kind(
        name=RECALL,
        title="Recalled lots still out",
        recipients=recall_recipients,
        line=recall_line,
        url=lambda found: reverse("naloxone:lot", args=[lot_of(found[0])]),
    )
)
