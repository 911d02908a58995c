"""The dose card for a dog's bag, on paper: what the portal worked out, from what, and until when it holds."""

import datetime as dt

from django.conf import settings

from safety_portal import documents
from safety_portal.widgets.words import show_day
from training import doses, rules


def dose_card(card, *, by, now):
    """A dose card as PDF bytes (A6), printed by a person at a moment. The card comes with its names."""
    dog, weight, version = card.canine, card.weight, card.version
    [sheet] = doses.sheets([dog], now)
    if sheet.card != card:
        stale = f"Another card, {sheet.card.reference}, was made since."
    else:
        stale = f"It no longer holds: {sheet.why}." if sheet.stale else ""
    last = weight.weighed_on + dt.timedelta(days=settings.CANINE_WEIGHT_DAYS)
    facts = {
        "name": dog.name,
        "reference": card.reference,
        "dog": f"{dog.reference}, chip {dog.microchip}",
        "weight": f"{rules.plain(weight.kg)} kg, weighed {show_day(weight.weighed_on)}",
        "weigh_again": show_day(last),
        "doses": [dose_row(rules.dose_of(weight.kg, row)) for row in version.dosings],
        "steps": [{"what": s.what, "time": s.time} for s in version.steps.all()],
        "protocol": f"{version.reference}, {version.protocol.title}",
        "owner": version.owner_post,
        "handler": dog.handler.name,
        "veterinarian": dog.veterinarian or "Not named in the portal",
        "telephone": dog.veterinarian_telephone,
        "stale": stale,
    }
    return documents.render("dose_card", facts, title=f"Dose card of {dog.name}", by=by, at=now)


def dose_row(dose):
    return {
        "words": dose.words,
        "working": dose.working,
        "part": dose.part,
        "route": dose.dosing.route,
    }
