"""What the tests of the warehouse share: a clock that stands still, and a way to land a few records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from nexabooks.warehouse import Warehouse, memory_warehouse

NOW = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with memory_warehouse() as opened:
        yield opened
