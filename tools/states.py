"""Draws docs/states.md from the rules, so that the picture can't drift from the code.

python tools/states.py          prints it
python tools/states.py --write  writes it
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from naloxone.rules import MOVES, STATE_WORDS, EventKind, State, stays

STAYS = {True: "yes", False: "", None: "as what it undoes"}
TARGET = ROOT / "docs" / "states.md"


def words(name):
    return name.replace("_", " ")


def diagram():
    """One arrow a change of state, with the kinds of event that make it."""
    arrows = {}
    for kind, old, new, _, _ in MOVES:
        if kind in (EventKind.NOTED, EventKind.CORRECTED):
            continue  # everywhere, and every arrow backwards: they would hide the rest
        arrows.setdefault((old, new), set()).add(words(kind))
    lines = ["```mermaid", "stateDiagram-v2"]
    order = list(State)
    for (old, new), kinds in sorted(
        arrows.items(), key=lambda pair: (order.index(pair[0][0]), order.index(pair[0][1]))
    ):
        start = "[*]" if old == State.NEW else old
        lines.append(f"    {start} --> {new}: {', '.join(sorted(kinds))}")
    return [*lines, "```"]


def table():
    """One line a kind of event: between which holders."""
    lines = ["| event | from | to | stays |", "|---|---|---|---|"]
    for kind in EventKind:
        mine = [move for move in MOVES if move[0] == kind]
        sources = ", ".join(sorted({words(move[3]) for move in mine}))
        targets = ", ".join(sorted({words(move[4]) for move in mine}))
        lines.append(f"| {words(kind)} | {sources} | {targets} | {STAYS[stays(kind)]} |")
    return lines


def page():
    states = [f"* **{STATE_WORDS[state]}** (`{state}`)" for state in State]
    return "\n".join(
        [
            "# States",
            "",
            "Drawn from `naloxone/rules.py` by `tools/states.py`; a test compares.",
            "",
            "## A unit of custody",
            "",
            "Only what can't be derived is a state: “issued” is who holds it, “expired” is a date.",
            "",
            *states,
            "",
            *diagram(),
            "",
            "Left out: a note, which moves nothing, and a correction, which is the newest arrow backwards.",
            "An event that stays has the same holder at both ends.",
            "",
            *table(),
            "",
        ]
    )


if __name__ == "__main__":
    if "--write" in sys.argv:
        TARGET.write_text(page())
    else:
        print(page())
