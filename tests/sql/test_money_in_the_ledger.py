"""The trap world's money, from the outbound tables through the ledger into a pretend Odoo: what Odoo has open at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from nexabooks.clients.odoo import open_odoo
from nexabooks.ledger import OUTBOUND_TABLES, desired_from, make_plan, read_present
from nexabooks.ledger.desired import Choices
from nexabooks.ledger.setup import setup_apply
from nexabooks.sandbox import traps, traps_money
from nexabooks.sandbox.odoo.payments import counterparts
from nexabooks.sandbox.odoo.service import OdooService
from tests.ledger.conftest import settings_of
from tests.ledger.makers import applied
from tests.sql.built import Ask

NAME_OF = {(o.source, o.id, o.kind): o.name for o in traps.EXPECTED}


@pytest.fixture(scope="module")
def tables(trap_day: Ask) -> dict[str, list[dict]]:
    """The outbound tables as the ledger is given them."""
    found = {}
    for name in OUTBOUND_TABLES:
        columns = [row[0] for row in trap_day(f"describe outbound.out_odoo__{name}")]
        rows = trap_day(f"select * from outbound.out_odoo__{name}")
        found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


def an_odoo(tables: dict[str, list[dict]]) -> OdooService:
    """A pretend Odoo that is set up, with one rate: 1.40 CAD for one USD."""
    service = OdooService()
    service.start()
    with open_odoo(settings_of(service, service.admin_key), "admin") as admin:
        setup_apply(admin, tables["families"], tables["payment_routes"], currencies=("USD",))
        usd = admin.search_read("res.currency", [["name", "=", "USD"]], ["id"])[0]["id"]
        rate = {"currency_id": usd, "name": "2026-01-01", "inverse_company_rate": Decimal("1.4")}
        admin.write_call("res.currency.rate", "create", vals_list=[rate])
    return service


@pytest.fixture(scope="module")
def closed(tables: dict[str, list[dict]]):
    """An Odoo after one close of the trap world, with the receipts, and the plan of a further run."""
    service = an_odoo(tables)
    desired = desired_from(tables)
    with open_odoo(settings_of(service, service.posting_key), "write") as client:
        plan = make_plan(desired, read_present(client, desired), mode="post", run_id="traps")
        receipts = applied(plan, client)
        again = make_plan(desired, read_present(client, desired), mode="post", run_id="again")
    yield service, receipts, again
    service.stop()


def test_every_movement_of_the_traps_is_carried_out_and_a_further_run_has_nothing_to_do(closed, tables):
    """Nothing refused, nothing unclear, nothing for a person that the sources did not say."""
    _, receipts, again = closed
    assert [r for r in receipts if r.outcome != "done"] == []
    assert sum(r.action == "pay" for r in receipts) == len(tables["payments"])
    assert again.is_empty
    assert again.of("report", "refuse") == []


def test_odoo_has_open_what_the_sources_have_open(closed):
    """Document by document, to the cent."""
    service, _, _ = closed
    rows = [r for r in service.books.env()["account.move"].table.rows.values() if r["move_type"] != "entry"]
    left = {
        (NAME_OF[r["x_fc_source_system"], r["x_fc_source_invoice_id"], r["x_fc_kind"]], r["x_fc_kind"]): minor
        for r in rows
        if (minor := abs(int(r["amount_residual"] * 100)))
    }
    assert left == traps_money.OPEN


def test_the_liability_holds_what_customers_have_to_their_credit(closed):
    """And each route's own account what went through it."""
    service, _, _ = closed
    env = service.books.env()
    total: Counter[str] = Counter()
    for line in env["account.move.line"].table.rows.values():
        if env.row("account.move", line["move_id"])["state"] == "posted":
            total[env.row("account.account", line["account_id"])["code"]] += line["balance"]
    assert total["NCR.CREDIT"] == -Decimal(traps_money.CREDIT_MINOR) / 100


def test_only_what_settles_nothing_stands_open(closed, tables):
    """A refund without a credit note and a dispute that is not won: nobody else's money is loose."""
    service, _, _ = closed
    env = service.books.env()
    loose = {
        (row["x_fc_payment_id"])
        for row in env["account.payment"].table.rows.values()
        if not any(line["matching_number"] for line in counterparts(env, row))
    }
    won = {row["settles_payment_id"] for row in tables["payments"]}
    assert loose == {row["payment_id"] for row in tables["payments"] if not row["settles_kind"]} - won


@pytest.mark.parametrize(
    ("choices", "rate", "total", "in_bank"),
    [
        pytest.param(Choices(), "Odoo's rate of 2026-05-04", "138.60", "138.60", id="Odoo's rate of the day"),
        pytest.param(
            Choices(rate="source"),
            "1.3725 CAD for one USD: its source settled it at that",
            "135.88",
            "135.88",
            id="the rate at which Stripe settled its charge",
        ),
    ],
)
def test_the_dollar_invoice_of_the_traps_is_converted_as_finance_chose(tables, choices, rate, total, in_bank):
    """99.00 USD became 135.88 CAD at Stripe; either way it ends paid and a further run has nothing to do."""
    service = an_odoo(tables)
    desired = desired_from(tables, choices)
    usd = tuple(i for i in desired.invoices if i.currency_code == "USD")
    desired = replace(desired, invoices=usd, partners={i.customer_id: desired.partners[i.customer_id] for i in usd})
    with open_odoo(settings_of(service, service.posting_key), "write") as client:
        plan = make_plan(desired, read_present(client, desired), mode="post", run_id="usd")
        applied(plan, client)
        again = make_plan(desired, read_present(client, desired), mode="post", run_id="again")
        fields = ["payment_state", "amount_total", "amount_total_signed"]
        (entry,) = client.search_read("account.move", [["x_fc_source_invoice_id", "!=", False]], fields)
        own = plan.present.books.payment_journals["NCSTR"].own_account_id
        money = client.search_read("account.move.line", [["account_id", "=", own]], ["balance"])
    service.stop()
    assert {action.rate for action in plan.of("create", "post")} == {rate}
    assert [entry[name] for name in fields] == ["paid", Decimal(99), Decimal(total)]
    assert [line["balance"] for line in money] == [Decimal(in_bank)]
    assert again.counts() == {"keep": 1}
