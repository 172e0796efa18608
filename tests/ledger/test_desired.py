"""Outbound rows become values, and rows that break their contract are refused by name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.errors import SourceContractBroken
from nexabooks.ledger.desired import OUTBOUND_TABLES, content_hash, desired_from
from tests.ledger.makers import ACME, FAMILY_ROWS, ROUTE_ROWS, an_invoice

KEY = {"source_system": "stripe", "source_invoice_id": "in_1", "kind": "invoice"}
TABLES = {
    "partners": [
        {
            "customer_id": "cust_1",
            "name": "Acme Inc",
            "email": "books@acme.example",
            "street": None,
            "city": "Toronto",
            "state_name": "Ontario",
            "postal_code": "",
            "country_code": "CA",
            "tax_id": None,
            "stripe_customer_id": "cus_1",
            "is_company": True,
            "content_hash": "x",
        }
    ],
    "invoices": [
        KEY
        | {
            "nexacloud_invoice_id": "u-1",
            "stripe_invoice_id": "in_1",
            "stripe_customer_id": "cus_1",
            "customer_id": "cust_1",
            "invoice_number": "N-1",
            "corrects_source_invoice_id": "",
            "settles_corrected_minor": 0,
            "source_url": "https://dashboard.stripe.com/invoices/in_1",
            "pdf_url": None,
            "invoiced_on": date(2026, 10, 5),
            "due_on": None,
            "currency_code": "CAD",
            "source_rate": None,
            "no_rate_reason": "",
            "subtotal_minor": 10_000,
            "tax_minor": 1_300,
            "total_minor": 11_300,
            "paid_minor": 11_300,
            "paid_on": date(2026, 10, 12),
            "source_status": "paid",
            "verdict": "verified",
            "verdict_reason": None,
            "is_postable": True,
            "park_reason": "",
            "content_hash": "x",
        }
    ],
    "invoice_lines": [
        KEY
        | {"line_position": 2, "description": None, "service_family": "other", "amount_minor": 1_000, "tax_codes": ""},
        KEY
        | {
            "line_position": 1,
            "description": "A",
            "service_family": "hosting",
            "amount_minor": 9_000,
            "tax_codes": "qst, gst",
        },
        KEY | {"line_position": 3, "description": "B", "service_family": "other", "amount_minor": 0, "tax_codes": None},
    ],
    "invoice_taxes": [KEY | {"tax_code": "gst", "tax_minor": 500}, KEY | {"tax_code": "qst", "tax_minor": 800}],
    "payments": [
        {
            "source_system": "stripe",
            "payment_id": "pi_1",
            "source_invoice_id": "in_1",
            "customer_id": "cust_1",
            "paid_on": date(2026, 10, 12),
            "amount_minor": 11_300,
            "currency_code": "CAD",
            "settled_minor": None,
            "settled_currency_code": None,
            "booked_for": "",
            "reference": None,
            "direction": "inbound",
            "route": "stripe",
            "settles_kind": "invoice",
            "settles_payment_id": None,
        }
    ],
    "payment_routes": [ROUTE_ROWS[0]],
    "families": [FAMILY_ROWS[0]],
    "taxes": [{"tax_code": "gst", "tax_name": "5% GST", "rate": Decimal(5), "odoo_external_name": "gst_sale_tax_5"}],
}


def test_rows_become_values():
    """Lines in order, taxes by code, payments at their invoice; a missing text is empty, a missing due date the day itself."""
    desired = desired_from(TABLES)
    invoice = desired.invoices[0]
    assert [(line.position, line.description, line.tax_codes) for line in invoice.lines] == [
        (1, "A", ("gst", "qst")),
        (2, "", ()),
        (3, "B", None),
    ]
    assert invoice.tax_minor_by_code == {"gst": 500, "qst": 800}
    assert [p.payment_id for p in invoice.payments] == ["pi_1"]
    assert (invoice.due_on, invoice.verdict_reason) == (date(2026, 10, 5), "")
    assert desired.partners["cust_1"].street == ""


def test_payments_belong_to_the_invoice_and_not_to_its_credit_note():
    """Even when a source gives both the same id."""
    note = TABLES["invoices"][0] | {"kind": "credit_note"}
    desired = desired_from(TABLES | {"invoices": [*TABLES["invoices"], note]})
    assert {i.kind: len(i.payments) for i in desired.invoices} == {"invoice": 1, "credit_note": 0}


@pytest.mark.parametrize("table", OUTBOUND_TABLES)
def test_a_missing_table_is_named(table):
    """Nothing is planned from half of the models."""
    with pytest.raises(SourceContractBroken, match=f"out_odoo__{table}"):
        desired_from({name: rows for name, rows in TABLES.items() if name != table})


def test_a_missing_column_is_named():
    """Rather than posted without it."""
    rows = [{k: v for k, v in TABLES["invoices"][0].items() if k != "verdict"}]
    with pytest.raises(SourceContractBroken, match="verdict"):
        desired_from(TABLES | {"invoices": rows})


def test_an_invoice_that_comes_twice_is_refused():
    """Fan-out upstream would double the money."""
    with pytest.raises(SourceContractBroken, match="stripe invoice in_1 twice"):
        desired_from(TABLES | {"invoices": TABLES["invoices"] * 2})


INVOICE = an_invoice()
NEUTRAL = {
    "verdict": {"verdict": "void", "verdict_reason": "said so"},
    "payments": {"payments": an_invoice(paid_minor=1).payments},
    "parking": {"is_postable": False, "park_reason": "a failed check"},
    "its ids elsewhere": {"nexacloud_invoice_id": "u-1", "stripe_invoice_id": "in_9", "stripe_customer_id": "cus_1"},
}
TELLING = {
    "customer": {"customer_id": "cust_2"},
    "number": {"invoice_number": "other"},
    "day": {"invoiced_on": date(2026, 1, 1)},
    "due day": {"due_on": date(2026, 1, 1)},
    "currency": {"currency_code": "USD"},
    "total": {"total_minor": 1},
    "description": {"lines": (replace(INVOICE.lines[0], description="B"),)},
    "family": {"lines": (replace(INVOICE.lines[0], service_family="other"),)},
    "tax": {"lines": (replace(INVOICE.lines[0], tax_codes=("gst_5",)),)},
    "tax amount": {"tax_minor_by_code": {"hst_13": 1}},
}


@pytest.mark.parametrize("change", NEUTRAL.values(), ids=NEUTRAL.keys())
def test_what_is_not_written_on_the_entry_does_not_change_its_hash(change):
    """Paying or voiding an invoice is not a change of its content, and an id that comes days later is none."""
    assert replace(INVOICE, **change).content_hash == INVOICE.content_hash


@pytest.mark.parametrize("change", TELLING.values(), ids=TELLING.keys())
def test_what_is_written_on_the_entry_changes_its_hash(change):
    """So that a later change upstream is seen."""
    assert replace(INVOICE, **change).content_hash != INVOICE.content_hash


def test_a_customers_hash_is_over_all_his_facts():
    """And the same for the same facts."""
    assert replace(ACME).content_hash == ACME.content_hash
    assert replace(ACME, tax_id="123").content_hash != ACME.content_hash


def test_an_entry_is_hashed_another_way_than_a_customer():
    """So that entries may be hashed in a new way without every customer in Odoo counting as changed."""
    assert (INVOICE.content_hash[:2], ACME.content_hash[:2]) == ("2-", "1-")


FACTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(facts=FACTS)
def test_a_content_hash_is_over_plain_compact_json(facts):
    """Sorted keys, no spaces, every letter as it is: whoever writes it, the hashes that stand in Odoo stay true."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert content_hash(facts) == f"1-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
