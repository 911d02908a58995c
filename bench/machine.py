"""What the figures were taken on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from django.db import connection


def processor():
    """The processor as the system calls it."""
    known = Path("/proc/cpuinfo")
    if known.exists():
        for line in known.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def describe():
    """One sentence of the machine and the programs that count."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        server = cursor.fetchone()[0].split()[0]
        cursor.execute("show fsync")
        careful = cursor.fetchone()[0]
    return (
        f"{os.cpu_count()} cores ({processor()}), {memory:.0f} GB, PostgreSQL {server} with fsync {careful} "
        f"on the same machine, Python {platform.python_version()}, Django {version('django')}, "
        f"gunicorn {version('gunicorn')}."
    )


def load():
    """How many processes wanted to run in the last minute, on average."""
    return os.getloadavg()[0]
