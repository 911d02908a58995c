"""The demo's fictitious agency: as large as promised, invented throughout, and lawful by the ledger's own verifier."""

import datetime as dt
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

from naloxone import verify
from naloxone.models import (
    HALF_USED,
    Act,
    CustodyEvent,
    Discrepancy,
    Disposal,
    HandOver,
    Inspection,
    Kit,
    Lot,
    LotRecall,
)
from safety_portal.access import Grant, Role
from safety_portal.demo.cast import DOMAIN, PASSWORD, PINS
from safety_portal.management.commands.demo_accounts import FIRST_LOOKS
from safety_portal.management.commands.make_demo import digest_moments
from safety_portal.outbox import Message
from safety_portal.people import Account, Canine, Kind, Person, Station, WorkAssignment, WorkRole

# What a family is called in the demo: nobody can take these for people.
FAMILIES = {
    "Example", "Sample", "Specimen", "Placeholder", "Fictional", "Invented", "Notional", "Pretend",
    "Imaginary",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demo, made once for this file and rolled back after it."""
    photos = override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("demo"))
    with photos, django_db_blocker.unblock(), transaction.atomic():
        call_command("make_demo", stdout=StringIO())
        yield
        transaction.set_rollback(True)


def people():
    return Person.objects.exclude(kind=Kind.PORTAL)


def day(days):
    return timezone.now().date() + dt.timedelta(days=days)


def kits():
    return Kit.objects.exclude(state="spent").exclude(kind="trainer")


def account(name):
    return Account.objects.get(email=f"{name}@{DOMAIN}")


@pytest.mark.usefixtures("world")
def test_the_agency_is_as_large_as_promised():
    assert Station.objects.count() == 227
    assert people().count() == 60
    assert Station.objects.filter(people__in=people()).distinct().count() == 12
    assert Canine.objects.filter(weight_kg__isnull=False).count() == 6
    assert kits().count() == 180


@pytest.mark.usefixtures("world")
def test_the_twelve_stations_lie_in_every_component_and_are_of_many_kinds():
    staffed = Station.objects.filter(people__in=people()).distinct()

    assert len({s.region.component_id for s in staffed.with_names()}) == 4
    assert len({s.facility_type for s in staffed}) == 8


@pytest.mark.usefixtures("world")
def test_every_kind_of_work_is_done_by_somebody():
    assert set(WorkAssignment.objects.values_list("role", flat=True)) == set(WorkRole.values)


@pytest.mark.usefixtures("world")
def test_some_contractors_have_no_account_and_yet_hold_a_kit():
    without = people().filter(kind=Kind.CONTRACTOR, account=None)

    assert without.count() >= 3
    assert Kit.objects.filter(holder__person__in=without).exists()


@pytest.mark.usefixtures("world")
def test_every_name_and_address_is_plainly_invented():
    assert set(people().values_list("family_name", flat=True)) == FAMILIES
    assert {a.email.partition("@")[2] for a in Account.objects.all()} == {"portal.example"}
    assert {p.telephone[:6] for p in people()} == {"555-01"}
    assert all(
        number.startswith("EXAMPLE-") for number in Lot.objects.values_list("number", flat=True)
    )


@pytest.mark.usefixtures("world")
def test_the_ledger_tells_fourteen_months_and_the_verifier_finds_nothing():
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
    found = verify.verify_ledger()

    first = Act.objects.order_by("occurred_at").first().occurred_at
    assert found.intact, found.sentence
    assert found.events == CustodyEvent.objects.count() > 600
    assert timezone.now() - first > dt.timedelta(days=425)
    assert not Act.objects.filter(occurred_at__gt=timezone.now()).exists()


@pytest.mark.usefixtures("world")
def test_there_is_work_in_every_window():
    expiring = kits().filter(state="in_service")

    assert expiring.filter(expires_on__lt=day(-1)).exists()
    for since, until in ((1, 7), (8, 30), (31, 90), (91, 180)):
        assert expiring.filter(expires_on__gte=day(since), expires_on__lte=day(until)).exists()
    assert LotRecall.objects.count() == 1
    assert kits().filter(state="recalled").count() == 9
    assert kits().filter(state="quarantine", kind="carton").count() == 12
    assert kits().filter(kind="canine_kit", holder__kind="canine_team").count() == 6


@pytest.mark.usefixtures("world")
def test_kits_have_types_and_one_has_latex_gloves_a_mask_expires_soon_and_one_is_half_used():
    assert kits().filter(kind="kit", made_as=None).count() == 0
    latex = kits().filter(made_as__components__latex="yes")
    assert latex.count() == 1
    assert kits().filter(component_expires_on__range=(day(0), day(30))).exists()
    assert kits().filter(HALF_USED).exists()
    assert Kit.objects.filter(kind="trainer").count() == 2


@pytest.mark.usefixtures("world")
def test_three_offers_wait_for_the_officer_and_one_is_late():
    officer = account("officer").person

    waiting = HandOver.objects.for_receiver(officer).open()

    assert waiting.count() == 3
    assert waiting.filter(due_at__lt=timezone.now()).count() == 1
    assert Kit.objects.held_by(officer).get().last_sequence >= 6


@pytest.mark.usefixtures("world")
def test_of_what_was_thrown_away_one_waits_for_a_signature_and_one_too_long():
    now = timezone.now()

    assert Disposal.objects.count() == 4
    assert all(disposal.disposalphoto_set.count() == 1 for disposal in Disposal.objects.all())
    assert Disposal.objects.waiting().filter(due_at__gt=now).count() == 1
    assert Disposal.objects.past(now).count() == 1
    assert {d.act.by_id == d.act.second_id for d in Disposal.objects.select_related("act")} == {
        False
    }


@pytest.mark.usefixtures("world")
def test_most_kits_were_looked_at_this_month_and_two_places_were_not():
    today = timezone.now().date()
    to_inspect = Kit.objects.to_inspect()
    overdue = Kit.objects.inspection_due(today - dt.timedelta(days=1))

    places = set(overdue.filter(holder__kind__in=["storage", "vehicle"]).values_list("holder__name", "station__code"))  # fmt: skip

    assert places == {("Vehicle 12", "2304"), ("Storeroom", "2504")}
    assert overdue.count() < to_inspect.count() / 4
    assert Inspection.objects.filter(result="replace").exists()
    assert Discrepancy.objects.open().get(kind="replace").told.startswith("Blister or package")


@pytest.mark.usefixtures("world")
def test_every_role_has_an_account_of_its_own():
    held = set(
        Grant.objects.in_force(timezone.now())
        .filter(person__account__email__in=[f"{name}@{DOMAIN}" for _, name, _ in FIRST_LOOKS])
        .values_list("role", flat=True)
    )

    assert held == set(Role.values) - {Role.EMPLOYEE}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", [name for _, name, _ in FIRST_LOOKS])
def test_the_account_signs_in_with_the_printed_password(name):
    client = Client()

    answer = client.post("/accounts/login/", {"login": f"{name}@{DOMAIN}", "password": PASSWORD})

    assert (answer.status_code, answer.url) == (302, "/")
    assert client.session["_auth_user_id"] == str(account(name).pk)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", ["coordinator", "national"])
def test_both_coordinators_have_views_of_the_kits_that_find_some(name):
    client = Client()
    client.force_login(account(name))

    links = client.get("/kits/").wsgi_request.saved.links

    assert [link.name for link in links] == ["Expires within 90 days", "Waits for its check"]
    for link in links:
        answer = client.get(f"/kits/{link.url}")
        assert answer.context["kits"]
        assert not answer.context["filter"].form.errors


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("name", "given"), [("officer", "Alder"), ("supervisor", "Birch")])
def test_the_printed_pin_is_theirs(name, given):
    assert account(name).pin.opens_with(PINS[given])


@pytest.mark.usefixtures("world")
def test_mail_waits_in_the_outbox():
    assert Message.objects.waiting().filter(kind="digest").exists()
    assert Message.objects.waiting().due(timezone.now()).exists()


@pytest.mark.usefixtures("world")
def test_the_accounts_are_told_with_their_password():
    out = StringIO()
    call_command("demo_accounts", stdout=out)

    assert all(f" {name}@portal.example " in out.getvalue() for _, name, _ in FIRST_LOOKS)
    assert f"Password of all: {PASSWORD}" in out.getvalue()
    assert (
        f"officer {account('officer').person.badge} with {PINS['Alder']}, supervisor"
        in out.getvalue()
    )
    assert max(map(len, out.getvalue().splitlines())) <= 100


@pytest.mark.usefixtures("world")
def test_a_second_demo_is_refused():
    with pytest.raises(CommandError, match="has accounts already"):
        call_command("make_demo")


@pytest.mark.usefixtures("world")
def test_reference_data_are_loaded_again_without_a_second_row():
    out = StringIO()
    call_command("load_reference", stdout=out)

    assert out.getvalue() == "227 stations\n15 products\n"
    assert Station.objects.count() == 227


@pytest.mark.django_db
def test_without_a_demo_no_account_is_promised():
    out = StringIO()
    call_command("demo_accounts", stdout=out)

    assert out.getvalue() == "The demo's accounts are not in this portal.\n"


def test_production_refuses_the_demo(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="never go into a production portal"):
        call_command("make_demo")


@pytest.mark.parametrize(("hour", "morning"), [(0, 23), (17, 23), (18, 24), (23, 24)])
def test_digests_are_made_at_a_moment_when_it_is_morning_everywhere(hour, morning):
    now = dt.datetime(2026, 11, 24, hour, tzinfo=dt.UTC)

    assert digest_moments(now) == [dt.datetime(2026, 11, morning, 18, tzinfo=dt.UTC), now]
