"""One Prefect harness a session serves the flow tests alone; one pretend world serves each module."""

from __future__ import annotations

import pytest
from prefect import settings
from prefect.testing.utilities import prefect_test_harness

from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox

# Each is work for every task of every run that no test here looks at; the recorder of task runs stays on.
OFF = (
    "PREFECT_SERVER_ANALYTICS_ENABLED",
    "PREFECT_LOGGING_TO_API_ENABLED",
    "PREFECT_SERVER_LOGS_STREAM_OUT_ENABLED",
    "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED",
    *(
        f"PREFECT_SERVER_SERVICES_{name}_ENABLED"
        for name in ("SCHEDULER", "LATE_RUNS", "FOREMAN", "CANCELLATION_CLEANUP", "TRIGGERS", "EVENT_PERSISTER")
    ),
)


@pytest.fixture(scope="session")
def prefect_server():
    off = {getattr(settings, name): False for name in OFF}
    with settings.temporary_settings(off), prefect_test_harness(server_startup_timeout=120):
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
