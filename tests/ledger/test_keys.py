"""External ids: safe for Odoo, readable, and never the same for two records."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from nexabooks.ledger.keys import line_key, move_key, partner_key, payment_key, safe


def test_a_plain_id_stays_readable():
    """Stripe's and Lago's ids go in as they are."""
    assert move_key("stripe", "invoice", "in_1Abc") == "nexabooks.move_stripe_invoice_in_1Abc"
    assert line_key("lago", "credit_note", "8f14e45f-ceea", 3) == "nexabooks.line_lago_credit_note_8f14e45f-ceea_3"
    assert partner_key("cust_1") == "nexabooks.partner_cust_1"


@given(st.text())
def test_a_key_has_only_safe_characters(text):
    """No space (Odoo refuses it) and one dot (between module and name), whatever the source sends."""
    assert re.fullmatch(r"nexabooks\.partner_[A-Za-z0-9_-]*", partner_key(text))
    assert len(partner_key(text)) < 128


@given(st.text(), st.text())
def test_two_ids_never_share_a_key(one, other):
    """Not even when one looks like the digest of the other."""
    assert (safe(one) == safe(other)) is (one == other)
    assert (safe(safe(one)) == safe(one)) is (safe(one) == one)


def test_a_payment_of_two_invoices_has_two_keys():
    """Lago settles several invoices with one payment."""
    assert payment_key("lago", "p1", "a") != payment_key("lago", "p1", "b")
    assert payment_key("lago", "p1", "b-c") != payment_key("lago", "p1-b", "c")
