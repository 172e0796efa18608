"""The real project, and the story and the traps built once for the session."""

from __future__ import annotations

import pytest

from nexabooks.sandbox import story, traps
from nexabooks.warehouse import Project
from tests.sql.built import SQL, Ask, built


@pytest.fixture(scope="session")
def project() -> Project:
    return Project.load(SQL)


@pytest.fixture(scope="session")
def story_days(tmp_path_factory: pytest.TempPathFactory, project: Project) -> list[Ask]:
    """For each of the story's three days, a function that asks the warehouse as it was built on that day."""
    return list(built(story.days(), tmp_path_factory.mktemp("story"), project))


@pytest.fixture(scope="session")
def trap_day(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Ask:
    """A function that asks the warehouse of the trap world."""
    return next(built((traps.world(),), tmp_path_factory.mktemp("traps"), project))
