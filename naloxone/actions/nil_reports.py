"""The monthly nil report: what a station holds, told though nothing changed, and three kits drawn to show it."""

import datetime as dt
import secrets

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum

from naloxone import round_rules
from naloxone.actions.rounds import keep_scans
from naloxone.models import CustodyEvent, Discrepancy, DrawnKit, Kit, MonthSeed, NilReport, need
from naloxone.round_rules import month_after
from naloxone.rules import CustodyError, HolderKind
from safety_portal import access, alerts, audit
from safety_portal.access import Permission
from safety_portal.people import Person
from safety_portal.versions import one_at_a_time


def publish_seed(month, now):
    """The seed of a month, made and published now if there is none yet; ten at once make one."""
    made, is_new = MonthSeed.objects.get_or_create(
        month=month, defaults={"seed": secrets.token_hex(32), "published_at": now}
    )
    if is_new:
        audit.record(
            "seed.published", by=Person.objects.portal(), target=f"seed of {month:%Y-%m}",
            commitment=made.commitment,
        )  # fmt: skip
    return made


def publish_seeds(now):
    """The seeds of this month and of the next, so that each is published before its month begins."""
    this = now.date().replace(day=1)
    return [publish_seed(month, now) for month in (this, month_after(this))]


@transaction.atomic
def make_nil_report(*, station, month, note="", now, request_key, by):
    """Report what a station holds after a month (its first day), and draw kits from the month's seed. Returns the NilReport.

    Raises CustodyError while the month lasts anywhere, or when it has been reported.
    """
    access.check(by, Permission.STOCK_RECEIVE, at=station)
    if known := NilReport.objects.filter(request_key=request_key).first():
        return known
    if not round_rules.is_over(month, now):
        raise CustodyError(f"{month:%B %Y} is not over yet on every station’s clock.")
    if known := NilReport.objects.filter(station=station, month=month).first():
        raise CustodyError(f"{month:%B %Y} was reported meanwhile: {known.reference}.")
    seed = publish_seed(month, now)
    report = NilReport.objects.create(
        request_key=request_key, station=station, month=month, seed=seed, by=by, made_at=now,
        due_at=now + dt.timedelta(hours=settings.NIL_REPORT_HOURS), note=note, **figures(station, month, now),
    )  # fmt: skip
    drawn = draw(report)
    audit.record(
        "nil_report.made", by=by, target=report, station=station, month=f"{month:%Y-%m}",
        kits=len(report.kits), drawn=", ".join(drawn) or "none",
    )  # fmt: skip
    return report


def figures(station, month, now):
    """What a station holds now, and how much changed in the month."""
    # What is on its way to another station can't be scanned here: it is in no report until it is received.
    here = (
        Kit.objects.stocked()
        .filter(station=station, doses__gt=0)
        .exclude(holder__kind=HolderKind.IN_TRANSIT)
    )
    usable = need.serviceable(station.today(now))
    # In this order: after the sum its name would hide the column that `usable` asks for.
    sums = here.aggregate(usable=Count("pk", filter=usable), doses=Sum("doses", default=0))
    begin, end = (
        dt.datetime.combine(day, dt.time(), station.zone) for day in (month, month_after(month))
    )
    changes = CustodyEvent.objects.filter(
        station=station, act__occurred_at__gte=begin, act__occurred_at__lt=end
    )
    return {
        **sums,
        "kits": list(here.order_by("pk").values_list("pk", flat=True)),
        "changes": changes.count(),
        "unexplained": Discrepancy.objects.open().filter(station=station).count(),
    }


def draw(report):
    """Write which kits the seed chooses; their references, in the order of the draw."""
    names = {f"K-{key}": key for key in report.kits}
    drawn = round_rules.draw(
        report.seed.seed, report.month, report.station.code, names, count=settings.NIL_REPORT_DRAWN
    )
    DrawnKit.objects.bulk_create(
        DrawnKit(report=report, position=position, kit_id=names[name])
        for position, name in enumerate(drawn, start=1)
    )
    return drawn


@transaction.atomic
def scan_reported(*, report, codes, now, by):
    """Record which drawn kits of a report were scanned; late ones are kept, and the report stays not confirmed.

    `codes` is {code: Kit}. Returns the DrawnKits that still wait. Raises CustodyError.
    """
    access.check(by, Permission.CUSTODY_GIVE, at=report.station)
    one_at_a_time(report.reference)
    return keep_scans(report.drawn, codes, now=now, by=by)


def sweep_seeds(now):
    """Publishes what is still to be published. Returns what a sweep tells: looked at, opened, resolved."""
    before = MonthSeed.objects.count()
    found = publish_seeds(now)
    return len(found), MonthSeed.objects.count() - before, 0


alerts.register_sweep("naloxone.seeds", sweep_seeds)
