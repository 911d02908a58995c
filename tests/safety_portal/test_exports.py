"""Lists as files: every list has one or says why not, with the rows of its filter, formulas neutralised, and an audit row."""

import datetime as dt

import pytest
from django.conf import settings as portal_settings
from django.urls import resolve, reverse
from django.utils import timezone

from safety_portal import exports, sealed_files
from safety_portal.access import Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.exports import Download, DownloadState, Listed, Out
from safety_portal.tables import Limits, read_table
from safety_portal.tables.written import harmless, xlsx_bytes
from tests.naloxone import make
from tests.naloxone.imports import checked, effects
from tests.test_promises import addresses, client_of, world

pytestmark = pytest.mark.django_db
WIDE = Limits(10**7, 10**7, 200, 10_000, 60, 5)
# Lists that are not given as files, and why.
WORKED_OUT = (
    "figures worked out for this moment, not records: whoever shows them to others prints the page"
)
WHY_NOT = {
    **dict.fromkeys(
        (
            "naloxone:readiness",
            "naloxone:readiness_ahead",
            "naloxone:transfers",
            "naloxone:drills",
            "naloxone:station_map",
            "naloxone:go_live",
        ),
        WORKED_OUT,
    ),
    "components": "building blocks with invented rows",
    "outbox": "mails are addressed to people; whoever looks at them looks here",
    "naloxone:storage_temperature": "each place's newest reading; its readings are on its own page",
    "naloxone:imports": "one's own files",
}

__all__ = ["world"]


@pytest.fixture
def at():
    return make.station("Laredo Bridge")


@pytest.fixture
def by(at):
    return make.coordinator(at)


@pytest.fixture
def signed_in(client, by):
    client.force_login(by.account)
    return client


def ask(client, path, kind="csv"):
    return client.post(reverse("download"), {"list": path, "kind": kind})


def read(response):
    content = b"".join(response) if response.streaming else response.content
    table = read_table(content, WIDE)
    return table.headings, [row.cells for row in table.rows]


def list_addresses(world):
    """Addresses without arguments whose page has a pager: lists."""
    client = client_of(world.chief)
    for address in addresses():
        if not address.arguments and address.ours:
            answer = client.get(world.where(address))
            if answer.status_code == 200 and answer.context and "pager" in answer.context:
                yield address


def test_every_list_is_given_as_a_file_or_says_why_not(world):
    found = list(list_addresses(world))

    without = {a.name for a in found if not getattr(a.view, "downloads", False)}
    assert len(found) > 15
    assert without == {name for name in WHY_NOT if name in {a.name for a in found}}


def marked():
    return [a.name for a in addresses() if getattr(a.view, "downloads", False)]


def test_every_file_can_be_made_of_rows(world):
    client = client_of(world.chief)
    # A list marked as such gives rows, whatever stands in them.
    for name in marked():
        for kind in ("csv", "xlsx"):
            answer = ask(client, reverse(name), kind)
            assert answer.status_code == 200, name
            assert read(answer)[0], name
    assert len(marked()) > 20


def test_kits_are_taken_away_as_their_filter_shows_them(signed_in, by):
    shelf, other = make.place(by, "Shelf"), make.place(by, "Other")
    make.delivery(by, shelf, lot_number="A1", product=make.product(name="Spray"))
    make.delivery(by, other)

    headings, rows = read(ask(signed_in, f"{reverse('naloxone:kits')}?place={shelf.pk}"))

    assert headings[:4] == ("Kit", "Kind", "Product", "Lot")
    assert [row[2:4] + row[5:8] for row in rows] == [("Spray", "A1", "2", "Shelf", "Laredo Bridge")]
    assert rows[0][-1] == str(make.day(400))
    row = AuditRow.objects.get(act="list.downloaded")
    assert (row.by, row.target) == (by, "Kits")
    assert f"place={shelf.pk}" in row.facts


def test_a_list_page_offers_its_file_with_its_filter(signed_in):
    path = f"{reverse('naloxone:kits')}?state=held"
    page = signed_in.get(path).content.decode()

    assert "Download CSV" in page
    assert 'value="/kits/?state=held"' in page
    assert "Download CSV" not in signed_in.get(reverse("home")).content.decode()


def test_nothing_of_another_station_is_in_a_file(signed_in):
    elsewhere = make.coordinator(make.station("Nogales"))
    make.delivery(elsewhere, make.place(elsewhere, "Theirs"))

    for name in ("naloxone:kits", "naloxone:places", "people"):
        content = b"".join(ask(signed_in, reverse(name)))
        assert b"Nogales" not in content
        assert b"Theirs" not in content


@pytest.mark.parametrize(
    "path", ["/", "/nowhere/", "/kits/K-1/", "https://elsewhere.example/kits/", "/audit/", ""]
)
def test_what_is_no_list_of_ones_own_is_not_given(signed_in, path):
    assert ask(signed_in, path).status_code == 404


def test_there_are_two_kinds_of_file(signed_in):
    assert ask(signed_in, reverse("naloxone:kits"), "pdf").status_code == 404
    assert signed_in.get(reverse("download")).status_code == 405


def test_where_somebody_looks_narrows_the_file_too(client, at):
    chief = make.person(at, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    make.place(make.coordinator(make.station("Nogales")), "There")
    make.place(chief, "Here")
    client.force_login(chief.account)
    session = client.session
    session["looking_at"] = ["station", at.pk, at.name]
    session.save()

    assert [row[0] for row in read(ask(client, reverse("naloxone:places")))[1]] == ["Here"]


# --- what is in it -------------------------------------------------------------------------------------------
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_formulas_are_neutralised_and_read_back_as_they_were(signed_in, by, kind):
    names = ["=cmd|' /C calc'!A0", "+1 Cabinet", "-Cabinet", "@Cabinet"]
    for name in names:
        make.place(by, name)

    answer = ask(signed_in, reverse("naloxone:places"), kind)
    content = b"".join(answer) if answer.streaming else answer.content

    rows = list(read_table(content, WIDE).rows)
    assert sorted(row.cells[0] for row in rows) == sorted(names)
    if kind == "csv":
        assert b"\n=" not in content
        assert b"'=cmd" in content
    run = checked(by, "places", content, name=f"places.{kind}")
    assert {outcome for outcome, _ in effects(run)} == {"nothing"}


@pytest.mark.parametrize("text", EVIL)
def test_no_text_begins_as_a_formula(text):
    assert harmless(text).startswith("'")
    table = read_table(xlsx_bytes({"S": (["A"], [[text]])}), WIDE)
    assert next(table.rows).cells[0] == text.strip()


def test_values_are_written_plainly():
    moment = dt.datetime(2026, 11, 24, 14, 5, tzinfo=dt.UTC)
    told = [None, True, False, -3, 1.5, dt.date(2026, 11, 24), moment]

    assert [harmless(value) for value in told] == ["", "yes", "no", -3, 1.5, "2026-11-24", "2026-11-24 14:05+00:00"]  # fmt: skip
    rows = read_table(xlsx_bytes({"S": (list("abcdefg"), [told])}), WIDE).rows
    assert next(rows).cells == ("", "yes", "no", "-3", "1.5", "2026-11-24", "2026-11-24 14:05+00:00")  # fmt: skip


def test_a_moment_has_its_zone_in_the_heading(at):
    class Row:
        when = dt.datetime(2026, 11, 24, 20, 5, tzinfo=dt.UTC)
        nobody = None

    column = Out("When", "when", moment=True)

    assert column.heading(at.zone) == "When (America/Chicago)"
    assert column.of(Row, at.zone).hour == 14
    assert Out("By", "nobody.name").of(Row, at.zone) is None
    with pytest.raises(AttributeError):
        Out("By", "mistyped").of(Row, at.zone)


# --- long ones -------------------------------------------------------------------------------------------------
@pytest.fixture
def long(signed_in, by, settings):
    """A download that is made in the worker."""
    settings.EXPORT_AT_ONCE = 2
    make.delivery(by, make.place(by), cartons=5)
    answer = ask(signed_in, reverse("naloxone:kits"))
    assert answer.url == reverse("downloads")
    return Download.objects.get()


def test_a_long_list_is_made_in_the_worker(signed_in, long, media):
    assert "Being made" in signed_in.get(reverse("downloads")).content.decode()
    assert signed_in.get(long.get_absolute_url()).status_code == 404

    exports.make_waiting()
    exports.make_download(long.pk)

    long.refresh_from_db()
    assert (long.state, long.rows) == (DownloadState.READY, 5)
    assert long.file_name in signed_in.get(reverse("downloads")).content.decode()
    assert len(read(signed_in.get(long.get_absolute_url()))[1]) == 5
    assert AuditRow.objects.filter(act="list.downloaded").count() == 1
    [path] = [p for p in media.rglob("exports/*/*") if p.is_file()]
    assert b"Kit" not in path.read_bytes()


def test_a_file_is_its_askers_own_and_goes_after_some_hours(client, by, long, media):
    exports.make_download(long.pk)
    client.force_login(make.coordinator(by.station).account)
    assert client.get(long.get_absolute_url()).status_code == 404
    client.force_login(by.account)
    sealed_files.remove(long.token, kind=sealed_files.EXPORT)
    assert client.get(long.get_absolute_url()).status_code == 404

    exports.drop_downloads(now=timezone.now())
    assert Download.objects.count() == 1
    exports.drop_downloads(now=timezone.now() + dt.timedelta(hours=portal_settings.EXPORT_HOURS))
    assert not Download.objects.exists()


def test_a_right_that_ended_meanwhile_gives_no_file(by, long):
    by.grants.update(ends_at=timezone.now())

    exports.make_download(long.pk)

    long.refresh_from_db()
    assert long.state == DownloadState.FAILED


def test_a_file_has_no_more_rows_than_are_given(by, settings):
    settings.EXPORT_MOST_ROWS = 3
    made = make.delivery(by, make.place(by), cartons=5)
    listed = Listed("Kits", (Out("Kit", "reference"),), made)

    assert len(list(listed.cells(by.zone, settings.EXPORT_MOST_ROWS))) == 3
    assert resolve("/kits/").func.downloads
