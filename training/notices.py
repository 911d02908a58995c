"""Who must hear of what about protocols."""

import datetime as dt

from django.conf import settings
from django.urls import reverse

from safety_portal import access, alerts, digests
from safety_portal.access import Role
from training import rules
from training.models import ProtocolVersion

REVIEW = "training.protocol_review"
KEEPERS = (Role.HEALTH_OFFICE, Role.MEDICAL_OFFICER)
OVERDUE = -1  # the horizon past the last day


def keepers(station, threshold, now):
    """Who writes and approves protocols there; for those of the agency or a component, in the whole agency."""
    if station:
        return access.holders_of(KEEPERS, station, now)
    found = {person.pk: person for role in KEEPERS for person in digests.holders(role, None, now)}
    return list(found.values())


def reviews(now):
    """One Due for each protocol in force whose review reaches a horizon."""
    steps = sorted({*settings.PROTOCOL_REVIEW_DAYS, OVERDUE}, reverse=True)
    last = now.date() + dt.timedelta(days=steps[0] + 1)
    # One day more either way for the zones beside UTC; the local day decides.
    near = ProtocolVersion.objects.filter(review_due_on__lte=last).with_names()
    for offset in (-1, 0, 1):
        day = now.date() + dt.timedelta(days=offset)
        for version in near.in_force(day).order_by("pk"):
            protocol = version.protocol
            if day != (protocol.station.today(now) if protocol.station_id else now.date()):
                continue
            left = rules.review_left(version.review_due_on, on=day)
            if left <= steps[0]:
                yield alerts.Due(
                    kind=REVIEW,
                    subject=protocol.reference,
                    station_id=protocol.station_id,
                    due_on=version.review_due_on,
                    threshold=alerts.threshold_for(left, steps),
                    group="protocols",
                )


sweep_reviews = alerts.sweep_of(REVIEW, reviews, how="Reviewed, or no longer in force")


def review_line(found):
    """One line of a digest for the protocols to be reviewed."""
    count, first = len(found), min(alert.due_on for alert in found)
    if count == 1:
        return f"1 protocol is due for review by {first:%d %b %Y}"
    return f"{count} protocols are due for review, the first by {first:%d %b %Y}"


alerts.register_kind(
    alerts.Kind(
        name=REVIEW,
        title="Protocols to review",
        recipients=keepers,
        line=review_line,
        url=lambda found: f"{reverse('training:protocols')}?show=review",
    )
)
alerts.register_sweep("training.protocols", sweep_reviews)
