"""What a document costs before it says anything: the typesetter started for an empty page."""

import subprocess
import sys
import time

from bench.environment import ROOT, times
from bench.web import Time
from safety_portal.documents import FONTS, TYPESETTER


def empty_document():
    """Time of an empty document by the same program."""
    found = []
    for _ in range(times(30)):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-I", TYPESETTER, ROOT / "bench", FONTS, "empty"],
            input=b"{}",
            stdout=subprocess.DEVNULL,
            check=True,
        )
        found.append(time.perf_counter() - began)
    return Time.of(found)
