"""The check of the whole ledger in a process of its own, so that its memory can be told."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Max, Min

from bench.environment import ROOT, BenchError
from naloxone.models import Kit
from naloxone.verify import STRIDE, verify_ledger, verify_range

CHILD = "import django; django.setup(); from bench.verifying import check; check({first}, {last})"


@dataclass(frozen=True)
class Checked:
    """What a check found and took; memory is the process's greatest, in MB."""

    events: int
    seconds: float
    mb: float


def check(first, last):
    """In the child: the units from first to last, or the whole ledger; tells by one line."""
    began = time.monotonic()
    if last is None:
        parts = [verify_ledger()]
    else:
        starts = range(first, last + 1, STRIDE)
        parts = [verify_range(start, min(start + STRIDE - 1, last)) for start in starts]
    took = time.monotonic() - began
    broken = [part.sentence for part in parts if not part.intact]
    told = {"events": sum(p.events for p in parts), "seconds": took, "mb": peak(), "broken": broken}
    sys.stdout.write(json.dumps(told))


def peak():
    """The most memory that this process had, in MB. The system's own account begins with the parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise BenchError("This system does not say how much memory a process had.")


def run(first=1, last=None):
    """Checks in a child."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD.format(first=first, last=last)],
        cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    told = json.loads(child.stdout)
    if told.pop("broken"):
        raise BenchError("The ledger that the bench filled does not verify.")
    return Checked(**told)


def tenth():
    """The units of the first tenth."""
    keys = Kit.objects.aggregate(low=Min("pk"), high=Max("pk"))
    return run(keys["low"], keys["low"] + (keys["high"] - keys["low"]) // 10)
