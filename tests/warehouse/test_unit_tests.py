from __future__ import annotations

import pytest

from nexabooks.errors import BuildFailed
from nexabooks.warehouse import Project, run_unit_tests
from tests.warehouse.projects import write_project

MODEL = """
select
    a.id,
    a.amount * {{ var('factor', 1) }} as amount,
    b.name,
    {{ secret_word() }} as word
from {{ ref('stg_a') }} as a left join {{ ref('stg_b') }} as b on b.id = a.id
"""
FILES = {
    "models/staging/stg_a.sql": "select 'x' as id, 1.50::decimal(18,2) as amount, true as is_ok, ['t'] as tags",
    "models/staging/stg_b.sql": "select 'x' as id, 'n' as name, null::json as payload",
    "models/intermediate/int_ab.sql": MODEL,
    "macros/secret_word.sql": "{% macro secret_word() %}'none'{% endmacro %}",
}


def outcome(tmp_path, test, **files):
    """Run one unit test of int_ab, its YAML below `unit_tests`."""
    project = Project.load(write_project(tmp_path, **FILES, **files, **{"models/t.yml": f"unit_tests:\n{test}"}))
    return next(result for result in run_unit_tests(project, ["int_ab"]))


HEAD = """
  - name: joins
    model: int_ab
    given:
      - input: ref('stg_a')
        rows: [{id: x, amount: 2.25}, {id: y, amount: "3"}, {id: z}]
      - input: ref('stg_b')
        rows: [{id: y, name: "it's"}]
"""


@pytest.mark.parametrize(
    "expect",
    [
        pytest.param("{rows: [{id: x, amount: 2.25}, {id: y, amount: 3.0}, {id: z, amount: null}]}", id="some columns"),
        pytest.param("{rows: [{id: z, name: null}, {name: it's, id: y}, {id: x, name: null}]}", id="in any order"),
        pytest.param('{format: csv, rows: "id,name\\nx,\\ny,it\'s\\nz,\\n"}', id="CSV, its empty field NULL"),
        pytest.param("{format: sql, rows: \"select unnest(['x', 'y', 'z']) as id\"}", id="SQL"),
        pytest.param("{format: csv, fixture: three}", id="a fixture file"),
    ],
)
def test_given_rows_lead_to_expected_rows(tmp_path, expect):
    """Columns that a row does not name are NULL of their own type; only the columns that are expected are compared."""
    result = outcome(tmp_path, HEAD + f"    expect: {expect}", **{"tests/fixtures/three.csv": "id\nx\ny\nz\n"})
    assert result.message == ""
    assert result.is_ok


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        pytest.param("{rows: [{id: x}, {id: y}]}", "there and not expected: id=z", id="a row too many"),
        pytest.param("{rows: [{id: x}, {id: y}, {id: z}, {id: q}]}", "expected and missing: id=q", id="a row too few"),
        pytest.param(
            "{rows: [{id: x}, {id: y}, {id: z}, {id: z}]}", "expected and missing: id=z", id="once, not twice"
        ),
        pytest.param("{rows: []}", "there and not expected: id=x, amount=2.25", id="nothing expected"),
        pytest.param("{rows: [{id: x, nil: 1}]}", "the model has no column nil", id="an unknown column"),
        pytest.param("{rows: [{id: x}, {name: y}]}", "names the same columns", id="rows of different columns"),
    ],
)
def test_a_difference_is_shown_as_rows(tmp_path, expect, says):
    """What is missing and what is too many, in the words of the test."""
    result = outcome(tmp_path, HEAD + f"    expect: {expect}")
    assert not result.is_ok
    assert says in result.message


def test_variables_and_macros_can_be_set_for_one_test(tmp_path):
    """And are as they were for the next."""
    test = """
  - name: doubled
    model: int_ab
    overrides: {vars: {factor: 2}, macros: {secret_word: "'open sesame'"}}
    given: [{input: ref('stg_a'), rows: [{id: x, amount: 2}]}, {input: ref('stg_b'), rows: []}]
    expect: {rows: [{id: x, amount: 4, word: open sesame}]}
"""
    result = outcome(tmp_path, test)
    assert result.message == ""


def test_an_input_that_is_not_given_fails_the_test(tmp_path):
    """As in dbt: a test says all that its model reads."""
    test = """
  - name: half
    model: int_ab
    given: [{input: ref('stg_a'), rows: [{id: x}]}]
    expect: {rows: [{id: x}]}
"""
    assert "gives no rows for ref('stg_b')" in outcome(tmp_path, test).message


def test_a_model_below_a_broken_one_says_which_is_broken(tmp_path):
    """The test is not silently left out."""
    result = outcome(tmp_path, HEAD + "    expect: {rows: []}", **{"models/staging/stg_c.sql": "select 1 as x"})
    assert not result.is_ok
    broken = Project.load(write_project(tmp_path, **{"models/staging/stg_a.sql": "select nil as id"}))
    assert "stg_a could not be built empty" in run_unit_tests(broken, ["joins"])[0].message


def test_a_given_seed_without_rows_is_its_file(tmp_path):
    """a_day_adds_up leans on the seed's own currencies."""
    results = run_unit_tests(Project.load(write_project(tmp_path)))
    assert [(r.name, r.is_ok, r.message) for r in results] == [
        ("a_day_adds_up", True, ""),
        ("the_month_ends_in_toronto", True, ""),
    ]


def test_an_unknown_name_is_refused(tmp_path):
    """Rather than no test run and all well."""
    with pytest.raises(BuildFailed, match="nil"):
        run_unit_tests(Project.load(write_project(tmp_path)), ["nil"])


def test_a_unit_test_of_no_model_is_refused_at_loading(tmp_path):
    """It could never run."""
    with pytest.raises(BuildFailed, match="joins is of int_ab"):
        Project.load(write_project(tmp_path, **{"models/t.yml": f"unit_tests:\n{HEAD}    expect: {{rows: []}}"}))
