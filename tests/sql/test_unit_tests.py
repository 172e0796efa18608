"""Each business rule has given rows and the rows they must give: dbt's unit tests of sql/, run by our runner."""

from __future__ import annotations

import pytest

from nexabooks.warehouse import Project, run_unit_tests
from nexabooks.warehouse.unit_tests import UnitTestResult
from tests.sql.built import SQL

NAMES = [test.name for test in Project.load(SQL).unit_tests]


@pytest.fixture(scope="module")
def results(project: Project) -> dict[str, UnitTestResult]:
    return {result.name: result for result in run_unit_tests(project)}


@pytest.mark.parametrize("name", NAMES)
def test_the_given_rows_give_the_expected_rows(results: dict[str, UnitTestResult], name: str) -> None:
    """What the rule's own sentence (its description in the YAML) says holds."""
    assert results[name].is_ok, results[name].message
