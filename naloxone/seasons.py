"""The hot season of a station: when it comes, and which kits in its vehicles go indoors for others."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from naloxone.models import CustodyEvent, Kit, StationSeason, UnitKind
from naloxone.rules import HolderKind
from naloxone.storage_rules import Phase, Season, phase_of, to_rotate_before

OUTSIDE = Q(holder__kind=HolderKind.VEHICLE) | Q(holder__outdoors=True)


@dataclass(frozen=True)
class Now:
    """Where in the year a station stands."""

    word: StationSeason | None
    phase: Phase
    begins: object = None
    ends: object = None

    @property
    def asks(self):
        """Whether kits are to be moved now."""
        return self.phase in (Phase.COMING, Phase.RUNNING)


def season_of(station):
    """The newest word on a station's hot months; None when nobody has said any."""
    return StationSeason.objects.newest().filter(station=station).select_related("by").first()


def now_at(word, today):
    """Where a station stands on its day, by its newest word."""
    season = word and word.season
    phase = phase_of(
        season, today, notice=settings.SEASON_NOTICE_DAYS, after=settings.SEASON_OVER_DAYS
    )
    if season is None:
        return Now(word, phase)
    return Now(word, phase, *season.span(today))


def to_rotate(station, season: Season, today):
    """Kits of a station that stand outside for too long, the hottest first; each with when it came (`came_at`)."""
    before = to_rotate_before(
        season, today, notice=settings.SEASON_NOTICE_DAYS, every=settings.SEASON_ROTATE_DAYS
    )
    arrivals = CustodyEvent.objects.filter(kit=OuterRef("pk"), destination=OuterRef("holder"))
    came = arrivals.exclude(source=OuterRef("holder")).order_by("-sequence")
    return (
        Kit.objects.filter(OUTSIDE, station=station)
        .exclude(kind=UnitKind.CARTON)
        .serviceable(today)
        .annotate(
            came_at=Subquery(came.values("act__occurred_at")[:1]),
            hot=Coalesce(F("storage__hot"), 0),
            allowed=Coalesce(F("storage__allowed"), 0),
        )
        .filter(came_at__date__lt=before)
        .select_related("holder", "lot")
        .order_by("-hot", "-allowed", "came_at", "pk")
    )


def spare(place, today, *, but):
    """Kits of an indoor place that may go out into service: what stood coolest first, then what expires first."""
    return (
        Kit.objects.filter(holder=place, kind=UnitKind.KIT)
        .serviceable(today)
        .exclude(pk__in=[kit.pk for kit in but])
        .exclude(offers__outcome=None, offers__isnull=False)
        .annotate(hot=Coalesce(F("storage__hot"), 0))
        .filter(Q(storage=None) | Q(storage__mark=""))
        .order_by("hot", "expires_on", "pk")
    )
