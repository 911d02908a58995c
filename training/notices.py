"""Who must hear of what about protocols and dose cards."""

import datetime as dt

from django.conf import settings
from django.urls import reverse

from safety_portal import access, alerts, digests
from safety_portal.access import Role
from safety_portal.people import Canine
from training import doses, rules
from training.models import ProtocolVersion

REVIEW = "training.protocol_review"
CARD = "training.dose_card"
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


# --- dose cards of dogs --------------------------------------------------------------------------


def stale_cards(now, canines=None):
    """Sheets of working dogs without a card that holds."""
    dogs = canines if canines is not None else Canine.objects.serving()
    found = dogs.select_related("station__region", "handler__account").order_by("pk")
    return [sheet for sheet in doses.sheets(list(found), now) if sheet.stale]


def cards(now):
    """One Due for each working dog whose card no longer holds, or that has none."""
    for sheet in stale_cards(now):
        station = sheet.canine.station
        yield alerts.Due(
            kind=CARD, subject=sheet.canine.reference, station_id=station.pk, due_on=None,
            threshold=0, group=f"dose cards {station.code}",
        )  # fmt: skip


def card_recipients(station, threshold, now):
    """The handlers of the dogs that need one there, and the canine programme."""
    dogs = Canine.objects.serving().filter(station=station)
    handlers = [sheet.canine.handler for sheet in stale_cards(now, dogs)]
    programme = access.holders_of([Role.CANINE_PROGRAMME], station, now)
    return list({person.pk: person for person in [*handlers, *programme]}.values())


def card_line(found):
    """One line of a digest for the dogs of a station: how many, no names."""
    noun = "dog has" if len(found) == 1 else "dogs have"
    return f"{len(found)} {noun} no dose card that holds at {found[0].station}"


sweep_cards = alerts.sweep_of(CARD, cards, how="A card that holds was made, or it is retired")


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
alerts.register_kind(
    alerts.Kind(
        name=CARD,
        title="Dose cards of dogs",
        recipients=card_recipients,
        line=card_line,
        url=lambda found: f"{reverse('training:dose_cards')}?show=stale",
    )
)
alerts.register_sweep("training.dose_cards", sweep_cards)
