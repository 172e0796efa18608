"""Each sort of promise kept and broken, on real tables and through Great Expectations."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from nexabooks.errors import PermanentError, SettingsError
from nexabooks.quality import run_checks

EVERY_SORT = [
    pytest.param(
        {"key": ["currency_code"]},
        {"key": ["source_invoice_id"]},
        "there is one row per currency_code, and no part of it is null",
        1,
        ("CAD",),
        id="a key of one column",
    ),
    pytest.param(
        {"key": ["source_system", "kind"]},
        {"key": ["source_system", "source_invoice_id"]},
        "there is one row per source_system, kind, and no part of it is null",
        1,
        ("stripe|invoice",),
        id="a key of several columns",
    ),
    pytest.param(
        {"row_count": {"min": 5}},
        {"row_count": {"min": 4, "max": 4}},
        "the number of rows is at least 5",
        1,
        (),
        id="the number of rows",
    ),
    pytest.param(
        {"in_set": {"currency_code": ["CAD"]}},
        {"in_set": {"currency_code": ["CAD", "USD"]}},
        "currency_code is one of CAD",
        1,
        ("lago|l_1|invoice",),
        id="allowed values",
    ),
    pytest.param(
        {"between": {"total_minor": {"min": 1, "max": 20000}}},
        {"between": {"total_minor": {"min": 0}}},
        "total_minor is between 1 and 20000",
        2,
        ("stripe|in_2|invoice", "lago|l_1|invoice"),
        id="a range of whole amounts",
    ),
    pytest.param(
        {"between": {"rate": {"max": 2}}},
        {"between": {"rate": {"max": 10}}},
        "rate is at most 2",
        2,
        ("stripe|in_2|invoice", "stripe|cn_1|credit_note"),
        id="a range of decimals",
    ),
    pytest.param(
        {"holds": [{"says": "the total is less than 225", "where": "total_minor < 22500"}]},
        {"holds": [{"says": "the parts make the whole", "where": "subtotal_minor + tax_minor = total_minor"}]},
        "the total is less than 225",
        1,
        ("stripe|in_2|invoice",),
        id="a condition of our own",
    ),
]


def named(report, expectation):
    (found,) = [result for result in report.results if result.expectation == expectation]
    return found


@pytest.mark.parametrize(("broken", "kept", "expectation", "unexpected_count", "failing_keys"), EVERY_SORT)
def test_each_sort_of_promise_names_who_breaks_it(
    promise, check, broken, kept, expectation, unexpected_count, failing_keys
):
    """Broken, it comes back with the count and the keys; kept, it holds."""
    promise(**broken)
    found = named(check(), expectation)
    assert (found.is_ok, found.unexpected_count) == (False, unexpected_count)
    assert sorted(found.failing_keys) == sorted(failing_keys)
    promise(**kept)
    assert [result.says for result in check().results if not result.is_ok] == []


def test_a_null_is_found_in_a_key_and_where_it_was_promised_away(warehouse, promise, check):
    """A key with a hole is no key, though nobody listed its columns under not_null."""
    warehouse.execute(
        "update marts.fct_invoices set source_system = null, invoiced_on = null where source_invoice_id = 'in_2'"
    )
    promise(not_null=["invoiced_on"])
    report = check()
    key = "there is one row per source_system, source_invoice_id, kind, and no part of it is null"
    for expectation in (key, "invoiced_on is never null"):
        assert named(report, expectation).failing_keys == ("(null)|in_2|invoice",)


def test_a_condition_that_is_unknown_does_not_hold(warehouse, promise, check):
    """SQL's NULL is neither true nor false; a promise about a missing amount is not kept."""
    warehouse.execute("update marts.fct_invoices set tax_minor = null where source_invoice_id = 'in_1'")
    promise(holds=[{"says": "the parts make the whole", "where": "subtotal_minor + tax_minor = total_minor"}])
    found = named(check(), "the parts make the whole")
    assert found.failing_keys == ("stripe|in_1|invoice",)
    assert found.rows[0]["tax_minor"] == "(null)"


def test_a_cent_in_a_great_sum_is_seen(warehouse, promise, check):
    """Beyond 2^53 a float no longer tells neighbours apart; the rule is checked on whole numbers."""
    warehouse.execute(
        "create table marts.fct_sums as select 'a' as name, 9007199254740993 as billed_minor, 9007199254740992 as booked_minor"
    )
    promise("fct_sums", key=["name"], holds=[{"says": "billed is booked", "where": "billed_minor = booked_minor"}])
    found = named(check(), "billed is booked")
    assert found.rows == ({"name": "a", "billed_minor": "9007199254740993", "booked_minor": "9007199254740992"},)


def test_braces_and_quotes_in_a_condition_are_sql(promise, check):
    """GX fills in braces of its own; a condition may have some all the same."""
    promise(holds=[{"says": "the id is an id", "where": "regexp_full_match(source_invoice_id, '[a-z]{1,2}_[0-9]')"}])
    assert named(check(), "the id is an id").is_ok


def test_a_condition_may_look_at_another_table(warehouse, promise, check):
    """It names the other table with its schema, and its own by the model's name."""
    warehouse.execute("create table marts.fct_lines as select 'in_1' as source_invoice_id, 10000 as amount_minor")
    lines = "select sum(l.amount_minor) from marts.fct_lines as l where l.source_invoice_id = fct_invoices.source_invoice_id"
    promise(holds=[{"says": "the lines make the subtotal", "where": f"subtotal_minor = ({lines})"}])
    assert named(check(), "the lines make the subtotal").unexpected_count == 3


def test_twenty_keys_are_shown_and_all_are_counted(warehouse, promise, check):
    """A page or a row with a million keys helps nobody; the count is exact."""
    warehouse.execute("create table marts.fct_many as select range as n from range(3000)")
    promise("fct_many", key=["n"], holds=[{"says": "n is less than 10", "where": "n < 10"}])
    found = named(check(), "n is less than 10")
    assert (found.unexpected_count, len(found.failing_keys)) == (2990, 20)


def test_an_error_blocks_and_a_warning_is_shown(promise, check):
    """Severity decides: a promise's own, else its file's."""
    broken = {"where": "total_minor < 0"}
    promise(
        severity="warn",
        row_count={"min": 99},
        holds=[{"says": "this warns", **broken}, {"says": "this blocks", "severity": "error", **broken}],
    )
    report = check()
    assert [result.expectation for result in report.blocking] == ["this blocks"]
    assert [result.expectation for result in report.warnings] == ["the number of rows is at least 99", "this warns"]
    assert "1 block: fct_invoices, “this blocks”" in report.sentence()


def test_an_error_on_single_invoices_parks_every_one_of_them_and_blocks_nothing(warehouse, promise, check):
    """All of them, not the twenty shown; the reasons of several promises are told together."""
    warehouse.execute(
        "insert into marts.fct_invoices select 'stripe', 'x_' || range, 'invoice', 'EUR', 1, 1, 3, date '2026-05-09', 0 "
        "from range(30)"
    )
    promise(
        "fct_invoices",
        holds=[
            {
                "says": "the parts make the whole",
                "where": "subtotal_minor + tax_minor = total_minor",
                "parks": "invoice",
            },
            {"says": "x_7 is fine", "where": "source_invoice_id <> 'x_7'", "parks": "invoice"},
        ],
    )
    report = check()
    assert report.blocking == ()
    assert len(report.parked_keys) == 30
    seven = next(parked for parked in report.parked_keys if parked.source_invoice_id == "x_7")
    assert (seven.source_system, seven.kind) == ("stripe", "invoice")
    assert seven.says == "a check failed: the parts make the whole; x_7 is fine"


BROKEN_CHECKS = [
    pytest.param("fct_invoices", {"not_null": ["colour"]}, "has no column colour", id="a column that does not exist"),
    pytest.param(
        "fct_invoices",
        {"holds": [{"says": "x", "where": "hue = 1"}]},
        "its condition is not SQL that runs on this model: Binder Error",
        id="a condition with a wrong name",
    ),
    pytest.param(
        "fct_invoices",
        {"holds": [{"says": "x", "where": "cast(source_system as integer) = 1", "severity": "warn"}]},
        "Conversion Error",
        id="a condition that fails on the data",
    ),
    pytest.param(
        "fct_lines",
        {"key": ["n"], "holds": [{"says": "x", "where": "n < 1", "parks": "invoice"}]},
        "has no column source_system, source_invoice_id, kind",
        id="parking where there is no invoice",
    ),
]


@pytest.mark.parametrize(("model", "words", "says"), BROKEN_CHECKS)
def test_a_check_that_cannot_be_made_is_a_failed_error_and_the_others_go_on(
    warehouse, promise, check, model, words, says
):
    """A promise that nobody looked at is not kept, whatever its severity."""
    warehouse.execute("create table marts.fct_lines as select 1 as n; create table marts.zz as select 1 as n")
    promise(model, **words)
    promise("zz", key=["n"])
    report = check()
    assert any("could not be checked" in result.says and says in result.says for result in report.blocking)
    assert all(result.is_ok for result in report.results if result.model == "zz")
    assert report.parked_keys == ()


def test_a_model_that_does_not_exist_is_told_once(promise, check):
    """Not once for each of its promises."""
    promise("fct_nowhere", not_null=["kind"])
    promise()
    kept, missing = check().results
    assert kept.is_ok
    assert (missing.model, missing.is_blocking) == ("fct_nowhere", True)
    assert missing.says == "There is no model marts.fct_nowhere in this database."


WRONG_FILES = [
    pytest.param("fct_a:\n  key: [n]\n", "the grain is missing", id="no grain"),
    pytest.param("fct_b:\n  grain: x\n", "speaks of one model, fct_a", id="another model's name"),
    pytest.param("fct_a:\n  grain: x\n  holdz: []\n", "does not know holdz", id="a misspelt word"),
    pytest.param("fct_a:\n  grain: x\n  severity: fatal\n", "not 'fatal'", id="an unknown severity"),
    pytest.param("fct_a:\n  grain: x\n  holds: [{says: y}]\n", "lacks its where", id="a promise without a condition"),
    pytest.param("fct_a:\n  grain: x\n  between: {n: {min: 0.5}}\n", "never a float", id="a float for an edge"),
    pytest.param("fct_a:\n  grain: x\n  between: {n: {}}\n", "needs a min, a max or both", id="a range without edges"),
    pytest.param("fct_a:\n  grain: x\n  in_set: {n: 1}\n", "list of the allowed values", id="a set that is no list"),
    pytest.param("fct_a:\n  grain: x\n  key: n\n", "key is a list of column names", id="a key that is no list"),
    pytest.param(
        "fct_a:\n  grain: x\n  holds: [{says: y, where: z, parks: all}]\n", "only be 'invoice'", id="parking more"
    ),
    pytest.param("fct_a: [", "cannot be used", id="no YAML"),
]


@pytest.mark.parametrize(("text", "says"), WRONG_FILES)
def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(promise, check, tmp_path, text, says):
    """A misspelt word must not silently promise nothing."""
    promise()
    (tmp_path / "expectations" / "marts" / "fct_a.yml").write_text(text, encoding="utf-8")
    report = check()
    (wrong,) = report.blocking
    assert "expectations/marts/fct_a.yml cannot be used" in wrong.says
    assert says in wrong.says
    assert len(report.results) > 1


def test_a_scope_checks_its_own_folders_only(promise, check):
    """Staging before the marts are built, the published file at last."""
    promise(layer="staging", model="stg_x")
    promise()
    assert {result.suite for result in check().results} == {"marts"}
    assert [result.suite for result in check(scope="staging").results[:1]] == ["staging"]
    with pytest.raises(PermanentError, match="no scope everything"):
        check(scope="everything")


def test_a_path_is_opened_read_only_and_closed_again(promise, tmp_path):
    """The published file is checked by its path, before it is put in its place."""
    path = tmp_path / "published.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema finance; create table finance.runs as select 'r1' as run_id")
    promise("runs", "finance", key=["run_id"], row_count={"min": 1})
    at = datetime(2026, 5, 31, tzinfo=UTC)
    report = run_checks(path, tmp_path / "expectations", run_id="r", checked_at=at, scope="published")
    assert [result.is_ok for result in report.results] == [True, True]
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop table finance.runs")
    with pytest.raises(PermanentError, match=r"nowhere\.duckdb could not be opened"):
        run_checks(tmp_path / "nowhere.duckdb", tmp_path / "expectations", run_id="r", checked_at=at, scope="published")


def test_the_open_connection_stays_as_it_was(warehouse, promise, check):
    """Checking reads through a connection beside ours: an open transaction is neither seen nor ended."""
    promise(row_count={"min": 4, "max": 4})
    warehouse.execute("begin; delete from marts.fct_invoices")
    assert check().blocking == ()
    warehouse.execute("rollback")
    assert warehouse.execute("select count(*) from marts.fct_invoices").fetchone() == (4,)


def test_a_result_has_the_columns_that_the_warehouse_keeps(promise, check):
    """meta.quality_results in docs/contracts/raw.md."""
    promise(row_count={"min": 9})
    row = check().rows()[1]
    assert row == {
        "run_id": "run 1",
        "checked_at": datetime(2026, 5, 31, 6, tzinfo=UTC),
        "suite": "marts",
        "model": "fct_invoices",
        "expectation": "the number of rows is at least 9",
        "severity": "error",
        "is_ok": False,
        "unexpected_count": 1,
        "failing_keys": [],
        "says": "There are 4 rows.",
    }


def test_a_model_of_one_row_has_one_row_in_words(warehouse, promise, check):
    """Not "There are 1 rows."."""
    promise(row_count={"min": 9})
    warehouse.execute("delete from marts.fct_invoices where rowid > (select min(rowid) from marts.fct_invoices)")
    assert check().rows()[1]["says"] == "There is 1 row."


def test_a_folder_without_files_is_refused_and_not_passed(warehouse, promise, tmp_path):
    """A mistyped folder would otherwise switch every promise off and let the run post."""
    folder = tmp_path / "expectations"
    asked = {"run_id": "r", "checked_at": datetime(2026, 5, 31, tzinfo=UTC), "scope": "marts"}
    with pytest.raises(SettingsError, match=r"intermediate does not exist.*NEXABOOKS_EXPECTATIONS_DIR"):
        run_checks(warehouse, folder, **asked)
    for layer in ("intermediate", "marts"):
        promise(layer=layer)
    with pytest.raises(SettingsError, match="outbound does not exist"):
        run_checks(warehouse, folder, **asked)
    (folder / "outbound").mkdir()
    with pytest.raises(SettingsError, match=r"outbound holds no \*.yml"):
        run_checks(warehouse, folder, **asked)
    promise(layer="outbound")
    assert run_checks(warehouse, folder, **asked).results


def test_a_file_that_promises_nothing_has_not_passed(promise, check):
    """A model that was looked at for nothing blocks like one that could not be looked at."""
    promise(key=[])
    (found,) = check().blocking
    assert (found.model, found.is_broken) == ("fct_invoices", True)
    assert "it promises nothing" in found.says


def test_a_promise_that_holds_costs_one_query(promise, check, request):
    """Rows are asked for when there are some to show: nearly every promise of every run holds."""
    asked: list[str] = []

    def listen(_connection, _cursor, sql, *_rest) -> None:
        asked.append(sql)

    event.listen(Engine, "before_cursor_execute", listen)
    request.addfinalizer(lambda: event.remove(Engine, "before_cursor_execute", listen))
    promise(holds=[{"says": "holds", "where": "total_minor >= 0"}, {"says": "broken", "where": "total_minor < 0"}])
    report = check()
    assert [named(report, says).is_ok for says in ("holds", "broken")] == [True, False]
    assert [sum(where in sql for sql in asked) for where in ("total_minor >= 0", "total_minor < 0")] == [1, 2]
