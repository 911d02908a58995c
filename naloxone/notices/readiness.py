"""Who must hear that not everybody at risk has an antagonist in reach, or that nobody knows: numbers, shortages, drills."""

import datetime as dt

from django.conf import settings
from django.urls import reverse

from naloxone import readiness
from naloxone.models import Authority, Drill, DrillRequest, Holder, own_day
from naloxone.notices.letters import in_charge, mail, standing_in
from naloxone.readiness_rules import DrillResult, Lack
from safety_portal import access, alerts, digests
from safety_portal.access import Role

AT_RISK = "naloxone.at_risk"
SHORT = "naloxone.at_risk_short"
DRILLS = "naloxone.drills_due"
DRILL_FAILED = "naloxone.drill_failed"
AUTHORITY = "naloxone.authority_ends"
# Less is worse (alerts).
NOBODY_KNOWS, OUT_OF_DATE = 0, 1
SHUT, TOO_LATE = 0, 1
ENDED = -1  # the horizon past the last day
OVERDUE, WANTED = 0, 1
A_DAY = dt.timedelta(days=1)


# --- people at risk, and drills that are due --------------------------------------------------------------


def station_due(kind, line, threshold, name):
    return alerts.Due(
        kind=kind, subject=line.code, station_id=line.key, due_on=None, threshold=threshold,
        group=name,
    )  # fmt: skip


def late_requests(now):
    """Keys of the stations where a drill that was asked for was not made in time."""
    late = DrillRequest.objects.open().filter(
        place__closed_on=None, due_on__lt=own_day(now, "place__station")
    )
    return set(late.values_list("place__station", flat=True))


def dues_of(line, late):
    """What is due about a station that has points of its own; `late`: keys of stations with an overdue drill."""
    if Lack.UNKNOWN in line.lacks or Lack.STALE in line.lacks:
        step = OUT_OF_DATE if line.is_known else NOBODY_KNOWS
        yield station_due(AT_RISK, line, step, "at risk")
    if Lack.SHORT in line.lacks:
        yield station_due(SHORT, line, line.serviceable, "shortage")
    if line.key in late:
        yield station_due(DRILLS, line, OVERDUE, "drills")
    elif Lack.NOT_SHOWN in line.lacks:
        yield station_due(DRILLS, line, WANTED, "drills")


ENDS_HOW = {
    AT_RISK: "Somebody said the number",
    SHORT: "Enough in reach, or fewer at risk",
    DRILLS: "Each shift has shown it",
}


def sweep_readiness(now):
    """Makes the alerts of all stations fit one statement's figures: (looked at, opened, resolved)."""
    lines = [line for line in readiness.of_stations(now) if line.points]
    late = late_requests(now)
    found = [due for line in lines for due in dues_of(line, late)]
    made = [
        alerts.reach(kind, [due for due in found if due.kind == kind], now, how=how)
        for kind, how in ENDS_HOW.items()
    ]
    return len(lines), sum(one.opened for one in made), sum(one.resolved for one in made)


def at_stations(found):
    """“at Laredo”, or “at 3 stations”: where some alerts are."""
    number = len({alert.station_id for alert in found})
    return f"at {found[0].station}" if number == 1 else f"at {number} stations"


def at_risk_line(found):
    """One line of a digest: whose number is asked for."""
    where = at_stations(found)
    if all(alert.threshold == OUT_OF_DATE for alert in found):
        return f"The number of people and dogs at risk {where} is older than {settings.AT_RISK_DAYS} days"
    return f"How many people and dogs are at risk in each shift {where}? Nobody has said"


def short_line(found):
    return f"Fewer kits in reach {at_stations(found)} than those at risk there need"


def drills_line(found):
    where = at_stations(found)
    if any(alert.threshold == OVERDUE for alert in found):
        return f"A drill that was asked for {where} was not made in time"
    return f"Not every shift has shown that it opens the places {where}"


def at_risk_url(found):
    if len({alert.station_id for alert in found}) > 1:
        return f"{reverse('naloxone:readiness')}?show={Lack.UNKNOWN}"
    return reverse("naloxone:at_risk", args=[found[0].subject])


def short_url(found):
    if len({alert.station_id for alert in found}) > 1:
        return f"{reverse('naloxone:readiness')}?show={Lack.SHORT}"
    return reverse("naloxone:programme", args=[found[0].subject])


def drills_url(found):
    if len({alert.station_id for alert in found}) > 1:
        return reverse("naloxone:drills")
    return f"{reverse('naloxone:drills')}?station={found[0].subject}"


# --- a drill that failed ----------------------------------------------------------------------------------


def failed_drills(now):
    """One Due for each place and shift whose newest drill was late, or did not get in."""
    newest = Drill.objects.newest_of_shifts().select_related("station")
    for drill in newest.filter(place__closed_on=None):
        if drill.result != DrillResult.IN_HAND:
            yield alerts.Due(
                kind=DRILL_FAILED, subject=f"S-{drill.place_id} shift {drill.shift}",
                station_id=drill.station_id, due_on=None,
                threshold=SHUT if drill.result == DrillResult.NO_ACCESS else TOO_LATE,
                group=f"S-{drill.place_id}",
            )  # fmt: skip


sweep_failed_drills = alerts.sweep_of(
    DRILL_FAILED, failed_drills, how="A later drill of that shift had it in hand in time"
)


def tell_drill(drill, *, now):
    """What a drill brings about at once: an alert where it failed, and a mail where nobody got in; or their end."""
    sweep_failed_drills(now)
    if drill.result != DrillResult.NO_ACCESS:
        return
    for person in in_charge(drill.station, None, now):
        mail(
            person, key=f"drill:{drill.reference}", kind="place.shut",
            subject=f"{drill.place.reference} at {drill.station} could not be opened",
            body=f"{drill.place.name} at {drill.station}: shift {drill.shift} could not open it in a drill. "
            "Until a drill of that shift says otherwise, nothing in it counts as in reach.",
            path=reverse("naloxone:drill", args=[drill.place_id]), now=now,
        )  # fmt: skip


def place_of(found):
    key = found[0].subject.removeprefix("S-").partition(" ")[0]
    return Holder.objects.select_related("station").get(pk=key)


def failed_line(found):
    """One line of a digest for one place."""
    place = place_of(found)
    numbers = ", ".join(sorted(alert.subject.rpartition(" ")[2] for alert in found))
    shifts = f"shift {numbers}" if len(found) == 1 else f"shifts {numbers}"
    said = (
        "could not be opened" if any(a.threshold == SHUT for a in found) else "was opened too late"
    )
    return f"{place} at {place.station} {said} in a drill of {shifts}"


# --- authorities that end -----------------------------------------------------------------------------------


def authorities(now):
    """One Due for each authority that nears its end, or has ended, while no other of its reach goes on."""
    steps = sorted({*settings.AUTHORITY_END_DAYS, ENDED}, reverse=True)
    newest = list(Authority.objects.newest().with_names().order_by("pk"))
    for one in newest:
        today = one.station.today(now) if one.station else now.date()
        if one.until is None or goes_on(one, newest, today):
            continue
        left = (one.until - today).days
        if left <= steps[0]:
            yield alerts.Due(
                kind=AUTHORITY, subject=f"AU-{one.pk}", station_id=one.station_id, due_on=one.until,
                threshold=alerts.threshold_for(left, steps), group=f"AU-{one.pk}",
            )  # fmt: skip


def goes_on(one, others, today):
    """Whether another authority of the same reach takes over: by the day after one's end, or by today after a gap."""
    by = max(one.until + A_DAY, today)
    return any(
        (other.station_id, other.component_id) == (one.station_id, one.component_id)
        and other.since <= by
        and (other.until is None or other.until > one.until)
        for other in others
    )


sweep_authorities = alerts.sweep_of(
    AUTHORITY, authorities, how="Prolonged, or another goes on in its place"
)


def authority_recipients(station, threshold, now):
    """Who answers for the station's stock; past its end, and for a wider one, the health office."""
    if station is None:
        return digests.holders(Role.HEALTH_OFFICE, None, now)
    roles = [Role.COORDINATOR, Role.SUPERVISOR]
    if threshold == ENDED:
        roles.append(Role.HEALTH_OFFICE)
    return access.holders_of(standing_in(roles, station, now), station, now)


def authority_line(found):
    """One line of a digest: which authority ends when, and where."""
    one = Authority.objects.with_names().get(pk=int(found[0].subject.removeprefix("AU-")))
    verb = "ended" if found[0].threshold == ENDED else "ends"
    return (
        f"{one.get_kind_display()} {one.reference} for {one.where} {verb} on {one.until:%d %b %Y}"
    )


def authority_url(found):
    if found[0].station is None:
        return reverse("naloxone:go_live")
    return reverse("naloxone:programme", args=[found[0].station.code])


for kind in (
    alerts.Kind(AT_RISK, "Numbers of people at risk", in_charge, at_risk_line, at_risk_url),
    alerts.Kind(SHORT, "Too few kits for those at risk", in_charge, short_line, short_url),
    alerts.Kind(DRILLS, "Drills that are due", in_charge, drills_line, drills_url),
    alerts.Kind(DRILL_FAILED, "Places that did not open in time", in_charge, failed_line,
                lambda found: reverse("naloxone:drill", args=[place_of(found).pk])),
    alerts.Kind(AUTHORITY, "Authorities that end", authority_recipients, authority_line, authority_url),
):  # fmt: skip
    alerts.register_kind(kind)
alerts.register_sweep("naloxone.readiness", sweep_readiness)
alerts.register_sweep("naloxone.drills", sweep_failed_drills)
alerts.register_sweep("naloxone.authorities", sweep_authorities)
