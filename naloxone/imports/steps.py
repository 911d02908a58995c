"""One row as it is read, and what comes of it."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

from naloxone.import_rules import DayOrder, Outcome, What, fields_of, order_in, read_day
from naloxone.rules import CustodyError
from safety_portal.tables import NO_VALUE

FORMULA = "This cell has a formula whose value was never worked out. Put the value itself into it."
EMPTY = "Fill this in."


@dataclass
class Step:
    """What comes of one row: its outcome in words, what is wrong with it, and what an action is told of it."""

    row: object
    outcome: Outcome = Outcome.ERROR
    effect: str = ""
    faults: list = field(default_factory=list)  # (key of a column or "", sentence)
    facts: dict = field(default_factory=dict)

    def fault(self, key, error):
        self.faults.append((key, str(error)))

    def becomes(self, outcome, effect):
        """Say what comes of it; with a fault, nothing does."""
        if not self.faults:
            self.outcome, self.effect = outcome, effect


@dataclass
class Plan:
    """All rows of a file, and what must be asked back first."""

    steps: list
    questions: dict = field(default_factory=dict)

    @property
    def figures(self):
        found = Counter(step.outcome.value for step in self.steps)
        units = sum(s.facts.get("count", 1) for s in self.steps if s.outcome == Outcome.NEW)
        return {"rows": len(self.steps), "units": units, **found}

    @property
    def effects_hash(self):
        """Stands for all that the preview says: what was confirmed is what is done."""
        said = [[s.row.number, s.outcome, s.effect, s.faults] for s in self.steps]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


class Cells:
    """The cells of one row by our names; what is wrong with one is noted at its step."""

    def __init__(self, step, sheet):
        self.step, self.sheet = step, sheet

    def text(self, key):
        place = self.sheet.mapping.get(key)
        return "" if place is None else self.step.row.cells[place]

    def read(self, key, reader, default=None, *, required=None):
        """What a cell says by a reader (text → value); the default for an empty one, None for a wrong one."""
        text = self.text(key)
        if text == NO_VALUE:
            return self.step.fault(key, FORMULA)
        if not text:
            if self.sheet.fields[key].required if required is None else required:
                self.step.fault(key, EMPTY)
            return default
        try:
            return reader(text)
        except CustodyError as error:
            return self.step.fault(key, error)

    def day(self, key, *, month_means_last=False, required=None):
        """A day, in the order that the column shows or that was told."""
        order = self.sheet.orders.get(key)
        return self.read(
            key,
            lambda text: read_day(text, order, month_means_last=month_means_last),
            required=required,
        )


class Sheet:
    """A run's mapping over its rows: which column is which, and how its days are to be read."""

    def __init__(self, run, rows):
        self.what, self.mapping, self.rows = What(run.what), run.mapping, rows
        self.fields = fields_of(self.what)
        self.orders, self.unclear = {}, ""
        told = DayOrder(run.day_order) if run.day_order else None
        for key, place in self.mapping.items():
            if self.fields[key].day:
                shown, unclear = order_in(row.cells[place] for row in rows)
                self.orders[key] = shown or told
                self.unclear = self.unclear or (unclear if told is None else "")

    def steps(self):
        """An empty step and its cells for each row."""
        for row in self.rows:
            step = Step(row)
            yield step, Cells(step, self)


def said_twice(seen, key, step, words):
    """Whether an earlier row of the file said the same; noted at this one's column."""
    column, value = key
    first = seen.setdefault(key, step.row.number)
    if first != step.row.number:
        step.fault(column, f"{words.format(value)} is in row {first} too. Keep one of them.")
        return True
    return False
