"""What people say of a kit (it would work in need, or does not), and that no rule leaves a place with nothing."""

import uuid
from dataclasses import dataclass

from django.db import connection

from naloxone import ledger, need_rules
from naloxone.actions.stock import begin, open_act_once, tell
from naloxone.models import (
    HandOverLine,
    Kit,
    NeedWord,
    PlaceEmptied,
)
from naloxone.models.need import WORKS_SQL
from naloxone.need_rules import Worth
from naloxone.rules import CustodyError, EventKind, HolderKind
from safety_portal import access, audit
from safety_portal.access import Permission


def say(kits, *, works, why, act=None, request_key, by):
    """Write one word on each of some locked units, in the caller's act."""
    NeedWord.objects.bulk_create(
        NeedWord(kit=kit, works=works, why=why[:500], by=by, act=act, request_key=request_key)
        for kit in kits
    )
    for kit in kits:
        kit.works = works  # as the trigger has projected it
        audit.record(
            "kit.works" if works else "kit.does_not_work", by=by, target=kit, station=kit.station,
            why=why,
        )  # fmt: skip


def take_back(kit, undone, act, *, why, by):
    """When an act is undone, so is the word that was given in it: the opposite is said again."""
    for word in NeedWord.objects.filter(act=undone, kit=kit):
        say([kit], works=not word.works, why=why, act=act, request_key=act.request_key, by=by)


# --- no rule empties a place ---------------------------------------------------------------------


@dataclass
class Leaving:
    """Units about to leave their places: which places that would empty, what takes their place, or why it is done."""

    emptied: list
    spare: Kit | None
    why: str

    def put_in(self, *, occurred_at, request_key, by):
        """Before the others leave, so that at no event the place holds nothing: the unit that takes their place."""
        if self.spare is None:
            return
        [place] = self.emptied
        act = open_act_once(
            request_key=uuid.uuid5(request_key, "instead"),
            verb="swap",
            occurred_at=occurred_at,
            by=by,
        )
        ledger.write([ledger.event(act, self.spare, EventKind.MOVED, place)])
        tell("custody.swapped", [self.spare], by=by, at=place)

    def record(self, act, *, by):
        """Keep why places were emptied all the same."""
        for place in self.emptied if self.spare is None else ():
            PlaceEmptied.objects.create(act=act, place=place, station=place.station, why=self.why)
            audit.record("place.emptied", by=by, target=place, station=place.station, why=self.why)


def usable(kits, now):
    """Those of some units that would work in need, or better, on their station's day."""
    useful = (Worth.SERVICEABLE, Worth.IN_NEED)
    return [kit for kit in kits if kit.worth(kit.station.today(now)) in useful]


# Of some places those where something that works stays. Every act that moves units asks it, so it stops at the first.
STAYS = f"""
select place from unnest(%s::bigint[]) as place
where exists (
    select from naloxone_kit kit where kit.holder_id = place and kit.id <> all(%s) and {WORKS_SQL}
)
"""


def places_emptied(kits, now):
    """Places where kits stand ready, and nothing that works is left when these units have gone."""
    going = [kit for kit in usable(kits, now) if kit.holder.keeps_ready]
    places = {kit.holder_id: kit.holder for kit in going}
    if not places:
        return []
    with connection.cursor() as cursor:
        cursor.execute(STAYS, [list(places), [kit.pk for kit in going]])
        left = {place for (place,) in cursor.fetchall()}
    found = [place for key, place in sorted(places.items()) if key not in left]
    for place in found:
        place.station = next(kit.station for kit in going if kit.holder_id == place.pk)
    return found


def hold_places(kits):
    """Two who each take one of the last two from a place wait for one another."""
    ready = sorted({kit.holder_id for kit in kits if kit.holder.keeps_ready})
    if ready:
        with connection.cursor() as cursor:
            cursor.execute(
                "select from naloxone_holder where id = any(%s) order by id for no key update",
                [ready],
            )


def check_leaving(kits, *, spare=None, why="", now, by):
    """The Leaving of units from their places. Raises CustodyError when a place would be emptied and nobody says why.

    `spare` is a unit that is put there in the same act instead; it is locked already.
    """
    emptied = places_emptied([*kits, *([spare] if spare else [])], now)
    if spare is not None:
        place = check_instead(spare, emptied, now=now, by=by)
        return Leaving([place], spare, "")
    if emptied and not why.strip():
        need_rules.check_not_emptied([place.name for place in emptied])
    return Leaving(emptied, None, why.strip()[:500])


def check_instead(spare, emptied, *, now, by):
    """The one place that a unit is put into. Raises CustodyError when there is none, or the unit can't be it."""
    others = [place for place in emptied if place.pk == spare.holder_id]
    need_rules.check_not_emptied([place.name for place in others])
    if len(emptied) != 1:
        names = " and ".join(place.name for place in emptied) or "no place"
        raise CustodyError(
            f"{spare.reference} can take the place of one place’s last kit; this empties {names}.",
            "instead",
        )
    [place] = emptied
    check_spare(spare, place, now=now, by=by, field="instead")
    return place


def check_spare(kit, place, *, now, by, field="new"):
    """Raise CustodyError, AccessError unless a unit can be put into a place as its serviceable one."""
    access.check(by, Permission.CUSTODY_GIVE, at=kit.station)
    need_rules.check_spare(
        kit.reference,
        worth=kit.worth(kit.station.today(now)),
        place_kind=HolderKind(kit.holder.kind),
        offered=HandOverLine.objects.filter(kit=kit, outcome=None).exists(),
        same_station=kit.station_id == place.station_id,
        field=field,
    )


def begin_leaving(kits, instead, request_key):
    """As `begin`, with the unit that is put in instead: (units, that unit or None, known act or None)."""
    found, act = begin([*kits, *([instead] if instead else [])], request_key)
    hold_places(found)
    spare = next((kit for kit in found if instead and kit.pk == instead.pk), None)
    return [kit for kit in found if kit is not spare], spare, act
