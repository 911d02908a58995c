"""What every test may ask for: a database with both roles, one that may commit, a browser, real parts."""

import fcntl
import os
import time
from pathlib import Path

import pytest
import redis
from django.conf import settings as portal_settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import ProgrammingError, connections
from psycopg import sql

from tests import apart
from tests.browser import axe, browser, live_portal, open_page, page, phone, watched_page
from tests.parts import sink, worker

__all__ = [
    "axe", "browser", "live_portal", "open_page", "page", "phone", "sink", "watched_page", "worker",
]  # fmt: skip


def pytest_configure(config):
    if portal_settings.PORTAL_ENV != "test" or "owner" not in portal_settings.DATABASES:
        pytest.exit(
            "Run the tests through `make test`, or tools/servers.py python -m pytest …",
            returncode=4,
        )


# --- databases ----------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """A test database that the owner migrates and the tests meet as the application's role."""
    owner, app = connections["owner"], connections["default"]
    real = app.settings_dict["NAME"]
    owner.settings_dict["TEST"]["NAME"] = apart.name_of(real)
    with django_db_blocker.unblock():
        owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        app.creation.set_as_test_mirror(owner.settings_dict)
        with app.cursor() as cursor:
            cursor.execute("select current_user, current_database()")
            who, where = cursor.fetchone()
        # Tests as the owner would be green for the wrong reason.
        assert who != owner.settings_dict["USER"]
        assert where != real
        yield
        connections.close_all()  # one that lived beside Playwright's loop may be dead
        hang_up(app)
        connections.close_all()
        made, owner.settings_dict["NAME"] = owner.settings_dict["NAME"], real
        as_owner("drop database {} with (force)", made)


def hang_up(app):
    """Ends what threads of a live server left connected; a role may end its own connections, not another's."""
    with app.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"
        )
    app.close()  # by name: beside a browser's loop, close_all() may mean others


def as_owner(statement, *names):
    """Runs a statement that stands outside any of the portal's databases."""
    with connections["owner"]._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """A database of this test's own, in which it may commit, use threads, and act as the owner too.

    A copy of the migrated one (some 40 ms), because emptying tables afterwards would want the
    ledger's triggers off. Yields its name.
    """
    owner, app = connections["owner"], connections["default"]
    template = owner.settings_dict["NAME"]
    name = f"{template}_committed"
    with django_db_blocker.unblock():
        connections.close_all()
        as_owner("drop database if exists {} with (force)", name)
        as_owner("create database {} template {}", name, template)
        as_owner("revoke temp on database {} from public", name)
        owner.settings_dict["NAME"] = app.settings_dict["NAME"] = name
        try:
            yield name
        finally:
            try:
                drop_copy(app, name)
            finally:
                owner.settings_dict["NAME"] = app.settings_dict["NAME"] = template


def drop_copy(app, name, tries=10):
    """Drops a test's copy; again when a page that is just closing has connected anew meanwhile."""
    for left in reversed(range(tries)):
        connections.close_all()
        hang_up(app)
        connections.close_all()
        wait_until_left(name)
        try:
            return as_owner("drop database {} with (force)", name)
        except ProgrammingError:
            if not left:
                raise


def wait_until_left(name, seconds=2):
    """A closed connection takes a moment to end, and only its own role may hurry it: not the owner by “force”."""
    until = time.monotonic() + seconds
    with connections["owner"]._nodb_cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("select count(*) from pg_stat_activity where datname = %s", [name])
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.02)


# --- what tests must not inherit from one another -------------------------------------------------------
@pytest.fixture(autouse=True)
def empty_redis():
    """No counted sign-in, cached page or queued task of an earlier test; other keys are left alone."""
    yield
    with redis.Redis.from_url(portal_settings.REDIS_URL) as client:
        if keys := list(client.scan_iter("portal-test*", count=1000)):
            client.delete(*keys)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A folder of photos of this test's own, made when the first is written."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def newest_source():
    """When a static file last changed."""
    paths = (
        storage.path(name) for finder in get_finders() for name, storage in finder.list(["*.map"])
    )
    return max((os.path.getmtime(path) for path in paths), default=0)


@pytest.fixture(scope="session", autouse=True)
def static_files():
    """Pages name static files by their hash, so they are collected before the first page is made."""
    if not (portal_settings.BASE_DIR / "safety_portal/static/built").is_dir():
        pytest.exit("The browser's files are not built: run `make static`.", returncode=4)
    root = Path(portal_settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    manifest = root / "staticfiles.json"
    with (root.parent / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not manifest.exists() or manifest.stat().st_mtime < newest_source():
            call_command("collectstatic", interactive=False, verbosity=0)
            os.utime(manifest)
