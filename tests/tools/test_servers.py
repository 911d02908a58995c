"""The embedded servers: they come, keep what they should, and leave nothing running behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import servers

TOOL = Path(servers.__file__)


@pytest.fixture
def alone(monkeypatch):
    """No server is given by the environment."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        monkeypatch.delenv(name)


def processes_naming(text):
    """Pids of running processes whose command line holds the text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_for(is_so, seconds=15):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# A shell has SIGINT ignored in what it starts in the background.
IN_BACKGROUND = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]


@pytest.mark.fault
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running_when_the_supervisor_ends(alone, tmp_path, number):
    folder = tmp_path / "kept"
    # The command's name holds the folder, so one look finds supervisor, servers and command.
    sleep = tmp_path / "kept-sleep"
    sleep.symlink_to("/bin/sleep")
    supervisor = subprocess.Popen(
        [*IN_BACKGROUND, sys.executable, TOOL, "--keep", folder, sleep, "1234"]
    )
    try:
        wait_for(lambda: len(processes_naming(str(folder))) == 4)
    finally:
        supervisor.send_signal(number)
        supervisor.wait(15)

    wait_for(lambda: processes_naming(str(folder)) == [])


def test_a_second_start_keeps_the_data(alone, tmp_path):
    with (
        servers.running(tmp_path) as addresses,
        psycopg.connect(addresses["DATABASE_OWNER_URL"]) as owner,
    ):
        owner.execute("create table kept as select 7 as number")

    with (
        servers.running(tmp_path) as addresses,
        psycopg.connect(addresses["DATABASE_OWNER_URL"]) as owner,
    ):
        assert owner.execute("select number from kept").fetchone() == (7,)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_second_caller_uses_the_running_servers(alone, tmp_path):
    with servers.running(tmp_path) as first, servers.running(tmp_path) as second:
        assert second == first


@pytest.mark.parametrize("namespaces", [True, False] if os.getuid() == 0 else [True])
def test_the_servers_start_with_and_without_a_user_namespace(alone, monkeypatch, namespaces):
    monkeypatch.setattr(servers, "namespaces_work", lambda: namespaces)
    stand_ins = set(Path("/var/tmp").glob("safety-portal-*"))

    with servers.running() as addresses, psycopg.connect(addresses["DATABASE_URL"]) as app:
        who = app.execute("select current_user, rolsuper, rolcreatedb from pg_roles "
                          "where rolname = current_user").fetchone()  # fmt: skip
        # A temporary table could shadow a real one.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("create temporary table kit (id int)")

    assert who == ("portal_app", False, False)
    assert set(Path("/var/tmp").glob("safety-portal-*")) == stand_ins


def test_the_commands_exit_code_is_ours(alone):
    done = subprocess.run([sys.executable, TOOL, "sh", "-c", "exit 7"], check=False)

    assert done.returncode == 7


def test_servers_that_are_given_are_used():
    command = [sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"]

    done = subprocess.run([sys.executable, TOOL, *command], capture_output=True, check=True)

    assert json.loads(done.stdout)["DATABASE_URL"] == os.environ["DATABASE_URL"]


def test_half_a_pair_of_databases_is_named(monkeypatch):
    monkeypatch.delenv("DATABASE_OWNER_URL")

    with pytest.raises(servers.ServersError, match="set DATABASE_OWNER_URL too"):
        servers.given()


def test_a_missing_wheel_is_said_in_a_sentence():
    with pytest.raises(servers.ServersError, match="Run `make setup`, or set DATABASE_URL"):
        servers.package_folder("no_such_wheel")
