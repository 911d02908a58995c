"""Keeps the processes of one test run apart. Loaded before the settings (`-p tests.apart`), which read the environment."""

import os
from urllib.parse import urlsplit

# “gw1” → 1: pytest-xdist numbers its processes; without it there is one.
NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

if NUMBER and "REDIS_URL" in os.environ:
    # A Redis database for each: one process's empty counters are another's lost ones.
    found = urlsplit(os.environ["REDIS_URL"])
    own = int(found.path.strip("/") or 0) + NUMBER
    os.environ["REDIS_URL"] = found._replace(path=f"/{own}").geturl()


def name_of(database):
    """The test database of this process."""
    return f"test_{database}" + (f"_{NUMBER}" if NUMBER else "")
