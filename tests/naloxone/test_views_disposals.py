"""The pages of disposals: two steps, a witness in the page or a signature later, lists, and who sees what."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from naloxone import actions
from naloxone.models import Disposal, Kit
from naloxone.rules import State
from safety_portal.access import Role, Scope
from safety_portal.audit import AuditRow
from tests.naloxone import make
from tests.naloxone.test_disposals import end, expired_kits, fresh, sign
from tests.naloxone.test_views_life import moment, text
from tests.safety_portal.picture import upload

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
SECRET = "four words that nobody guesses"


@pytest.fixture
def chief(by):
    made = make.person(by.station, Role.SUPERVISOR, name="Sam")
    made.account.set_password(SECRET)
    made.account.save()
    return made


def told(kits, **facts):
    """The first step, as it is sent."""
    return {
        "kits": "\n".join(kit.reference for kit in kits),
        "method": "sharps", "reason": "damaged", "words": "", "receipt": "", "recipient": "",
        "why_empty": "On purpose",
    } | moment() | facts  # fmt: skip


def carried(page, **facts):
    """The second step, as the page would send it."""
    form = page.context["form"]
    return {name: form[name].value() for name in ("kits", "request_key", *FIELDS)} | facts


FIELDS = (
    "method",
    "reason",
    "words",
    "receipt",
    "recipient",
    "why_empty",
    "occurred_at_0",
    "occurred_at_1",
)


def states(kits):
    return {kit.state for kit in fresh(kits)}


# --- doing it -----------------------------------------------------------------------------------------
def test_the_first_step_asks_and_records_nothing(signed_in, kits):
    page = signed_in.get(f"/kits/dispose/?kits={kits[0].reference}")
    assert page.context["form"]["kits"].value() == [kits[0].reference]
    assert "Lists leave emptied and disposed kits out" in text(page)

    page = signed_in.post("/kits/dispose/", told(kits, receipt="R-7", words="Dropped"))

    assert page.context["title"] == "Dispose of 2 kits?"
    said = text(page)
    assert "Sharps container. Damaged. Receipt R-7. Dropped" in said
    assert "4 doses</strong>" in said
    assert "All 2 are recorded as destroyed, for good." in said
    assert "by one person until somebody else who keeps stock at" in said
    assert states(kits) == {State.IN_SERVICE}


def test_the_form_begins_with_what_the_record_tells(signed_in, by, store, kits):
    [old] = expired_kits(by, store)

    begun = signed_in.get(f"/kits/dispose/?kits={old.reference}").context["form"]
    both = signed_in.get(f"/kits/dispose/?kits={old.reference}&kits={kits[0].reference}")

    assert begun["reason"].value() == "expired"
    assert both.context["form"]["reason"].value() is None
    assert signed_in.get("/kits/dispose/").context["form"]["reason"].value() is None


def test_before_a_witness_two_people_stand_for_it_at_once(signed_in, chief, kits):
    page = signed_in.post("/kits/dispose/", told(kits))

    sent = carried(page, way="witness", second=chief.reference, secret=SECRET)
    answer = signed_in.post("/kits/dispose/", sent, follow=True)

    found = Disposal.objects.get()
    assert answer.redirect_chain[-1][0] == f"/disposals/{found.reference}/"
    assert states(kits) == {State.DESTROYED}
    assert f"{chief}, proved by password on the spot" in text(answer)
    assert "Two people" in answer.context["badge"]
    again = signed_in.post("/kits/dispose/", sent)
    assert again.url == f"/disposals/{found.reference}/"
    assert Disposal.objects.count() == 1


def test_a_wrong_proof_is_said_and_noted_and_nothing_is_typed_again(signed_in, chief, kits):
    page = signed_in.post("/kits/dispose/", told(kits))

    sent = carried(page, way="witness", second=chief.reference, secret="guessed")
    page = signed_in.post("/kits/dispose/", sent)

    assert "not the password or code of" in page.context["form"].errors["secret"][0]
    assert page.context["form"]["kits"].value() == f"{kits[0].reference},{kits[1].reference}"
    assert AuditRow.objects.filter(act="proof.refused").count() == 1
    assert states(kits) == {State.IN_SERVICE}


def test_a_witness_without_the_right_is_refused_at_the_field(signed_in, by, kits):
    officer = make.person(by.station)
    officer.account.set_password(SECRET)
    officer.account.save()
    page = signed_in.post("/kits/dispose/", told(kits))

    sent = carried(page, way="witness", second=officer.reference, secret=SECRET)
    page = signed_in.post("/kits/dispose/", sent)

    assert "can't sign for stock" in page.context["form"].errors["second"][0]


def test_the_look_up_offers_only_who_may_witness(signed_in, by, chief):
    make.person(by.station, name="Samuel")

    answer = signed_in.get("/options/witnesses/", {"field": "second", "second_text": "sam"})

    assert [option.label for option in answer.context["options"]] == [str(chief)]


def test_looking_up_without_javascript_stays_on_the_second_step(signed_in, chief, kits):
    page = signed_in.post("/kits/dispose/", told(kits))

    sent = carried(page, way="witness", second_text="sam", _look_up="second")
    page = signed_in.post("/kits/dispose/", sent)

    assert page.context["title"] == "Dispose of 2 kits?"
    assert str(chief) in text(page)
    assert page.context["form"].errors == {}


def test_without_a_witness_it_is_by_one_person_on_every_page(signed_in, kits):
    page = signed_in.post("/kits/dispose/", told(kits))
    answer = signed_in.post("/kits/dispose/", carried(page, way="later"), follow=True)

    found = Disposal.objects.get()
    for where in (f"/disposals/{found.reference}/", "/disposals/", "/disposals/waiting/", kits[0].get_absolute_url()):  # fmt: skip
        said = text(signed_in.get(where))
        assert "One person" in said
        assert "portal-badge--watch" in said
    assert "You can’t sign beside yourself" in text(answer)
    assert answer.context["form"] is None


def test_photos_go_along_to_the_second_step_and_stand_in_page_and_list(signed_in, kits, media):
    page = signed_in.post("/kits/dispose/", told(kits) | {"photos": [upload(), upload()]})

    held = page.context["photos"]
    assert (
        text(page).count(f'name="_held_photos" value="{held[0].token}"') == 3
    )  # both ways on, and the way back
    sent = carried(page, way="later", _held_photos=[one.token for one in held])
    answer = signed_in.post("/kits/dispose/", sent, follow=True)

    found = Disposal.objects.get()
    assert [photo.token for photo in found.photos] == [one.token for one in held]
    for where in (answer, signed_in.get("/disposals/unsigned/"), signed_in.get("/disposals/")):
        shown = found.photos[0].small_url in text(where)
        assert shown == (where.request["PATH_INFO"] != "/disposals/unsigned/")
    assert signed_in.get(found.photos[0].url).status_code == 200


def test_from_the_check_one_comes_back_to_what_was_filled_in(signed_in, kits, media):
    page = signed_in.post("/kits/dispose/", told(kits, receipt="R-7") | {"photos": [upload()]})
    back = page.context["back"]
    sent = carried(page, way="back", _held_photos=[one.token for one in page.context["photos"]])

    answer = signed_in.post("/kits/dispose/", sent)

    assert "Change something" in text(page)
    assert {name: back[name].value() for name in carried(page)} == carried(page)
    form = answer.context["form"]
    assert answer.context["title"] == "Dispose of kits"
    assert form["receipt"].value() == "R-7"
    assert not form.errors
    assert page.context["photos"][0].token in text(answer)
    assert not Disposal.objects.exists()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"reason": "expired"}, "reason"),
        ({"reason": "other"}, "words"),
        ({"method": "donation"}, "recipient"),
        ({"kits": "K-999999"}, "kits"),
    ],
)
def test_what_does_not_fit_comes_back_at_its_field_before_the_second_step(
    signed_in, kits, facts, field
):
    page = signed_in.post("/kits/dispose/", told(kits) | facts)

    assert list(page.context["form"].errors) == [field]
    assert page.context["title"] == "Dispose of kits"


def test_what_happened_between_the_steps_is_told(signed_in, by, kits):
    page = signed_in.post("/kits/dispose/", told(kits))
    actions.report_missing(kits=kits[:1], occurred_at=timezone.now(), request_key=make.key(), by=by)

    page = signed_in.post("/kits/dispose/", carried(page, way="later"))

    assert f"{kits[0].reference}: missing" in page.context["form"].errors["kits"][0]
    assert not Disposal.objects.exists()


def test_that_somebody_waits_for_one_of_them_is_said_before_it_is_done(signed_in, by, kits):
    officer = make.person(by.station)
    offer = actions.offer_kits(
        kits=kits[:1], receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    page = text(signed_in.post("/kits/dispose/", told(kits)))

    said = f"{kits[0].reference} is offered to {officer} in {offer.reference}: that offer ends"
    assert said in page
    assert page.count("that offer ends") == 1


def test_needles_are_warned_of_before_they_go_into_the_trash(signed_in, by, store):
    kits = make.delivery(by, store, product=make.product(route="intramuscular"))

    page = signed_in.post("/kits/dispose/", told(kits, method="trash"))

    assert "Needles go into a sharps container" in text(page)
    assert page.context["title"] == f"Dispose of {kits[0].reference}?"


def test_a_donation_names_who_gets_it(signed_in, kits):
    sent = told(kits, method="donation", reason="surplus", recipient="Example County")

    page = signed_in.post("/kits/dispose/", sent)

    assert page.context["title"] == "Pass on 2 kits?"
    assert "All 2 are recorded as passed on to Example County" in text(page)
    answer = signed_in.post("/kits/dispose/", carried(page, way="later"), follow=True)
    assert "<dd> Example County </dd>" in text(answer)


def test_from_the_list_and_from_the_kit_one_comes_to_the_same_form(
    signed_in, client, by, chief, kits
):
    assert "/kits/dispose/" in text(signed_in.get("/kits/"))
    assert f"/kits/dispose/?kits={kits[0].reference}" in text(signed_in.get(kits[0].get_absolute_url()))  # fmt: skip
    carrier = make.person(by.station)
    make.hand(kits[:1], carrier, by=by)
    assert "/kits/dispose/" not in text(signed_in.get(kits[0].get_absolute_url()))

    client.force_login(chief.account)

    assert "/kits/dispose/" not in text(client.get("/kits/"))
    assert "/kits/dispose/" not in text(client.get(kits[1].get_absolute_url()))
    assert client.get("/kits/dispose/").status_code == 404


# --- the second signature --------------------------------------------------------------------------------
def test_the_supervisor_signs_on_their_own_page(client, by, chief, kits):
    found = end(kits, by)
    client.force_login(chief.account)
    page = client.get(f"/disposals/{found.reference}/")
    assert page.context["form"] is not None

    assert client.post(f"/disposals/{found.reference}/", {}).context["form"].errors["basis"]
    answer = client.post(f"/disposals/{found.reference}/", {"basis": "saw_it"}, follow=True)

    assert "is signed by two people" in text(answer)
    assert "“I was there when it was done”" in text(answer)
    again = client.post(f"/disposals/{found.reference}/", {"basis": "saw_it"}, follow=True)
    assert f"{chief} has signed for {found.reference}" in text(again)


def test_who_may_not_sign_sees_no_form(client, by, kits):
    found = end(kits, by)
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)

    page = client.get(f"/disposals/{found.reference}/")

    assert page.context["form"] is None
    assert client.post(f"/disposals/{found.reference}/", {"basis": "saw_it"}).status_code == 404


# --- lists ---------------------------------------------------------------------------------------------
def test_the_auditor_lists_what_one_person_threw_away_and_nobody_signed_for(
    client, by, chief, store
):
    old = timezone.now() - 9 * DAY
    forty = end(make.delivery(by, store, cartons=40), by, occurred_at=old, now=old)
    late = end(make.delivery(by, store), by, occurred_at=old, now=old)
    sign(late, chief)
    end(make.delivery(by, store), by)
    end(make.delivery(by, store), by, second=chief, proof="password", occurred_at=old, now=old)
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)

    page = client.get("/disposals/unsigned/")

    assert [(row.pk, row.standing) for row in page.context["rows"]] == [(late.pk, 1), (forty.pk, 40)]  # fmt: skip
    said = text(page)
    assert "One person, overdue" in said
    assert "Two people, signed late" in said
    assert "2 disposals by one person</a> were not signed" in text(client.get("/"))
    whole = text(client.get(f"/disposals/{forty.reference}/"))
    assert "All 40 kits" in whole
    assert "80 doses</strong>" in whole


def test_the_lists_say_what_they_are_empty_of(signed_in):
    assert "Nothing has been disposed of" in text(signed_in.get("/disposals/"))
    assert "Two people stand for every disposal" in text(signed_in.get("/disposals/waiting/"))
    assert "signed within its week" in text(signed_in.get("/disposals/unsigned/"))


def test_a_list_is_narrowed_to_one_way_and_says_so(signed_in, by, store, kits):
    end(kits, by)
    mine = end(expired_kits(by, store), by, method="trash", reason="expired")

    page = signed_in.get("/disposals/?method=trash")

    assert [row.pk for row in page.context["rows"]] == [mine.pk]
    assert [word.text for word in page.context["words"]] == ["Trash"]
    assert "No disposal fits this filter" in text(signed_in.get("/disposals/?method=incineration"))
    assert len(signed_in.get("/disposals/?method=magic").context["rows"]) == 2


def test_another_station_finds_nothing(client, by, kits):
    found = end(kits, by)
    client.force_login(make.coordinator(make.station("Nogales")).account)

    assert client.get(f"/disposals/{found.reference}/").status_code == 404
    assert client.post(f"/disposals/{found.reference}/", {"basis": "saw_it"}).status_code == 404
    assert client.get("/disposals/").context["rows"] == []
    client.force_login(make.person(by.station).account)
    assert client.get("/disposals/").status_code == 404


def test_what_was_undone_is_said_on_the_page_and_in_the_list(signed_in, by, kits):
    found = end(kits, by)
    kit = fresh(kits)[0]
    actions.undo_newest(
        kit=kit, sequence=kit.last_sequence, note="Wrong box", request_key=make.key(), by=by
    )

    page = signed_in.get(f"/disposals/{found.reference}/")
    assert [k.pk for k in page.context["kits"]] == [kits[1].pk]
    assert [k.pk for k in page.context["undone"]] == [kits[0].pk]
    assert "of 2" in text(signed_in.get("/disposals/"))
    assert signed_in.get(kits[0].get_absolute_url()).context["ended"] is None
    kit = fresh(kits)[1]
    actions.undo_newest(
        kit=kit, sequence=kit.last_sequence, note="Wrong box", request_key=make.key(), by=by
    )
    assert "Undone" in signed_in.get(f"/disposals/{found.reference}/").context["badge"]


def test_doses_of_several_lots_and_empty_kits_are_told_apart(signed_in, by, store, kits):
    other = make.delivery(by, store, product=make.product(name="Another spray"))
    actions.waste_doses(
        kit=kits[0], count=2, note="Fired", occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    found = end(fresh([*kits, *other]), by)

    contents = signed_in.get(f"/disposals/{found.reference}/").context["contents"]
    assert [(line.kits, line.doses) for line in contents["lots"]] == [(1, 2), (1, 2)]
    assert dict(contents["products"])["Another spray"] == 2
    assert contents["empty"] == 1


def test_the_kit_tells_how_it_ended_and_before_whom(signed_in, by, chief, kits):
    found = end(kits, by, second=chief, proof="password")

    page = text(signed_in.get(kits[0].get_absolute_url()))

    assert "Sharps container. Damaged." in page
    assert f"Witness: {chief}, proved by password" in page
    assert found.reference in page
    assert signed_in.get("/kits/find/", {"q": found.reference}).url == f"/disposals/{found.reference}/"  # fmt: skip


def test_a_list_costs_the_same_for_one_and_three(signed_in, by, store, django_assert_num_queries):
    end(make.delivery(by, store), by)
    signed_in.get("/disposals/")
    with CaptureQueriesContext(connection) as one:
        signed_in.get("/disposals/")
    for _ in range(2):
        end(make.delivery(by, store), by)

    with django_assert_num_queries(len(one)):
        assert len(signed_in.get("/disposals/").context["rows"]) == 3


def test_a_page_costs_the_same_for_one_kit_and_forty(signed_in, by, store, django_assert_num_queries):  # fmt: skip
    few, many = (end(make.delivery(by, store, cartons=n), by) for n in (1, 40))
    signed_in.get(f"/disposals/{few.reference}/")
    with CaptureQueriesContext(connection) as one:
        signed_in.get(f"/disposals/{few.reference}/")

    with django_assert_num_queries(len(one)):
        signed_in.get(f"/disposals/{many.reference}/")
    assert Kit.objects.filter(state="destroyed").count() == 41
