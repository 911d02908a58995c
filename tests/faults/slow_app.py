"""The portal's Celery app with one task whose run can be seen from outside."""

import time
from pathlib import Path

from safety_portal.celery import app


@app.task(name="faults.slow")
def slow(path, seconds):
    with Path(path).open("a") as file:
        file.write("begun\n")
    time.sleep(seconds)
    with Path(path).open("a") as file:
        file.write("ended\n")
