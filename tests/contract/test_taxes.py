"""What Odoo makes of taxes: its own amounts, the source's forced upon it, and taxes that should not be there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nexabooks.clients.odoo_errors import RowsRefused
from nexabooks.errors import LedgerRefused
from nexabooks.ledger.books import read_books
from nexabooks.ledger.desired import Desired, TaxCode
from tests.contract.test_what_the_ledger_relies_on import (
    FIELDS,
    account,
    invoice,
    lines,
    partner,
    post,
    read,
    rows,
    tax_ids,
)
from tests.ledger.makers import FAMILIES, TAXES

HST = "hst_sale_tax_13"
GST, QST, BOTH = "gst_sale_tax_5", "qst_sale_tax_9975", "gstqst_sale_tax_14975"


def force(server, id: int, line_id: int, amount: str) -> None:
    vals = {"line_ids": [[1, line_id, {"amount_currency": Decimal(amount)}]]}
    server.client.write_call("account.move", "write", ids=[id], vals=vals)


def own_tax(server, name: str, **vals: str) -> str:
    """A sale tax of this run, as an administrator makes it."""
    group = server.admin.search_read("account.tax", [["id", "=", int(tax_ids(server, HST))]], ["tax_group_id"])[0]
    sent = {"id": server.key(name), "name": f"{server.prefix} {name}", "amount": "13", "type_tax_use": "sale"}
    sent |= {"tax_group_id/.id": str(group["tax_group_id"][0])} | vals
    return str(server.admin.load("account.tax", list(sent), [list(sent.values())])[0])


def test_a_group_tax_gives_a_line_for_each_of_its_taxes(server):
    """As two taxes beside each other do, to the cent."""
    one = invoice(server, "tax_group", ["99.99"], tax_ids(server, BOTH))
    two = invoice(server, "tax_two", ["99.99"], tax_ids(server, GST, QST))
    held = [
        sorted(line["amount_currency"] for line in lines(server, id, "tax", "amount_currency")) for id in (one, two)
    ]
    assert held == [[Decimal("-9.97"), Decimal("-5")]] * 2
    members = [line["tax_line_id"][0] for line in lines(server, one, "tax", "tax_line_id")]
    assert sorted(members) == sorted(server.books.taxes[BOTH].member_ids)


def test_a_group_tax_is_forced_on_the_line_of_one_member(server):
    """A source that says 14.98 has it, after posting too."""
    id = invoice(server, "tax_group_forced", ["99.99"], tax_ids(server, BOTH))
    qst = min(lines(server, id, "tax", "amount_currency"), key=lambda line: line["amount_currency"])
    force(server, id, qst["id"], "-9.98")
    post(server, id)
    assert read(server, id, "amount_tax", "amount_total", "amount_residual") == [
        Decimal("14.98"),
        Decimal("114.97"),
        Decimal("114.97"),
    ]


def test_several_rates_in_one_document_are_rounded_apart(server):
    """13 % on two lines, 15 % on one, none on the last; a negative line takes its tax along."""
    sent = rows(server, "tax_rates", ["10.05", "-0.55", "10.05", "7.77"], "")
    for row, names in zip(sent, ((HST,), (HST,), ("hst_sale_tax_15",), ()), strict=True):
        row[-1] = tax_ids(server, *names) if names else ""
    (id,) = server.client.load("account.move", FIELDS, sent)
    assert read(server, id, "amount_untaxed", "amount_tax") == [Decimal("27.32"), Decimal("2.75")]
    held = {
        line["tax_line_id"][0]: -line["amount_currency"]
        for line in lines(server, id, "tax", "tax_line_id", "amount_currency")
    }
    assert held == {
        int(tax_ids(server, HST)): Decimal("1.24"),
        int(tax_ids(server, "hst_sale_tax_15")): Decimal("1.51"),
    }


def test_exempt_and_zero_rated_are_kept_apart(server):
    """Neither has a tax line; each keeps its own tax on the line, for the return."""
    taxes = [tax_ids(server, name) for name in ("exempt_sale_tax_0", "gst_sale_tax_0")]
    ids = [invoice(server, f"tax_zero_{n}", ["99.99"], tax) for n, tax in enumerate(taxes)]
    post(server, *ids)
    assert [read(server, id, "amount_tax", "amount_total") for id in ids] == [[0, Decimal("99.99")]] * 2
    assert [lines(server, id, "tax") for id in ids] == [[], []]
    assert [lines(server, id, "product", "tax_ids")[0]["tax_ids"] for id in ids] == [[int(tax)] for tax in taxes]


def test_a_forced_tax_on_a_credit_note_stands_on_the_other_side(server):
    """Positive there."""
    id = invoice(server, "tax_note", ["10.05"] * 3, tax_ids(server, HST), kind="out_refund")
    (line,) = lines(server, id, "tax", "amount_currency")
    assert line["amount_currency"] == Decimal("3.92")
    force(server, id, line["id"], "3.93")
    post(server, id)
    assert read(server, id, "amount_tax", "amount_total") == [Decimal("3.93"), Decimal("34.08")]


def test_a_forced_tax_is_lost_when_a_price_changes(server):
    """So it is compared again after every write, and forced again."""
    sent = rows(server, "tax_lost", ["10.05"] * 3, tax_ids(server, HST))
    (id,) = server.client.load("account.move", FIELDS, sent)
    force(server, id, lines(server, id, "tax")[0]["id"], "-3.93")
    server.client.load("account.move", (".id", "ref"), [[str(id), "changed"]])
    assert read(server, id, "amount_tax") == [Decimal("3.93")]
    sent[0][FIELDS.index("invoice_line_ids/price_unit")] = "20.10"
    server.client.load("account.move", FIELDS, sent)
    assert read(server, id, "amount_tax") == [Decimal("5.23")]


def test_odoo_itself_has_no_bound_for_a_forced_tax(server):
    """5.00 too much is posted: the bound is the ledger's."""
    id = invoice(server, "tax_bound", ["10.05"] * 3, tax_ids(server, HST))
    force(server, id, lines(server, id, "tax")[0]["id"], "-8.92")
    post(server, id)
    assert read(server, id, "amount_total") == [Decimal("39.07")]


def test_a_quantity_is_rounded_and_an_amount_is_not(server):
    """So a line has the quantity 1 and its amount as the price: 3.333 pieces become 3.33."""
    sent = rows(server, "tax_quantity", ["10.00", "0.41"], "")
    sent[0][FIELDS.index("invoice_line_ids/quantity")] = "3.333"
    (id,) = server.client.load("account.move", FIELDS, sent)
    assert [line["price_subtotal"] for line in lines(server, id, "product", "price_subtotal")] == [
        Decimal("33.3"),
        Decimal("0.41"),
    ]


def test_a_tax_says_whether_it_is_inside_the_price(server):
    """By its own setting; the plan refuses such a tax, because our amounts are before tax."""
    own = {"price_include_override": "tax_included"} if server.version >= 18 else {"price_include": "True"}
    tax = own_tax(server, "inclusive", **own)
    assert server.client.read("account.tax", [int(tax)], ["price_include"])[0]["price_include"] is True
    assert not any(held.is_price_included for held in server.books.taxes.values())


def test_an_archived_tax_is_counted_all_the_same(server):
    """Odoo neither refuses it nor leaves it out: the plan does."""
    tax = own_tax(server, "archived", amount="7")
    server.admin.write_call("account.tax", "write", ids=[int(tax)], vals={"active": False})
    id = invoice(server, "tax_archived", ["10.00"], tax)
    post(server, id)
    assert read(server, id, "state", "amount_tax") == ["posted", Decimal("0.7")]


def test_a_tax_of_the_chart_that_is_archived_reads_as_archived(server):
    """And not as missing, so that the words in the plan are the right ones."""
    asked = Desired({}, (), FAMILIES, TAXES | {"pst": TaxCode("pst", "6% PST SK", Decimal(6), "pst_sale_tax_6")})
    (tax_id,) = server.admin.ids_of_names(
        "account.tax", "account", [f"{server.client.company_id}_pst_sale_tax_6"]
    ).values()
    server.admin.write_call("account.tax", "write", ids=[tax_id], vals={"active": False})
    try:
        assert read_books(server.client, asked).taxes["pst_sale_tax_6"].is_active is False
    finally:
        server.admin.write_call("account.tax", "write", ids=[tax_id], vals={"active": True})


def test_a_purchase_tax_goes_through_on_a_sale(server):
    """Its name is the same, and Odoo does not look: taxes are found by their external ids, and by their use."""
    name = f"{server.client.company_id}_hst_purchase_tax_13"
    (tax_id,) = server.client.ids_of_names("account.tax", "account", [name]).values()
    id = invoice(server, "tax_purchase", ["10.00"], str(tax_id))
    post(server, id)
    assert read(server, id, "state") == ["posted"]
    asked = Desired({}, (), FAMILIES, {"p": TaxCode("p", "13% HST", Decimal(13), "hst_purchase_tax_13")})
    assert read_books(server.client, asked).taxes == {}


def test_an_archived_account_drafts_and_does_not_post(server):
    """An archived customer posts. Before 19 not even the draft is made."""
    (own,) = server.admin.write_call(
        "account.account",
        "create",
        vals_list=[{"code": f"A{server.prefix[1:7]}", "name": "Arch", "account_type": "income"}],
    )
    server.admin.write_call("account.account", "write", ids=[own], vals={"active": False})
    sent = rows(server, "tax_arch_account", ["10.00"], "")
    sent[0][FIELDS.index("invoice_line_ids/account_id/.id")] = str(own)
    if server.version < 19:
        with pytest.raises(RowsRefused, match="is deprecated"):
            server.client.load("account.move", FIELDS, sent)
    else:
        (id,) = server.client.load("account.move", FIELDS, sent)
        with pytest.raises(LedgerRefused, match="is archived"):
            post(server, id)
    customer = partner(server, "arch")
    sent = rows(server, "tax_arch_partner", ["10.00"], "")
    sent[0][FIELDS.index("partner_id/.id")] = str(customer)
    (id,) = server.client.load("account.move", FIELDS, sent)
    server.client.write_call("res.partner", "write", ids=[customer], vals={"active": False})
    post(server, id)
    assert read(server, id, "state") == ["posted"]
    assert account(server) != str(own)
