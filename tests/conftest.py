"""Property tests draw anew on a developer's machine, and the same examples on every CI run; the longest files begin first."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.closes import without_expectations

# How long an example takes is the machine's business: no property here is about time.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("anywhere"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "anywhere")


@pytest.fixture
def ledger_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closes without the expectations on staging and marts, for a test that is about the ledger (tests/closes.py)."""
    without_expectations(monkeypatch)


# `make test` deals whole files to three workers in the order in which they stand here and then in the folders. Whole closes
# are what takes long; a long file that began last would keep one worker busy while the others wait.
LONG = (
    "e2e/test_demo.py",
    "flows/test_flows.py",
    "cli/test_planning.py",
    "tasks/test_closing.py",
    "tasks/test_documents.py",
    "flows/test_post_approved.py",
    "simulation/test_simulation.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long files, then the others as they came; within a file nothing moves."""
    place = {config.rootpath / "tests" / name: number for number, name in enumerate(LONG)}
    assert all(path.exists() for path in place), "LONG in tests/conftest.py names a file that is gone"
    items.sort(key=lambda item: place.get(item.path, len(place)))
