"""Who and what most tests of kits begin with; a test file with others defines its own."""

import pytest

from tests.naloxone import make


@pytest.fixture
def by():
    """A coordinator of a station."""
    return make.coordinator(make.station())


@pytest.fixture
def store(by):
    """A cabinet there."""
    return make.place(by)


@pytest.fixture
def officer(by):
    """Somebody of the station without a role."""
    return make.person(by.station)


@pytest.fixture
def kits(by, store):
    """Two cartons of two doses each."""
    return make.delivery(by, store, cartons=2)


@pytest.fixture
def signed_in(client, by):
    """The coordinator’s browser."""
    client.force_login(by.account)
    return client
