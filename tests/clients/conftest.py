"""What the tests of the clients share."""

from __future__ import annotations

import pytest


@pytest.fixture
def waits(monkeypatch):
    """Nothing waits; how long it would have is noted."""
    noted: list[float] = []
    monkeypatch.setattr("nexabooks.clients.retry.pause", noted.append)
    return noted
