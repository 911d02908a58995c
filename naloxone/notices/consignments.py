"""Boxes between stations: on their way, arrived not as they were sent, late."""

import datetime as dt

from naloxone.models import Consignment
from naloxone.notices.letters import LATE, in_charge, kits_in_words, mail
from safety_portal import alerts

CONSIGNMENT = "naloxone.consignment_late"


def tell_stations(people, consignment, *, step, subject, body, now):
    """One mail to each about one step of a box."""
    for person in people:
        mail(
            person, key=f"consignment:{consignment.reference}:{step}", kind="consignment",
            subject=subject, body=body, path=consignment.get_absolute_url(), now=now,
        )  # fmt: skip


def tell_sent(consignment, number, *, now):
    """Mail who answers for the stock of the station that gets a box."""
    tell_stations(
        in_charge(consignment.destination, 0, now), consignment, step="sent",
        subject=f"{consignment.reference}: {kits_in_words(number)} on the way to {consignment.destination}",
        body=f"{consignment.station} sent {kits_in_words(number)} by {consignment.carrier}, to be there on "
        f"{consignment.expected_on:%d %b %Y}. When the box comes, receive it there:",
        now=now,
    )  # fmt: skip


def tell_arrived(consignment, *, short, damaged, now):
    """Mail the sender's station what was not as it was sent."""
    wrong = [
        *([f"{kits_in_words(short)} not in it, now missing"] if short else []),
        *([f"{kits_in_words(damaged)} damaged, now on hold"] if damaged else []),
        *(["its seal not whole"] if consignment.seal_whole is False else []),
    ]
    tell_stations(
        in_charge(consignment.station, 0, now), consignment, step="arrived",
        subject=f"{consignment.reference} arrived, not as it was sent",
        body=f"Received at {consignment.destination}: {'; '.join(wrong)}.", now=now,
    )  # fmt: skip


def tell_called_back(consignment, *, now):
    """Mail the station that waits for the box that it does not come."""
    tell_stations(
        in_charge(consignment.destination, 0, now), consignment, step="back",
        subject=f"{consignment.reference} does not come",
        body=f"{consignment.station} has called it back. There is nothing you have to do.", now=now,
    )  # fmt: skip


def late_consignments(now):
    """One Due for each box that is past the day it was expected, by the clock of where it goes."""
    boxes = Consignment.objects.open().select_related("destination")
    for box in boxes.filter(expected_on__lte=now.date() + dt.timedelta(days=1)):
        if box.expected_on < box.destination.today(now):
            yield alerts.Due(
                kind=CONSIGNMENT, subject=box.reference, station_id=box.destination_id,
                due_on=box.expected_on, threshold=LATE, group=box.reference,
            )  # fmt: skip


sweep_consignments = alerts.sweep_of(CONSIGNMENT, late_consignments, how="Received, or called back")


def box_of(alert):
    return Consignment.objects.select_related("station", "destination").get(
        pk=int(alert.subject.removeprefix("CN-"))
    )


def consignment_line(found):
    """One line of a digest for a box that has not come."""
    alert = found[0]
    box = box_of(alert)
    return f"{box.reference} from {box.station} was expected at {box.destination} on {box.expected_on:%d %b %Y}"


alerts.register_sweep("naloxone.consignments", sweep_consignments)
alerts.register_kind(
    alerts.Kind(
        name=CONSIGNMENT,
        title="Consignments that have not come",
        recipients=in_charge,
        line=consignment_line,
        url=lambda found: box_of(found[0]).get_absolute_url(),
    )
)
