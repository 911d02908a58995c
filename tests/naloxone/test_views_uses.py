"""The pages of uses: a minute to record one, the rest later, and who sees which half."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from naloxone import actions
from naloxone.actions import Told
from naloxone.forms import CloseForm, UseForm
from naloxone.models import Kit, Replacement, UseReport
from safety_portal.access import Role
from safety_portal.held import is_secret
from safety_portal.medical import MedicalRead
from tests.naloxone import make

pytestmark = pytest.mark.django_db
ZONE = make.Station(time_zone="America/Chicago").zone
NEW = "/uses/new/"
CANARY = "canary-recipient-words"


@pytest.fixture
def kit(by, store, officer):
    return make.hand(make.delivery(by, store), officer, by=by)[0]


@pytest.fixture
def report(kit, officer):
    now = timezone.now()
    return actions.record_use(
        told=[Told(kit=kit)], station=officer.station, given_at=now, now=now,
        request_key=make.key(), by=officer,
    )  # fmt: skip


def sign_in(client, person):
    client.force_login(person.account)
    return client


def at(moment=None, name="given_at"):
    local = (moment or timezone.now()).astimezone(ZONE)
    return {f"{name}_0": f"{local:%m/%d/%Y}", f"{name}_1": f"{local:%H:%M}"}


def sent(person, **facts):
    return {"doses": 1, "station": person.station_id} | at() | facts


def text(answer):
    return " ".join(answer.content.decode().split())


def test_everything_is_filled_in_for_ones_own_kit(client, kit, officer):
    form = sign_in(client, officer).get(NEW).context["form"]

    assert form.fields["which"].initial == kit.reference
    assert form.fields["station"].initial == officer.station_id
    assert form["doses"].value() == 1
    # Of the inputs, none has to be typed.
    assert [name for name, field in form.fields.items() if field.required and form[name].value() in (None, "")] == []  # fmt: skip


def test_one_tap_saves_it_and_leads_to_the_report(client, kit, officer):
    answer = sign_in(client, officer).post(NEW, sent(officer, which=kit.reference), follow=True)

    assert "Saved as U-" in text(answer)
    assert "1 dose given" in text(answer)
    assert Kit.objects.get(pk=kit.pk).doses == 1


@pytest.mark.parametrize("code", ["K-{key}", "k{key}", "SEAL-1", "sn-1"])
def test_another_kit_is_found_by_number_seal_or_serial_wherever_it_is(client, by, store, officer, code):  # fmt: skip
    foreign = make.coordinator(make.station("Nogales"))
    cartons = make.delivery(foreign, make.place(foreign), serials=["SN-1", "SN-2"])
    actions.assemble_kits(
        cartons=cartons, kind="kit", doses_per_kit=2, place=cartons[0].holder, seals=["SEAL-1"],
        occurred_at=timezone.now(), request_key=make.key(), by=foreign,
    )  # fmt: skip
    kit = Kit.objects.get(kind="kit")

    answer = sign_in(client, officer).post(
        NEW, sent(officer, which="another", unit=code.format(key=kit.pk)), follow=True
    )

    assert Kit.objects.get(pk=kit.pk).doses == 1
    assert "Recorded as with somebody else" in text(answer)
    assert f'href="/kits/{kit.reference}/"' not in text(answer)  # not theirs to open


def test_a_kit_that_was_emptied_or_taken_while_one_typed_is_recorded_all_the_same(client, kit, officer, by):  # fmt: skip
    form = sent(officer, which=kit.reference, doses=2)
    sign_in(client, officer).post(NEW, form | {"request_key": make.key()})

    answer = client.post(NEW, form | {"request_key": make.key()}, follow=True)

    assert "2 doses given" in text(answer)
    assert "Its record holds no dose any more" in text(answer)
    assert UseReport.objects.count() == 2


def test_what_is_typed_about_a_use_or_a_discrepancy_outlives_the_session(officer):
    fields = [*UseForm(person=officer).fields, *CloseForm(person=officer).fields]

    assert [name for name in fields if is_secret(name)] == []


def test_an_unknown_number_is_kept_as_told(client, officer):
    answer = sign_in(client, officer).post(
        NEW, sent(officer, which="another", unit="K-424242"), follow=True
    )

    assert "Told as “K-424242”" in text(answer)
    assert "No kit of this number" in text(answer)


def test_one_of_a_place_and_the_ambulances(client, officer, store):
    sign_in(client, officer).post(NEW, sent(officer, which="unclear", place=store.pk))
    client.post(NEW, sent(officer, which="outside"))

    first, second = UseReport.objects.order_by("pk")
    assert first.place == store
    assert "from" in text(client.get(f"/uses/{first.reference}/"))
    assert "Not of our stock" in text(client.get(f"/uses/{second.reference}/"))


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"which": "another"}, "unit", "Type or scan its number"),
        ({"which": ""}, "which", "Choose one"),
        ({"given_at_1": "25:00"}, "given_at", "is not a time"),
        ({"given_at_0": "03/08/2026", "given_at_1": "02:30"}, "given_at", "did not exist"),
        ({"given_at_0": "11/01/2026", "given_at_1": "01:30"}, "given_at", "came twice"),
        ({"doses": "0"}, "doses", "1"),
    ],
)
def test_a_slip_is_told_at_its_field_and_nothing_is_lost(client, officer, wrong, field, words):
    answer = sign_in(client, officer).post(NEW, sent(officer, which="unclear") | wrong)

    assert words in answer.context["form"].errors[field][0]
    assert not UseReport.objects.exists()


def test_a_moment_to_come_is_asked_about(client, officer):
    later = at(timezone.now() + dt.timedelta(hours=2))

    answer = sign_in(client, officer).post(NEW, sent(officer, which="unclear") | later)

    assert "in the future" in answer.context["form"].errors["given_at"][0]


def test_the_kit_page_leads_there_with_its_number(client, kit, officer, by):
    page = sign_in(client, officer).get(kit.get_absolute_url())
    assert page.context["use_url"] == f"{NEW}?kits={kit.reference}"
    form = client.get(page.context["use_url"]).context["form"]
    assert form.fields["which"].initial == kit.reference

    form = sign_in(client, by).get(f"{NEW}?kits={kit.reference}").context["form"]
    assert (form.fields["which"].initial, form["unit"].value()) == ("another", kit.reference)


# --- later ---------------------------------------------------------------------------------------
def test_the_writer_adds_a_dose_its_details_and_the_person(client, report, officer, kit):
    page = f"/uses/{report.reference}/"
    sign_in(client, officer)
    client.post(f"{page}add/", {"which": kit.reference, "doses": 1} | at())
    client.post(
        f"{page}dose/1/", {"giver": "colleague", "fault": "leaked", "site": "left_nostril"} | at()
    )
    client.post(f"{page}person/", {"recipient": "employee", "signs": ["blue"], "words": CANARY})

    shown = text(client.get(page))
    assert "2 doses given" in shown
    assert "It leaked" in shown
    assert "A colleague, left nostril" in shown
    worked = {"giver": "writer", "fault": "none", "site": ""} | at()
    client.post(f"{page}dose/1/", worked)
    assert 'data-label="Device">Worked</td>' in text(client.get(page))
    assert CANARY not in shown
    told = text(client.post(f"{page}read/"))
    assert CANARY in told
    assert "Blue lips or nails" in told


def test_a_report_a_day_old_can_not_be_added_to(client, report, officer, monkeypatch):
    sign_in(client, officer)
    later = timezone.now() + dt.timedelta(hours=25)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    client.force_login(officer.account)

    assert client.get(f"/uses/{report.reference}/person/").status_code == 404
    answer = client.post(f"/uses/{report.reference}/person/", {"recipient": "public"})
    assert "24 hours old" in text(answer)
    assert client.post(f"/uses/{report.reference}/read/").status_code == 404


def test_only_medical_officers_and_the_writer_are_offered_the_clinical_part(client, report, officer, by):  # fmt: skip
    page = f"/uses/{report.reference}/"
    sign_in(client, officer).post(f"{page}person/", {"words": CANARY})
    assert "The clinical part" not in text(sign_in(client, by).get(page))
    assert client.post(f"{page}read/", {"reason": "curious"}).status_code == 404
    doctor = make.person(by.station, Role.MEDICAL_OFFICER)
    sign_in(client, doctor)

    without = client.post(f"{page}read/", {"reason": ""})
    assert CANARY not in text(without)
    assert "Fill this in." in text(without)
    assert CANARY in text(client.post(f"{page}read/", {"reason": "Care of the person"}))
    assert MedicalRead.objects.get().reason == "Care of the person"


def test_supervisor_sees_replacement_and_binds(client, officer, by, store):
    sign_in(client, officer).post(NEW, sent(officer, which="unclear", place=store.pk))
    report = UseReport.objects.get()
    page = f"/uses/{report.reference}/"
    client.post(f"{page}replacement/")
    [carton] = make.delivery(by, store, occurred_at=timezone.now() - dt.timedelta(hours=2))
    sign_in(client, by)
    assert "Which kit was it?" in text(client.get(page))
    assert "at your stations" in text(client.post(f"{page}dose/1/kit/", {"kit": "K-0"}))

    answer = client.post(f"{page}dose/1/kit/", {"kit": carton.reference}, follow=True)
    assert "Bound." in text(answer)
    client.post(f"{page}replacement/done/")
    client.post(f"{page}replacement/done/")

    assert Replacement.objects.get().done_by == by
    assert client.get(f"{page}dose/1/kit/").status_code == 404
    assert Kit.objects.get(pk=carton.pk).doses == 1


def test_lists_show_ones_own_and_ones_stations(client, report, officer, by):
    stranger = make.person(make.station("Nogales"))
    doctor = make.person(by.station, Role.MEDICAL_OFFICER)

    for person, count in ((officer, 1), (by, 1), (doctor, 1), (stranger, 0)):
        assert len(sign_in(client, person).get("/uses/").context["rows"]) == count
    assert client.get(f"/uses/{report.reference}/").status_code == 404
    assert "The kit of every use is known." in text(client.get("/uses/?which=unclear"))


def test_the_list_costs_the_same_for_one_and_three(client, report, officer, django_assert_num_queries):  # fmt: skip
    sign_in(client, officer).get("/uses/")
    with CaptureQueriesContext(connection) as one:
        client.get("/uses/")
    number = len(one)  # a request begins the log anew
    for _ in range(2):
        client.post(NEW, sent(officer, which="unclear"))

    with django_assert_num_queries(number):
        assert len(client.get("/uses/").context["rows"]) == 3
