"""Places below par, and the monthly report that nothing has changed."""

import datetime as dt
from collections import Counter

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef
from django.urls import reverse

from naloxone import covers, round_rules
from naloxone.models import CustodyEvent, NilReport, report_due_on
from naloxone.models.need import IN_NEED_SQL, SERVICEABLE_SQL
from naloxone.notices.letters import IN_CHARGE, in_charge, standing_in
from naloxone.rules import PLACES
from safety_portal import access, alerts
from safety_portal.access import Role
from safety_portal.people import Station

STOCK = "naloxone.below_par"


# On each station's own day.
BELOW_PAR = f"""
select id, station_id, par_min, serviceable from (
    select place.id, place.station_id, place.par_min,
           count(*) filter (where {SERVICEABLE_SQL}) as serviceable,
           count(*) filter (where {IN_NEED_SQL}) as in_need
    from naloxone_holder place
    join safety_portal_station station on station.id = place.station_id
    left join naloxone_kit kit on kit.holder_id = place.id
    where place.kind = any(%(kinds)s) and place.closed_on is null
      and (place.par_min > 0 or place.place_type <> 'storeroom')
    group by place.id
) counted
where serviceable < par_min or (serviceable = 0 and in_need > 0)
order by id
"""


def below_par(now):
    """One Due for each place with fewer serviceable kits than its par, or only with what is usable in need.

    Fewer still is worse. A place whose whole lack is on order, or on its way, is left out until the day. Past it the
    group says by how many kits its station is short.
    """
    stations = {station.pk: station for station in Station.objects.all()}
    days = {key: station.today(now) for key, station in stations.items()}
    covered = covers.of_places(days, now)
    kinds = [kind.value for kind in PLACES]
    short, found = Counter(), []
    with connection.cursor() as cursor:
        cursor.execute(BELOW_PAR, {"now": now, "kinds": kinds})
        for place, station, par, serviceable in cursor.fetchall():
            lacking = max(par or 0, 1) - serviceable
            if not covered.take(station, place, lacking * settings.KIT_DOSES):
                short[station] += lacking
                found.append((place, station, serviceable))
    for place, station, serviceable in found:
        code = stations[station].code
        late = station in covered.late
        yield alerts.Due(
            kind=STOCK, subject=f"S-{place}", station_id=station, due_on=None, threshold=serviceable,
            group=f"short {short[station]} {code}" if late else f"stock {code}",
        )  # fmt: skip


sweep_stock = alerts.sweep_of(
    STOCK,
    below_par,
    how="At par again, covered by an order or a box on its way, or its par changed",
)


def stock_line(found):
    """One line of a digest for the places of a station."""
    count, empty = len(found), sum(alert.threshold == 0 for alert in found)
    noun = "place is" if count == 1 else "places are"
    bare = f", {empty} without any" if empty else ""
    words = f"{count} {noun} below par at {found[0].station}{bare}"
    what, number, *_ = [*found[0].group.split(), ""]
    return (
        f"Short by {number}: {words}; what was ordered has not all come"
        if what == "short"
        else words
    )


alerts.register_kind(
    alerts.Kind(
        name=STOCK,
        title="Places below par",
        recipients=in_charge,
        line=stock_line,
        url=lambda found: reverse("naloxone:places"),
    )
)
alerts.register_sweep("naloxone.stock", sweep_stock)


NIL = "naloxone.nil_report"
REPORT_DUE, REPORT_LATE, NOT_CONFIRMED = 0, -1, -2


def nil_reports_due(now):
    """One Due for each station whose report for the month before is not made, or not confirmed by its scans in time.

    A station that held nothing before the month's end owes none.
    """
    month = round_rules.month_to_report(now)
    end = dt.datetime.combine(round_rules.month_after(month), dt.time(), dt.UTC)
    held = CustodyEvent.objects.filter(station=OuterRef("pk"), act__occurred_at__lt=end)
    reports = {
        report.station_id: report
        for report in NilReport.objects.filter(month=month).with_open_draws()
    }
    for station in Station.objects.in_use().filter(Exists(held)).order_by("pk"):
        threshold = report_step(reports.get(station.pk), station.today(now), month, now)
        if threshold is not None:
            yield alerts.Due(
                kind=NIL, subject=f"{station.code} {month:%Y-%m}", station_id=station.pk,
                due_on=report_due_on(month), threshold=threshold, group=f"nil report {station.code}",
            )  # fmt: skip


def report_step(report, today, month, now):
    """How far a month's report is behind; None when all is well."""
    if report is None:
        return REPORT_LATE if today > report_due_on(month) else REPORT_DUE
    return NOT_CONFIRMED if report.is_open and report.due_at <= now else None


sweep_nil_reports = alerts.sweep_of(
    NIL, nil_reports_due, how="Reported and confirmed, or a new month"
)


def nil_line(found):
    """One line of a digest: which month's report a station owes, or that it was not confirmed."""
    month = f"{dt.date.fromisoformat(f'{found[0].subject.rsplit(maxsplit=1)[1]}-01'):%B %Y}"
    said = {REPORT_DUE: "is due", REPORT_LATE: "is overdue"}.get(
        found[0].threshold, "is not confirmed: drawn kits were not scanned in time"
    )
    return f"The nil report of {found[0].station} for {month} {said}"


alerts.register_kind(
    alerts.Kind(
        name=NIL,
        title="Nil reports",
        recipients=lambda station, threshold, now: access.holders_of(
            standing_in(
                IN_CHARGE if threshold <= REPORT_LATE else [Role.COORDINATOR], station, now
            ),
            station,
            now,
        ),
        line=nil_line,
        url=lambda found: f"{reverse('naloxone:nil_reports')}?station={found[0].station_id}",
    )
)
alerts.register_sweep("naloxone.nil_reports", sweep_nil_reports)
