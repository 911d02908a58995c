"""A PIN for the counter: which digits may be one, who keeps it, and what becomes of wrong tries."""

import pytest
from django.core.cache import cache
from django.utils import timezone

from safety_portal import pins, roster, terminals
from safety_portal.audit import AuditRow
from safety_portal.outbox import Message
from safety_portal.pins import MOST_WRONG, TERMINAL_TRIES, Pin, PinError
from safety_portal.proofs import TRIES, ProofError
from tests.safety_portal import make

PIN, OTHER = "274913", "835026"
PASSWORD = "correct horse battery staple"
URL = "/accounts/counter-pin/"


def set_pin(person, pin=PIN):
    pins.set_pin(pin=pin, now=timezone.now(), by=person)
    return person


@pytest.fixture
def station(db):
    return make.station()


@pytest.fixture
def person(station):
    return set_pin(make.person(station))


@pytest.fixture
def terminal(station):
    keeper = make.person(station, "station_supervisor")
    made, _ = terminals.enrol_terminal(
        station=station, name="Muster room", now=timezone.now(), by=keeper
    )
    return made


def prove(terminal, badge, pin=PIN, **more):
    return pins.prove_pin(badge=badge, pin=pin, terminal=terminal, now=timezone.now(), **more)


# --- which digits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pin",
    ["123456", "654321", "890123", "111111", "112233", "332211", "121212", "123123", "135791",
     "975319", "122222", "27492749", "012345678901"],
)  # fmt: skip
def test_a_pattern_is_no_pin(pin):
    with pytest.raises(PinError, match="first that anybody would try"):
        pins.check_pin(pin)


@pytest.mark.parametrize("pin", ["274913", "835026", "0917364", "481205739621"])
def test_digits_without_a_pattern_are_one(pin):
    pins.check_pin(pin)


@pytest.mark.parametrize(
    ("pin", "sentence"),
    [("27491", "6 to 12 digits; this has 5"), ("2749130582716", "6 to 12 digits; this has 13"),
     ("27491a", "Digits only"), ("27 4913", "Digits only"), ("２７４９１３", "Digits only"), ("", "Digits only")],
)  # fmt: skip
def test_what_is_no_number_of_six_to_twelve_digits_is_refused(pin, sentence):
    with pytest.raises(PinError, match=sentence):
        pins.check_pin(pin)


@pytest.mark.parametrize("pin", ["201047", "520104", "550147"])
def test_a_number_that_others_read_is_no_secret(pin):
    with pytest.raises(PinError, match="no secret"):
        pins.check_pin(pin, known=["D20104", "555-0147 ext. 550147"])


# --- setting ---------------------------------------------------------------------------------------


def test_a_pin_is_hashed_sealed_and_noted_and_its_owner_told(person):
    mine = Pin.objects.get(account=person.account)

    assert mine.opens_with(PIN)
    assert not mine.opens_with(OTHER)
    assert mine.sealed_hash.startswith("demo.")
    assert PIN not in mine.sealed_hash
    assert AuditRow.objects.get(act="pin.set").by == person
    mail = Message.objects.get(kind="pin")
    assert (mail.recipient, mail.address) == (person, person.account.email)
    assert "Was it you?" in mail.body
    assert PIN not in mail.body
    assert person.family_name not in mail.body


def test_a_hash_moved_to_another_account_opens_nothing(person, station):
    other = set_pin(make.person(station), OTHER)
    Pin.objects.filter(account=other.account).update(
        sealed_hash=Pin.objects.get(account=person.account).sealed_hash
    )

    with pytest.raises(pins.encryption.EncryptionError):
        Pin.objects.get(account=other.account).opens_with(PIN)


def test_a_changed_pin_replaces_the_old_one(person, terminal):
    set_pin(person, OTHER)

    assert prove(terminal, person.badge, OTHER) == person
    with pytest.raises(ProofError):
        prove(terminal, person.badge, PIN)
    assert AuditRow.objects.filter(act="pin.changed").count() == 1


def test_who_has_no_badge_can_have_no_pin(station):
    person = make.person(station)
    person.badge = None
    person.save()

    with pytest.raises(PinError, match="no badge of yours is recorded"):
        set_pin(person)


def test_a_pin_is_removed_by_its_owner(person, terminal):
    pins.remove_pin(by=person)

    assert not Pin.objects.exists()
    assert AuditRow.objects.filter(act="pin.removed", by=person).count() == 1
    with pytest.raises(PinError, match="You have no PIN"):
        pins.remove_pin(by=person)


@pytest.mark.parametrize("end", ["left", "account ended"])
def test_with_the_account_its_pin_ends(person, end):
    admin = make.administrator()
    if end == "left":
        roster.record_left(person=person, on=person.station.today(), by=admin)
    else:
        roster.end_account(person=person, reason="Test", by=admin)

    assert not Pin.objects.exists()


# --- proving -----------------------------------------------------------------------------------------


def test_badge_and_pin_say_who_it_is_whatever_the_badges_capitals(person, terminal):
    assert prove(terminal, person.badge.lower()) == person
    assert not AuditRow.objects.filter(act="pin.refused").exists()


def without_pin(person):
    Pin.objects.all().delete()
    return person.badge


def inactive(person):
    person.account.is_active = False
    person.account.save()
    return person.badge


def gone(person):
    person.left_on = person.station.today()
    person.save()
    return person.badge


def unknown(person):
    return "D99999"


def known(person):
    return person.badge


@pytest.mark.parametrize("change", [without_pin, inactive, gone, unknown, known])
@pytest.mark.parametrize("pin", [OTHER, "27491३", "9" * 500])
def test_whatever_is_wrong_the_sentence_is_the_same(person, terminal, change, pin):
    with pytest.raises(ProofError) as refused:
        prove(terminal, change(person), pin)

    assert str(refused.value) == pins.WRONG
    assert refused.value.field == "pin"


@pytest.mark.parametrize("change", [without_pin, inactive, gone])
def test_who_has_no_pin_in_use_proves_nothing_with_the_right_digits_either(
    person, terminal, change
):
    with pytest.raises(ProofError, match="do not go together"):
        prove(terminal, change(person))


def test_a_wrong_try_is_noted_for_a_known_badge_only(person, terminal):
    for badge in (person.badge, "what a stranger typed"):
        with pytest.raises(ProofError):
            prove(terminal, badge, OTHER)

    row = AuditRow.objects.get(act="pin.refused")
    assert (row.by.name, row.target, row.facts) == ("The portal", person.reference, "why: wrong")


@pytest.mark.parametrize("change", [known, unknown])
def test_after_five_wrong_tries_the_badge_waits_and_one_row_says_so(person, terminal, change):
    badge = change(person)
    for _ in range(TRIES):
        with pytest.raises(ProofError, match="do not go together"):
            prove(terminal, badge, OTHER)
    for _ in range(3):
        with pytest.raises(ProofError, match=r"Too many wrong tries\. Wait five minutes"):
            prove(terminal, badge)

    row = AuditRow.objects.get(act="pin.locked")
    assert row.target == (person if badge == person.badge else terminal).reference


def test_a_right_pin_ends_the_counting(person, terminal):
    for _ in range(3):
        for _ in range(TRIES - 1):
            with pytest.raises(ProofError):
                prove(terminal, person.badge, OTHER)
        prove(terminal, person.badge)


def test_many_badges_tried_at_one_terminal_close_it_for_five_minutes(person, terminal):
    for n in range(TERMINAL_TRIES):
        with pytest.raises(ProofError, match="do not go together"):
            prove(terminal, f"D9{n:04}", PIN)

    with pytest.raises(ProofError, match="Too many wrong tries at this terminal"):
        prove(terminal, person.badge)
    assert AuditRow.objects.get(act="pin.locked").target == terminal.reference
    count = cache.make_key(f"pin:{terminal.reference}")
    assert 290 < cache._cache.get_client(None).ttl(count) <= 300


def test_a_busy_muster_closes_no_terminal(person, terminal):
    for _ in range(TERMINAL_TRIES + 5):
        assert prove(terminal, person.badge) == person


def test_right_tries_are_taken_back_even_when_the_five_minutes_end_meanwhile(
    person, terminal, monkeypatch
):
    def forgotten(key):
        cache.delete(f"pin:{terminal.reference}")

    monkeypatch.setattr(pins.proofs, "forget_tries", forgotten)

    assert prove(terminal, person.badge) == person


def test_however_slowly_they_come_fifty_wrong_tries_end_a_pin(person, terminal):
    Pin.objects.update(wrong_in_a_row=MOST_WRONG - 1)
    with pytest.raises(ProofError):
        prove(terminal, person.badge, OTHER)

    assert not Pin.objects.exists()
    assert AuditRow.objects.get(act="pin.ended").facts == "why: 50 wrong tries"
    assert "set a new PIN" in Message.objects.filter(kind="pin").latest("pk").body


def test_a_right_pin_begins_the_fifty_anew(person, terminal):
    Pin.objects.update(wrong_in_a_row=MOST_WRONG - 1)
    prove(terminal, person.badge)

    assert Pin.objects.get().wrong_in_a_row == 0


def test_without_the_count_nobody_proves_anything(person, terminal, settings):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }

    with pytest.raises(ProofError, match="can’t be checked at this moment"):
        prove(terminal, person.badge)
    for act in (pins.proofs.forget_tries, pins.proofs.take_back_try):
        with pytest.raises(ProofError, match="can’t be checked at this moment"):
            act("pin:T-1")


# --- the page ----------------------------------------------------------------------------------------


@pytest.fixture
def owner(client, station):
    """Somebody signed in, without a PIN."""
    found = make.person(station)
    found.account.set_password(PASSWORD)
    found.account.save()
    client.force_login(found.account)
    return found


def prove_password(client):
    client.post(f"/accounts/reauthenticate/?next={URL}", {"password": PASSWORD})


def test_the_password_is_asked_for_first(client, owner):
    assert client.get(URL).url == f"/accounts/reauthenticate/?next={URL.replace('/', '%2F')}"

    prove_password(client)

    assert "No PIN yet" in client.get(URL).content.decode()


def test_a_pin_sent_before_the_password_is_kept_nowhere(client, owner):
    answer = client.post(URL, {"pin": PIN, "pin_again": PIN})

    assert answer.url == URL
    assert PIN not in str(dict(client.session))
    assert not Pin.objects.exists()


def test_a_person_sets_changes_and_removes_their_pin(client, owner):
    prove_password(client)

    client.post(URL, {"pin": PIN, "pin_again": PIN})
    page = client.get(URL).content.decode()
    assert "You have a PIN" in page
    assert PIN not in page
    client.post(URL, {"pin": OTHER, "pin_again": OTHER})
    assert Pin.objects.get(account=owner.account).opens_with(OTHER)
    assert "Your PIN is removed" in client.post(f"{URL}remove/", follow=True).content.decode()
    assert not Pin.objects.exists()
    assert "You have no PIN" in client.post(f"{URL}remove/", follow=True).content.decode()


@pytest.mark.parametrize(
    ("pin", "again", "sentence"),
    [("123456", "123456", "first that anybody would try"), (PIN, OTHER, "not the same as above"), (PIN, "", "Fill this in")],
)  # fmt: skip
def test_a_pin_that_is_none_is_said_in_words(client, owner, pin, again, sentence):
    prove_password(client)
    page = client.post(URL, {"pin": pin, "pin_again": again}).content.decode()

    assert sentence in page
    assert not Pin.objects.exists()
