"""No kind or sweep of a test outlives it."""

import pytest

from safety_portal import alerts
from tests.alerts import world


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch):
    monkeypatch.setattr(alerts, "kinds", {})
    monkeypatch.setattr(alerts, "sweeps", {})
    world.known_kind()
