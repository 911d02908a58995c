"""Clinical text, sign-in secrets and photos are kept encrypted: AES-256-GCM under a key ring that can be rotated."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES = 12


class EncryptionError(Exception):
    """A text or file can't be decrypted: its key is not in the ring, or it was changed or moved."""


def read_ring(entries):
    """["id:base64 of 32 bytes", …], newest first → {id: key bytes}. Raises ImproperlyConfigured."""
    ring = {}
    for entry in entries:
        name, _, text = entry.partition(":")
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            key = b""
        # The dot ends the name in what is stored: with one in it nothing would ever open again.
        if not name or "." in name or len(key) != 32:
            raise ImproperlyConfigured(
                "ENCRYPTION_KEYS: each entry is a name without a dot, a colon and 32 bytes in base64 "
                "(python manage.py make_key makes one)."
            )
        ring[name] = key
    if not ring:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty.")
    return ring


def newest_key():
    """Its name: what is written now is under it."""
    return next(iter(read_ring(settings.ENCRYPTION_KEYS)))


def _seal(content, bound_to):
    name, key = next(iter(read_ring(settings.ENCRYPTION_KEYS).items()))
    nonce = os.urandom(NONCE_BYTES)
    return name, nonce + AESGCM(key).encrypt(nonce, content, f"{name}|{bound_to}".encode())


def _open(name, sealed, bound_to):
    key = read_ring(settings.ENCRYPTION_KEYS).get(name)
    if key is None:
        raise EncryptionError(f"The key “{name}” is not in the ring.")
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, body, f"{name}|{bound_to}".encode())
    except (InvalidTag, ValueError) as error:
        raise EncryptionError("It was changed or belongs to another place.") from error


# --- texts, for a column -------------------------------------------------------------------------


def encrypt(text, *, bound_to):
    """Text → "id.base64", under the newest key. `bound_to` names where it belongs: moved elsewhere it won't open."""
    name, sealed = _seal(text.encode(), bound_to)
    return f"{name}.{base64.b64encode(sealed).decode()}"


def decrypt(stored, *, bound_to):
    """The text behind `encrypt`; raises EncryptionError."""
    name, _, body = stored.partition(".")
    try:
        sealed = base64.b64decode(body, validate=True)
    except ValueError as error:
        raise EncryptionError("It is no text under encryption.") from error
    return _open(name, sealed, bound_to).decode()


def needs_rotation(stored):
    """Whether a text is under another than the newest key."""
    return stored.partition(".")[0] != newest_key()


# --- bytes, for a file ---------------------------------------------------------------------------


def encrypt_bytes(content, *, bound_to):
    """Bytes → b"id." and the sealed bytes, a third smaller than `encrypt` would make them."""
    name, sealed = _seal(content, bound_to)
    return name.encode() + b"." + sealed


def decrypt_bytes(stored, *, bound_to):
    """The bytes behind `encrypt_bytes`; raises EncryptionError."""
    name, _, sealed = stored.partition(b".")
    return _open(name.decode(errors="replace"), sealed, bound_to)


def bytes_need_rotation(stored):
    """Whether a file's bytes (its first few will do) are under another than the newest key."""
    return not stored.startswith(newest_key().encode() + b".")
