#!/usr/bin/env python
"""The whole portal on one machine: servers, web, worker, beat and a mail sink, under one supervisor.

Data stay in .local/ until `make clean`. Ctrl-C, or a TERM, ends everything that was started here.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import servers

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
PYTHON = sys.executable
MANAGE = [PYTHON, "manage.py"]
CELERY = [PYTHON, "-m", "celery", "-A", "safety_portal.celery"]


def say(text=""):
    print(text, flush=True)


class Child:
    """A process of the demo; its words go to .local/logs/NAME.log."""

    def __init__(self, name, command, environment, patience=10):
        self.name, self.command, self.environment = name, command, environment
        self.log, self.patience = LOCAL / "logs" / f"{name}.log", patience
        self.process, self.begun = None, 0
        self.start()

    def start(self):
        self.begun = time.monotonic()
        with self.log.open("ab") as output:
            # A session of its own keeps the terminal's Ctrl-C away: we stop things in order.
            self.process = subprocess.Popen(
                servers.tied(self.command), cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def finish(self):
        """Waits for a process that is to end by itself."""
        if self.process.wait():
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise servers.ServersError(f"{end}\n{self.name} failed; all of it is in {self.log}")
        return self

    def watch(self):
        """Starts the process again when it ended, but not in a hot circle."""
        if self.process.poll() is not None and time.monotonic() - self.begun > 2:
            say(
                f"{self.name} ended ({self.process.returncode}) and is started again; see {self.log}"
            )
            self.start()


def stop(children):
    """Asks all at once, then waits for each."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    for child in children:
        servers.end(child.process, signal.SIGTERM, child.patience)


@contextmanager
def group():
    """The children started so far; they end with the block."""
    children = []
    try:
        yield children
    finally:
        servers.ignore_signals()
        stop(children)


def follow_parent():
    """Ends with `make`, should that be killed; where the system has no such call, it does not."""
    if "MAKELEVEL" in os.environ:
        try:
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)
        except (OSError, AttributeError):
            return


def check_ports(*ports):
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise servers.ServersError(
                    f"Port {port} is in use. Choose another: PORT={ports[0] + 100} make demo"
                ) from error


def environment_of(addresses, port, smtp):
    """What all processes of the demo are told."""
    return {
        **os.environ,
        **addresses,
        "PORTAL_ENV": "demo",
        "PORT": str(port),
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp}",
        "MAIL_JOURNAL": str(LOCAL / "mail"),
        "BEAT_SCHEDULE": str(LOCAL / "beat" / "schedule"),
        "STATIC_ROOT": str(LOCAL / "static"),
        "WORKER_SOFT_SHUTDOWN_SECONDS": os.environ.get("WORKER_SOFT_SHUTDOWN_SECONDS", "3"),
    }


def start_all(children, port, smtp, environment):
    """Starts everything; returns when the sign-in page answers."""

    def start(name, *command, patience=10):
        children.append(Child(name, command, environment, patience))
        return children[-1]

    started = time.time()
    filling = start("prepare", PYTHON, "tools/demo.py", "prepare")
    static = start("static", *MANAGE, "collectstatic", "--noinput", "--verbosity=0")
    address = f"http://localhost:{port}"
    start("mail", PYTHON, "tools/mail_sink.py", LOCAL / "mail", str(smtp), str(port + 1), address)
    # WhiteNoise lists the collected files once, when the web starts; the tables may come later.
    children.remove(static.finish())
    start(
        "web", PYTHON, "-m", "gunicorn", "safety_portal.wsgi", f"--bind=127.0.0.1:{port}",
        "--workers=2", "--preload", "--max-requests=2000", "--max-requests-jitter=200",
    )  # fmt: skip
    children.remove(filling.finish())
    start("worker", *CELERY, "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle")
    start("beat", *CELERY, "beat", "--loglevel=INFO", "--pidfile=")
    wait_for_page(f"{address}/healthz", children)
    return time.time() - started


def wait_for_page(address, children):
    """Until the portal answers, or its web process has failed."""
    web = next(child for child in children if child.name == "web")
    for _ in range(600):
        if web.process.poll() is not None:
            web.finish()
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise servers.ServersError(f"The portal did not answer within 30 seconds; see {web.log}")


def greet(port):
    """What the newcomer needs."""
    took = time.time() - float(os.environ.get("PORTAL_BEGAN") or time.time())
    accounts = LOCAL / "accounts.txt"
    say(f"\nThe portal:     http://localhost:{port}/")
    say(f"Its mail:       http://localhost:{port + 1}/")
    if accounts.exists():
        say(f"\n{accounts.read_text().rstrip()}")
    say("\nTo stop:        Ctrl-C, or from elsewhere: kill " + str(os.getpid()))
    say("Data stay in .local/ until `make clean`.")
    say(f"Ready after {took:.0f} seconds.")


def prepare():
    """Tables, reference data and, into an empty portal, the fictitious agency. Runs as a child."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safety_portal.settings")
    sys.path.insert(0, str(ROOT))
    import django  # noqa: PLC0415 - the supervisor itself stays small and needs no settings
    from django.core.management import call_command, get_commands  # noqa: PLC0415

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    from safety_portal.people import Account  # noqa: PLC0415

    commands = get_commands()
    if "make_demo" in commands and not Account.objects.exists():
        call_command("make_demo")
    if "demo_accounts" in commands:
        with (LOCAL / "accounts.txt").open("w") as output:
            call_command("demo_accounts", stdout=output)


def run(port):
    """Starts, greets, watches; never returns by itself."""
    smtp = servers.free_port()
    with servers.running(LOCAL / "servers") as addresses, group() as children:
        start_all(children, port, smtp, environment_of(addresses, port, smtp))
        greet(port)
        while True:
            time.sleep(0.5)
            for child in children:
                child.watch()


def main():
    servers.listen_to_signals()
    follow_parent()
    port = int(os.environ.get("PORT") or 8000)
    for name in ("logs", "beat", "mail", "static"):
        servers.private_folder(LOCAL / name)
    servers.private_folder(LOCAL)
    held = servers.lock(LOCAL)
    if held is None:
        raise servers.ServersError("The demo is running already; stop it first.")
    check_ports(port, port + 1)
    try:
        with held:
            run(port)
    except servers.Stopped:
        say("Stopped.")


if __name__ == "__main__":
    try:
        prepare() if sys.argv[1:] == ["prepare"] else main()
    except servers.ServersError as error:
        sys.exit(str(error))
