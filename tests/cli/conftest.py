"""A pretend world whose books are refreshed and whose Odoo is still empty: what a person plans from."""

from __future__ import annotations

import pytest

from flows.refresh import refresh
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """The first day of the story, read and built, Odoo set up, nothing posted; the environment reaches it all."""
    home = tmp_path_factory.mktemp("cli")
    with Sandbox(story.day_1(), home / "world") as box, pytest.MonkeyPatch.context() as patch:
        for name, value in (box.environment() | {"NEXABOOKS_HOME": str(home)}).items():
            patch.setenv(name, value)
        apply_odoo_setup()
        refresh.fn()
        yield box
