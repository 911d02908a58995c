"""One table: what was measured, its floor, its target, and whether it was met."""

from dataclasses import dataclass
from pathlib import Path

from bench.environment import ROOT

DOCUMENT = ROOT / "docs" / "bench.md"
HEADS = (
    "measure", "p50 or value", "p95", "queries", "KB", "floor", "ratio", "target", "met",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One measure. A target is the most it may be, or the least where `more` is better."""

    name: str
    value: float
    unit: str
    p95: float | None = None
    queries: int | None = None
    kb: float | None = None
    floor: float | None = None
    target: float | None = None
    more: bool = False
    share: float | None = None  # of the floor, at least
    most_queries: int | None = None
    most_kb: float | None = None

    @property
    def met(self):
        """Whether each target is met; None without one."""
        found = []
        if self.target is not None:
            found.append(self.value >= self.target if self.more else self.value <= self.target)
        if self.share is not None:
            found.append(self.value >= self.share * self.floor)
        if self.most_queries is not None:
            found.append(self.queries <= self.most_queries)
        if self.most_kb is not None:
            found.append(self.kb <= self.most_kb)
        return all(found) if found else None

    @property
    def ratio(self):
        if not self.floor:
            return ""
        if self.more:
            return f"{100 * self.value / self.floor:.0f} %"
        return f"{self.value / self.floor:.1f} ×"

    @property
    def targets(self):
        sign = "≥" if self.more else "≤"
        said = [f"{sign} {self.target:.3g} {self.unit}"] if self.target is not None else []
        if self.share is not None:
            said.append(f"≥ {100 * self.share:.0f} %")
        if self.most_queries is not None:
            said.append(f"≤ {self.most_queries} queries")
        if self.most_kb is not None:
            said.append(f"≤ {self.most_kb:g} KB")
        return ", ".join(said)

    def cells(self):
        return (
            self.name,
            f"{figure(self.value)} {self.unit}",
            figure(self.p95),
            figure(self.queries),
            figure(self.kb),
            figure(self.floor),
            self.ratio,
            self.targets,
            {True: "met", False: "MISSED", None: ""}[self.met],
        )


def figure(value):
    """Three digits or so; nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, int) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}"


def table(rows, heads=HEADS):
    """Markdown that is also read well on a terminal."""
    cells = [heads, *(row.cells() if isinstance(row, Row) else row for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(heads))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) + " |" for r in cells]  # fmt: skip
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def growth(small, large):
    """The same measures at two sizes, where both have them."""
    before = {row.name: row for row in small}
    rows = [
        (row.name, f"{figure(before[row.name].value)} {row.unit}", f"{figure(row.value)} {row.unit}",
         f"{row.value / before[row.name].value:.1f} ×")
        for row in large
        if row.name in before and before[row.name].value
    ]  # fmt: skip
    return table(rows, ("measure", "before", "after", "growth"))


def write(name, text, document=DOCUMENT):
    """Puts the text between the marks of its name in the document."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    path = Path(document)
    known = path.read_text()
    before, rest = known.split(start, 1)
    after = rest.split(end, 1)[1]
    path.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}")
