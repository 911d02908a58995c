"""The order of the run: seed, then each group of measures, then the table."""

import os
import time
from datetime import UTC, datetime

from bench import (
    codes,
    custody,
    environment,
    fifty,
    heat,
    imports,
    machine,
    musters,
    pages,
    paper,
    readiness,
    report,
    rounds,
    seed,
    uses,
    verifying,
    web,
    world,
)
from bench.report import Row
from safety_portal.access import Role

LIST = {"target": 40, "most_queries": 10, "most_kb": 60}


def say(text):
    print(text, flush=True)


def page_row(found, empty=None, **targets):
    """A page beside what can't be less: the empty page and its own bare SQL."""
    floor = found.sql.p50 + (empty or 0)
    return Row(
        found.name,
        found.time.p50,
        "ms",
        found.time.p95,
        found.queries,
        found.kb,
        floor,
        **targets,
    )


def page_rows(portal):
    """The web's measures; the worker's memory comes last, when it has seen everything."""
    coordinator, auditor = world.who_is(Role.COORDINATOR), world.who_is(Role.AUDITOR)
    visits, audits = portal.visitor(coordinator), portal.visitor(auditor)
    bare = pages.measure("bare signed-in answer", visits, coordinator, pages.BARE)
    empty = pages.measure("empty signed-in page", visits, coordinator, pages.EMPTY)
    yield page_row(bare)
    yield page_row(empty)
    for found in pages.lists(visits, coordinator, auditor, audits):
        yield page_row(found, empty.time.p50, **LIST)
    for found in pages.others(visits, coordinator):
        if found.name.startswith("look-up"):
            yield page_row(found, bare.time.p50, target=15)
        else:
            yield page_row(found, empty.time.p50, target=40)
    for found in pages.traces(visits, coordinator):
        yield page_row(found, empty.time.p50, target=60)
    for found in pages.records(visits, coordinator):
        yield page_row(found, bare.time.p50 + paper.empty_document().p50, target=300)
    for found in pages.stations(visits, coordinator):
        # All its kits are overdue there, so the front page counts forty thousand; in life it counts a few.
        target = None if found.name == "front page" else 60
        yield page_row(found, empty.time.p50, target=target)
    yield from code_rows(visits, bare, empty)
    yield from fifty_rows(visits, coordinator)
    saved = uses.by_form(visits, coordinator)
    yield Row("use saved, form sent", saved.p50, "ms", saved.p95, floor=bare.time.p50, target=80)
    saved = rounds.by_form(visits)
    yield Row("round saved, form sent", saved.p50, "ms", saved.p95, floor=bare.time.p50, target=80)
    saved = musters.by_form(visits, coordinator, world.who_is(Role.SUPERVISOR))
    yield Row(
        "pair of a muster, form sent", saved.p50, "ms", saved.p95, floor=bare.time.p50, target=80
    )
    saved = rounds.by_action(coordinator)
    yield Row("round of 8 places and its draw, action", saved.p50, "ms", saved.p95, target=80)
    yield page_row(readiness.page(audits, auditor), empty.time.p50, target=150)
    took = heat.year(rounds.busy_places()[0], coordinator)
    yield Row("a logger's year imported, action", took, "s", target=5)
    listed, nothing = pages.together(visits)
    yield Row(
        "kit list, 8 clients", listed, "requests/s", floor=nothing, target=80, more=True, share=0.4
    )
    yield Row("web worker's memory after the run", portal.worker_mb(), "MB", target=120)


def code_rows(visits, bare, empty):
    # Two answers: where the code leads, and the page there.
    for name, took in codes.scanned(visits):
        floor = bare.time.p50 + empty.time.p50
        yield Row(f"scan to kit page: {name}", took.p50, "ms", took.p95, floor=floor, target=60)
    count, took = codes.sheets(visits)
    floor = bare.time.p50 + paper.empty_document().p50
    yield Row(f"labels of {count} kits, PDF", took.p50 / 1000, "s", floor=floor / 1000, target=5)


def fifty_rows(visits, coordinator):
    pile = fifty.Pile(world.who_is(Role.SUPERVISOR), coordinator)
    floor = fifty.by_psycopg(pile)
    sent = fifty.by_form(pile, visits)
    taken, queries = fifty.by_action(pile)
    yield Row("accept 50 kits, form sent", sent.p50, "ms", sent.p95, floor=floor.p50, target=120)
    yield Row(
        "accept 50 kits, action", taken.p50, "ms", taken.p95, queries, floor=floor.p50, target=120
    )


def sweep_rows():
    took, floor = uses.sweep()
    yield Row("expiry sweep", took, "s", floor=floor, target=2)


def custody_rows():
    acts, floor = custody.measure()
    yield Row(
        "custody act, 2 writers", acts, "acts/s", floor=floor, target=300, more=True, share=0.45
    )


def import_rows(scale):
    """A file of 10,000 kits: its rows checked, then all of them received."""
    found = imports.measure(scale)
    yield Row("import of 10,000 kits", found.done, "s", floor=found.floor, target=60)
    yield Row("its preview, every row checked", found.checked, "s", target=60)
    yield Row("memory of the process that imports", found.mb, "MB", target=400)


def verify_rows():
    """The check's time, and its memory at a tenth of the ledger and at all of it."""
    part, whole = verifying.tenth(), verifying.run()
    # Three seconds are for 200,000 events.
    most = 3 * max(1, round(whole.events / 200_000))
    yield Row("verify the ledger", whole.seconds, "s", target=most)
    yield Row("its memory, a tenth of the ledger", part.mb, "MB")
    # Constant: ten times the events may not take a tenth more.
    yield Row("its memory, the whole ledger", whole.mb, "MB", floor=part.mb, target=1.1 * part.mb)


def measured(scale):
    """Seeds and measures at one scale: (rows, text)."""
    say(f"Filling to scale {scale:g} …")
    found = seed.seed(scale)
    say(f"{found.kits:,} kits, {found.events:,} events.")
    rows = []
    if found.made:
        rows.append(Row("seed, through the trigger", found.made / found.seconds, "events/s"))
    say("Rounds …")
    count, seconds = rounds.seed(scale, world.who_is(Role.COORDINATOR))
    say(f"{count:,} rounds, made in {seconds:.0f} s.")
    count = readiness.seed(world.who_is(Role.COORDINATOR))
    say(f"{count:,} numbers at risk and drills.")
    load = machine.load()
    say("Verifying …")
    rows += verify_rows()
    say("Two writers …")
    rows += custody_rows()
    say("An import …")
    rows += import_rows(scale)
    say("The sweep …")
    rows += sweep_rows()
    say("Pages …")
    with web.portal() as portal:
        rows += page_rows(portal)
    head = (
        f"{found.kits:,} kits and {found.events:,} events, "
        f"{datetime.now(UTC):%d %b %Y}; load before the run {load:.1f}."
    )
    return rows, f"{head}\n\n{report.table(rows)}"


def main():
    began, scale = time.monotonic(), environment.scale()
    web.collect()
    scales = [1, scale] if scale > 1 else [scale]
    if scale > 1:
        say("At scale 1 first, then at the larger one.")
    results = [measured(one) for one in scales]
    texts = [machine.describe(), *(text for _, text in results)]
    if len(results) > 1:
        texts.append("### Growth\n\n" + report.growth(results[0][0], results[1][0]))
    text = "\n\n".join(texts)
    say(f"\n{text}\n\nTook {time.monotonic() - began:.0f} seconds.")
    if os.environ.get("BENCH_WRITE"):
        report.write("scale 1" if scale <= 1 else "larger", text)
    missed = [row.name for rows, _ in results for row in rows if row.met is False]
    say(f"Missed: {'; '.join(missed)}." if missed else "Every target is met.")
