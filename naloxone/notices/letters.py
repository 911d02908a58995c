"""Who answers for a station’s stock, and what a mail about kits looks like: references, counts and a link, no names."""

from django.conf import settings

from safety_portal import access, outbox
from safety_portal.access import Role

IN_CHARGE = [Role.COORDINATOR, Role.SUPERVISOR]
LATE, ESCALATED = 0, -1  # past its time; a discrepancy: past 24 hours, past 72


def in_charge(station, threshold, now):
    """Who answers for the stock of a station."""
    return access.holders_of(standing_in(IN_CHARGE, station, now), station, now)


def standing_in(roles, station, now):
    """The same roles; where a station has no coordinator, its deputies hear what one would."""
    if access.holders_of([Role.COORDINATOR], station, now).exists():
        return roles
    return [*roles, Role.DEPUTY]


def mail(person, **told):
    """One mail to a person, once for its key; it ends with the link to where one acts."""
    outbox.queue_mail(**letter(person, **told))


def letter(person, *, key, kind, subject, body, path, now):
    """What the outbox needs of a mail."""
    return {
        "key": f"{key}:{person.reference}", "kind": kind, "to": person.account.email,
        "recipient": person, "subject": subject,
        "body": f"{body}\n\n{settings.PUBLIC_URL}{path}\n", "now": now,
    }  # fmt: skip


def kits_in_words(number):
    return "1 kit" if number == 1 else f"{number:,} kits"
