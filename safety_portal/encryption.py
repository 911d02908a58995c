"""Clinical text and sign-in secrets are kept encrypted: AES-256-GCM under a key ring that can be rotated."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES = 12


class EncryptionError(Exception):
    """A text can't be decrypted: its key is not in the ring, or it was changed or moved."""


def read_ring(entries):
    """["id:base64 of 32 bytes", …], newest first → {id: key bytes}. Raises ImproperlyConfigured."""
    ring = {}
    for entry in entries:
        name, _, text = entry.partition(":")
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            key = b""
        if not name or len(key) != 32:
            raise ImproperlyConfigured(
                "ENCRYPTION_KEYS: each entry is a name, a colon and 32 bytes in base64 "
                "(python manage.py make_key makes one)."
            )
        ring[name] = key
    if not ring:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty.")
    return ring


def encrypt(text, *, bound_to):
    """Text → "id.base64", under the newest key. `bound_to` names where it belongs: moved elsewhere it won't open."""
    name, key = next(iter(read_ring(settings.ENCRYPTION_KEYS).items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), f"{name}|{bound_to}".encode())
    return f"{name}.{base64.b64encode(nonce + sealed).decode()}"


def decrypt(stored, *, bound_to):
    """The text behind `encrypt`; raises EncryptionError."""
    name, _, body = stored.partition(".")
    key = read_ring(settings.ENCRYPTION_KEYS).get(name)
    if key is None:
        raise EncryptionError(f"The key “{name}” is not in the ring.")
    try:
        raw = base64.b64decode(body, validate=True)
        return (
            AESGCM(key)
            .decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], f"{name}|{bound_to}".encode())
            .decode()
        )
    except (InvalidTag, ValueError) as error:
        raise EncryptionError("The text was changed or belongs to another place.") from error


def needs_rotation(stored):
    """Whether a text is under another than the newest key."""
    newest = next(iter(read_ring(settings.ENCRYPTION_KEYS)))
    return stored.partition(".")[0] != newest
