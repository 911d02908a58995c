"""Two questions of whoever runs the portal: is the process there, and can it do its work?"""

import datetime as dt
from ipaddress import ip_address

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Q
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from safety_portal.access import public
from safety_portal.alerts import SweepRun
from safety_portal.alerts import sweeps as known_sweeps
from safety_portal.roles import faults_of_role

# The slowest sweep runs every ten minutes; three missed runs are silence.
SILENT_AFTER = dt.timedelta(minutes=30)
FORWARDED = ("HTTP_X_FORWARDED_", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@public
def healthz(request):
    """Whether this process answers. It asks nobody else, so a lost database restarts no web worker."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
def readyz(request):
    """What works and what does not, for those who run the portal: 200, or 503 when something is wrong."""
    if not may_ask(request):
        raise Http404
    facts, faults = {}, []
    for name, look in PARTS.items():
        try:
            facts[name], wrong = look(timezone.now())
        except (DatabaseError, redis.RedisError) as error:
            # The kind only: a driver's message may hold addresses and names.
            facts[name], wrong = None, [f"{name}: {type(error).__name__}"]
        faults += wrong
    answer = {"ready": not faults, "faults": faults, **facts}
    return JsonResponse(answer, status=503 if faults else 200)


def may_ask(request):
    """From this machine and not through a proxy on it, or with the token."""
    token = request.headers.get("X-Readyz-Token", "")
    if token and settings.READYZ_TOKEN:
        return constant_time_compare(token, settings.READYZ_TOKEN)
    if any(name.startswith(FORWARDED) for name in request.META):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False  # a socket file has no address


def database(now):
    """The server's version, and that our role has no more than it should."""
    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        (version,) = cursor.fetchone()
    return version, faults_of_role(connection)


def broker(now):
    """The version of Redis or Valkey."""
    with redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=2, socket_connect_timeout=2
    ) as client:
        info = client.info("server")
    return info.get("valkey_version") or info["redis_version"], []


def pending_migrations(now):
    """Migrations that the code has and the database has not."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    names = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    return names, ["Migrations are pending: run manage.py migrate."] if names else []


def sweeps(now):
    """Seconds since each sweep last ended well (None: never); one that has been silent too long is a fault."""
    runs = SweepRun.objects.values("name").annotate(
        ended=Max("ended_at", filter=Q(error="")), begun=Max("started_at")
    )
    ages, faults = {}, []
    for run in runs.order_by("name"):
        ended = run["ended"]
        ages[run["name"]] = round((now - ended).total_seconds()) if ended else None
        if now - (ended or run["begun"]) > SILENT_AFTER:
            faults.append(f"The sweep {run['name']} has not ended well for too long.")
    never = sorted(set(known_sweeps) - set(ages))
    # Whoever has just installed or upgraded the portal has not waited too long yet.
    if (
        never
        and now - MigrationRecorder.Migration.objects.aggregate(at=Max("applied"))["at"]
        > SILENT_AFTER
    ):
        faults += [
            f"The sweep {name} has never run. Are worker and beat started?" for name in never
        ]
    return ages | dict.fromkeys(never), faults


PARTS = {
    "database": database,
    "broker": broker,
    "pending_migrations": pending_migrations,
    "sweeps": sweeps,
}
