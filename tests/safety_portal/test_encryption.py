"""A text under encryption opens with its key, in its place, unchanged; else it says so."""

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from safety_portal.encryption import (
    EncryptionError,
    bytes_need_rotation,
    decrypt,
    decrypt_bytes,
    encrypt,
    encrypt_bytes,
    needs_rotation,
    read_ring,
)


def key(name, fill):
    return f"{name}:{base64.b64encode(bytes([fill]) * 32).decode()}"


OLD, NEW = key("2025", 1), key("2026", 2)


@pytest.fixture(autouse=True)
def ring(settings):
    settings.ENCRYPTION_KEYS = [OLD]


@given(st.text(), st.text())
def test_any_text_comes_back_from_its_place(text, place):
    assert decrypt(encrypt(text, bound_to=place), bound_to=place) == text


def test_the_stored_text_shows_the_keys_name_and_nothing_of_the_text():
    stored = encrypt("pupils pinpoint", bound_to="medical.1")

    assert stored.startswith("2025.")
    assert "pinpoint" not in stored
    assert b"pinpoint" not in base64.b64decode(stored.partition(".")[2])


def test_the_same_text_twice_is_two_stored_texts():
    assert encrypt("x", bound_to="a") != encrypt("x", bound_to="a")


def test_a_text_moved_elsewhere_does_not_open():
    stored = encrypt("x", bound_to="medical.1")

    with pytest.raises(EncryptionError, match="changed or belongs to another place"):
        decrypt(stored, bound_to="medical.2")


@pytest.mark.parametrize("at", [0, 5, 12, -1])
def test_a_changed_text_does_not_open(at):
    name, _, body = encrypt("pupils pinpoint", bound_to="a").partition(".")
    raw = bytearray(base64.b64decode(body))
    raw[at] ^= 1

    with pytest.raises(EncryptionError, match="changed"):
        decrypt(f"{name}.{base64.b64encode(raw).decode()}", bound_to="a")


@pytest.mark.parametrize("body", ["", "not base64!", "AAAA"])
def test_a_broken_text_does_not_open(body):
    with pytest.raises(EncryptionError):
        decrypt(f"2025.{body}", bound_to="a")


def test_after_rotation_old_texts_open_and_new_ones_are_under_the_new_key(settings):
    old = encrypt("x", bound_to="a")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    new = encrypt("x", bound_to="a")

    assert decrypt(old, bound_to="a") == decrypt(new, bound_to="a") == "x"
    assert (needs_rotation(old), needs_rotation(new)) == (True, False)


def test_without_its_key_a_text_does_not_open(settings):
    stored = encrypt("x", bound_to="a")
    settings.ENCRYPTION_KEYS = [NEW]

    with pytest.raises(EncryptionError, match="“2025” is not in the ring"):
        decrypt(stored, bound_to="a")


def test_a_text_put_under_another_keys_name_does_not_open(settings):
    stored = encrypt("x", bound_to="a").replace("2025.", "2026.")
    settings.ENCRYPTION_KEYS = [NEW.replace("2026", "2025"), OLD.replace("2025", "2026")]

    with pytest.raises(EncryptionError):
        decrypt(stored, bound_to="a")


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([], "ENCRYPTION_KEYS is empty"),
        (["2026"], "32 bytes in base64"),
        (["2026:short"], "32 bytes in base64"),
        ([NEW.replace("2026", "2026.1")], "a name without a dot"),
        ([NEW.replace("2026", "")], "32 bytes in base64"),
        ([OLD, "2026:" + base64.b64encode(b"x" * 16).decode()], "32 bytes in base64"),
    ],
)
def test_a_ring_that_is_no_ring_stops_with_a_sentence(entries, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        read_ring(entries)


# --- bytes ----------------------------------------------------------------------------------------


@given(st.binary(), st.text())
def test_any_bytes_come_back_from_their_place(content, place):
    assert decrypt_bytes(encrypt_bytes(content, bound_to=place), bound_to=place) == content


def test_stored_bytes_show_the_keys_name_and_nothing_of_the_content():
    stored = encrypt_bytes(b"pupils pinpoint", bound_to="photo.1")

    assert stored.startswith(b"2025.")
    assert b"pinpoint" not in stored
    assert len(stored) == len(b"2025.") + 12 + len(b"pupils pinpoint") + 16


@pytest.mark.parametrize("at", [5, 12, 20, -1])
def test_changed_or_moved_bytes_do_not_open(at):
    stored = bytearray(encrypt_bytes(b"pupils pinpoint", bound_to="photo.1"))

    with pytest.raises(EncryptionError, match="changed or belongs to another place"):
        decrypt_bytes(bytes(stored), bound_to="photo.2")
    stored[at] ^= 1
    with pytest.raises(EncryptionError, match="changed or belongs to another place"):
        decrypt_bytes(bytes(stored), bound_to="photo.1")


@pytest.mark.parametrize(
    "stored", [b"", b"2025", b"2025.", b"2025.short", b"\xff\xfe.x", b"else.x"]
)
def test_bytes_that_are_not_sealed_do_not_open(stored):
    with pytest.raises(EncryptionError):
        decrypt_bytes(stored, bound_to="photo.1")


def test_after_rotation_old_bytes_open_and_are_known_by_their_first_few(settings):
    old = encrypt_bytes(b"x", bound_to="a")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    new = encrypt_bytes(b"x", bound_to="a")

    assert decrypt_bytes(old, bound_to="a") == decrypt_bytes(new, bound_to="a") == b"x"
    assert (bytes_need_rotation(old[:10]), bytes_need_rotation(new[:10])) == (True, False)
