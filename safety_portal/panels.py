"""What stands on the front page: each panel answers one question of one role, in a few cheap queries."""

import datetime as dt

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Concat, TruncMonth

from naloxone import badges, readiness, round_summary
from naloxone.models import (
    Act,
    CustodyEvent,
    Disposal,
    HandOver,
    HandOverLine,
    Holder,
    Kit,
    ProgrammeDecision,
    Search,
    UseReport,
    need,
    own_day,
)
from naloxone.readiness_rules import Lack
from naloxone.rules import CARRIERS, CLOCK_SLACK, PLACES, UNUSED, State
from safety_portal import access, looking
from safety_portal.access import EVERYWHERE, Grant, Permission, Role
from safety_portal.alerts import SweepRun, WorkerHeartbeat
from safety_portal.audit import AuditRow
from safety_portal.medical import MedicalRead
from safety_portal.outbox import Message, MessageState
from safety_portal.people import Canine, Person
from training import doses, holding

FEW = 5
CHANGES_SINCE = dt.timedelta(days=7)
A_DAY = dt.timedelta(days=1)
SOON = dt.timedelta(days=14)  # a role that ends so soon is looked at
MONTHS = 12
VERIFIED = "ledger.verified"
# The rest of these roles' work comes with the exposure cases.
BEFORE_CASES = (Role.MEDICAL_OFFICER, Role.SAFETY_OFFICER, Role.LAB_LIAISON, Role.CANINE_PROGRAMME)
DONE = {
    "receive": "received", "release": "released from quarantine", "assemble": "assembled",
    "recall": "recorded a recall of", "accept": "took over", "counter": "handed over at the counter",
    "witness": "handed over before a witness", "move": "moved",
    "open": "opened", "hold": "put on hold", "waste": "recorded a wasted dose of",
    "missing": "reported missing", "found": "found", "write_off": "wrote off",
    "use": "gave a dose of", "bind": "found the kit of a use:", "undo": "undid the last event of", "note": "added a note to",
    "dispose": "disposed of", "pass_on": "passed on", "send": "sent off", "arrive": "received",
    "call_back": "called back", "swap": "swapped", "exchange": "exchanged",
    "muster": "exchanged at a muster",
}  # fmt: skip


def at(person, permission):
    return access.may(person, permission, at=access.ANYWHERE)


def here(person, permission):
    """Rows of stations where one has the permission, as far as one looks there now."""
    return access.within(person, permission) & looking.narrowing(person)


# --- everybody -----------------------------------------------------------------------------------


def still_open(offers):
    """Offers with lines that nobody answered, each with how many."""
    lines = HandOverLine.objects.filter(outcome=None)
    # Counted for the few that are left; grouping would first look at every line there ever was.
    mine = lines.filter(hand_over=OuterRef("pk")).order_by().values("hand_over")
    number = Subquery(mine.annotate(n=Count("pk")).values("n"))
    found = offers.filter(pk__in=lines.values("hand_over")).annotate(number=number)
    return found.order_by("due_at", "pk")


def offers_waiting(person, now):
    """Hand-overs that wait for this person's answer, the oldest first."""
    found = list(still_open(HandOver.objects.for_receiver(person)).with_names()[: FEW + 1])
    for offer in found:
        offer.late = offer.due_at < now
    return {"offers": found[:FEW], "more": len(found) > FEW} if found else None


def my_kits(person, now):
    """What one carries and until when, first what somebody did not find with one; silence for those whose work is elsewhere and who carry nothing."""
    search = Search.objects.open().filter(kit=OuterRef("pk"))
    mine = Kit.objects.held_by(person).with_names().with_open_offer()
    mine = mine.annotate(
        search_key=Subquery(search.values("pk")), search_due_at=Subquery(search.values("due_at"))
    )
    kits = list(
        mine.order_by(F("search_due_at").asc(nulls_last=True), "expires_on", "pk")[: FEW + 1]
    )
    if not kits and access.rights(person).roles != {Role.EMPLOYEE}:
        return None
    return {"kits": badges.show(kits[:FEW], person.station.today(now)), "more": len(kits) > FEW}


def my_dogs(person, now):
    """The dogs one leads, each with whether the card in its bag holds."""
    dogs = Canine.objects.serving().filter(handler=person).select_related("station__region")
    found = list(dogs.by_name()[:FEW])
    return {"sheets": doses.sheets(found, now)} if found else None


# --- stations ------------------------------------------------------------------------------------


def uses_to_read(person, now):
    """Uses of the last days whose clinical part this medical officer has not opened. Listed alike, whoever was given a dose."""
    if not at(person, Permission.MEDICAL_READ):
        return None
    mine = UseReport.objects.filter(
        here(person, Permission.MEDICAL_READ), recorded_at__gt=now - CHANGES_SINCE
    )
    reference = Concat(Value("U-"), Cast("pk", TextField()), output_field=TextField())
    read = MedicalRead.objects.filter(by=person, allowed=True, about=OuterRef("told_as"))
    found = mine.annotate(told_as=reference).exclude(Exists(read))
    reports = list(found.select_related("station").order_by("-pk")[: FEW + 1])
    return {"reports": reports[:FEW], "more": len(reports) > FEW, "days": CHANGES_SINCE.days}


def places_in_charge(person, permission, now):
    """Places of one's stations with what is ready in each, and when it was looked at last; one query."""
    day = own_day(now)
    counts = {
        "serviceable": Count("kits", filter=need.serviceable(day, "kits__")),
        "in_need": Count("kits", filter=need.in_need(day, "kits__")),
    }
    places = Holder.objects.in_use().filter(here(person, permission), kind__in=PLACES)
    return list(
        round_summary.with_rounds(places.annotate(**counts))
        .select_related("station")
        .order_by("station__name", "name")
    )


def stations_in_charge(person, places):
    """Keys of the stations of some places where the person sees how ready they are."""
    keys = {place.station_id for place in places}
    return [key for key in keys if access.may(person, Permission.READINESS_SEE, at=key)]


def readiness_of(stations, now):
    """How ready some stations are (keys): how many keep an antagonist in points, what the others lack, the worst first; one query."""
    lines = [line for line in readiness.of_stations(now, stations) if line.points]
    lacking = [line for line in lines if line.lacks]
    order = list(Lack)
    lacking.sort(key=lambda line: order.index(line.worst))
    return {
        "stations": len(lines), "lacking": lacking[:FEW], "lacking_number": len(lacking),
        "wrong": any(line.is_wrong for line in lacking),
    }  # fmt: skip


def reach(person, now):
    """Is an antagonist in reach of everybody at risk? Against par and those at risk, as drills showed it; was it looked at?"""
    if not at(person, Permission.CUSTODY_GIVE):
        return None
    found = places_in_charge(person, Permission.CUSTODY_GIVE, now)
    waiting = [place for place in round_summary.look_at_all(found, now) if place.todo]
    places = [place for place in found if place.par_min is not None]
    below = [place for place in places if place.serviceable < place.par_min]
    # What one place has too much is of no use at another.
    missing = sum(place.par_min - place.serviceable for place in below)
    worst = sorted(below, key=lambda place: place.serviceable - place.par_min)[:FEW]
    for place in worst:
        place.badge = badges.par_badge(place)
    return {
        **readiness_of(stations_in_charge(person, found), now),
        "places": len(places), "below": len(below), "missing": missing, "worst": worst,
        "serviceable": sum(place.serviceable for place in places), "par": sum(p.par_min for p in places),
        "waiting": len(waiting), "late": sum(place.late for place in waiting),
    }  # fmt: skip


def protocols(person, now):
    """Is a protocol in force? For each kind that is asked for: where none is, and whose review is overdue."""
    if Role.SUPERVISOR not in access.rights(person).roles:
        return None
    mine = access.stations_where(person, Permission.ROLE_LEND).in_use()
    stations = list(holding.with_dogs(mine.filter(looking.narrowing_stations(person)).by_name()))
    found = holding.gaps(stations, person.station.today(now)) if stations else []
    lacking = [gap for gap in found if gap.missing or gap.overdue]
    return {
        "gaps": lacking, "asked": len(found), "missing": sum(bool(gap.missing) for gap in found),
        "stations": len(stations), "one": stations[0] if len(stations) == 1 else None,
    }  # fmt: skip


def expiries(person, now):
    """What expires when: a year of months with the counts, at the stations whose stock one keeps."""
    if not at(person, Permission.STOCK_RECEIVE):
        return None
    today = person.station.today(now)
    kits = Kit.objects.filter(
        here(person, Permission.STOCK_RECEIVE),
        state__in=UNUSED,
        doses__gt=0,
    )
    gone = ExpressionWrapper(Q(expires_on__lt=today), output_field=BooleanField())
    months = kits.annotate(gone=gone, month=TruncMonth("expires_on")).order_by()
    rows = list(months.values_list("gone", "month").annotate(number=Count("pk")))
    counts = {month: number for gone, month, number in rows if not gone}
    shown = [first_of_month(today, n) for n in range(MONTHS)]
    expired = sum(number for gone, _, number in rows if gone)
    later = sum(number for month, number in counts.items() if month > shown[-1])
    most = max([1, *(counts.get(month, 0) for month in shown)])
    return {
        "expired": expired,
        "later": later,
        "months": [(month, counts.get(month, 0)) for month in shown],
        "most": most,
    }


def first_of_month(day, later):
    """The first day of the month that many months later."""
    months = day.year * 12 + day.month - 1 + later
    return dt.date(months // 12, months % 12 + 1, 1)


def changes(person, now):
    """What passed from hand to hand at one's stations in the last days, newest first.

    Nothing is recorded before it happened, so the first condition loses nothing and finds by index.
    """
    if not at(person, Permission.CUSTODY_GIVE):
        return None
    newest = (
        CustodyEvent.objects.filter(
            here(person, Permission.CUSTODY_GIVE),
            recorded_at__gte=now - CHANGES_SINCE - CLOCK_SLACK,
            act__occurred_at__gte=now - CHANGES_SINCE,
        )
        .order_by("-act")
        .values("act")
        .distinct()[:FEW]
    )
    # An act may reach further than one sees: only events of one's own stations are counted.
    seen = access.within(person, Permission.CUSTODY_GIVE, field="events__station")
    seen &= looking.narrowing(person, field="events__station")
    acts = Act.objects.filter(pk__in=newest).select_related("by").order_by("-pk")
    lines = []
    for act in acts.annotate(
        number=Count("events__kit", distinct=True, filter=seen),
        kit=Max("events__kit", filter=seen),
    ):
        one = act.number == 1
        what = f"K-{act.kit}" if one else f"{act.number:,} kits"
        url = f"/kits/K-{act.kit}/" if one else ""
        lines.append({"by": act.by, "done": DONE.get(act.verb, act.verb), "what": what, "url": url,
                      "at": act.occurred_at})  # fmt: skip
    return {"lines": lines, "days": CHANGES_SINCE.days}


# --- the agency ----------------------------------------------------------------------------------


def figures(person, now):
    """The agency in one sentence, and its parts."""
    if not access.may(person, Permission.FIGURES_SEE, at=EVERYWHERE):
        return None
    today = person.station.today(now)
    rows = list(
        Kit.objects.filter(state=State.IN_SERVICE, doses__gt=0)
        .values(name=F("station__region__component__name"))
        .annotate(
            serviceable=Count("pk", filter=need.serviceable(today)),
            expired=Count("pk", filter=Q(expires_on__lt=today)),
            carried=Count("pk", filter=Q(holder__kind__in=CARRIERS)),
        )
        .order_by("name")
    )
    totals = {key: sum(row[key] for row in rows) for key in ("serviceable", "expired", "carried")}
    return {"rows": rows, **totals, **agency_ready(now)}


def agency_ready(now):
    """How many stations keep an antagonist in reach, how many of them are not shown to be ready, how many have none yet and should."""
    lines = [line for line in readiness.of_stations(now) if line.points]
    newest = ProgrammeDecision.objects.order_by("station", "-pk").distinct("station")
    should = {row.station_id for row in newest if row.should}
    return {
        "keeping": len(lines), "not_ready": sum(bool(line.lacks) for line in lines),
        "to_begin": len(should - {line.key for line in lines}),
    }  # fmt: skip


def sweeps(person, now):
    """Does mail go out, and do the sweeps run?"""
    if not at(person, Permission.MAIL_SEE):
        return None
    newest = SweepRun.objects.values("name").annotate(last=Max("pk")).values("last")
    ends = Message.objects.aggregate(
        waiting=Count("pk", filter=Q(state__in=[MessageState.QUEUED, MessageState.SENDING])),
        lost=Count("pk", filter=Q(state__in=[MessageState.FAILED, MessageState.GIVEN_UP])),
    )
    return {
        "runs": SweepRun.objects.filter(pk__in=newest).order_by("name"),
        "beat": WorkerHeartbeat.objects.aggregate(at=Max("at"))["at"],
        **ends,
    }


def ledger(person, now):
    """Did anybody rewrite the ledger? What the last verification found, and the next one now."""
    if not at(person, Permission.LEDGER_VERIFY):
        return None
    last = AuditRow.objects.filter(act=VERIFIED, target="ledger").select_related("by")
    row = last.newest_first().first()
    facts = dict(line.split(": ", 1) for line in row.facts.split("\n")) if row else {}
    return {"row": row, "facts": facts}


def one_person(person, now):
    """What one person ended and nobody signed for within the week; for who audits it."""
    if not access.may(person, Permission.AUDIT_SEE, at=EVERYWHERE):
        return None
    return {"number": Disposal.objects.past(now).count()}


def roles(person, now):
    """How many have which role; for who checks it."""
    if not access.may(person, Permission.AUDIT_SEE, at=EVERYWHERE):
        return None
    grants = Grant.objects.in_force(now).order_by().values_list("role")
    counts = dict(grants.annotate(number=Count("person", distinct=True)))
    return {"counts": [(role, counts.get(role.value, 0)) for role in Role if role != Role.EMPLOYEE]}


def accounts(person, now):
    """Who can't sign in yet, whose invitation lies unused, which roles end soon."""
    if not access.may(person, Permission.PEOPLE_KEEP, at=EVERYWHERE):
        return None
    serving = Person.objects.serving()
    invited = serving.filter(account__is_active=True, account__password__startswith="!")
    ending = Grant.objects.in_force(now).filter(ends_at__lte=now + SOON)
    return {
        "without": serving.filter(account=None).count(),
        "invited": list(invited.select_related("account").order_by("account__invited_at")[:FEW]),
        "ending": list(ending.with_names().order_by("ends_at", "pk")[:FEW]),
    }


def not_yet(person, now):
    """An honest word to those whose pages are still to come."""
    mine = [role.label for role in BEFORE_CASES if role in access.rights(person).roles]
    return {"roles": mine} if mine else None
