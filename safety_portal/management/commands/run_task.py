"""Runs a task by hand, here and now, without worker or broker."""

import datetime as dt
import inspect

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from safety_portal.celery import app


def known_tasks():
    """Name → task: the names of the schedule's entries, then each task's own name."""
    app.loader.import_default_modules()
    own = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    entries = {key: entry["task"] for key, entry in settings.CELERY_BEAT_SCHEDULE.items()}
    return {key: own[name] for key, name in entries.items() if name in own} | own


def moment(text):
    """An ISO moment; without a zone it is UTC."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is no moment; write it like 2026-11-24T06:00:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


class Command(BaseCommand):
    help = "Runs a scheduled or registered task in this process."

    def add_arguments(self, parser):
        parser.add_argument("name", help="an entry of the schedule, or a task's own name")
        parser.add_argument("--now", type=moment, help="the moment the task takes for the present")

    def handle(self, *args, name, now, **options):
        tasks = known_tasks()
        if name not in tasks:
            known = "\n  ".join(sorted(tasks)) or "(none)"
            raise CommandError(f"There is no task “{name}”. The tasks are:\n  {known}")
        task, given = tasks[name], {}
        if now is not None:
            if "now" not in inspect.signature(task.run).parameters:
                raise CommandError(
                    f"The task {task.name} does not ask for a moment; leave --now out."
                )
            given = {"now": now}
        result = task(**given)
        self.stdout.write(f"{task.name} done{'' if result is None else f': {result}'}")
