"""Which way out fits what, without a database."""

import dataclasses
import datetime as dt
from itertools import product

import pytest

from naloxone import disposal_rules as out
from naloxone.disposal_rules import Basis, Method, Reason, Stock
from naloxone.rules import MOVABLE, MOVES, CustodyError, EventKind, HolderKind, State

TODAY = dt.date(2026, 11, 24)
SOUND = Stock(
    reference="K-1", state=State.IN_SERVICE, doses=2, expires_on=TODAY, recalled=False,
    routes=frozenset({"intranasal"}),
)  # fmt: skip
EXPIRED = {"expires_on": dt.date(2026, 11, 23)}
SPENT = {"state": State.SPENT, "doses": 0, "expires_on": None, "routes": frozenset()}


def stock(**facts):
    return dataclasses.replace(SOUND, **facts)


def against(method, reason, **facts):
    """What speaks against it, as (field, words); None when nothing does."""
    found = out.misfits(stock(**facts), method=method, reason=reason, on=TODAY)
    return (found[0].field, found[0].words) if found else None


@pytest.mark.parametrize("method", Method)
def test_every_way_ends_a_unit_by_a_move_that_the_ledger_knows(method):
    kind, taker, state = out.ends_as(method)

    for old in MOVABLE:
        assert (kind, old, state, HolderKind.STORAGE, taker) in MOVES


def test_three_ways_pass_a_unit_on_and_the_others_destroy_it():
    passed = {m for m in Method if out.ends_as(m)[0] == EventKind.PASSED_ON}

    assert passed == {Method.DONATION, Method.RETURN_TO_VENDOR, Method.EVIDENCE_HOLD}
    assert out.ends_as(Method.RETURN_TO_VENDOR)[1] == HolderKind.SUPPLIER
    assert out.ends_as(Method.TRAINING_USE)[2] == State.DESTROYED


def test_everything_has_words():
    assert set(out.METHOD_WORDS) == set(Method)
    assert set(out.REASON_WORDS) == set(Reason)
    assert set(out.BASIS_WORDS) == set(Basis)


@pytest.mark.parametrize("state", [state for state in State if state not in MOVABLE])
def test_what_is_nowhere_to_be_thrown_away_from_is_refused(state):
    field, words = against(Method.TRASH, Reason.DAMAGED, state=state)

    assert field == "kits"
    assert "this can't be done with it now" in words


@pytest.mark.parametrize("method", Method)
def test_sound_stock_may_go_every_way_as_surplus(method):
    assert against(method, Reason.SURPLUS) is None


@pytest.mark.parametrize(
    ("reason", "facts", "words"),
    [
        (Reason.EXPIRED, {}, "not expired"),
        (Reason.EXPIRED, {"expires_on": None}, "not expired"),
        (Reason.RECALLED, {}, "not of a recalled lot"),
        (Reason.USED, {}, "nothing is recorded as taken out"),
        (Reason.USED, {"state": State.HELD}, "nothing is recorded as taken out"),
    ],
)
def test_a_reason_that_the_record_contradicts_is_refused(reason, facts, words):
    field, said = against(Method.TRASH, reason, **facts)

    assert field == "reason"
    assert said.startswith(words)


@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        (Reason.EXPIRED, EXPIRED),
        (Reason.RECALLED, {"state": State.RECALLED, "recalled": True}),
        (Reason.USED, SPENT),
        (Reason.USED, {"state": State.OPENED, "doses": 1}),
    ],
)
def test_a_reason_that_the_record_bears_out_is_taken(reason, facts):
    assert against(Method.TRASH, reason, **facts) is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (EXPIRED, "expired; expired stock is not donated"),
        ({"expires_on": None}, "expired; expired stock is not donated"),
        ({"state": State.OPENED}, "opened; only what is in service and sealed is donated"),
        ({"state": State.HELD}, "on hold; only what is in service and sealed is donated"),
        ({"recalled": True}, "recalled, so not for “donation”"),
    ],
)
def test_only_what_we_would_hand_out_ourselves_is_donated(facts, words):
    assert against(Method.DONATION, Reason.SURPLUS, **facts) == ("method", words)


def test_recalled_stock_is_for_no_lesson_and_goes_back_to_the_vendor():
    recalled = {"state": State.RECALLED, "recalled": True}

    assert against(Method.TRAINING_USE, Reason.RECALLED, **recalled)[0] == "method"
    assert against(Method.RETURN_TO_VENDOR, Reason.RECALLED, **recalled) is None


def test_expired_stock_may_be_used_for_training():
    assert against(Method.TRAINING_USE, Reason.EXPIRED, **EXPIRED) is None


def test_used_stock_is_waste_or_evidence():
    taken = {m for m in Method if against(m, Reason.USED, **SPENT) is None}

    assert taken == set(Method) - out.NOT_FOR_USED


def test_an_emptied_kit_is_not_returned_to_the_vendor():
    said = against(Method.RETURN_TO_VENDOR, Reason.DAMAGED, **SPENT)

    assert said == ("method", "nothing is left in it to return")


def test_a_refusal_names_the_units_it_is_about():
    stocks = [stock(reference=f"K-{n}") for n in range(1, 9)]
    stocks.insert(0, stock(reference="K-0", **EXPIRED))

    with pytest.raises(CustodyError, match=r"^K-1, K-2, K-3, K-4, K-5 and 3 more: not expired\.$") as found:  # fmt: skip
        out.check_disposal(stocks, method=Method.TRASH, reason=Reason.EXPIRED, on=TODAY)

    assert found.value.field == "reason"
    out.check_disposal(stocks[:1], method=Method.TRASH, reason=Reason.EXPIRED, on=TODAY)


def test_all_that_speaks_against_it_is_told_at_once():
    stocks = [stock(recalled=True), stock(reference="K-2", state=State.MISSING)]

    with pytest.raises(CustodyError) as found:
        out.check_disposal(
            stocks, method=Method.DONATION, reason=Reason.EXPIRED, words="", recipient="", on=TODAY
        )

    assert [(one.field, str(one)) for one in out.all_of(found.value)] == [
        ("reason", "K-1: not expired."),
        ("method", "K-1: recalled, so not for “donation”."),
        ("kits", "K-2: missing; this can't be done with it now."),
        ("recipient", "Say who gets them."),
    ]
    alone = CustodyError("Another")
    assert out.all_of(alone) == [alone]


def test_another_reason_is_told_in_words():
    told = {"method": Method.TRASH, "reason": Reason.OTHER, "recipient": ""}

    with pytest.raises(CustodyError) as found:
        out.check_disposal([], on=TODAY, words=" ", **told)

    assert found.value.field == "words"
    out.check_disposal([], on=TODAY, words="Mould", **told)


@pytest.mark.parametrize("method", Method)
def test_who_gets_what_is_passed_on_is_named(method):
    told = {"method": method, "reason": Reason.SURPLUS, "words": ""}
    if method not in out.TAKERS:
        return out.check_disposal([], on=TODAY, recipient="", **told)

    with pytest.raises(CustodyError) as found:
        out.check_disposal([], on=TODAY, recipient=" ", **told)

    assert found.value.field == "recipient"
    return out.check_disposal([], on=TODAY, recipient="County", **told)


@pytest.mark.parametrize(("method", "reason"), list(product(Method, Reason)))
def test_needles_are_said_wherever_they_do_not_belong(method, reason):
    needles = stock(reference="K-9", routes=frozenset({"intranasal", "intramuscular"}))

    said = out.cautions([SOUND, needles], method=method, reason=reason)

    warned = any(each.startswith("K-9: these have needles") for each in said)
    assert warned == (method != Method.SHARPS and method not in out.TAKERS)
    assert any("6-mil bag" in each for each in said) == (reason == Reason.USED)
    assert any(each.startswith("Full doses") for each in said) == (method == Method.TRASH)


def test_an_empty_box_in_the_trash_needs_no_word():
    assert out.cautions([stock(**SPENT)], method=Method.TRASH, reason=Reason.DAMAGED) == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([{}], None),
        ([], None),
        ([EXPIRED, EXPIRED], Reason.EXPIRED),
        ([EXPIRED, {}], None),
        ([SPENT], Reason.USED),
        ([EXPIRED | {"state": State.RECALLED, "recalled": True}], Reason.RECALLED),
    ],
)
def test_the_form_begins_with_the_reason_that_the_record_tells(facts, reason):
    assert out.likely_reason([stock(**each) for each in facts], on=TODAY) == reason


def test_the_second_signature_is_due_after_seven_days():
    noon = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

    assert out.countersign_by(noon) == dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)


def test_the_note_says_how_why_to_whom_and_with_which_receipt():
    assert out.in_words(method=Method.TRASH, reason=Reason.EXPIRED) == "Trash. Expired."
    assert (
        out.in_words(
            method=Method.DONATION, reason=Reason.SURPLUS, words="By van", receipt="R-7",
            recipient="Example County",
        )
        == "Donation. More than needed. To Example County. Receipt R-7. By van"
    )  # fmt: skip
