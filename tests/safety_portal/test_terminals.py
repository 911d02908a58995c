"""The counter terminal: who makes one, whom it knows, and how a turn begins, acts once and ends."""

import datetime as dt
import uuid

import pytest
from django.conf import settings as portal_settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone

from safety_portal import audit, page_parts, pins, roster, tasks, terminals, turns, urls
from safety_portal import widgets as w
from safety_portal.access import AccessError, Role, Scope, terminal
from safety_portal.audit import AuditRow
from safety_portal.held import HeldForm
from safety_portal.proofs import ProofError
from safety_portal.terminal_forms import TurnForm
from safety_portal.terminals import Terminal, TerminalError, Turn
from tests.safety_portal import make

PIN = "274913"
done = []  # what the act below has done


@terminal
def begin(request):
    form = TurnForm(request.POST or None)
    return turns.start(request, form, title="Test", purpose="test", then="act")


@terminal
@turns.within("test")
def act(request, turn):
    if request.method == "POST":
        done.append(turn.person)
        audit.record("test.done", by=turn.person, target="K-1")
        return turns.finish(turn, "K-1 is with you.\nNothing else.")
    return HttpResponse(f"{turn.person} told {turn.told}, {turn.seconds} s, key {turn.request_key}")


@terminal
@turns.within("another act")
def another_act(request, turn):
    raise AssertionError("a proof for one act must not open another’s page")


urlpatterns = [
    path("terminal/begin/", begin, name="begin"),
    path("terminal/act/", act, name="act"),
    path("terminal/another/", another_act),
    *urls.urlpatterns,
]


@pytest.fixture(autouse=True)
def own_urls(settings):
    settings.ROOT_URLCONF = __name__
    done.clear()


@pytest.fixture
def station(db):
    return make.station()


@pytest.fixture
def keeper(station):
    return make.person(station, Role.SUPERVISOR)


@pytest.fixture
def person(station):
    return with_pin(make.person(station))


def with_pin(person, pin=PIN):
    pins.set_pin(pin=pin, now=timezone.now(), by=person)
    return person


def enrol(keeper, name="Muster room counter", **more):
    facts = {"station": keeper.station, "name": name, "now": timezone.now()} | more
    return terminals.enrol_terminal(**facts, by=keeper)


def at_counter(token, **options):
    browser = Client(**options)
    browser.cookies[portal_settings.TERMINAL_COOKIE] = token
    return browser


@pytest.fixture
def counter(keeper):
    """An enrolled browser."""
    return at_counter(enrol(keeper)[1])


def prove(counter, person, pin=PIN):
    return counter.post("/terminal/begin/", {"badge": person.badge, "pin": pin})


def confirm(counter, **more):
    key = Turn.objects.get().request_key
    return counter.post("/terminal/act/", {"request_key": key} | more)


def is_over(answer):
    return (answer.status_code, answer.url) == (302, "/terminal/?over=1")


def pass_time(seconds):
    """Turns are older than they were."""
    for turn in Turn.objects.all():
        turn.began_at -= dt.timedelta(seconds=seconds)
        turn.ends_at -= dt.timedelta(seconds=seconds)
        turn.save()


# --- enrolling and revoking ------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.COORDINATOR])
def test_who_answers_for_the_station_makes_the_browser_a_terminal_and_is_signed_out(
    client, station, role
):
    keeper = make.person(station, role)
    client.force_login(keeper.account)
    facts = {"station": station.pk, "name": "Muster room counter"}
    answer = client.post("/terminals/enrol/", facts)

    cookie = answer.cookies["terminal"]
    made = Terminal.objects.get()
    assert answer.url == "/terminal/"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert cookie["max-age"] == 400 * 24 * 3600
    assert made.token_hash == terminals.hash_of(cookie.value) != cookie.value
    assert not Session.objects.exists()
    page = client.get("/terminal/").content.decode()
    assert "Muster room counter" in page
    assert keeper.family_name not in page
    row = AuditRow.objects.get(act="terminal.enrolled")
    assert (row.by, row.target, row.station_code) == (keeper, made.reference, station.code)


def test_in_production_the_cookies_are_bound_to_the_host(client, keeper, settings):
    settings.SESSION_COOKIE_SECURE = True
    client.force_login(keeper.account)
    answer = client.post("/terminals/enrol/", {"station": keeper.station.pk, "name": "Counter"})

    assert answer.cookies["terminal"]["secure"]
    assert not answer.cookies["terminal"]["domain"]


def test_a_browser_that_is_enrolled_again_is_the_first_terminal_no_more(client, keeper):
    first, token = enrol(keeper, "Front desk")
    client.force_login(keeper.account)
    client.cookies["terminal"] = token
    assert "It is Front desk" in client.get("/terminals/enrol/").content.decode()
    client.post("/terminals/enrol/", {"station": keeper.station.pk, "name": "Back desk"})

    assert list(Terminal.objects.in_use().values_list("name", flat=True)) == ["Back desk"]
    assert AuditRow.objects.get(act="terminal.revoked").target == first.reference


def test_two_terminals_of_a_station_have_two_names(client, keeper):
    enrol(keeper, "Front desk")
    client.force_login(keeper.account)
    facts = {"station": keeper.station.pk, "name": "front DESK"}
    page = client.post("/terminals/enrol/", facts).content.decode()

    assert "already has a terminal of this name" in page
    assert Terminal.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Terminal.objects.create(
            station=keeper.station, name="FRONT desk", token_hash="x", enrolled_by=keeper,
            enrolled_at=timezone.now(),
        )  # fmt: skip


def test_nobody_makes_a_terminal_for_a_station_that_is_not_theirs(client, keeper):
    elsewhere = make.station()
    client.force_login(keeper.account)
    page = client.post("/terminals/enrol/", {"station": elsewhere.pk, "name": "Counter"})

    assert "not among the choices" in page.content.decode()
    with pytest.raises(AccessError):
        enrol(keeper, station=elsewhere)


def test_the_terminals_of_my_stations_are_listed(client, keeper, django_assert_max_num_queries):
    client.force_login(keeper.account)
    assert "No browser is a terminal" in client.get("/terminals/").content.decode()
    enrol(keeper, "Front desk")
    enrol(make.person(make.station(), Role.SUPERVISOR), "Foreign desk")
    used, _ = enrol(keeper, "Back desk")
    Terminal.objects.filter(pk=used.pk).update(last_used_at=timezone.now())

    with django_assert_max_num_queries(12):
        page = client.get("/terminals/").content.decode()
    assert page.index("Back desk") < page.index("Front desk")
    assert "Not yet" in page
    assert "Foreign desk" not in page


def test_a_revoked_terminal_is_a_strangers_browser(client, keeper, counter):
    found = Terminal.objects.get()
    client.force_login(keeper.account)
    where = f"/terminals/{found.reference}/revoke/"
    assert "Revoke this terminal" in client.get(where).content.decode()
    page = client.post(where, {"request_key": uuid.uuid4()}, follow=True).content.decode()
    assert "is a terminal no more" in page

    assert counter.get("/terminal/").url == "/accounts/login/"
    assert client.post(where).status_code == 404
    assert AuditRow.objects.get(act="terminal.revoked").by == keeper
    with pytest.raises(TerminalError, match="terminal no more"):
        terminals.revoke_terminal(terminal=found, now=timezone.now(), by=keeper)


def test_revoking_ends_the_turn_that_is_under_way(keeper, counter, person):
    prove(counter, person)
    terminals.revoke_terminal(terminal=Terminal.objects.get(), now=timezone.now(), by=keeper)

    assert not Turn.objects.exists()
    assert counter.get("/terminal/act/").url == "/accounts/login/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "The counter terminal there is revoked"),
        (2, "The 2 counter terminals there are revoked"),
    ],
)
def test_with_the_station_its_terminals_end(number, words):
    admin, den = make.administrator(), make.station("Den")
    keeper = make.person(admin.station, Role.SUPERVISOR, scope=Scope.EVERYWHERE)
    tokens = [enrol(keeper, f"Counter {n}", station=den)[1] for n in range(number)]
    assert [s for s in roster.what_follows(den, timezone.now()) if words in s]

    roster.close_station(station=den, reason="Moved", now=timezone.now(), by=admin)

    assert not Terminal.objects.in_use().exists()
    assert at_counter(tokens[0]).get("/terminal/").url == "/accounts/login/"
    assert AuditRow.objects.filter(act="terminal.revoked", by=admin).count() == number
    with pytest.raises(TerminalError, match="was closed on"):
        enrol(keeper, station=den)


def test_a_terminal_is_revoked_by_who_keeps_it_only(keeper, counter):
    stranger = make.person(make.station(), Role.SUPERVISOR)

    with pytest.raises(AccessError):
        terminals.revoke_terminal(terminal=Terminal.objects.get(), now=timezone.now(), by=stranger)


# --- which browser it is -----------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "made up", None])
def test_a_strange_browser_is_led_to_sign_in(db, token):
    browser = at_counter(token) if token is not None else Client()

    for where in ("/terminal/", "/terminal/begin/", "/terminal/act/", "/terminal/said/"):
        assert browser.get(where).url == "/accounts/login/"
        assert browser.post(where).url == "/accounts/login/"


def test_the_front_page_of_a_terminal_is_its_counter(counter):
    assert counter.get("/").url == "/terminal/"
    assert counter.get("/?q=1").url == "/terminal/"
    assert counter.get("/kits/").url == "/accounts/login/?next=/kits/"
    assert (
        "counter terminal “Muster room counter”" in counter.get("/accounts/login/").content.decode()
    )


def test_where_somebody_signed_in_the_terminal_waits_for_them_to_sign_out(counter, person):
    counter.force_login(person.account)

    assert counter.get("/terminal/").url == "/accounts/logout/"
    assert counter.post("/terminal/begin/").url == "/accounts/logout/"
    assert counter.get("/").status_code == 200


def test_the_counter_shows_its_acts_in_their_order_and_no_name(counter, person, monkeypatch):
    monkeypatch.setattr(page_parts, "_counter_acts", {})
    page_parts.register_counter_acts(
        page_parts.CounterAct("Second", "hint", "act", "send", order=2),
        page_parts.CounterAct("First", "hint", "begin", "send", order=1),
    )
    prove(counter, person)
    page = counter.get("/terminal/").content.decode()

    assert page.index("First") < page.index("Second")
    assert person.family_name not in page
    assert "Your turn ended" not in page
    assert "Your turn ended" in counter.get("/terminal/?over=1").content.decode()


def test_nothing_of_a_terminal_is_kept_by_the_browser(counter, person):
    answers = [counter.get("/terminal/"), counter.get("/terminal/begin/"), prove(counter, person),
               counter.get("/terminal/act/"), confirm(counter), counter.get("/terminal/said/")]  # fmt: skip

    assert {answer["Cache-Control"] for answer in answers} == {"no-store, private"}
    page = answers[1].content.decode()
    assert '<meta http-equiv="refresh"' in page
    assert 'data-blank-after="60"' in page
    assert page.count('autocomplete="off"') >= 2


# --- a turn --------------------------------------------------------------------------------------------


def test_badge_and_pin_begin_a_turn_and_no_session(counter, person):
    answer = prove(counter, person)

    cookie = answer.cookies["turn"]
    assert answer.url == "/terminal/act/"
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", "")
    assert Turn.objects.get().token_hash == terminals.hash_of(cookie.value)
    assert f"{person} told {{}}" in counter.get("/terminal/act/").content.decode()
    assert not Session.objects.exists()
    assert "sessionid" not in counter.cookies
    assert counter.get("/my-kits/").url == "/accounts/login/?next=/my-kits/"
    assert Terminal.objects.get().last_used_at is not None


def test_what_is_done_is_done_by_who_proved_it_and_says_where(counter, person):
    prove(counter, person)
    answer = confirm(counter)

    assert answer.url == "/terminal/said/"
    assert "K-1" in counter.get("/terminal/said/").content.decode()
    found = Terminal.objects.get()
    where = f"127.0.0.1 at {found.reference} Muster room counter"
    for name in ("terminal.proved", "test.done"):
        row = AuditRow.objects.get(act=name)
        assert (row.by, row.origin) == (person, where)
    assert AuditRow.objects.get(act="terminal.proved").facts == "purpose: test"


def test_a_wrong_pin_begins_nothing_and_shows_no_pin_again(counter, person):
    answer = prove(counter, person, "835026")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "do not go together" in page
    assert "835026" not in page
    assert "turn" not in answer.cookies
    assert not Turn.objects.exists()


def test_one_proof_is_for_one_act(counter, person):
    prove(counter, person)
    assert is_over(counter.get("/terminal/another/"))
    key = Turn.objects.get().request_key
    confirm(counter)

    again = counter.post("/terminal/act/", {"request_key": key})
    other = counter.post("/terminal/act/", {"request_key": uuid.uuid4()})

    assert (again.url, is_over(other)) == ("/terminal/said/", True)
    assert counter.get("/terminal/act/").url == "/terminal/said/"
    assert done == [person]


def test_a_proof_ends_after_sixty_seconds(counter, person):
    prove(counter, person)
    pass_time(59)
    assert counter.get("/terminal/act/").status_code == 200

    pass_time(2)

    assert is_over(counter.get("/terminal/act/"))
    assert is_over(confirm(counter))
    assert counter.post("/terminal/here/").status_code == 410
    assert done == []


def test_what_was_done_is_readable_for_sixty_seconds(counter, person):
    prove(counter, person)
    pass_time(50)
    confirm(counter)
    pass_time(59)
    assert counter.get("/terminal/said/").status_code == 200

    pass_time(2)

    assert is_over(counter.get("/terminal/said/"))


def test_done_leaves_nothing(counter, person):
    prove(counter, person)
    key = Turn.objects.get().request_key
    confirm(counter)
    answer = counter.post("/terminal/next/")

    assert answer.url == "/terminal/"
    assert answer.cookies["turn"].value == ""
    assert answer.cookies["terminal"]["max-age"] == 400 * 24 * 3600
    assert not Turn.objects.exists()
    for where in ("/terminal/act/", "/terminal/said/"):
        assert is_over(counter.get(where))
    assert is_over(counter.post("/terminal/act/", {"request_key": key}))
    assert counter.post("/terminal/next/").url == "/terminal/"


def test_the_next_persons_proof_ends_the_turn_before_it(counter, person, station):
    prove(counter, person)
    old_key, old_token = Turn.objects.get().request_key, counter.cookies["turn"].value
    other = with_pin(make.person(station), "835026")
    prove(counter, other, "835026")

    # A page of the first that was left open in another window is not sent for the second.
    assert is_over(counter.post("/terminal/act/", {"request_key": old_key}))
    assert done == []
    counter.cookies["turn"] = old_token
    assert is_over(counter.get("/terminal/act/"))


def test_a_turn_is_of_its_terminal(keeper, counter, person):
    prove(counter, person)
    second = at_counter(enrol(keeper, "Back desk")[1])
    second.cookies["turn"] = counter.cookies["turn"].value

    assert is_over(second.get("/terminal/act/"))


def test_keys_prolong_a_turn_ten_times_and_not_longer(counter, person):
    prove(counter, person)
    for _ in range(10):
        pass_time(55)
        assert counter.post("/terminal/here/").status_code == 200
    assert counter.post("/terminal/here/").json()["seconds"] > 50
    pass_time(55)
    assert counter.post("/terminal/here/").json()["seconds"] <= 55

    pass_time(56)

    assert counter.post("/terminal/here/").status_code == 410


def test_the_pin_of_another_stations_person_is_good_where_their_role_reaches(counter, keeper):
    foreign = with_pin(make.person(make.station()))
    page = prove(counter, foreign).content.decode()
    assert f"your station is {foreign.station}" in page
    assert AuditRow.objects.filter(act="pin.refused", facts__contains="another station").exists()
    assert not Turn.objects.exists()

    make.grant(foreign, Role.COORDINATOR, scope=Scope.EVERYWHERE)

    assert prove(counter, foreign).url == "/terminal/act/"


@pytest.mark.parametrize("end", ["left", "account ended"])
def test_whose_account_ends_meanwhile_acts_no_more(counter, person, end):
    prove(counter, person)
    admin = make.administrator()
    if end == "left":
        roster.record_left(person=person, on=person.station.today(), by=admin)
    else:
        roster.end_account(person=person, reason="Test", by=admin)

    assert is_over(confirm(counter))
    assert done == []


def test_without_the_count_nobody_proves_anything_and_that_is_said(counter, person, settings):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }

    assert "can’t be checked at this moment" in prove(counter, person).content.decode()


def test_the_lock_finds_no_turn_that_has_ended(counter, person):
    prove(counter, person)
    turn = Turn.objects.get()
    terminals.end_turn(turn.terminal)

    assert terminals.lock_turn(turn, timezone.now()) is None


def test_turns_that_nobody_ended_are_cleared(counter, person):
    prove(counter, person)
    tasks.clear_sessions()
    assert Turn.objects.exists()

    tasks.clear_sessions(now=timezone.now() + dt.timedelta(minutes=2))

    assert not Turn.objects.exists()


def test_a_second_person_proves_at_the_same_terminal(counter, person, station, keeper):
    other = with_pin(make.person(station), "835026")
    found = Terminal.objects.get()
    facts = {"terminal": found, "badge": other.badge, "now": timezone.now(), "by": person}

    assert terminals.prove_here(**facts, pin="835026") == other
    with pytest.raises(ProofError):
        terminals.prove_here(**facts, pin=PIN)
    assert AuditRow.objects.get(act="pin.refused").by == person


# --- nothing is held -----------------------------------------------------------------------------------


def test_no_form_of_a_terminal_is_ever_held(counter, person):
    careful = at_counter(counter.cookies["terminal"].value, enforce_csrf_checks=True)
    facts = {"badge": person.badge, "pin": PIN, "form_owner": w.form_owner(person)}

    assert careful.post("/terminal/begin/", facts).status_code == 403
    assert Client().post("/terminal/begin/", facts).url == "/accounts/login/"
    assert not HeldForm.objects.exists()
    assert "form_owner" not in counter.get("/terminal/begin/").content.decode()
