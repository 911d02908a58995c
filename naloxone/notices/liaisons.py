"""Stations whose coordinator or deputy is missing, and registers that wait for a count."""

from django.urls import reverse

from naloxone import liaisons
from naloxone.liaison_rules import LACK_WORDS, THRESHOLDS
from naloxone.notices.letters import mail
from safety_portal import access, alerts
from safety_portal.access import Role
from safety_portal.people import Station

LIAISON = "naloxone.liaison"


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
        name=LIAISON,
        title="Coordinators and deputies",
        recipients=liaison_recipients,
        line=liaison_line,
        url=lambda found: reverse("naloxone:register", args=[found[0].subject]),
    )
)
alerts.register_sweep("naloxone.liaisons", sweep_liaisons)
