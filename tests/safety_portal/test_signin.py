"""Who may sign in, how a second person proves to be there, and what the mails of sign-in become."""

import datetime as dt
import time
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache
from django.utils import timezone

from safety_portal.audit import AuditRow
from safety_portal.outbox import Message
from safety_portal.people import Account
from safety_portal.proofs import TRIES, ProofError
from safety_portal.signin import prove
from tests.naloxone import make

PASSWORD = "correct horse battery staple"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def with_password(person):
    person.account.set_password(PASSWORD)
    person.account.save()
    return person


def with_totp(person):
    auth.TOTP.activate(person.account, TOTP_SECRET)
    return person


def code(shift=0):
    """The code of an authenticator, some half minutes from now."""
    return auth.format_hotp_value(auth.hotp_value(TOTP_SECRET, int(time.time()) // 30 + shift))


def early_in_the_half_minute():
    """A code may change between making and checking it; not in the first seconds of its half minute."""
    if (left := 30 - time.time() % 30) < 3:
        time.sleep(left)


@pytest.fixture
def giver(db):
    return make.person()


@pytest.fixture
def receiver(db):
    return with_password(make.person())


@pytest.fixture
def at_counter(giver):
    return SimpleNamespace(person=giver)


# --- the second person's proof ---------------------------------------------------------------------


def test_the_second_person_proves_with_their_password(receiver, at_counter):
    assert prove(person=receiver, secret=PASSWORD, request=at_counter) == "password"
    assert not AuditRow.objects.filter(act="proof.refused").exists()


def test_the_second_person_proves_with_a_code_and_with_each_code_once(receiver, at_counter):
    with_totp(receiver)
    early_in_the_half_minute()
    now = code()

    assert prove(person=receiver, secret=f"{now[:3]} {now[3:]}", request=at_counter) == "totp"
    with pytest.raises(ProofError, match="not the password or code"):
        prove(person=receiver, secret=now, request=at_counter)


@pytest.mark.parametrize("secret", ["", "another long pass phrase", "000000", "x" * 1001])
def test_a_wrong_secret_is_refused_and_noted_without_the_secret(receiver, at_counter, secret):
    with pytest.raises(ProofError, match=f"not the password or code of {receiver}"):
        prove(person=receiver, secret=secret, request=at_counter)

    row = AuditRow.objects.get(act="proof.refused")
    assert (row.by, row.target, row.facts) == (at_counter.person, receiver.reference, "why: wrong")


def test_a_stale_code_proves_nothing(receiver, at_counter):
    with_totp(receiver)
    early_in_the_half_minute()

    with pytest.raises(ProofError):
        prove(person=receiver, secret=code(-20), request=at_counter)


def test_after_five_wrong_tries_not_even_the_right_password_counts(receiver, at_counter):
    for _ in range(TRIES):
        with pytest.raises(ProofError, match="not the password"):
            prove(person=receiver, secret="wrong", request=at_counter)

    with pytest.raises(ProofError, match="Wait five minutes"):
        prove(person=receiver, secret=PASSWORD, request=at_counter)

    facts = AuditRow.objects.filter(act="proof.refused").values_list("facts", flat=True)
    assert sorted(facts) == ["why: too many tries"] + ["why: wrong"] * TRIES


def test_one_persons_wrong_tries_do_not_stop_another(receiver, at_counter):
    for _ in range(TRIES + 1):
        with pytest.raises(ProofError):
            prove(person=receiver, secret="wrong", request=at_counter)
    other = with_password(make.person())

    assert prove(person=other, secret=PASSWORD, request=at_counter) == "password"


def test_a_right_password_ends_the_counting(receiver, at_counter):
    for _ in range(3):
        for _ in range(TRIES - 1):
            with pytest.raises(ProofError):
                prove(person=receiver, secret="wrong", request=at_counter)
        prove(person=receiver, secret=PASSWORD, request=at_counter)


def test_the_count_ends_after_five_minutes(receiver, at_counter):
    with pytest.raises(ProofError):
        prove(person=receiver, secret="wrong", request=at_counter)

    client = cache._cache.get_client(None)
    assert 290 < client.ttl(cache.make_key(f"proof:{receiver.pk}")) <= 300


def test_without_the_count_nobody_proves_anything(receiver, at_counter, settings):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }

    with pytest.raises(ProofError, match="can’t be checked at this moment"):
        prove(person=receiver, secret=PASSWORD, request=at_counter)


def without_account(person):
    return make.person(account=False)


def inactive(person):
    Account.objects.filter(person=person).update(is_active=False)
    return person


def left(person):
    person.left_on = dt.date(2026, 1, 1)
    person.save()
    return person


@pytest.mark.parametrize("change", [without_account, inactive, left])
def test_who_may_not_sign_in_proves_nothing(receiver, at_counter, change):
    person = change(receiver)

    with pytest.raises(ProofError, match="has no account to prove it with"):
        prove(person=person, secret=PASSWORD, request=at_counter)


# --- secrets and mails -------------------------------------------------------------------------------


def test_a_totp_secret_lies_encrypted(receiver):
    with_totp(receiver)

    stored = Authenticator.objects.get(user=receiver.account)
    assert TOTP_SECRET not in str(stored.data)
    assert stored.data["secret"].startswith("demo.")


def test_a_reset_mail_is_a_row_with_our_own_address_and_a_link_each(client, receiver, settings):
    settings.PUBLIC_URL = "https://portal.example"
    for _ in range(2):
        client.post("/accounts/password/reset/", {"email": receiver.account.email})

    first, second = Message.objects.order_by("pk")
    assert (first.kind, first.recipient) == ("account.password_reset_key", receiver)
    assert first.address == receiver.account.email
    assert "https://portal.example/accounts/password/reset/key/" in first.body
    assert first.key != second.key
    assert receiver.family_name not in first.body + first.subject
    assert first.next_attempt_at <= timezone.now()


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, receiver):
    known = client.post("/accounts/password/reset/", {"email": receiver.account.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@portal.example"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert Message.objects.count() == 1


# --- signing in --------------------------------------------------------------------------------------


def sign_in(client, person, password=PASSWORD):
    return client.post("/accounts/login/", {"login": person.account.email, "password": password})


def test_signing_in_is_noted(client, receiver):
    assert sign_in(client, receiver).url == "/"

    row = AuditRow.objects.get(act="account.signed_in")
    assert (row.by, row.target, row.origin) == (receiver, receiver.reference, "127.0.0.1")


def test_a_wrong_password_is_noted_for_a_known_address_only(client, receiver):
    answer = sign_in(client, receiver, "wrong")
    client.post("/accounts/login/", {"login": "nobody@portal.example", "password": "wrong"})

    assert "not correct" in answer.content.decode()
    assert AuditRow.objects.get(act="account.sign_in_failed").target == receiver.reference


@pytest.mark.parametrize("change", [inactive, left])
def test_who_may_not_sign_in_is_told_so(client, receiver, change):
    change(receiver)

    assert sign_in(client, receiver).url == "/accounts/inactive/"
    assert client.get("/").url == "/accounts/login/?next=/"


def test_nobody_signs_up(client, db):
    page = client.post("/accounts/signup/", {"email": "new@portal.example", "password1": PASSWORD})

    assert "invitation" in page.content.decode()
    assert not Account.objects.exists()


def test_a_changed_password_is_noted_and_its_owner_told(client, receiver):
    client.force_login(receiver.account)
    new = "staple battery horse correct"
    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )

    assert AuditRow.objects.get(act="account.password_changed").by == receiver
    mail = Message.objects.get(kind="account.password_changed")
    assert "Was it you?" in mail.body
    assert new not in mail.body


def test_without_the_count_nobody_signs_in_and_that_is_said(client, receiver, settings, caplog):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }

    answer = sign_in(client, receiver)

    assert answer.status_code == 503
    assert "Try again in a minute" in answer.content.decode()
    assert not AuditRow.objects.filter(act="account.signed_in").exists()


def test_too_many_requests_are_answered_in_our_words(client, db):
    for n in range(21):
        answer = client.post("/accounts/password/reset/", {"email": f"nobody{n}@portal.example"})

    assert answer.status_code == 429
    assert "Wait a minute" in answer.content.decode()
