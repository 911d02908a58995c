"""Production refuses to start half set up, and says what is missing."""

import os
import subprocess
import sys

import pytest

PRODUCTION = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": "a long text that is random in earnest, 50 characters of it",
    "ENCRYPTION_KEYS": "one:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "portal.agency.example",
    "DATABASE_URL": "postgres://app@127.0.0.1:1/portal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "MEDIA_ROOT": "/var/lib/portal/media",
    "EMAIL_URL": "smtp://mail.agency.example:25",
}


def start(variables):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-c", "import safety_portal.settings"]
    return subprocess.run(
        command, env=kept | variables, capture_output=True, text=True, check=False
    )


def test_production_starts_when_all_is_set():
    assert start(PRODUCTION).returncode == 0


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "PORTAL_ENV"])
def test_production_names_the_variable_that_is_missing(name):
    done = start({key: value for key, value in PRODUCTION.items() if key != name})

    assert done.returncode != 0
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith(f"django.core.exceptions.ImproperlyConfigured: Set {name}: ")
