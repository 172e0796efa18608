"""The files in expectations/ against the models in sql/: they name what exists, and they notice what goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from nexabooks.quality import run_checks, run_identities
from nexabooks.quality.promises import SCOPES, read_suites
from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.settings import Settings
from nexabooks.sources.registry import SOURCES
from nexabooks.warehouse import Project, build, ensure_sources, land, open_warehouse

ROOT = Path(__file__).parents[2]
EXPECTATIONS = ROOT / "expectations"
AT = datetime(2026, 6, 1, tzinfo=UTC)
LAYERS = [layer for layers in SCOPES.values() for layer in layers]
# The one table of the published file that is no model: `publish` writes it.
WRITTEN_BY_PUBLISH = "publication"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[Path]:
    """The first day of the story, landed and built; nothing is posted yet."""
    home = tmp_path_factory.mktemp("story")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        with Sandbox(story.days()[0], home / "world") as box:
            for name, value in box.environment().items():
                patch.setenv(name, value)
            settings = Settings(home=home, _env_file=None)
            with open_warehouse(settings.warehouse_path) as db:
                for name in ("nexacloud", "stripe", "lago", "vtiger", "ops"):
                    land_source(db, name, settings)
                project = Project.load(ROOT / "sql")
                ensure_sources(db, project)
                build(db, project, run_id="run 1", now=settings.now)
    yield settings.warehouse_path


def land_source(db, name: str, settings: Settings) -> None:
    source = SOURCES[name]
    with source.open(settings) as session:
        for stream in source.streams:
            if not stream.belongs_to:
                items = session.read(stream, None)
                land(db, name, stream, items, run_id="run 1", landed_at=settings.now(), streams=source.streams)


@pytest.fixture
def warehouse(built, tmp_path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of it, to be tampered with."""
    shutil.copy(built, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        yield connection


def identities(warehouse) -> dict[str, str]:
    """The identities that do not hold, with their severity."""
    results = run_identities(warehouse, EXPECTATIONS / "identities", run_id="run 1", checked_at=AT)
    assert not any(result.is_broken for result in results), [result.says for result in results if result.is_broken]
    return {result.model: result.severity for result in results if not result.is_ok}


def test_every_file_is_readable_and_stands_beside_a_model():
    """A file without its model would promise nothing to anybody."""
    suites, unreadable = read_suites(EXPECTATIONS, LAYERS)
    assert unreadable == []
    models = {path.stem for path in (ROOT / "sql" / "models").rglob("*.sql")} | {WRITTEN_BY_PUBLISH}
    assert [suite.model for suite in suites if suite.model not in models] == []
    assert {path.parent.name for path in EXPECTATIONS.rglob("*.yml")} == set(LAYERS)


@pytest.mark.parametrize("layer", ["marts", "finance", "outbound"])
def test_every_model_that_others_lean_on_has_its_promises(layer):
    """Marts, what finance reads and what the ledger is handed: none goes unchecked."""
    folder = {"finance": "marts/finance", "marts": "marts", "outbound": "outbound"}[layer]
    models = {path.stem for path in (ROOT / "sql" / "models" / folder).glob("*.sql")}
    assert models - {path.stem for path in (EXPECTATIONS / layer).glob("*.yml")} == set()


@pytest.mark.parametrize("scope", ["staging", "marts"])
def test_every_promise_can_be_checked_and_holds_on_the_story(warehouse, scope):
    """Every column and condition is one of the model; the story breaks nothing but what it is meant to show."""
    report = run_checks(warehouse, EXPECTATIONS, run_id="run 1", checked_at=AT, scope=scope)
    assert [result.says for result in report.results if result.is_broken] == []
    assert [f"{result.model}: {result.says}" for result in report.blocking] == []
    assert report.parked_keys == ()
    assert {result.expectation for result in report.warnings} <= {
        "the family of every line is known by a rule, none is other"
    }


def test_what_is_promised_of_the_published_tables_can_be_checked(warehouse):
    """The finance views are the published tables; only the row that `publish` adds is made here."""
    warehouse.execute(
        "create table finance.publication as select 'run 1' as run_id, now() as published_at, false as is_stale, "
        "cast(null as timestamptz) as stale_since, '' as stale_reason"
    )
    report = run_checks(warehouse, EXPECTATIONS, run_id="run 1", checked_at=AT, scope="published")
    assert [result.says for result in report.results if result.is_broken] == []
    # No check and no run is written down in this warehouse.
    assert {result.model for result in report.results if not result.is_ok} <= {"quality", "runs"}


def test_the_sums_hold_on_the_story_and_what_is_not_posted_yet_is_a_warning(warehouse):
    """Raw is staging is marts is outbound; the ledger is empty, which is shown and stops nothing."""
    assert identities(warehouse) == {"09_what_should_be_posted_is_posted": "warn"}


LOSE_ONE = "create table main.kept as from {0} offset 1; drop view {0}; create view {0} as from main.kept"
MOVE = (
    '{"state": "posted", "date": "2026-05-01", "currency_id": [1, "CAD"], "amount_total": 0.1, "move_type": "out_invoice", '
    '"x_fc_source_system": "stripe", "x_fc_source_invoice_id": "in_nobody", "x_fc_kind": "invoice"}'
)
RECEIPT = (
    '{"receipt_id": "r1", "action": "post", "source_system": "stripe", "source_invoice_id": "in_1", "kind": "invoice", '
    '"odoo_id": 999, "outcome": "done", "at": "2026-05-31T00:00:00+00:00"}'
)
LANDED = "select 'k', 'h', now(), 'l', false, "
RELIST = (
    "insert into meta.runs by name select '{run}' as run_id, 'relist' as flow, timestamptz '{at}' as started_at; "
    "insert into meta.loads by name select '{run}' as run_id, 'l {run}' as load_id, 'stripe' as source, 'invoices' as stream, "
    "'full' as mode, 'landed' as outcome, timestamptz '{at}' as started_at;"
)
MISSED = RELIST.format(run="relist 1", at="2026-05-24 06:00:00+00") + (
    "insert into meta.relist_findings by name select 'relist 1' as run_id, 'stripe' as source, 'invoices' as stream, "
    "'invoice_lines' as table_name, 'new' as kind, true as is_missed, 1 as record_count"
)
DAMAGES = [
    pytest.param(
        "update marts.fct_reported_family_revenue set net_minor = net_minor + 1 where service_family = 'hosting'",
        "13_closed_months_and_restatements_are_today",
        id="a reported figure is a cent off",
    ),
    pytest.param(
        "update meta.certificates set received_count = received_count - 1 where source = 'stripe'",
        "01_every_load_is_whole",
        id="a load that lacks a record",
    ),
    pytest.param(
        "update meta.certificates set received_minor = received_minor - 1 where source = 'lago'",
        "01_every_load_is_whole",
        id="a load that lacks a cent",
    ),
    pytest.param(
        """update meta.loads set detail = '{"unread": ["Lago lists L1 and has no detail of it."]}' where stream = 'invoices'""",
        "14_what_was_listed_was_read",
        id="a record that was listed and not read",
    ),
    pytest.param(MISSED, "15_incremental_reading_misses_nothing", id="a record that only the whole list brought"),
    pytest.param(
        "delete from staging.stg_stripe__invoices where invoice_id = (select max(invoice_id) from staging.stg_stripe__invoices)",
        "02_stripe_raw_is_staging",
        id="staging loses a Stripe invoice",
    ),
    pytest.param(
        LOSE_ONE.format("staging.stg_lago__invoices"), "03_lago_raw_is_staging", id="staging loses a Lago invoice"
    ),
    pytest.param(
        "update marts.fct_invoices set total_minor = total_minor + 1 where verdict = 'void'",
        "04_staging_is_marts",
        id="a mart is a cent off",
    ),
    pytest.param(
        "insert into outbound.out_odoo__invoices from outbound.out_odoo__invoices limit 1",
        "05_marts_are_outbound",
        id="an invoice is handed over twice",
    ),
    pytest.param(
        "delete from outbound.out_odoo__invoice_lines where line_position = 1 and source_system = 'lago'",
        "06_lines_are_invoices",
        id="a line is lost",
    ),
    pytest.param(
        "delete from marts.fct_family_revenue where service_family = 'addons'",
        "07_families_are_invoices",
        id="a family is lost",
    ),
    pytest.param(
        f"insert into raw_odoo.moves__records (_key, _hash, _landed_at, _load_id, _deleted, payload) {LANDED} '{MOVE}'",
        "08_the_ledger_is_what_we_say_it_holds",
        id="an entry in the ledger that nobody tells finance of",
    ),
    pytest.param(
        f"insert into raw_ops.receipts__records (_key, _hash, _landed_at, _load_id, _deleted, payload) {LANDED} '{RECEIPT}'",
        "10_what_we_posted_is_still_there",
        id="an entry that we posted is gone",
    ),
    pytest.param(
        "delete from raw_stripe.payout_transactions__records where _key = (select min(_key) from raw_stripe.payout_transactions)",
        "11_a_payout_is_its_transactions",
        id="a transaction of a payout is lost",
    ),
    pytest.param(
        "delete from marts.fct_payments where payment_id = (select min(payment_id) from marts.fct_payments)",
        "12_money_in_and_out",
        id="a payment is lost",
    ),
]


def test_a_record_that_was_listed_and_not_read_stops_none_of_the_others(warehouse):
    """It is named, and not verified; the certificate is unequal, though as many came as were claimed."""
    warehouse.execute("update meta.certificates set is_equal = false where source = 'lago'")
    warehouse.execute(
        """update meta.loads set detail = '{"unread": ["Lago has no detail of L1."]}' where source = 'lago' and stream = 'invoices'"""
    )
    found = identities(warehouse)
    assert found.pop("14_what_was_listed_was_read") == "warn"
    assert "error" not in found.values()


def test_what_was_missed_is_warned_of_until_the_next_relist_misses_nothing(warehouse):
    """Of the stream where it was: what only a whole list can tell is no warning, and another stream's list changes nothing."""
    before = identities(warehouse)
    warehouse.execute(MISSED)
    assert identities(warehouse) == before | {"15_incremental_reading_misses_nothing": "warn"}
    of_another = RELIST.format(run="relist 2", at="2026-05-30 06:00:00+00").replace("'invoices'", "'refunds'")
    warehouse.execute(of_another)
    assert "15_incremental_reading_misses_nothing" in identities(warehouse)
    warehouse.execute(RELIST.format(run="relist 3", at="2026-05-31 06:00:00+00"))
    warehouse.execute(
        "insert into meta.relist_findings by name select 'relist 3' as run_id, 'stripe' as source, 'invoices' as stream, "
        "'invoices' as table_name, 'gone' as kind, false as is_missed, 1 as record_count"
    )
    assert identities(warehouse) == before


@pytest.mark.parametrize(("damage", "identity"), DAMAGES)
def test_every_identity_notices_what_it_is_there_for(warehouse, damage, identity):
    """Each sum is broken once, by hand."""
    warehouse.execute(damage)
    assert identity in identities(warehouse)


PARKING = {
    "an invoice that may be posted has lines that add up to its subtotal, to the cent": (
        "delete from outbound.out_odoo__invoice_lines where line_position = 1"
    ),
    "a tax code is one that the ledger has": "update outbound.out_odoo__invoice_taxes set tax_code = 'nobody knows'",
    "every tax code of a line is one that the ledger has": (
        "update outbound.out_odoo__invoice_lines set tax_codes = 'HST13,nobody knows'"
    ),
    "no two invoices that may be posted carry the same number": (
        "update outbound.out_odoo__invoices set invoice_number = 'NEX-1' where is_postable"
    ),
}


def test_what_is_wrong_with_single_invoices_parks_them_and_blocks_nothing(warehouse):
    """Lines that do not add up, taxes that the ledger has not, one number twice: those wait, each told its reasons."""
    for damage in PARKING.values():
        warehouse.execute(damage)
    report = run_checks(warehouse, EXPECTATIONS, run_id="run 1", checked_at=AT, scope="marts")
    assert report.blocking == ()
    says = " ".join(parked.says for parked in report.parked_keys)
    assert [expectation for expectation in PARKING if expectation not in says] == []


def test_an_unverified_invoice_that_may_be_posted_blocks_everything(warehouse):
    """The one promise that the books live by."""
    warehouse.execute("update outbound.out_odoo__invoices set is_postable = true where verdict <> 'verified'")
    report = run_checks(warehouse, EXPECTATIONS, run_id="run 1", checked_at=AT, scope="marts")
    assert "only what its source confirms may be posted" in {result.expectation for result in report.blocking}
