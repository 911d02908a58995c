"""Who must hear of what about kits: expiry for now. Thresholds are days before the expiry (domain C.1)."""

import datetime as dt
from collections import defaultdict
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, OuterRef
from django.urls import reverse

from naloxone import liaisons, round_rules
from naloxone.liaison_rules import LACK_WORDS, THRESHOLDS
from naloxone.models import (
    Consignment,
    CustodyEvent,
    Discrepancy,
    Disposal,
    HandOver,
    Kit,
    Lot,
    LotRecall,
    NilReport,
    report_due_on,
)
from naloxone.rules import CARRIERS, ESCALATE_HOURS, PLACES, UNUSED, State
from safety_portal import access, alerts, outbox
from safety_portal.access import Role
from safety_portal.people import Station

KIND = "naloxone.kit_expiry"
DISCREPANCY = "naloxone.discrepancy"
UNSIGNED = "naloxone.disposal_uncountersigned"
LATE, ESCALATED = 0, -1  # past its time; a discrepancy: past 24 hours, past 72
IN_CHARGE = [Role.COORDINATOR, Role.SUPERVISOR]
OVERDUE = -1  # the horizon past the last day
STOCK = "naloxone.below_par"
LIAISON = "naloxone.liaison"
RECALL = "naloxone.recall_out"
CONSIGNMENT = "naloxone.consignment_late"
RUNNING = 1  # a recall that still has time


def in_charge(station, threshold, now):
    """Who answers for the stock of a station."""
    return access.holders_of(standing_in(IN_CHARGE, station, now), station, now)


def standing_in(roles, station, now):
    """The same roles; where a station has no coordinator, its deputies hear what one would."""
    if access.holders_of([Role.COORDINATOR], station, now).exists():
        return roles
    return [*roles, Role.DEPUTY]


def horizons():
    """Days before expiry at which somebody hears of it, the furthest first; the last is past it."""
    return sorted({*settings.EXPIRY_ORDER_DAYS, *settings.EXPIRY_SWAP_DAYS, OVERDUE}, reverse=True)


def expiring_kits(now):
    """(key, station key, expiry) of units with doses that reach the first horizon on their station's day.

    One day is added for the zones east of UTC; the local day decides in `dues`.
    """
    last = now.date() + dt.timedelta(days=horizons()[0] + 1)
    return Kit.objects.filter(state__in=UNUSED, doses__gt=0, expires_on__lte=last).values_list(
        "pk", "station_id", "expires_on"
    )


def dues(now):
    """What is due on each station's own day: one Due a kit, at the nearest horizon it has reached."""
    stations = {station.pk: station for station in Station.objects.all()}
    days = {key: station.today(now) for key, station in stations.items()}
    steps = horizons()
    for key, station, expires_on in expiring_kits(now).iterator():
        left = (expires_on - days[station]).days
        if left <= steps[0]:
            yield alerts.Due(
                kind=KIND,
                subject=f"K-{key}",
                station_id=station,
                due_on=expires_on,
                threshold=alerts.threshold_for(left, steps),
                group=f"{f'{expires_on:%Y-%m}' if left >= 0 else 'expired'} {stations[station].code}",
            )


sweep_expiries = alerts.sweep_of(KIND, dues, how="Replaced, emptied or no longer in service")


def recipients(station, threshold, now):
    """The station's coordinators, who order; from the first day to swap on its supervisors too."""
    roles = [Role.COORDINATOR]
    if threshold <= max(settings.EXPIRY_SWAP_DAYS):
        roles.append(Role.SUPERVISOR)
    return access.holders_of(standing_in(roles, station, now), station, now)


def line(found):
    """One line of a digest for kits that expire in one month at one station, or have expired there."""
    count = len(found)
    month = f"{found[0].due_on:%B %Y}"
    first = min(found, key=lambda alert: alert.due_on)
    if found[0].threshold == OVERDUE:
        noun = "kit has" if count == 1 else "kits have"
        return f"{count} {noun} expired at {first.station}, the first on {first.due_on:%d %b %Y}"
    noun = "kit expires" if count == 1 else "kits expire"
    return f"{count} {noun} in {month} at {found[0].station}, the first on {first.due_on:%d %b %Y}"


def url(found):
    """The list of the station's kits, those that expire first on top."""
    return f"{reverse('naloxone:kits')}?{urlencode({'station': found[0].station_id, 'sort': 'expiry'})}"


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


def tell_lapsed(lapsed, *, now):
    """Mail the receivers of offers that a move overtook. `lapsed`: (hand-over key, kit key) pairs."""
    kits = defaultdict(list)
    for hand_over, kit in sorted(lapsed):
        kits[hand_over].append(f"K-{kit}")
    offers = HandOver.objects.filter(pk__in=kits).select_related(
        "receiver__person__account", "receiver__canine__handler__account"
    )
    for offer in offers:
        person = offer.receiver.carrier
        if person and person.has_account:  # a place has nobody in particular
            tell_one(person, offer, kits[offer.pk], now)


def tell_one(person, offer, references, now):
    """One mail about one offer: references and a link, no names."""
    mail(
        person, key=f"lapsed:{offer.reference}:{references[0]}", kind="hand_over.lapsed",
        subject=f"{offer.reference}: {len(references)} no longer offered to you",
        body=f"{', '.join(references)} of {offer.reference} moved before you answered, so the offer "
        "of it has ended. There is nothing you have to do.",
        path=reverse("naloxone:hand_over", args=[offer.pk]), now=now,
    )  # fmt: skip


def tell_undone(kit, event, *, by, now):
    """Mail who has a unit again because a hand-over was undone, unless they did it themselves."""
    person = event.source.carrier
    if person is None or person == by or not person.has_account:
        return
    mail(
        person, key=f"undone:{kit.reference}:{event.sequence}", kind="kit.undone",
        subject=f"{kit.reference} is with you again",
        body=f"No. {event.sequence} of {kit.reference} was recorded by mistake and is undone, so the "
        "kit is recorded as with you again. If you don't have it, say so there.",
        path=kit.get_absolute_url(), now=now,
    )  # fmt: skip


# --- uses ----------------------------------------------------------------------------------------


def tell_used(report, kits, *, now):
    """Mail at once: to who answers for the station and for each kit, and to its medical officers. No names, no facts.

    Asked again, as when a dose is added, it tells only of kits that it has not told of.
    """
    here = set(in_charge(report.station, None, now))
    used = dict.fromkeys(here, kits)
    for kit in kits:
        for person in in_charge(kit.station, None, now):
            if person not in here:
                used.setdefault(person, []).append(kit)
    where = reverse("naloxone:use", args=[report.pk])
    for person, theirs in used.items():
        subject = f"{used_words(theirs)} at {report.station}"
        # Who answers for the kit alone does not see the report of another station.
        see = (report.reference, where) if person in here else (theirs[0].reference, theirs[0].get_absolute_url())  # fmt: skip
        mail_use(person, report, subject, see, theirs, now=now)
    for person in access.holders_of([Role.MEDICAL_OFFICER], report.station, now):
        if person not in used:
            subject = f"{report.reference} waits for you"
            mail_use(person, report, subject, (report.reference, where), (), now=now)


def used_words(kits):
    if not kits:
        return "A dose was given"
    return f"{', '.join(kit.reference for kit in kits)} {'was' if len(kits) == 1 else 'were'} used"


def mail_use(person, report, subject, see, kits, *, now):
    """One mail about a use of these units; `see` is the reference and path of what the person can open."""
    reference, path = see
    mail(
        person, key=":".join(["used", report.reference, *(kit.reference for kit in kits)]),
        kind="kit.used", subject=subject, body=f"{subject}. See {reference}:", path=path, now=now,
    )  # fmt: skip


# --- recalls -------------------------------------------------------------------------------------


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
            "destroy them. The page says where each is, and what is still out."
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
# --- liaisons and registers ----------------------------------------------------------------------


def lacking(now):
    """One Due for each station with stock whose list of liaisons lacks something, at the worst of it."""
    stations = liaisons.with_stock(Station.objects.with_names()).order_by("pk")
    for one in liaisons.of_stations(list(stations), now):
        if one.lacks:
            yield alerts.Due(
                kind=LIAISON, subject=one.station.code, station_id=one.station.pk, due_on=None,
                threshold=min(THRESHOLDS[lack] for lack in one.lacks),
                group=f"liaisons {one.station.code}",
            )  # fmt: skip


def liaison_recipients(station, threshold, now):
    """Its supervisors, who propose somebody, and the health office, which answers for the list."""
    return access.holders_of([Role.SUPERVISOR, Role.HEALTH_OFFICE], station, now)


def liaison_line(found):
    """One line of a digest for a station: the worst that it lacks."""
    worst = next(lack for lack, step in THRESHOLDS.items() if step == found[0].threshold)
    return f"{found[0].station}: {LACK_WORDS[worst].lower()}"


sweep_liaisons = alerts.sweep_of(LIAISON, lacking, how="The list of liaisons is complete again")


def tell_register(passing, *, now):
    """Mail the next liaison that a register waits for their count; no names, no figures."""
    if passing.incoming.has_account:
        mail(
            passing.incoming, key=f"register:{passing.reference}", kind="register.waits",
            subject=f"The register of {passing.station} waits for your count",
            body=f"{passing.reference}: it was counted and signed over to you. Count each place yourself, then sign.",
            path=passing.get_absolute_url(), now=now,
        )  # fmt: skip


alerts.register_kind(
    alerts.Kind(
        name=RECALL,
        title="Recalled lots still out",
        recipients=recall_recipients,
        line=recall_line,
        url=lambda found: reverse("naloxone:lot", args=[lot_of(found[0])]),
    )
)


# --- consignments --------------------------------------------------------------------------------


def kits_in_words(number):
    return "1 kit" if number == 1 else f"{number:,} kits"


def tell_stations(people, consignment, *, step, subject, body, now):
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


# --- stock ---------------------------------------------------------------------------------------

# On each station's own day. Usable is what is in service and not expired.
BELOW_PAR = """
select place.id, place.station_id, count(kit.id)
from naloxone_holder place
join safety_portal_station station on station.id = place.station_id
left join naloxone_kit kit on kit.holder_id = place.id and kit.state = %s
    and kit.expires_on >= (%s at time zone station.time_zone)::date
where place.kind = any(%s) and place.closed_on is null and place.par_min > 0
group by place.id
having count(kit.id) < place.par_min
order by place.id
"""


def below_par(now):
    """One Due for each place with fewer usable kits than its par; fewer still is worse."""
    codes = dict(Station.objects.values_list("pk", "code"))
    kinds = [kind.value for kind in PLACES]
    with connection.cursor() as cursor:
        cursor.execute(BELOW_PAR, [State.IN_SERVICE.value, now, kinds])
        for place, station, usable in cursor.fetchall():
            yield alerts.Due(
                kind=STOCK, subject=f"S-{place}", station_id=station, due_on=None,
                threshold=usable, group=f"stock {codes[station]}",
            )  # fmt: skip


sweep_stock = alerts.sweep_of(STOCK, below_par, how="At par again, or its par changed")


def stock_line(found):
    """One line of a digest for the places of a station."""
    count, empty = len(found), sum(alert.threshold == 0 for alert in found)
    noun = "place is" if count == 1 else "places are"
    bare = f", {empty} without any" if empty else ""
    return f"{count} {noun} below par at {found[0].station}{bare}"


# --- what does not add up ------------------------------------------------------------------------


def tell_missing(kits, act, *, now):
    """Mail at once to who answers for the stations of missing units: references and a link, no names."""
    at = defaultdict(list)
    for kit in kits:
        at[kit.station].append(kit.reference)
    for station, references in at.items():
        noun = "kit is" if len(references) == 1 else "kits are"
        for person in in_charge(station, None, now):
            mail(
                person, key=f"missing:{act.pk}:{station.code}", kind="kit.missing",
                subject=f"{len(references)} {noun} reported missing at {station}",
                body=f"{', '.join(references)} at {station}.\n\n"
                "Who finds one records it; after the search it is written off.",
                path=reverse("naloxone:discrepancies"), now=now,
            )  # fmt: skip


def tell_search(search, people, *, now):
    """Mail whoever has a kit by the record that it was not where it is expected: a reference and a link, no names."""
    for person in people:
        mail(
            person, key=f"search:{search.reference}", kind="kit.searched",
            subject=f"{search.kit.reference}: where is it?",
            body=f"{search.kit.reference} was not where it is recorded. Say where it is within "
            f"{settings.SEARCH_HOURS} hours, or it counts as missing then.",
            path=search.get_absolute_url(), now=now,
        )  # fmt: skip


def tell_owner(discrepancy, person, *, now):
    """Mail somebody that a discrepancy is theirs to see to."""
    mail(
        person, key=f"owner:{discrepancy.reference}", kind="discrepancy.handed_on",
        subject=f"{discrepancy.reference} is yours to see to",
        body=f"{discrepancy.reference} at {discrepancy.station} was given to you. It has a clock.",
        path=reverse("naloxone:discrepancy", args=[discrepancy.pk]), now=now,
    )  # fmt: skip


def overdue(now):
    """One Due for each open discrepancy past its time; past 72 hours it has reached the next step."""
    late = Discrepancy.objects.open().filter(due_at__lte=now).select_related("station")
    for found in late:
        hours = (now - found.opened_at) / dt.timedelta(hours=1)
        yield alerts.Due(
            kind=DISCREPANCY,
            subject=found.reference,
            station_id=found.station_id,
            due_on=found.station.today(found.due_at),
            threshold=ESCALATED if hours >= ESCALATE_HOURS else LATE,
            group=f"discrepancies {found.station.code}",
        )


sweep_discrepancies = alerts.sweep_of(DISCREPANCY, overdue, how="Closed")


def discrepancy_recipients(station, threshold, now):
    """The station; from 72 hours on the health office too."""
    roles = [*IN_CHARGE, Role.HEALTH_OFFICE] if threshold <= ESCALATED else IN_CHARGE
    return access.holders_of(standing_in(roles, station, now), station, now)


def discrepancy_line(found):
    count = len(found)
    noun = "thing does" if count == 1 else "things do"
    return f"{count} {noun} not add up at {found[0].station} and {'is' if count == 1 else 'are'} past the time to explain it"


# --- what one person ended alone -----------------------------------------------------------------


def unsigned(now):
    """One Due for each disposal by one person that nobody else signed for within the week."""
    late = Disposal.objects.waiting().filter(due_at__lte=now).select_related("station")
    for found in late:
        yield alerts.Due(
            kind=UNSIGNED,
            subject=found.reference,
            station_id=found.station_id,
            due_on=found.station.today(found.due_at),
            threshold=LATE,
            group=f"disposals {found.station.code}",
        )


sweep_disposals = alerts.sweep_of(UNSIGNED, unsigned, how="Signed, or undone")


def unsigned_line(found):
    count = len(found)
    noun = "disposal" if count == 1 else "disposals"
    return f"{count} {noun} at {found[0].station} by one person: a second signature is overdue"


# --- nil reports ---------------------------------------------------------------------------------

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
            IN_CHARGE if threshold <= REPORT_LATE else [Role.COORDINATOR], station, now
        ),
        line=nil_line,
        url=lambda found: f"{reverse('naloxone:nil_reports')}?station={found[0].station_id}",
    )
)
alerts.register_sweep("naloxone.nil_reports", sweep_nil_reports)
alerts.register_kind(
    alerts.Kind(
        name=UNSIGNED,
        title="Disposals by one person",
        recipients=in_charge,
        line=unsigned_line,
        url=lambda found: reverse("naloxone:unsigned_disposals"),
    )
)
alerts.register_sweep("naloxone.disposals", sweep_disposals)
alerts.register_kind(
    alerts.Kind(
        name=DISCREPANCY,
        title="What does not add up",
        recipients=discrepancy_recipients,
        line=discrepancy_line,
        url=lambda found: reverse("naloxone:discrepancies"),
    )
)
alerts.register_sweep("naloxone.discrepancies", sweep_discrepancies)
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
alerts.register_kind(
    alerts.Kind(name=KIND, title="Kits that expire", recipients=recipients, line=line, url=url)
)
alerts.register_sweep("naloxone.expiries", sweep_expiries)
alerts.register_kind(
    alerts.Kind(
        name=LIAISON,
        title="Coordinators and deputies",
        recipients=liaison_recipients,
        line=liaison_line,
        url=lambda found: reverse("naloxone:register", args=[found[0].subject]),
    )
)
alerts.register_sweep("naloxone.liaisons", sweep_liaisons)
