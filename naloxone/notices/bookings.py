"""What a plan has booked and nobody has carried out yet: a week before, on the day, and past it."""

import datetime as dt

from django.conf import settings
from django.urls import reverse

from naloxone.models import Booking
from naloxone.notices.letters import in_charge
from safety_portal import alerts

BOOKING = "naloxone.booking"
PAST = -1


def bookings_due(now):
    """One Due for each open booking that is near, by the clock of the station that acts."""
    steps = [*settings.BOOKING_DAYS, PAST]
    last = now.date() + dt.timedelta(days=max(steps) + 1)
    for one in Booking.objects.open().filter(by_on__lte=last).select_related("station"):
        left = (one.by_on - one.station.today(now)).days
        if left <= max(steps):
            yield alerts.Due(
                kind=BOOKING, subject=one.reference, station_id=one.station_id, due_on=one.by_on,
                threshold=alerts.threshold_for(left, steps), group=f"bookings {one.station.code}",
            )  # fmt: skip


sweep_bookings = alerts.sweep_of(BOOKING, bookings_due, how="Done, or not to be done")


def booking_line(found):
    """One line for what a station has booked."""
    number, first = len(found), min(alert.due_on for alert in found)
    noun = "booking" if number == 1 else "bookings"
    return f"{number} {noun} at {found[0].station}: send or swap by {first:%d %b %Y}"


def booking_url(found):
    """The booking itself when it is one, else the plan that lists them."""
    if len(found) > 1:
        return reverse("naloxone:expiry_plan")
    return reverse("naloxone:booking", args=[int(found[0].subject.removeprefix("BK-"))])


alerts.register_sweep("naloxone.bookings", sweep_bookings)
alerts.register_kind(
    alerts.Kind(
        name=BOOKING,
        title="Booked to be sent or swapped",
        recipients=in_charge,
        line=booking_line,
        url=booking_url,
    )
)
