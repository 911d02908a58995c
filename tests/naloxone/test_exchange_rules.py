"""What may be exchanged for what, without a database."""

import datetime as dt

import pytest

from naloxone import exchange_rules as rules
from naloxone.need_rules import Worth
from naloxone.rules import CARRIERS, MOVABLE, CustodyError, HolderKind, State

TODAY = dt.date(2026, 12, 31)


def refused(check, *names, field, match, **facts):
    with pytest.raises(CustodyError, match=match) as told:
        check(*names, **facts)
    assert told.value.field == field


@pytest.mark.parametrize("kind", HolderKind)
def test_only_what_somebody_carries_is_exchanged(kind):
    facts = {"holder": "Lane 3", "holder_kind": kind, "state": State.IN_SERVICE}

    if kind in CARRIERS:
        rules.check_old("K-1", **facts)
    else:
        refused(rules.check_old, "K-1", field="old", match="nobody carries it", **facts)


@pytest.mark.parametrize("state", State)
def test_whatever_a_kit_has_become_it_is_given_back_if_it_can_be(state):
    facts = {"holder": "Robin", "holder_kind": HolderKind.PERSON, "state": state}

    if state in MOVABLE:
        rules.check_old("K-1", **facts)
    else:
        refused(rules.check_old, "K-1", field="old", match="given back", **facts)


@pytest.mark.parametrize("worth", [*Worth, None])
def test_the_new_one_is_serviceable(worth):
    facts = {"worth": worth, "is_same": False, "new_kind": "kit", "old_kind": "carton"}

    if worth == Worth.SERVICEABLE:
        rules.check_new("K-2", **facts)
    else:
        refused(rules.check_new, "K-2", field="new", match="not serviceable", **facts)


def test_the_new_one_is_another_and_a_dogs_for_a_dogs():
    sound = {"worth": Worth.SERVICEABLE, "is_same": False, "new_kind": "kit", "old_kind": "kit"}

    refused(
        rules.check_new, "K-2", field="new", match="is the old one", **sound | {"is_same": True}
    )
    refused(
        rules.check_new, "K-2", field="new", match="canine", **sound | {"old_kind": "canine_kit"}
    )
    rules.check_new("K-2", **sound | {"old_kind": "canine_kit", "new_kind": "canine_kit"})


@pytest.mark.parametrize(("days", "asked"), [(-1, True), (0, True), (1, False)])
def test_what_does_not_expire_later_is_asked_about(days, asked):
    facts = {"new_expires": TODAY + dt.timedelta(days=days), "old_expires": TODAY}

    rules.check_later("K-2", "K-1", sure=True, **facts)
    rules.check_later("K-2", "K-1", sure=False, **facts | {"old_expires": None})
    rules.check_later("K-2", "K-1", sure=False, **facts | {"new_expires": None})
    if asked:
        refused(rules.check_later, "K-2", "K-1", field="sure", match="not later than K-1", sure=False, **facts)  # fmt: skip
    else:
        rules.check_later("K-2", "K-1", sure=False, **facts)


def test_both_moves_or_neither():
    rules.check_back("K-1", "K-2", holder_is_receiver=True, receiver="Robin")
    refused(
        rules.check_back, "K-1", "K-2", field=None, match="no longer with Robin",
        holder_is_receiver=False, receiver="Robin",
    )  # fmt: skip
    rules.check_undo("K-2", "K-1", old_is_back=True, receiver="Robin")
    refused(
        rules.check_undo, "K-2", "K-1", field=None, match="Undo the return of K-1 first",
        old_is_back=False, receiver="Robin",
    )  # fmt: skip


def test_a_muster_is_of_a_lot_or_of_what_expires_by_a_day():
    rules.check_muster(lot="A", until=None)
    rules.check_muster(lot="", until=TODAY)
    for lot, until in (("", None), ("A", TODAY)):
        refused(rules.check_muster, field="lot", match="one of the two", lot=lot, until=until)
    assert rules.words_of(lot="A", until=None) == "lot A"
    assert rules.words_of(lot="", until=TODAY) == "expiring by 31 Dec 2026"


def test_only_what_the_muster_is_of_is_exchanged_there():
    rules.check_listed("K-1", listed=True, words="lot A")
    refused(rules.check_listed, "K-1", field="old", match=r"\(lot A\)", listed=False, words="lot A")


def test_nobody_witnesses_for_themselves():
    rules.check_people(receiver=1, witness=2, by=3)
    refused(rules.check_people, field="old", match="witness’s own", receiver=2, witness=2, by=3)
    refused(rules.check_people, field="old", match="your own kit", receiver=3, witness=2, by=3)
