"""Who and where: components, regions, stations, people and their accounts, dogs and their handlers."""

from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from safety_portal.append_only import FilledMoment

PORTAL_NAME = "The portal"
STATION_CODE = r"^[A-Z0-9]+(-[A-Z0-9]+)*$"


class PersonError(Exception):
    """Why a person, dog or station can't be recorded so; the text is fit to show."""

    def __init__(self, message, field=None):
        super().__init__(message)
        self.field = field


class Kind(models.TextChoices):
    """How a person belongs to the agency."""

    EMPLOYEE = "employee", "Employee"
    CONTRACTOR = "contractor", "Contractor"
    PORTAL = "portal", "The portal itself"


class WorkRole(models.TextChoices):
    """What a person does that may bring them near opioids (domain A.2, after NIOSH)."""

    PORT_INSPECTION = "port_inspection", "Primary or secondary port inspection"
    VEHICLE_TEARDOWN = "vehicle_teardown", "Vehicle-compartment teardown"
    MAIL_EXAM = "mail_exam", "Mail and express-consignment examination"
    PERSON_SEARCH = "person_search", "Pedestrian or person search"
    DETENTION = "detention", "Processing and detention"
    PATROL_FIELD = "patrol_field", "Border patrol, field"
    CHECKPOINT = "checkpoint", "Checkpoint"
    AIR_MARINE = "air_marine", "Air and marine boarding"
    CANINE_HANDLER = "canine_handler", "Canine handler"
    VAULT_CUSTODIAN = "vault_custodian", "Seized-property and vault custodian"
    EVIDENCE_TRANSPORT = "evidence_transport", "Evidence transport and destruction"
    LAB_SCIENTIST = "lab_scientist", "Laboratory scientist"
    FIELD_TESTING = "field_testing", "Field-testing operator"
    EMT_PARAMEDIC = "emt_paramedic", "EMT or paramedic"
    FLEET_FACILITY = "fleet_facility", "Fleet, facility or custodial"
    TRAINER = "trainer", "Trainer"
    SUPERVISOR = "supervisor", "Supervisor"


class FacilityType(models.TextChoices):
    """What kind of place a station is (reference data, stations.csv)."""

    LAND_PORT = "land_port", "Land port"
    AIRPORT = "airport", "Airport"
    BORDER_PATROL_STATION = "border_patrol_station", "Border patrol station"
    SEAPORT = "seaport", "Seaport"
    EXPRESS_CONSIGNMENT = "express_consignment_facility", "Express consignment facility"
    INTERNATIONAL_MAIL = "international_mail_facility", "International mail facility"
    AIR_MARINE = "air_marine_branch", "Air and marine branch"
    LABORATORY = "laboratory", "Laboratory"


class Component(models.Model):
    """A part of the agency with its own chain of command, such as the Office of Field Operations."""

    code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=120)

    def __str__(self):
        return self.name


class Region(models.Model):
    """A field office or sector: the step between station and component."""

    component = models.ForeignKey(Component, on_delete=models.PROTECT, related_name="regions")
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["component", "name"], name="region_once_a_component")
        ]

    def __str__(self):
        return self.name


class StationQuerySet(models.QuerySet):
    def in_use(self):
        """Those that are not closed: what one chooses from."""
        return self.filter(closed_on=None)

    def by_name(self):
        """Alphabetical, whatever the capitals."""
        return self.order_by(Lower("name"), "code")

    def with_names(self):
        return self.select_related("region__component")

    def matching(self, words):
        """Stations whose name, code, state or region contains the words."""
        return self.filter(
            Q(name__icontains=words)
            | Q(code__istartswith=words)
            | Q(state__iexact=words)
            | Q(region__name__icontains=words)
        )


class Station(models.Model):
    """A place of work: a port, a patrol station, a mail facility, a laboratory."""

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="stations")
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    facility_type = models.CharField(max_length=40, choices=FacilityType.choices)
    state = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=40)
    closed_on = models.DateField(null=True)
    closing_reason = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = StationQuerySet.as_manager()

    class Meta:
        constraints = [
            # Part of addresses and of the audit, so written in one way only.
            models.CheckConstraint(
                condition=Q(code__regex=STATION_CODE), name="station_code_in_capitals"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def closed_words(self):
        """Why nothing begins at a closed station, as a sentence."""
        return f"{self} was closed on {self.closed_on:%d %b %Y}."

    @property
    def zone(self):
        """The station's clock, as a ZoneInfo."""
        return ZoneInfo(self.time_zone)

    def today(self, now=None):
        """The local day at this station at a UTC moment."""
        return (now or timezone.now()).astimezone(self.zone).date()


class PersonQuerySet(models.QuerySet):
    def at(self, stations):
        """People whose home station is one of these."""
        return self.filter(station__in=stations)

    def serving(self):
        """People who have not left, without the portal itself."""
        return self.filter(left_on=None).exclude(kind=Kind.PORTAL)

    def by_name(self):
        return self.order_by(Lower("family_name"), Lower("given_name"), "pk")

    def with_station(self):
        return self.select_related("station__region__component")

    def matching(self, words):
        """People for whom each word is in the name, badge, reference or e-mail address."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(family_name__icontains=word)
                | Q(given_name__icontains=word)
                | Q(badge__iexact=word)
                | Q(account__email__istartswith=word)
                | Q(pk=Person.number(word))
            )
        return found

    def portal(self):
        """The one seeded person in whose name sweeps and imports act."""
        return self.get(kind=Kind.PORTAL)


class Person(models.Model):
    """An employee or contractor, with or without an account; or the portal itself."""

    kind = models.CharField(max_length=12, choices=Kind.choices)
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80, blank=True)
    badge = models.CharField(max_length=20, unique=True, null=True)
    telephone = models.CharField(max_length=30, blank=True)
    station = models.ForeignKey(
        Station, on_delete=models.PROTECT, null=True, related_name="people"
    )  # the portal has none
    left_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=Kind.PORTAL) | Q(station__isnull=False),
                name="person_has_a_home_station",
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind="portal"), name="person_one_portal"
            ),
        ]
        indexes = [
            models.Index(Lower("family_name"), Lower("given_name"), "id", name="person_by_name")
        ]

    def __str__(self):
        return self.name

    @property
    def name(self):
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def reference(self):
        return f"P-{self.pk}"

    @staticmethod
    def number(text):
        """The key behind “P-12”, or None for another text."""
        return reference_number("P", text)

    @property
    def zone(self):
        """The clock of the home station; UTC for the portal."""
        return self.station.zone if self.station_id else ZoneInfo("UTC")

    @property
    def has_account(self):
        """Whether they can sign in. Asks a query unless the account was selected with the person."""
        return hasattr(self, "account") and self.account.is_active


class WorkAssignment(models.Model):
    """That a person does one kind of work, from a day to a day."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="work")
    role = models.CharField(max_length=30, choices=WorkRole.choices)
    started_on = models.DateField()
    ended_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role"],
                condition=Q(ended_on=None),
                name="work_one_open_a_role",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=models.F("started_on")),
                name="work_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.person_id}: {self.role}"


class AccountManager(BaseUserManager):
    """Looks accounts up by e-mail address, whatever the capitals."""

    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)


class Account(AbstractBaseUser):
    """How a person signs in: an e-mail address and a password. Made by invitation only.

    Rights are not here: they are grants to the person (access.py).
    """

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="account")
    email = models.EmailField()
    is_active = models.BooleanField(default=True)
    invited_at = models.DateTimeField(default=timezone.now)

    objects = AccountManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="account_one_an_address")]

    def __str__(self):
        return self.email

    def has_perm(self, perm, obj=None):
        """Django's own permissions are not used; rights are access.Grant."""
        return False


class Discipline(models.TextChoices):
    """What a dog is trained to find."""

    NARCOTIC = "narcotic", "Narcotics"
    NARCOTIC_HUMAN = "narcotic_human", "Narcotics and concealed humans"
    CURRENCY_FIREARMS = "currency_firearms", "Currency and firearms"
    AGRICULTURE = "agriculture", "Agriculture"
    EXPLOSIVE = "explosive", "Explosives"


class CanineQuerySet(models.QuerySet):
    def serving(self):
        return self.filter(retired_on=None)

    def by_name(self):
        return self.order_by(Lower("name"), "pk")

    def matching(self, words):
        return self.filter(
            Q(name__icontains=words)
            | Q(microchip__iexact=words)
            | Q(pk=reference_number("C", words))
        )


class Canine(models.Model):
    """A working dog; what its naloxone dose is worked out from (weight) and who leads it.

    Weight and day are those of the CanineWeight recorded last; roster.keep_weight writes both.
    """

    name = models.CharField(max_length=60)
    microchip = models.CharField(max_length=20, unique=True)
    breed = models.CharField(max_length=60, blank=True)
    born_on = models.DateField(null=True)
    discipline = models.CharField(max_length=20, choices=Discipline.choices)
    weight_kg = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    weighed_on = models.DateField(null=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="canines")
    handler = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="canines")
    # Whom the handler calls; a post or a practice, with its number.
    veterinarian = models.CharField(max_length=120, blank=True)
    veterinarian_telephone = models.CharField(max_length=30, blank=True)
    retired_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = CanineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(weight_kg=None) | Q(weight_kg__gt=0, weighed_on__isnull=False),
                name="canine_weight_has_a_day",
            )
        ]

    def __str__(self):
        return self.name

    @property
    def reference(self):
        return f"C-{self.pk}"


class CanineWeight(models.Model):
    """What a dog weighed on a day, and who told so. Only ever added to; the one recorded last counts."""

    may_insert = ("canine", "kg", "weighed_on", "by", "request_key")

    canine = models.ForeignKey(Canine, on_delete=models.PROTECT, related_name="weights")
    kg = models.DecimalField(max_digits=4, decimal_places=1)
    weighed_on = models.DateField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kg__gt=0), name="canine_weight_more_than_nothing")
        ]

    def __str__(self):
        return f"{self.kg} kg"


def reference_number(letter, text):
    """The number in a spoken reference: “P-12”, “p12” → 12; None when it is another text."""
    text = text.strip().upper().replace(" ", "")
    digits = text.removeprefix(letter).removeprefix("-")
    # Eighteen digits still fit the key's eight bytes; more would be an error in the database.
    if text.startswith(letter) and digits.isdecimal() and digits.isascii() and len(digits) <= 18:
        return int(digits)
    return None
