"""Whether anybody rewrote the ledger: hashes, links, gaps, holders, moves and projection, found again from the rows.

Everything is computed by PostgreSQL from built-in functions only, not by the functions the trigger uses,
and only the first break comes back: memory stays the same whatever the number of events.
What this can't show: a whole chain hashed anew by the owner, or history removed together with its acts.
Checkpoints kept outside the database will.
"""

from dataclasses import dataclass

from django.db import connection

STRIDE = 20_000  # units looked at in one statement

WORDS = {
    1: "an event is missing before no. {sequence}, or two changed places",
    2: "event no. {sequence} does not follow from the one before: the link between them is broken",
    3: "event no. {sequence} was changed after it was recorded: its hash no longer fits its facts",
    4: "event no. {sequence} begins with another holder than the event before ended with",
    5: "event no. {sequence} is a move that the rules do not allow",
    6: "events were cut off the end, or the kit's row was edited: it does not say what event no. {sequence} left",
    7: "the doses of event no. {sequence} were changed, added or taken away",
    8: "the kit's row says it has a history, but the ledger holds no event of it",
    9: "the kit's row does not fit the doses in it (how many, which lot, which expiry)",
    10: "a dose lies in this kit that the ledger put elsewhere",
    11: "an act stands without its events: they were removed",
    12: "event no. {sequence} says that it undoes the one before, but is not its mirror",
}


@dataclass(frozen=True)
class Verification:
    """What was looked at, and the first break, if any."""

    events: int
    kits: int
    problem: int | None = None
    kit: int | None = None
    sequence: int | None = None

    @property
    def intact(self):
        return self.problem is None

    @property
    def sentence(self):
        """The finding in plain words."""
        if self.intact:
            noun = "event" if self.events == 1 else "events"
            return f"Chain intact: {self.events:,} {noun} checked."
        words = WORDS[self.problem].format(sequence=self.sequence)
        return f"K-{self.kit}: {words}." if self.kit else f"{words[0].upper()}{words[1:]}."


def number(column):
    return f"coalesce('\\x00000008'::bytea || int8send({column}::int8), '\\xffffffff')"


def text(column):
    return (
        f"coalesce(int4send(octet_length({column})) || convert_to({column}, 'UTF8'), '\\xffffffff')"
    )


def fixed(column, length):
    """A field whose bytes are always as many."""
    return f"coalesce('\\x{length:08x}'::bytea || {column}, '\\xffffffff')"


def moment(column):
    told = f"to_char({column} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
    return fixed(f"convert_to({told}, 'UTF8')", 26)


PAYLOAD = " || ".join(
    [
        "'\\x01'::bytea",
        number("e.kit_id"), text("k.kind"), number("e.sequence"), text("e.kind"),
        number("e.source_id"), number("e.destination_id"), text("e.state"), number("e.station_id"),
        moment("e.recorded_at"), fixed("uuid_send(a.request_key)", 16), text("a.verb"),
        number("a.by_id"), number("a.second_id"), text("a.proof"), moment("a.occurred_at"),
        fixed("a.commitment", 32), number("a.hand_over_id"), fixed("e.lines_hash", 32),
        fixed("e.previous_hash", 32),
    ]
)  # fmt: skip

# Own facts of each row; no order needed, so that PostgreSQL may use more than one process.
HASHES = f"""
select count(*), min(array[e.kit_id, e.sequence, 3]) filter (where e.hash is distinct from sha256({PAYLOAD}))
from naloxone_custodyevent e
join naloxone_act a on a.id = e.act_id
join naloxone_kit k on k.id = e.kit_id
where e.kit_id between %(first)s and %(last)s
"""

CHAIN = """
select min(array[kit_id, sequence, problem]) filter (where problem is not null),
       count(*) filter (where is_last)
from (
    select w.kit_id, w.sequence, w.is_last, case
        when w.sequence is distinct from coalesce(w.old_sequence, 0) + 1 then 1
        when w.previous_hash is distinct from coalesce(w.old_hash, decode(repeat('00', 32), 'hex')) then 2
        when w.old_destination is null and giver.kind <> 'supplier' and w.source_id <> w.destination_id then 4
        when w.old_destination is not null and w.source_id <> w.old_destination then 4
        when m.id is null or m.stays <> (w.source_id = w.destination_id) then 5
        when w.kind = 'corrected' and (
            w.old_kind in ('received', 'assembled', 'parted', 'recalled', 'corrected', 'noted')
            or w.destination_id <> w.old_source or w.state is distinct from w.older_state
        ) then 12
        when w.is_last and (
            k.last_sequence, k.head_hash, k.holder_id, k.station_id, k.state
        ) is distinct from (w.sequence, w.hash, w.destination_id, w.station_id, w.state) then 6
    end as problem
    from (
        select e.kit_id, e.sequence, e.kind, e.source_id, e.destination_id, e.state, e.station_id,
               e.previous_hash, e.hash,
               lag(e.sequence) over chain as old_sequence, lag(e.hash) over chain as old_hash,
               lag(e.destination_id) over chain as old_destination, lag(e.state) over chain as old_state,
               lag(e.source_id) over chain as old_source, lag(e.kind) over chain as old_kind,
               lag(e.state, 2) over chain as older_state,
               lead(e.sequence) over chain is null as is_last
        from naloxone_custodyevent e
        where e.kit_id between %(first)s and %(last)s
        window chain as (partition by e.kit_id order by e.sequence)
    ) w
    join naloxone_kit k on k.id = w.kit_id
    join naloxone_holder giver on giver.id = w.source_id
    join naloxone_holder taker on taker.id = w.destination_id
    left join naloxone_custodymove m
        on m.kind = w.kind and m.old_state = coalesce(w.old_state, 'new') and m.new_state = w.state
        and m.source_kind = giver.kind and m.destination_kind = taker.kind
) judged
where problem is not null or is_last
"""

LINES = f"""
select min(array[e.kit_id, e.sequence, 7])
from naloxone_custodyevent e
left join (
    select l.event_id, sha256(string_agg(
        {number("l.device_id")} || {number("l.unit_id")} || {number("lot.product_id")}
        || {text("lot.number")}
        || {fixed("convert_to(to_char(lot.expires_on, 'YYYY-MM-DD'), 'UTF8')", 10)} || {text("d.serial")},
        ''::bytea order by l.position)) as hash
    from naloxone_custodyline l
    join naloxone_custodyevent of on of.id = l.event_id
    join naloxone_device d on d.id = l.device_id
    join naloxone_lot lot on lot.id = d.lot_id
    where of.kit_id between %(first)s and %(last)s
    group by l.event_id
) found on found.event_id = e.id
where e.kit_id between %(first)s and %(last)s and e.lines_hash is distinct from found.hash
"""

EMPTY = """
select min(array[k.id, 0, 8]) from naloxone_kit k
where k.id between %(first)s and %(last)s and k.last_sequence > 0
  and not exists (select 1 from naloxone_custodyevent e where e.kit_id = k.id)
"""

# What is in a unit by its doses' own rows, and by what came and went in the ledger.
CONTENTS = """
select min(array[k.id, 0, 9]) from naloxone_kit k
left join (
    select d.kit_id, count(*) as doses, min(lot.expires_on) as expires_on,
           (array_agg(lot.id order by lot.expires_on, lot.id))[1] as lot_id
    from naloxone_device d join naloxone_lot lot on lot.id = d.lot_id
    where d.kit_id between %(first)s and %(last)s
    group by d.kit_id
) held on held.kit_id = k.id
left join (
    select unit_id, count(*) as doses from naloxone_custodyline
    where unit_id between %(first)s and %(last)s
    group by unit_id
) came on came.unit_id = k.id
left join (
    select e.kit_id, count(*) as doses
    from naloxone_custodyevent e join naloxone_custodyline l on l.event_id = e.id
    where e.kit_id between %(first)s and %(last)s and l.unit_id is distinct from e.kit_id
    group by e.kit_id
) went on went.kit_id = k.id
where k.id between %(first)s and %(last)s
  and (k.doses is distinct from coalesce(held.doses, 0)
       or k.doses is distinct from coalesce(came.doses, 0) - coalesce(went.doses, 0)
       or (k.expires_on, k.lot_id) is distinct from (held.expires_on, held.lot_id))
"""

PLACES = """
select min(array[coalesce(d.kit_id, d.origin_id), 0, 10]) from naloxone_device d
where (d.kit_id between %(first)s and %(last)s or d.origin_id between %(first)s and %(last)s)
  and d.kit_id is distinct from (
    select l.unit_id from naloxone_custodyline l where l.device_id = d.id
    order by l.event_id desc limit 1
)
"""

ACTS = """
select a.id from naloxone_act a
where not exists (select 1 from naloxone_custodyevent e where e.act_id = a.id)
  and a.verb <> 'recall'
limit 1
"""


def verify_range(first, last):
    """Verify the units with keys from first to last. Returns a Verification."""
    bounds = {"first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(HASHES, bounds)
        events, changed = cursor.fetchone()
        cursor.execute(CHAIN, bounds)
        broken, kits = cursor.fetchone()
        breaks = [changed, broken]
        for statement in (LINES, EMPTY, CONTENTS, PLACES):
            cursor.execute(statement, bounds)
            breaks.append(cursor.fetchone()[0])
    first_break = min((found for found in breaks if found), default=None)
    if first_break is None:
        return Verification(events, kits)
    kit, sequence, problem = first_break
    return Verification(events, kits, problem=problem, kit=kit, sequence=sequence)


def verify_kit(kit):
    """Verify one unit's chain, projection and doses."""
    return verify_range(kit.pk, kit.pk)


def verify_ledger(progress=lambda done, of: None):
    """Verify every unit, in strides; stops at the first break. `progress` hears (units done, of)."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(min(id), 1), coalesce(max(id), 0) from naloxone_kit")
        low, high = cursor.fetchone()
    events = kits = 0
    for first in range(low, high + 1, STRIDE):
        part = verify_range(first, first + STRIDE - 1)
        events, kits = events + part.events, kits + part.kits
        progress(min(first + STRIDE - low, high - low + 1), high - low + 1)
        if not part.intact:
            return Verification(events, kits, part.problem, part.kit, part.sequence)
    with connection.cursor() as cursor:
        cursor.execute(ACTS)
        if cursor.fetchone():
            return Verification(events, kits, problem=11)
    return Verification(events, kits)
