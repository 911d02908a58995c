"""What the portal is told when it is measured: production's settings, secrets of this run only."""

import base64
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "localhost"
OWN_STATIC = ROOT / ".local" / "bench-static"


class BenchError(Exception):
    """A sentence for the person who started the bench."""


def prepare():
    """Sets the environment of this process and of those it starts."""
    if not (os.environ.get("DATABASE_URL") and os.environ.get("DATABASE_OWNER_URL")):
        raise BenchError("Start the bench by `make bench`, or set the servers' addresses.")
    # Set in any case: figures taken with the tests' settings would flatter.
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PORTAL_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ENCRYPTION_KEYS": "bench:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": HOST,
        "EMAIL_URL": "smtp://127.0.0.1:9",  # nothing is sent; nobody listens there
        "MEDIA_ROOT": str(ROOT / ".local" / "bench-media"),
    }
    os.environ.setdefault("STATIC_ROOT", str(OWN_STATIC))


def scale():
    """How many times 50,000 kits: SCALE, 1 by default; tests take a thousandth."""
    text = os.environ.get("SCALE") or "1"
    try:
        found = float(text)
    except ValueError:
        found = 0
    if not 0.001 <= found <= 20:
        raise BenchError(f"SCALE is “{text}”; it must be a number up to 20, such as 1 or 10.")
    return found


def effort():
    """How many requests of each kind: BENCH_EFFORT, 1 by default."""
    return float(os.environ.get("BENCH_EFFORT") or "1")


def times(count):
    """A number of repetitions for this run's effort."""
    return max(2, round(count * effort()))


def wanted(name):
    """Whether a page is to be measured: BENCH_ONLY holds beginnings of names, parted by “|”."""
    only = os.environ.get("BENCH_ONLY", "")
    return not only or name.startswith(tuple(only.split("|")))
