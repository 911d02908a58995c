"""No rule empties a place: what leaves last is swapped first, or somebody says why not."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions, notices, swaps
from naloxone.actions import CustodyError
from naloxone.disposal_rules import Method, Reason
from naloxone.models import Act, CustodyEvent, Holder, Kit, PlaceEmptied
from naloxone.rules import HolderKind, State
from naloxone.verify import verify_ledger
from safety_portal.access import AccessError, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.first import do_first
from tests.naloxone import make
from tests.naloxone.test_life import do, fresh
from tests.naloxone.test_views_life import moment, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def stockroom(by):
    return make.storeroom(by)


@pytest.fixture
def old(by, store):
    """The last kit of a cabinet, expired."""
    [kit] = make.expired(by, store)
    return fresh(kit)


@pytest.fixture
def spare(by, stockroom):
    [kit] = make.delivery(by, stockroom)
    return fresh(kit)


def dispose(kits, by, **facts):
    now = timezone.now()
    return actions.dispose_of_kits(
        **{
            "kits": kits, "method": Method.INCINERATION, "reason": Reason.DAMAGED,
            "occurred_at": now, "now": now, "request_key": make.key(), "by": by,
        } | facts
    )  # fmt: skip


def send(kits, by, **facts):
    return actions.send_kits(
        kits=kits, destination=make.station("Nogales"), carrier="Courier", expected_on=make.day(3),
        occurred_at=timezone.now(), request_key=make.key(), by=by, **facts,
    )  # fmt: skip


def move(kits, place, by, **facts):
    return actions.move_kits(
        kits=kits, place=place, occurred_at=timezone.now(), request_key=make.key(), by=by, **facts
    )


def swap(place, new, by, **facts):
    return actions.swap_kits(
        **{
            "place": place, "new": new, "occurred_at": timezone.now(), "request_key": make.key(),
            "by": by,
        } | facts
    )  # fmt: skip


WAYS = {
    "disposed of": lambda kits, by, room, **facts: dispose(kits, by, **facts),
    "sent away": lambda kits, by, room, **facts: send(kits, by, **facts),
    "moved away": lambda kits, by, room, **facts: move(kits, room, by, **facts),
}


# --- what is refused -----------------------------------------------------------------------------
@pytest.mark.parametrize("way", WAYS)
def test_the_last_that_works_does_not_leave_a_place_without_a_word(by, store, old, stockroom, way):
    with pytest.raises(CustodyError, match=f"With this {store} has nothing left") as told:
        WAYS[way]([old], by, stockroom)

    assert told.value.field == "why_empty"
    assert fresh(old).holder == store
    assert not PlaceEmptied.objects.exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_reason_is_enough_and_stands_with_the_act(by, store, old, stockroom, way):
    WAYS[way]([old], by, stockroom, why_empty="The lane is closed")

    row = PlaceEmptied.objects.get()
    assert (row.place, row.station, row.why, row.act.by) == (store, by.station, "The lane is closed", by)  # fmt: skip
    assert row.act == CustodyEvent.objects.filter(kit=old).latest("sequence").act
    assert AuditRow.objects.filter(act="place.emptied").count() == 1
    assert verify_ledger().intact


@pytest.mark.parametrize("way", WAYS)
def test_another_kit_comes_first_in_the_same_act(by, store, old, spare, stockroom, way):
    WAYS[way]([old], by, stockroom, instead=spare)

    assert fresh(spare).holder == store
    assert fresh(old).holder != store
    came, went = (CustodyEvent.objects.filter(kit=kit).latest("sequence").pk for kit in (spare, old))  # fmt: skip
    assert came < went  # at no event the place held nothing
    assert not PlaceEmptied.objects.exists()
    assert verify_ledger().intact


@pytest.mark.parametrize("way", WAYS)
def test_what_leaves_beside_another_that_works_is_asked_nothing(by, store, old, stockroom, way):
    make.expired(by, store)

    WAYS[way]([old], by, stockroom)

    assert fresh(old).holder != store


def test_what_does_not_work_is_nobodys_last(by, store, old):
    actions.say_works(
        kit=old, works=False, why="Crushed", now=timezone.now(), request_key=make.key(), by=by
    )

    dispose([old], by, reason=Reason.EXPIRED)

    assert fresh(old).state == State.DESTROYED


def test_a_storeroom_is_emptied_on_purpose_unless_it_has_a_par(by, spare, stockroom, store):
    move([spare], store, by)
    room = make.storeroom(by, "Reserve", par=1)
    [kit] = make.delivery(by, room)

    with pytest.raises(CustodyError, match="Reserve has nothing left"):
        move([kit], store, by)


def test_two_places_at_once_are_both_named(by, store, old, stockroom):
    other = make.place(by, "Zebra box")
    [second] = make.expired(by, other)

    with pytest.raises(CustodyError, match=f"{store} and Zebra box have nothing left"):
        move([old, second], stockroom, by)
    with pytest.raises(CustodyError, match=f"this empties {store} and Zebra box"):
        move([old, second], stockroom, by, instead=make.delivery(by, stockroom)[0])


def test_what_a_round_or_a_search_finds_elsewhere_empties_nothing(by, store, old):
    other = make.place(by)
    search = actions.search_for_kit(kit=old, now=timezone.now(), by=by)

    actions.answer_search(
        search=search, how="found", place=other, now=timezone.now(), request_key=make.key(), by=by
    )

    assert fresh(old).holder == other


def test_an_act_sent_twice_swaps_once(by, old, spare, stockroom):
    key = make.key()
    told = {"occurred_at": timezone.now(), "request_key": key, "instead": spare, "by": by}

    first, second = (actions.move_kits(kits=[old], place=stockroom, **told) for _ in range(2))

    assert first == second
    assert Act.objects.filter(verb="swap").count() == 1


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("expired", "is not serviceable"),
        ("carried", "is not in a place"),
        ("offered", "is offered to somebody"),
        ("foreign", "is at another station"),
    ],
)
def test_not_every_kit_can_take_anothers_place(by, store, old, spare, stockroom, officer, problem, said):  # fmt: skip
    if problem == "expired":
        [spare] = make.expired(by, stockroom)
    elif problem == "carried":
        [spare] = make.hand([spare], officer, by=by)
    elif problem == "offered":
        actions.offer_kits(
            kits=[spare], receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
        )  # fmt: skip
    else:
        there = make.coordinator(make.station("Nogales"))
        by = make.coordinator(by.station, scope=Scope.EVERYWHERE)
        [spare] = make.delivery(there, make.place(there))
        make.delivery(there, spare.holder)

    with pytest.raises(CustodyError, match=said):
        move([old], stockroom, by, instead=spare)
    with pytest.raises(CustodyError, match=said):
        swap(store, [spare], by, old=[old], to=stockroom)


def test_one_hole_is_not_filled_by_another(by, store, old, stockroom):
    other = make.place(by, "Zebra box")
    [last] = make.delivery(by, other)

    with pytest.raises(CustodyError, match="Zebra box has nothing left"):
        move([old], stockroom, by, instead=last)
    with pytest.raises(CustodyError, match="Zebra box has nothing left"):
        swap(store, [last], by)
    swap(store, [last], by, why_empty="Zebra box is given up")

    assert PlaceEmptied.objects.get().place == other


# --- expired where kits stand ready --------------------------------------------------------------
@pytest.mark.parametrize("kind", ["storage", "vehicle"])
def test_what_has_expired_goes_where_kits_stand_ready_only_as_usable_in_need(by, stockroom, kind):
    place = make.place(by, kind=kind)
    [kit] = make.expired(by, stockroom)

    with pytest.raises(CustodyError, match="only as usable in need") as told:
        move([kit], place, by)
    assert told.value.field == "in_need"

    act = move([kit], place, by, in_need=True, note="Till Friday")

    assert fresh(kit).holder == place
    assert act.note.text == "Put there as usable in need. Till Friday"


def test_what_has_expired_goes_into_a_storeroom_as_before(by, old, store, stockroom):
    make.expired(by, store)

    move([old], stockroom, by)

    assert fresh(old).holder == stockroom


# --- the swap ------------------------------------------------------------------------------------
def test_a_swap_is_one_act_with_the_new_one_first(by, store, old, spare, stockroom):
    act = swap(store, [spare], by, old=[old], to=stockroom, note="Monthly")

    events = list(act.events.order_by("pk"))
    assert [(e.kit, e.destination) for e in events] == [(spare, store), (old, stockroom)]
    assert verify_ledger().intact
    assert AuditRow.objects.filter(act="custody.swapped").count() == 1


def test_a_swap_sent_twice_is_one(by, store, old, spare, stockroom):
    key = make.key()

    first, second = (
        swap(store, [spare], by, old=[old], to=stockroom, request_key=key) for _ in range(2)
    )

    assert first == second


def test_a_swap_may_only_put_in(by, store, spare):
    swap(store, [spare], by)

    assert fresh(spare).holder == store


def test_a_swap_has_its_refusals(by, store, old, spare, stockroom, officer):
    with pytest.raises(CustodyError, match="Name the kit that is put in"):
        swap(store, [], by, old=[old], to=stockroom)
    with pytest.raises(CustodyError, match="Say to which store") as told:
        swap(store, [spare], by, old=[old])
    assert told.value.field == "to"
    with pytest.raises(CustodyError, match="Say to which store"):
        swap(store, [spare], by, old=[old], to=store)
    with pytest.raises(CustodyError, match="is already at"):
        swap(store, [old], by)
    with pytest.raises(CustodyError, match="is not at") as told:
        swap(store, [spare], by, old=make.delivery(by, stockroom), to=stockroom)
    assert told.value.field == "old"
    with pytest.raises(AccessError):
        swap(store, [spare], officer, old=[old], to=stockroom)
    assert fresh(old).holder == store


# --- what is proposed ----------------------------------------------------------------------------
def proposal(place):
    return swaps.swap_at(place, timezone.now())


def test_what_expires_first_in_a_storeroom_is_proposed_first(by, store, old, stockroom):
    later, sooner = (
        make.delivery(by, stockroom, expires_on=make.day(days))[0] for days in (300, 200)
    )
    ending = make.delivery(by, stockroom, expires_on=make.day(5))[0]

    now = timezone.now()
    order = [one.key for one in swaps.spares([by.station_id], now, [store.pk])]

    assert order == [sooner.pk, later.pk, ending.pk]  # the last would have to be swapped again
    found = proposal(store)
    assert found.sentence == (
        f"{store} has 1 kit usable in need and none serviceable: swap it with {sooner.reference} "
        "from Storeroom"
    )
    assert swaps.store_for(found) == stockroom


def test_a_place_gives_only_what_it_has_over_its_par(by, store, old):
    other = make.place(by, "Zebra box")  # par 2
    make.delivery(by, other, cartons=2)
    assert not proposal(store).new

    [third] = make.delivery(by, other, expires_on=make.day(60))

    assert [spare.key for spare in proposal(store).new] == [third.pk]


def test_what_is_offered_to_somebody_is_no_spare(by, store, old, spare, officer):
    actions.offer_kits(
        kits=[spare],
        receiver=make.holder(officer),
        now=timezone.now(),
        request_key=make.key(),
        by=by,
    )

    assert not proposal(store).new


def test_a_canine_kit_takes_the_place_of_a_canine_kit_only(by, store, stockroom, spare):
    for place in (store, stockroom):
        do(
            actions.assemble_kits, cartons=make.delivery(by, place), kind="canine_kit",
            doses_per_kit=2, place=place, by=by,
        )  # fmt: skip
    canine_here, canine_spare = Kit.objects.filter(kind="canine_kit").order_by("pk")
    do(actions.hold_kits, kits=[canine_here], note="Sun", by=by)

    assert [one.key for one in proposal(store).new] == [canine_spare.pk]


def test_two_places_are_not_promised_the_same_kit(by, store, old, spare):
    other = make.place(by, "Zebra box")
    make.expired(by, other)

    found = swaps.swaps([store, other], timezone.now())

    assert [len(one.new) for one in found] == [1, 0]
    assert "nor is any to spare in the region" in found[1].sentence
    assert swaps.swaps([], timezone.now()) == []


def test_an_empty_place_is_filled_up_to_its_par(by, store, stockroom):
    make.delivery(by, stockroom, cartons=3)

    found = proposal(store)

    assert len(found.new) == 2
    assert found.sentence.startswith(f"{store} has nothing that would work in need: put K-")


def test_where_nothing_is_to_spare_the_region_is_asked(by, store, old):
    there = make.coordinator(make.station("Nogales"))
    [far] = make.delivery(there, make.storeroom(there))

    found = proposal(store)

    assert found.far.key == far.pk
    assert f"nor is any to spare here: Nogales could send {far.reference}" in found.sentence


# --- who hears of it -----------------------------------------------------------------------------
def test_the_front_page_says_what_to_swap(by, store, old, spare):
    now = timezone.now()

    texts = [item.text for item in do_first(by, now)["items"]]

    assert proposal(store).sentence in texts


def test_a_place_without_a_par_that_has_nothing_serviceable_is_an_alert(by, store, old):
    Holder.objects.filter(pk=store.pk).update(par_min=None)
    now = timezone.now()
    assert [(due.subject, due.threshold) for due in notices.below_par(now)] == [(store.reference, 0)]  # fmt: skip

    make.delivery(by, store)

    assert not list(notices.below_par(now))


def test_a_hold_says_which_place_has_nothing_serviceable_now(signed_in, by, store, spare):
    [kit] = make.delivery(by, store)

    answer = signed_in.post(
        "/kits/hold/", {"kits": kit.reference, "note": "Sun"} | moment(), follow=True
    )

    page = f'<a class="usa-link" href="{store.get_absolute_url()}">The page of {store}</a>'
    assert f"swap it with {spare.reference} from Storeroom. {page} does it" in text(answer)


# --- its pages -----------------------------------------------------------------------------------
def test_one_button_on_the_places_page_swaps(signed_in, by, store, old, spare, stockroom):
    page = signed_in.get(store.get_absolute_url())
    assert proposal(store).sentence in text(page).replace(
        '<span class="portal-reference">', ""
    ).replace("</span>", "")
    found = page.context["swap"]
    sent = {
        "kits": found.new_codes, "old": found.old_codes, "to": page.context["store"].pk,
        "request_key": make.key(),
    }  # fmt: skip

    answer = signed_in.post(f"{store.get_absolute_url()}swap/", sent, follow=True)

    assert f"{store} has {spare.reference} now." in text(answer)
    assert (fresh(spare).holder, fresh(old).holder) == (store, stockroom)
    assert "swap" not in answer.context


def test_the_swap_page_begins_with_what_is_proposed(signed_in, by, store, old, spare, stockroom):
    form = signed_in.get(f"{store.get_absolute_url()}swap/").context["form"]

    assert form["kits"].value() == [spare.reference]
    assert form["old"].value() == [old.reference]
    assert form["to"].value() == stockroom.pk
    answer = signed_in.post(
        f"{store.get_absolute_url()}swap/", {"kits": old.reference, "old": "", "to": ""}
    )
    assert answer.context["form"].errors["kits"] == [f"{old.reference} is already at {store}."]


def test_a_storeroom_has_no_swap_page(signed_in, stockroom, store, client, by):
    assert signed_in.get(f"{stockroom.get_absolute_url()}swap/").status_code == 404
    auditor = make.person(by.station, Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)
    assert client.get(f"{store.get_absolute_url()}swap/").status_code == 404


def test_who_only_looks_is_offered_no_swap(client, by, store, old, spare):
    auditor = make.person(by.station, Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)

    assert "swap" not in client.get(store.get_absolute_url()).context


def test_a_far_kit_is_sent_from_the_form_that_knows_both(client, by, store, old):
    there = make.coordinator(make.station("Nogales"))
    [far] = make.delivery(there, make.storeroom(there))
    both = make.coordinator(by.station, scope=Scope.EVERYWHERE)
    client.force_login(both.account)

    page = client.get(store.get_absolute_url())
    form = client.get(page.context["send_url"]).context["form"]

    assert form["kits"].value() == [far.reference]
    assert int(form["destination"].value()) == by.station_id
    client.force_login(by.account)
    assert client.get(store.get_absolute_url()).context["send_url"] == ""


def test_a_move_that_would_empty_a_place_asks_what_shall_be_there(signed_in, by, store, old, spare, stockroom):  # fmt: skip
    sent = {"kits": old.reference, "place": stockroom.pk, "request_key": make.key()} | moment()

    asked = signed_in.post("/kits/move/", sent).context["form"]
    assert "nothing left that would work" in asked.errors["why_empty"][0]
    assert [value for value, _ in asked.fields["instead"].choices] == [spare.reference, "away"]
    unsaid = signed_in.post("/kits/move/", sent | {"instead": "away"}).context["form"]
    assert "why_empty" in unsaid.errors

    signed_in.post("/kits/move/", sent | {"instead": spare.reference})

    assert (fresh(spare).holder, fresh(old).holder) == (store, stockroom)


def test_a_move_of_the_last_with_a_reason_is_listed_for_the_auditor(signed_in, client, by, store, old, stockroom):  # fmt: skip
    sent = {"kits": old.reference, "place": stockroom.pk, "why_empty": "Lane closed"} | moment()
    signed_in.post("/kits/move/", sent)
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)

    page = text(client.get("/places/emptied/"))

    assert "Lane closed" in page
    assert store.name in page
    client.force_login(make.coordinator(make.station("Nogales")).account)
    assert "Nobody has emptied a place" in text(client.get("/places/emptied/"))


def test_the_list_of_emptied_places_costs_the_same(signed_in, by, stockroom, django_assert_max_num_queries):  # fmt: skip
    for n in range(3):
        place = make.place(by, f"Box {n}")
        move(make.expired(by, place), stockroom, by, why_empty="Lane closed")

    with django_assert_max_num_queries(9):
        signed_in.get("/places/emptied/")


def test_a_move_of_the_expired_asks_whether_it_is_meant(signed_in, by, store, stockroom):
    [kit] = make.expired(by, stockroom)
    sent = {"kits": kit.reference, "place": store.pk} | moment()

    asked = signed_in.post("/kits/move/", sent).context["form"]
    assert "in_need" in asked.errors
    signed_in.post("/kits/move/", sent | {"in_need": "on"})

    assert fresh(kit).holder == store


def test_a_disposal_of_the_last_asks_in_its_first_step_and_carries_the_answer(signed_in, by, store, old, spare):  # fmt: skip
    told = {
        "kits": old.reference, "method": "donation", "reason": "damaged", "words": "",
        "receipt": "", "recipient": "", "request_key": make.key(),
    } | moment()  # fmt: skip

    asked = signed_in.post("/kits/dispose/", told).context["form"]
    assert set(asked.errors) == {"method", "recipient", "why_empty"}  # all at once

    told |= {"method": "incineration", "reason": "expired", "instead": spare.reference}
    step = signed_in.post("/kits/dispose/", told)
    assert step.context["later"]["instead"].value() == spare.reference
    assert f"{spare.reference} from Storeroom is put there first, in the same act." in text(step)
    away = {"instead": "away", "why_empty": "The lane is closed"}
    alone = signed_in.post("/kits/dispose/", told | away)
    assert f"{store} is left with nothing that would work in need: The lane is closed" in text(alone)  # fmt: skip
    signed_in.post("/kits/dispose/", told | {"way": "later"})

    assert (fresh(spare).holder, fresh(old).state) == (store, State.DESTROYED)
    assert fresh(old).holder.kind == HolderKind.DESTROYED


def test_two_who_each_take_one_of_the_last_two_do_not_both(by, store, stockroom):
    """Told one after the other: the second finds the place as the first left it."""
    first, second = (make.expired(by, store)[0] for _ in range(2))
    move([first], stockroom, by)

    with pytest.raises(CustodyError, match="nothing left"):
        move([second], stockroom, by)


def test_what_expires_while_the_last_leaves_counts_on_its_own_day(by, store, stockroom):
    """A kit of the day before is usable in need all the same."""
    long_ago = timezone.now() - dt.timedelta(days=90)
    [kit] = make.delivery(by, store, expires_on=make.day(-1), occurred_at=long_ago)
    [other] = make.delivery(by, store)

    move([other], stockroom, by)

    assert fresh(kit).holder == store
