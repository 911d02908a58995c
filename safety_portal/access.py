"""Who may do what, where: roles in code, grants as data with a scope and a time, and the door of every page."""

import datetime as dt
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.http import Http404
from django.shortcuts import redirect
from django.urls import resolve
from django.utils import timezone

from safety_portal import audit
from safety_portal.append_only import FilledMoment
from safety_portal.people import Component, Kind, Person, Region, Station

LENDING_DAYS = 14  # a supervisor lends their role for a leave, not for good (design, access)


class Permission(models.TextChoices):
    """What one may do. Each view and each action names one."""

    OWN_THINGS = "own_things", "Use one's own kits, hand-overs and records"
    PEOPLE_SEE = "people_see", "See people and dogs of a station"
    PEOPLE_KEEP = "people_keep", "Invite and change people, dogs and stations"
    CANINES_KEEP = "canines_keep", "Weigh dogs and make their dose cards"
    GRANTS_KEEP = "grants_keep", "Give and end roles"
    ROLES_SEE = "roles_see", "See who has which role"
    ROLE_LEND = "role_lend", "Lend one's role for a leave"
    KITS_SEE = "kits_see", "See kits and their custody"
    STOCK_RECEIVE = "stock_receive", "Receive deliveries and release them"
    KITS_ASSEMBLE = "kits_assemble", "Assemble kits"
    CUSTODY_GIVE = "custody_give", "Offer kits from places and move them between places"
    CUSTODY_TAKE = "custody_take", "Accept kits into places"
    LOT_RECALL = "lot_recall", "Record a recall"
    ORDERS_SEE = "orders_see", "See orders and the expiry plan"
    ORDERS_KEEP = "orders_keep", "Order stock and plan its replacement"
    KIT_TYPES_KEEP = "kit_types_keep", "Write what kits are made of"
    STOCK_END = "stock_end", "Dispose of kits, pass them on, write them off"
    DISCREPANCY_CLOSE = "discrepancy_close", "Close what did not add up"
    PLACES_KEEP = "places_keep", "Keep storage points, vehicles and par levels"
    STORAGE_DECIDE = "storage_decide", "Decide what becomes of kits that stood too hot or froze"
    TERMINALS_KEEP = "terminals_keep", "Enrol and revoke counter terminals"
    LIAISONS_SEE = "liaisons_see", "See coordinators and deputies of stations, and their registers"
    READINESS_SEE = "readiness_see", "See how ready stations are, and what their programmes lack"
    PROGRAMMES_KEEP = "programmes_keep", "Record what a station’s programme stands on"
    LEDGER_VERIFY = "ledger_verify", "Run the verifier over the whole ledger"
    AUDIT_SEE = "audit_see", "Read the audit"
    MEDICAL_READ = "medical_read", "Read medical facts"
    MEDICAL_WRITE = "medical_write", "Write medical facts"
    ALERTS_SEE = "alerts_see", "See alerts of a station"
    MAIL_SEE = "mail_see", "See the outbox and the sweeps"
    FIGURES_SEE = "figures_see", "See the figures of the whole agency"
    PROTOCOLS_KEEP = "protocols_keep", "Write, approve and withdraw protocols"
    COMPONENTS_SEE = "components_see", "See the page of building blocks"


class Role(models.TextChoices):
    """Short strings in rows; what they permit stands in PERMITS."""

    EMPLOYEE = "employee", "Employee"
    SUPERVISOR = "station_supervisor", "Station supervisor"
    COORDINATOR = "naloxone_coordinator", "Naloxone coordinator"
    DEPUTY = "deputy_coordinator", "Deputy coordinator"
    MEDICAL_OFFICER = "medical_officer", "Medical officer"
    HEALTH_OFFICE = "health_office", "Health office"
    SAFETY_OFFICER = "safety_officer", "Safety officer"
    LAB_LIAISON = "laboratory_liaison", "Laboratory liaison"
    CANINE_PROGRAMME = "canine_programme", "Canine programme"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


P = Permission
# What a coordinator may, the deputy may too: who stands in for somebody must not find doors closed.
KEEPS_STOCK = {
    P.PEOPLE_SEE, P.KITS_SEE, P.STOCK_RECEIVE, P.KITS_ASSEMBLE, P.CUSTODY_GIVE, P.CUSTODY_TAKE,
    P.LOT_RECALL, P.PLACES_KEEP, P.TERMINALS_KEEP, P.ALERTS_SEE, P.STOCK_END, P.DISCREPANCY_CLOSE,
    P.CANINES_KEEP, P.LIAISONS_SEE, P.STORAGE_DECIDE, P.ORDERS_SEE, P.ORDERS_KEEP,
    P.READINESS_SEE, P.PROGRAMMES_KEEP,
    P.KIT_TYPES_KEEP,
}  # fmt: skip
PERMITS = {
    # Everybody with an account is an employee here; no grant is needed for one's own things.
    Role.EMPLOYEE: {P.OWN_THINGS},
    Role.SUPERVISOR: {
        P.PEOPLE_SEE, P.ROLE_LEND, P.KITS_SEE, P.CUSTODY_GIVE, P.CUSTODY_TAKE, P.ALERTS_SEE,
        P.DISCREPANCY_CLOSE, P.TERMINALS_KEEP, P.LIAISONS_SEE, P.ORDERS_SEE,
        P.READINESS_SEE, P.PROGRAMMES_KEEP,
    },
    Role.COORDINATOR: KEEPS_STOCK,
    Role.DEPUTY: KEEPS_STOCK,
    Role.MEDICAL_OFFICER: {P.MEDICAL_READ, P.MEDICAL_WRITE, P.PROTOCOLS_KEEP, P.STORAGE_DECIDE},
    Role.HEALTH_OFFICE: {
        P.FIGURES_SEE, P.MAIL_SEE, P.ALERTS_SEE, P.PROTOCOLS_KEEP, P.LIAISONS_SEE, P.READINESS_SEE,
        P.PROGRAMMES_KEEP, P.ORDERS_SEE, P.ORDERS_KEEP, P.KIT_TYPES_KEEP,
    },
    Role.SAFETY_OFFICER: {P.ALERTS_SEE, P.READINESS_SEE},
    Role.LAB_LIAISON: set(),
    Role.CANINE_PROGRAMME: {P.PEOPLE_SEE, P.CANINES_KEEP},
    Role.AUDITOR: {
        P.KITS_SEE, P.LEDGER_VERIFY, P.AUDIT_SEE, P.ROLES_SEE, P.MAIL_SEE, P.LIAISONS_SEE, P.READINESS_SEE,
        P.ORDERS_SEE,
    },
    Role.ADMINISTRATOR: {
        P.PEOPLE_SEE, P.PEOPLE_KEEP, P.CANINES_KEEP, P.GRANTS_KEEP, P.ROLES_SEE, P.MAIL_SEE,
        P.COMPONENTS_SEE, P.LIAISONS_SEE,
    },
}  # fmt: skip


class AccessError(Exception):
    """Somebody tried what their grants do not permit. The middleware answers 404."""


class GrantError(Exception):
    """Why a role can't be given, lent or ended so; the text is fit to show."""

    def __init__(self, message, field=None):
        super().__init__(message)
        self.field = field


class ANYWHERE:
    """Said aloud: a right at any one station is enough."""


class EVERYWHERE:
    """Said aloud: the right must hold for the whole agency."""


class Scope(models.TextChoices):
    """How far a grant reaches."""

    EVERYWHERE = "everywhere", "The whole agency"
    COMPONENT = "component", "A component"
    REGION = "region", "A region"
    STATION = "station", "A station"


class GrantQuerySet(models.QuerySet):
    def in_force(self, now):
        """Begun, not ended, of a person who has not left; a lent one only while its source holds."""
        running = Q(starts_at__lte=now) & (Q(ends_at=None) | Q(ends_at__gt=now))
        source = Q(lent_from=None) | (
            Q(lent_from__starts_at__lte=now, lent_from__person__left_on=None)
            & (Q(lent_from__ends_at=None) | Q(lent_from__ends_at__gt=now))
        )
        return self.filter(running & source, person__left_on=None)

    def overlapping(self, starts_at, ends_at):
        """Grants that hold at some moment between the two; None is without end."""
        begun = Q() if ends_at is None else Q(starts_at__lt=ends_at)
        return self.filter(begun, Q(ends_at=None) | Q(ends_at__gt=starts_at))

    def reaching(self, station):
        """Grants whose scope holds this station."""
        return self.filter(
            Q(scope=Scope.EVERYWHERE)
            | Q(component=station.region.component_id)
            | Q(region=station.region_id)
            | Q(station=station)
        )

    def of_role(self, *roles):
        return self.filter(role__in=roles)

    def with_names(self):
        return self.select_related(
            "person__station", "given_by", "component", "region", "station", "lent_from__person"
        )

    def newest_first(self):
        return self.order_by("-starts_at", "-pk")


class Grant(models.Model):
    """That a person has a role in a scope from a moment to a moment. Ended, never removed."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=30, choices=Role.choices)
    scope = models.CharField(max_length=12, choices=Scope.choices)
    component = models.ForeignKey(Component, on_delete=models.PROTECT, null=True, related_name="+")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())
    reason = models.CharField(max_length=200, blank=True)
    lent_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="loans")
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="grant_scope_names_one_thing",
                condition=(
                    Q(scope="everywhere", component=None, region=None, station=None)
                    | Q(scope="component", component__isnull=False, region=None, station=None)
                    | Q(scope="region", component=None, region__isnull=False, station=None)
                    | Q(scope="station", component=None, region=None, station__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="grant_ends_after_start",
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
            ),
            models.CheckConstraint(
                name="grant_loan_has_an_end",
                # Without the first half an open end would pass: SQL finds a comparison with NULL no fault.
                condition=Q(lent_from=None)
                | Q(
                    ends_at__isnull=False,
                    ends_at__lte=F("starts_at") + dt.timedelta(days=LENDING_DAYS),
                ),
            ),
            models.CheckConstraint(
                name="grant_not_to_oneself", condition=~Q(person=F("given_by"))
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["person", "role"], name="grant_by_person")]

    def __str__(self):
        return f"{self.get_role_display()}, {self.where}"

    @property
    def reference(self):
        return f"G-{self.pk}"

    @property
    def where(self):
        """The scope in words."""
        place = self.station or self.region or self.component
        return str(place) if place else Scope.EVERYWHERE.label

    def is_in_force(self, now):
        return self.starts_at <= now and (self.ends_at is None or self.ends_at > now)


@dataclass(frozen=True)
class Rights:
    """What one person may do at one moment: permissions for the whole agency, and station keys of the others."""

    everywhere: frozenset
    at: dict
    roles: frozenset

    def stations(self, permission):
        """Station keys where the permission holds, or EVERYWHERE."""
        if permission in self.everywhere:
            return EVERYWHERE
        return self.at.get(permission, frozenset())


def _station_keys(grants):
    """grant → the keys of its stations; one query for all grants wider than a station."""
    components = {g.component_id for g in grants if g.component_id}
    regions = {g.region_id for g in grants if g.region_id}
    rows = []
    if components or regions:
        rows = Station.objects.filter(
            Q(region__in=regions) | Q(region__component__in=components)
        ).values_list("pk", "region_id", "region__component_id")
    for grant in grants:
        if grant.station_id:
            yield grant, {grant.station_id}
        else:
            yield (
                grant,
                {
                    key
                    for key, region, component in rows
                    if region == grant.region_id or component == grant.component_id
                },
            )


def rights(person):
    """The person's rights now: one query, two when a grant is wider than a station. Kept on the object."""
    if person is None or person.left_on is not None:
        return Rights(frozenset(), {}, frozenset())
    known = person.__dict__.get("_rights")
    if known is None:
        grants = list(Grant.objects.in_force(timezone.now()).filter(person=person))
        whole = {g.role for g in grants if g.scope == Scope.EVERYWHERE}
        everywhere = set(PERMITS[Role.EMPLOYEE]).union(*(PERMITS[Role(role)] for role in whole))
        at = {}
        for grant, keys in _station_keys([g for g in grants if g.scope != Scope.EVERYWHERE]):
            for permission in PERMITS[Role(grant.role)]:
                at.setdefault(permission, set()).update(keys)
        known = person.__dict__["_rights"] = Rights(
            frozenset(everywhere), at, frozenset({Role.EMPLOYEE, *(Role(g.role) for g in grants)})
        )
    return known


def forget(person):
    """Drop what `rights` keeps on the object, after a grant was given or ended."""
    person.__dict__.pop("_rights", None)


def may(person, permission, *, at):
    """Whether the person has the permission at a station (or its key), ANYWHERE or EVERYWHERE. None is nowhere."""
    if person is None or at is None:
        return False
    if person.kind == Kind.PORTAL:
        return True
    stations = rights(person).stations(permission)
    if stations is EVERYWHERE:
        return True
    if at is EVERYWHERE:
        return False
    if at is ANYWHERE:
        return bool(stations)
    return getattr(at, "pk", at) in stations


def check(by, permission, *, at):
    """Raise AccessError unless `by` has the permission there; the first line of every action."""
    if not may(by, permission, at=at):
        where = at.__name__ if isinstance(at, type) else str(at)
        raise AccessError(f"{by} may not “{Permission(permission).label}” at {where}")


def within(person, permission, field="station"):
    """A condition for querysets: rows whose station is one where the person has the permission."""
    stations = rights(person).stations(permission) if person else frozenset()
    if stations is EVERYWHERE or (person and person.kind == Kind.PORTAL):
        # Always true. An empty Q would vanish in “this | that” and leave only that.
        return ~Q(pk__in=[])
    return Q(**{f"{field}__in": sorted(stations)})


def stations_where(person, permission):
    """The stations at which the person has the permission."""
    return Station.objects.filter(within(person, permission, field="pk"))


def holders_of(roles, station, now):
    """People with an account who hold one of the roles at a station now."""
    grants = Grant.objects.in_force(now).of_role(*roles).reaching(station)
    return Person.objects.filter(
        pk__in=grants.values("person"), account__is_active=True
    ).select_related("account", "station")


# --- the doors of pages --------------------------------------------------------------------------

EVERYONE = "everyone signed in"
PUBLIC = "public"
TERMINAL = "whoever stands at a counter terminal"


def needs(permission, *, at=ANYWHERE):
    """The door of a view: who lacks the permission gets 404, as if the page were not there.

    At any one station is enough, unless the page is for those who have it EVERYWHERE.
    """

    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not may(request.person, permission, at=at):
                raise Http404
            return view(request, *args, **kwargs)

        guarded.needs = permission
        return guarded

    return decorate


def opens(person, url):
    """Whether a path leads to a page that this person may open: a link that ends in a 404 is none."""
    needed = getattr(resolve(urlsplit(url).path).func, "needs", None)
    return not isinstance(needed, Permission) or may(person, needed, at=ANYWHERE)


def everyone(view):
    """The door of a view for every signed-in person."""
    view.needs = EVERYONE
    return view


def terminal(view):
    """The door of a view for an enrolled browser. Nobody is signed in there: who acts proves it for each act.

    To other browsers it is a page like any that one must sign in for. A session that somebody opened in
    this browser all the same is closed first, or two people would answer for one act.
    """

    @login_not_required
    @wraps(view)
    def guarded(request, *args, **kwargs):
        if request.terminal is None and request.person is not None:
            raise Http404
        if request.terminal is None or request.person is not None:
            return redirect("account_logout" if request.person else "account_login")
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    guarded.needs = TERMINAL
    return guarded


def public(view):
    """The door of a view for anybody, signed in or not."""
    view = login_not_required(view)
    view.needs = PUBLIC
    return view


# --- verbs ---------------------------------------------------------------------------------------


def _scope_fields(scope, place):
    """The grant's four scope columns for a scope and its component, region or station."""
    if scope == Scope.EVERYWHERE:
        return {"scope": scope}
    wanted = {Scope.COMPONENT: Component, Scope.REGION: Region, Scope.STATION: Station}[
        Scope(scope)
    ]
    if not isinstance(place, wanted):
        raise GrantError(f"Say which {scope} the role is for.", field="place")
    if scope == Scope.STATION and place.closed_on is not None:
        raise GrantError(place.closed_words, field="place")
    return {"scope": scope, scope: place}


@transaction.atomic
def give_grant(*, person, role, scope, place=None, starts_at, ends_at=None, reason="", by):
    """Give a person a role in a scope. Moments are UTC. Raises GrantError; nobody gives to themselves."""
    check(by, Permission.GRANTS_KEEP, at=EVERYWHERE)
    if person == by:
        raise GrantError("Nobody gives a role to themselves; ask another administrator.", "person")
    if role == Role.EMPLOYEE:
        raise GrantError("Everybody with an account is an employee; nothing to give.", "role")
    if ends_at is not None and ends_at <= starts_at:
        raise GrantError("The end is before the start.", "ends_on")
    fields = _scope_fields(scope, place)
    # Two clicks at once are answered one after the other, so the second sees the first one's row.
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    same = Grant.objects.filter(person=person, role=role, lent_from=None, **fields)
    if same.overlapping(starts_at, ends_at).exists():
        raise GrantError(f"{person} already has this role there.", "role")
    grant = Grant.objects.create(
        person=person,
        role=role,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        given_by=by,
        **fields,
    )
    forget(person)
    audit.record("role.given", by=by, target=person, role=role, where=grant.where, reason=reason)
    return grant


@transaction.atomic
def end_grant(*, grant, reason, now, by):
    """End a grant now. Raises GrantError when it has ended; the lender may end a loan, else an administrator."""
    if grant.lent_from_id is None or grant.lent_from.person_id != by.pk:
        check(by, Permission.GRANTS_KEEP, at=EVERYWHERE)
    ended = (
        Grant.objects.filter(pk=grant.pk)
        .filter(Q(ends_at=None) | Q(ends_at__gt=now))
        .update(ends_at=models.functions.Greatest(F("starts_at"), now), ended_by=by)
    )
    if not ended:
        raise GrantError("This role has already ended.")
    forget(grant.person)
    audit.record("role.ended", by=by, target=grant.person, role=grant.role, reason=reason)


@transaction.atomic
def lend_role(*, grant, to, starts_at, ends_at, reason="", by):
    """Lend one's own supervisor role to a person for at most 14 days. Raises GrantError."""
    if grant.person_id != by.pk or not grant.is_in_force(timezone.now()):
        raise AccessError(f"{by} lends a role that is not theirs now")
    if Permission.ROLE_LEND not in PERMITS[Role(grant.role)] or grant.lent_from_id:
        raise GrantError("Only one's own supervisor role can be lent, and a loan not lent on.")
    if to == by:
        raise GrantError("Choose another person.", "to")
    if not starts_at < ends_at <= starts_at + dt.timedelta(days=LENDING_DAYS):
        raise GrantError(f"A role is lent for one to {LENDING_DAYS} days.", "ends_on")
    loan = Grant.objects.create(
        person=to,
        role=grant.role,
        scope=grant.scope,
        component=grant.component,
        region=grant.region,
        station=grant.station,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        given_by=by,
        lent_from=grant,
    )
    forget(to)
    audit.record("role.lent", by=by, target=to, role=grant.role, where=grant.where, until=ends_at)
    return loan
