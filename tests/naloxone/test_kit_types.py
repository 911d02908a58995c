"""Kit types, the components of kits and what is half used: written once, never changed, projected by the database."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from naloxone import actions, components, printed, summary
from naloxone.actions import CustodyError, Told
from naloxone.inspection_rules import Seen
from naloxone.kit_type_rules import LATEX_WHY, Component, Fit, Latex
from naloxone.models import Fitting, Holder, Kit, KitType, KitTypeVersion
from naloxone.notices import components as alerts
from naloxone.notices import expiry
from naloxone.verify import verify_ledger
from naloxone.views.places import count_stock
from safety_portal.access import AccessError, Scope
from safety_portal.alerts import Alert
from safety_portal.audit import AuditRow
from tests.naloxone import make
from tests.naloxone.test_views_stock import moment

pytestmark = pytest.mark.django_db
LATEX_GLOVES = Component("Latex gloves", 1, False, True, Latex.YES)
MASK = Component("Mask", 1, True, True, Latex.NO)


@pytest.fixture
def keeper(by):
    """The coordinator for the whole agency."""
    make.grant(by, "naloxone_coordinator", scope=Scope.EVERYWHERE)
    return by


def human():
    return KitType.objects.with_versions().get(name="Human kit").newest


def part(version, name="CPR or barrier mask"):
    return version.components.get(name=name)


def write(by, kit_type, *lines, shown=None, key=None):
    return actions.write_kit_version(
        kit_type=kit_type, shown=shown or kit_type.newest.number, components=list(lines), doses=2,
        source="BJA toolkit", what_changed="As bought", request_key=key or make.key(), by=by,
    )  # fmt: skip


def assembled(by, store, *, cartons=1, mask=200, version=None):
    """Kits of a type, their mask good for some days."""
    version = version or human()
    days = {one.pk: make.day(mask) for one in version.components.all() if one.expires and one.required}  # fmt: skip
    act = actions.assemble_kits(
        cartons=make.delivery(by, store, cartons=cartons), kind="kit", doses_per_kit=2, place=store,
        made_as=version, expiries=days, occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip
    return list(Kit.objects.filter(events__act=act, kind="kit").with_names().order_by("pk"))


def fit(kit, name, what, by, **facts):
    return actions.fit_component(
        kit=kit, component=part(kit.made_as, name), fit=what, now=timezone.now(),
        request_key=facts.pop("key", None) or make.key(), by=by, **facts,
    )  # fmt: skip


def again(kit):
    return Kit.objects.with_names().get(pk=kit.pk)


# --- types and versions --------------------------------------------------------------------------


def test_four_types_are_there_each_with_its_source():
    found = {one.name: one.newest for one in KitType.objects.with_versions()}
    assert set(found) == {"Human kit", "Canine kit", "Vault kit", "Vehicle kit"}
    assert all("Recommended" in version.source for version in found.values())
    assert found["Canine kit"].doses == 4


def test_a_new_version_leaves_kits_made_before_as_they_are(keeper, store):
    [kit] = assembled(keeper, store)
    made = write(keeper, kit.made_as.kit_type, MASK, LATEX_GLOVES)
    assert made.number == 2
    assert again(kit).made_as.number == 1
    assert components.of_kit(kit)[0].component.name == "Nitrile gloves"
    [new] = assembled(keeper, store, version=KitTypeVersion.objects.get(pk=made.pk))
    assert [s.component.name for s in components.of_kit(new)] == ["Mask", "Latex gloves"]
    assert AuditRow.objects.filter(act="kit_type.written").exists()


def test_a_version_sent_twice_is_written_once(keeper):
    kit_type, key = human().kit_type, make.key()
    kit_type = KitType.objects.with_versions().get(pk=kit_type.pk)
    assert write(keeper, kit_type, MASK, key=key) == write(keeper, kit_type, MASK, key=key)


def test_who_writes_from_an_older_version_reads_the_newer_first(keeper):
    kit_type = KitType.objects.with_versions().get(name="Human kit")
    write(keeper, kit_type, MASK)
    with pytest.raises(CustodyError, match="wrote version 2 meanwhile"):
        write(keeper, kit_type, LATEX_GLOVES, shown=1)


def test_a_coordinator_of_one_station_writes_no_version(by):
    kit_type = KitType.objects.with_versions().get(name="Human kit")
    with pytest.raises(AccessError):
        write(by, kit_type, MASK)


def test_a_type_is_begun_once_by_its_name(keeper):
    told = {"kind": "kit", "components": [MASK], "doses": 2, "source": "BJA", "by": keeper}
    key = make.key()
    first = actions.begin_kit_type(name="Boat kit", request_key=key, **told)
    assert first == actions.begin_kit_type(name="Boat kit", request_key=key, **told)
    with pytest.raises(CustodyError, match="already"):
        actions.begin_kit_type(name="boat KIT", request_key=make.key(), **told)


@pytest.mark.parametrize(
    "statement",
    [
        "update naloxone_kittype set name = 'x'",
        "update naloxone_kittypeversion set doses = 9",
        "delete from naloxone_kitcomponent",
        "update naloxone_fitting set expires_on = '2099-01-01'",
        "update naloxone_kit set component_expires_on = '2099-01-01'",
        "update naloxone_kit set doses_full = 9",
        "update naloxone_kit set made_as_id = null",
    ],
)
def test_the_application_changes_nothing_that_was_written(statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# --- assembly ------------------------------------------------------------------------------------


def test_one_date_a_component_is_enough_for_a_whole_batch(by, store):
    kits = assembled(by, store, cartons=3, mask=200)
    assert {kit.component_expires_on for kit in kits} == {make.day(200)}
    assert {kit.made_as for kit in kits} == {human()}
    assert Fitting.objects.count() == 3


def test_assembly_by_a_type_without_its_dates_is_refused(by, store):
    with pytest.raises(CustodyError, match="until when CPR or barrier mask"):
        actions.assemble_kits(
            cartons=make.delivery(by, store), kind="kit", doses_per_kit=2, place=store,
            made_as=human(), occurred_at=timezone.now(), request_key=make.key(), by=by,
        )  # fmt: skip


def test_a_kit_of_no_type_is_as_it_was(signed_in, by, store):
    kit = make.sealed_kit(by, store)
    assert (kit.made_as, kit.component_expires_on) == (None, None)
    assert components.of_kit(kit) == []
    assert "Beside the doses" not in signed_in.get(kit.get_absolute_url()).text
    answer = signed_in.get(f"/kits/{kit.reference}/components/", follow=True)
    assert "made by no kit type" in answer.text


def test_the_form_asks_for_dates_only_once_a_type_with_components_is_chosen(signed_in, by, store):
    [carton] = make.delivery(by, store)
    version = human()
    chosen = f"type-{version.kit_type_id}"
    told = {
        "kits": carton.reference, "kind": chosen, "doses_per_kit": "2", "request_key": str(make.key()),
        **moment(timezone.now()),
    }  # fmt: skip
    assert "good until" not in signed_in.get("/kits/assemble/").text
    asked = signed_in.post("/kits/assemble/", told)
    assert "CPR or barrier mask good until" in asked.text
    assert Kit.objects.filter(kind="kit").count() == 0
    days = {f"expires_{one.pk}": "" for one in version.components.all() if one.expires}
    mask = f"expires_{part(version).pk}"
    assert mask in signed_in.post("/kits/assemble/", told | days).context["form"].errors
    signed_in.post("/kits/assemble/", told | days | {mask: f"{make.day(90):%m/%d/%Y}"})
    kit = Kit.objects.get(kind="kit")
    assert (kit.made_as, kit.component_expires_on) == (version, make.day(90))


@pytest.mark.parametrize(
    ("kind", "typed", "doses"), [("canine", "", 4), ("canine", "2", 2), ("kit", "", 2)]
)
def test_a_kit_gets_as_many_doses_as_its_type_says_unless_another_number_is_typed(
    signed_in, by, store, kind, typed, doses
):
    cartons = make.delivery(by, store, cartons=2)
    version = KitType.objects.get(kind="canine_kit").newest
    days = {f"expires_{one.pk}": f"{make.day(90):%m/%d/%Y}" for one in version.components.all() if one.expires}  # fmt: skip
    told = {
        "kits": "\n".join(one.reference for one in cartons), "doses_per_kit": typed,
        "kind": f"type-{version.kit_type_id}" if kind == "canine" else kind, "request_key": str(make.key()),
        **moment(timezone.now()), **days,
    }  # fmt: skip

    signed_in.post("/kits/assemble/", told)

    made = Kit.objects.exclude(kind="carton")
    assert {kit.doses for kit in made} == {doses}


# --- what becomes of a component -----------------------------------------------------------------


def test_renewing_a_component_moves_its_expiry_and_nothing_else(by, store):
    [kit] = assembled(by, store, mask=20)
    before = (kit.expires_on, kit.head_hash, kit.last_sequence)
    fit(kit, "CPR or barrier mask", Fit.RENEWED, by, expires_on=make.day(300))
    kit = again(kit)
    assert kit.component_expires_on == make.day(300)
    assert (kit.expires_on, kit.head_hash, kit.last_sequence) == before
    assert AuditRow.objects.filter(act="kit.component_noted").exists()
    assert verify_ledger().intact


@pytest.mark.parametrize("what", [Fit.SHORT, Fit.USED, Fit.REMOVED])
def test_what_is_not_there_any_more_has_no_expiry(by, store, what):
    [kit] = assembled(by, store)
    fit(kit, "CPR or barrier mask", what, by, note="Torn")
    assert again(kit).component_expires_on is None


def test_the_newest_word_on_a_component_counts_and_all_stay(by, store):
    [kit] = assembled(by, store, mask=20)
    fit(kit, "CPR or barrier mask", Fit.SHORT, by, note="Gone")
    fit(kit, "CPR or barrier mask", Fit.RENEWED, by, expires_on=make.day(50))
    fit(kit, "Wipes", Fit.RENEWED, by, expires_on=make.day(40))
    assert again(kit).component_expires_on == make.day(40)
    assert Fitting.objects.count() == 4
    assert components.first_expiry(kit, components.of_kit(kit)) == (make.day(40), "Wipes")


def test_a_note_sent_twice_is_noted_once(by, store):
    [kit] = assembled(by, store)
    key = make.key()
    first = fit(kit, "Wipes", Fit.USED, by, note="Spill", key=key)
    assert fit(kit, "Wipes", Fit.USED, by, note="Spill", key=key) == first


def test_a_component_of_another_type_is_refused(by, store):
    [kit] = assembled(by, store)
    other = KitType.objects.with_versions().get(name="Canine kit").newest
    with pytest.raises(CustodyError, match="no component of"):
        actions.fit_component(
            kit=kit, component=part(other, "Dosing card"), fit=Fit.USED, note="x",
            now=timezone.now(), request_key=make.key(), by=by,
        )  # fmt: skip


def test_who_has_nothing_to_do_with_a_kit_notes_nothing(by, store, officer, client):
    [kit] = assembled(by, store)
    with pytest.raises(AccessError):
        fit(kit, "Wipes", Fit.USED, officer, note="x")
    client.force_login(officer.account)
    assert client.get(f"/kits/{kit.reference}/components/").status_code == 404


def test_an_expired_mask_makes_no_kit_unusable_or_unissuable(by, store, officer):
    long_ago = timezone.now() - dt.timedelta(days=60)
    version = human()
    cartons = make.delivery(by, store, occurred_at=long_ago)
    act = actions.assemble_kits(
        cartons=cartons, kind="kit", doses_per_kit=2, place=store, made_as=version,
        expiries={part(version).pk: make.day(-3)}, occurred_at=long_ago, request_key=make.key(), by=by,
    )  # fmt: skip
    kit = Kit.objects.with_names().get(events__act=act, kind="kit")
    assert kit.worth(store.station.today()) == "serviceable"
    assert Kit.objects.serviceable(store.station.today()).filter(pk=kit.pk).exists()
    [mine] = make.hand([kit], officer, by=by)
    assert mine.holder.person == officer


def test_a_component_is_renewed_on_its_page(signed_in, by, store):
    [kit] = assembled(by, store, mask=20)
    page = signed_in.get(kit.get_absolute_url()).text
    assert "First to expire: CPR or barrier mask" in page
    assert "makes no kit unusable" in page
    url = f"/kits/{kit.reference}/components/"
    mask = part(kit.made_as)
    assert signed_in.get(f"{url}?component={mask.pk}").status_code == 200
    told = {"component": mask.pk, "fit": "renewed", "expires_on": f"{make.day(300):%m/%d/%Y}", "note": "", "request_key": str(make.key())}  # fmt: skip
    answer = signed_in.post(url, told, follow=True)
    assert "Renewed by" in answer.text
    assert again(kit).component_expires_on == make.day(300)
    refused = signed_in.post(url, told | {"fit": "short", "request_key": str(make.key())})
    assert "note" in refused.context["form"].errors


# --- latex ---------------------------------------------------------------------------------------


def test_latex_is_flagged_with_why_wherever_the_component_is_shown(signed_in, keeper, store):
    kit_type = KitType.objects.with_versions().get(name="Vehicle kit")
    version = write(keeper, kit_type, LATEX_GLOVES)
    [kit] = assembled(keeper, store, version=KitTypeVersion.objects.get(pk=version.pk))
    told = LATEX_WHY.partition(";")[0]
    assert told in signed_in.get(kit_type.get_absolute_url()).text
    assert told in signed_in.get(kit.get_absolute_url()).text
    assert told in signed_in.get(f"/kits/assemble/?type=type-{kit_type.pk}").text
    assert "Latex" in signed_in.get("/kit-types/").text
    [row] = [printed.component_row(one, make.day(0)) for one in components.of_kit(kit)]
    assert (row["latex"], row["why"]) == ("Latex", LATEX_WHY)
    assert signed_in.get(f"/kits/{kit.reference}/custody-record.pdf").status_code == 200


# --- pages of types ------------------------------------------------------------------------------


def test_a_version_is_written_on_its_page_and_what_changed_is_listed(client, keeper):
    client.force_login(keeper.account)
    kit_type = human().kit_type
    form = client.get(f"/kit-types/KT-{kit_type.pk}/change/").context["form"]
    told = {n: form[n].value() for n in form.fields if form[n].value() not in (None, False)}
    told |= {"name_2": "", "quantity_2": "", "what_changed": "No mask", "name_5": "Foil blanket"}
    answer = client.post(f"/kit-types/KT-{kit_type.pk}/change/", told, follow=True)
    assert "version 2 is written" in answer.text
    assert "not in it any more" in answer.text
    bare = told | {"name_5": "", "quantity_5": "3", "request_key": str(make.key())}
    assert "name_5" in client.post(f"/kit-types/KT-{kit_type.pk}/change/", bare).context["form"].errors  # fmt: skip
    late = client.post(f"/kit-types/KT-{kit_type.pk}/change/", told | {"request_key": str(make.key())})  # fmt: skip
    assert "meanwhile" in late.text


def test_a_type_is_begun_on_its_page(client, keeper):
    client.force_login(keeper.account)
    assert client.get("/kit-types/new/").status_code == 200
    told = {
        "name": "Boat kit", "kind": "kit", "doses": "2", "source": "Ours", "name_1": "Mask",
        "expires_1": "on", "request_key": str(make.key()),
    }  # fmt: skip
    assert "Boat kit" in client.post("/kit-types/new/", told, follow=True).text
    [row] = KitType.objects.get(name="Boat kit").versions.get().components.all()
    assert (row.quantity, row.expires, row.required, row.latex) == (1, True, False, "unknown")


def test_who_keeps_one_station_finds_no_page_to_write_types(signed_in):
    number = human().kit_type_id
    assert signed_in.get("/kit-types/new/").status_code == 404
    assert signed_in.get(f"/kit-types/KT-{number}/change/").status_code == 404
    assert "Write a new version" not in signed_in.get(f"/kit-types/KT-{number}/").text


# --- lists, inspections, alerts ------------------------------------------------------------------


def test_lists_are_narrowed_by_type_by_component_and_by_half_used(signed_in, by, store):
    [kit] = assembled(by, store, mask=20)
    other = make.sealed_kit(by, store)
    for query in ({"type": human().kit_type_id}, {"component": "30"}):
        page = signed_in.get("/kits/", query).text
        assert kit.get_absolute_url() in page
        assert other.get_absolute_url() not in page
    assert kit.get_absolute_url() not in signed_in.get("/kits/", {"component": "expired"}).text
    assert kit.get_absolute_url() not in signed_in.get("/kits/", {"used": "half"}).text


def test_an_inspection_asks_for_the_components_of_the_type(signed_in, by, store):
    [kit] = assembled(by, store)
    lot = kit.lot_id
    mask = part(kit.made_as)
    page = signed_in.get(f"/kits/{kit.reference}/inspect/count/").text
    assert "CPR or barrier mask missing" in page
    assert "Gloves or mask missing" not in page
    told = {
        f"count_{lot}": "2", f"printed_{lot}": "yes", "faults": [f"component-{mask.pk}"],
        "sequence": kit.last_sequence, "request_key": str(make.key()), **moment(timezone.now()),
    }  # fmt: skip
    signed_in.post(f"/kits/{kit.reference}/inspect/count/", told)
    assert kit.fittings.latest("pk").fit == Fit.SHORT


def test_a_component_that_an_inspection_misses_is_noted_and_differs(by, store):
    [kit] = assembled(by, store)
    lot = kit.lot
    made = actions.inspect_kit(
        kit=kit, sequence=kit.last_sequence, seen=Seen(accessories_there=False),
        counts={lot.pk: (2, True)}, missing=[part(kit.made_as)], occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    assert made.findings == "accessories"
    assert again(kit).component_expires_on is None
    assert "Not there: CPR or barrier mask" in kit.discrepancies.get().told


def test_a_component_that_expires_is_an_alert_of_its_own(by, store):
    assembled(by, store, cartons=2, mask=20)
    now = timezone.now()
    found = list(alerts.dues(now))
    assert {due.kind for due in found} == {alerts.KIND}
    assert {due.threshold for due in found} == {30}
    assert not list(expiry.dues(now))
    later = list(alerts.dues(now + dt.timedelta(days=60)))
    assert {due.threshold for due in later} == {expiry.OVERDUE}


def test_the_line_of_the_alert_says_that_the_doses_are_as_good_as_before(by, store):
    assembled(by, store, cartons=2, mask=20)
    alerts.sweep_components(timezone.now())
    found = list(Alert.objects.filter(kind=alerts.KIND).select_related("station"))
    assert "2 kits have a component that expires in" in alerts.line(found)
    assert "The doses are not touched" in alerts.line(found)
    assert "component=180" in alerts.url(found)
    for one in found:
        one.threshold = expiry.OVERDUE
    assert "has expired" in alerts.line(found)
    assert "component=expired" in alerts.url(found)


# --- half used -----------------------------------------------------------------------------------


def test_a_kit_with_one_of_two_doses_shows_and_counts_as_half_used(signed_in, by, store):
    kit = make.sealed_kit(by, store)
    assert not kit.is_half_used
    actions.record_use(
        told=[Told(kit=kit)], station=by.station, given_at=timezone.now(), now=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    kit = again(kit)
    assert (kit.doses, kit.doses_full, kit.is_half_used) == (1, 2, True)
    assert "1 of 2 doses" in signed_in.get(kit.get_absolute_url()).text
    assert "1 of 2" in signed_in.get("/kits/", {"used": "half"}).text
    assert "1 half used" in signed_in.get(store.get_absolute_url()).text
    [place] = count_stock([store], timezone.now())
    assert place.half_used == 1
    [line] = summary.stock_by_place(
        Holder.objects.filter(pk=store.pk), Kit.objects.filter(holder=store), store.station.today()
    )[store.station_id]
    assert line.half_used == 1
    assert verify_ledger().intact


def test_a_carton_whose_doses_went_into_kits_is_not_half_used(by, store):
    [carton] = make.delivery(by, store, product=make.product(devices_per_carton=6))
    actions.assemble_kits(
        cartons=[carton], kind="kit", doses_per_kit=4, place=store, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    carton = again(carton)
    assert (carton.doses, carton.doses_full, carton.is_half_used) == (2, 2, False)


def test_a_use_that_is_undone_makes_the_kit_whole_again(by, store):
    kit = make.sealed_kit(by, store)
    actions.waste_doses(
        kit=kit, count=1, note="Fired", occurred_at=timezone.now(), request_key=make.key(), by=by
    )
    kit = again(kit)
    assert kit.is_half_used
    actions.undo_newest(
        kit=kit, sequence=kit.last_sequence, note="Mistake", request_key=make.key(), by=by
    )
    assert not again(kit).is_half_used
