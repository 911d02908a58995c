"""Files under encryption below MEDIA_ROOT: named by a random token, for the portal's own user only.

Each kind has a folder, and is bound to it: a photo's bytes are nothing else under another name.
"""

import os
import secrets

from django.conf import settings

from safety_portal import encryption

PHOTO, IMPORT, EXPORT = "photo", "import", "export"  # lists that come and go as files, too


def new_token():
    """A name that says nothing, in an address or on the disk."""
    return secrets.token_hex(16)


def _root(kind):
    return settings.MEDIA_ROOT / f"{kind}s"


def _path(token, kind):
    return _root(kind) / token[:2] / token


def _write(path, content, token, kind):
    sealed = encryption.encrypt_bytes(content, bound_to=f"{kind}.{token}")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(descriptor)  # the row that names it will be on the disk too
    except OSError:
        path.unlink()  # the disk is full: no half of a file stays
        raise


def _settle(folder):
    """Have a folder's list of names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(token, content, kind=PHOTO):
    """Seal bytes under a new token. Raises OSError; then nothing is left of it."""
    path = _path(token, kind)
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    _write(path, content, token, kind)
    _settle(path.parent)


def read(token, kind=PHOTO):
    """The bytes under a token. Raises FileNotFoundError, EncryptionError."""
    return encryption.decrypt_bytes(_path(token, kind).read_bytes(), bound_to=f"{kind}.{token}")


def exists(token, kind=PHOTO):
    return _path(token, kind).exists()


def remove(*tokens, kind=PHOTO):
    """Remove files; one that is not there is no error."""
    for token in tokens:
        _path(token, kind).unlink(missing_ok=True)


def names(*, before, kind=PHOTO):
    """Names of all files of a kind that were written before a moment."""
    for path in _root(kind).glob("??/*"):
        if path.stat().st_mtime < before.timestamp():
            yield path.name


def reseal(token, kind=PHOTO):
    """Put a file under the newest key, in one step; whether that was needed. One that is gone needs nothing."""
    path = _path(token, kind)
    try:
        stored = path.read_bytes()
    except FileNotFoundError:
        return False
    if not encryption.bytes_need_rotation(stored):
        return False
    fresh = path.with_name(f"{token}.new")
    fresh.unlink(missing_ok=True)  # of a run that was stopped
    _write(fresh, encryption.decrypt_bytes(stored, bound_to=f"{kind}.{token}"), token, kind)
    fresh.replace(path)
    _settle(path.parent)
    return True
