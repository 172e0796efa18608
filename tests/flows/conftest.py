"""One Prefect harness a session serves the flow tests alone; one pretend world serves each module."""

from __future__ import annotations

import pytest
from prefect.testing.utilities import prefect_test_harness

from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def prefect_server():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        with prefect_test_harness(server_startup_timeout=120):
            yield


@pytest.fixture(scope="module")
def box(tmp_path_factory, prefect_server):
    """The first day of the story, Odoo set up, and the environment that reaches it all."""
    home = tmp_path_factory.mktemp("flows")
    with Sandbox(story.day_1(), home / "world") as box, pytest.MonkeyPatch.context() as patch:
        for name, value in (box.environment() | {"NEXABOOKS_HOME": str(home)}).items():
            patch.setenv(name, value)
        apply_odoo_setup()
        yield box
