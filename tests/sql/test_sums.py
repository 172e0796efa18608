"""Joins preserve sums: what the documents say is what the lines, taxes and reports add up to, per currency."""

from __future__ import annotations

import pytest

from tests.sql.built import Ask


@pytest.fixture(params=["story", "traps"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """The story's first day and the trap world."""
    return request.getfixturevalue("story_days")[0] if request.param == "story" else request.getfixturevalue("trap_day")


SUMS = {
    "the lines of a postable document make its subtotal": """
        select i.source_invoice_id from outbound.out_odoo__invoices i
        left join outbound.out_odoo__invoice_lines l using (source_system, source_invoice_id, kind)
        where i.is_postable group by all having sum(l.amount_minor) is distinct from any_value(i.subtotal_minor)""",
    "the taxes of a postable document make its tax": """
        select i.source_invoice_id from outbound.out_odoo__invoices i
        left join outbound.out_odoo__invoice_taxes t using (source_system, source_invoice_id, kind)
        where i.is_postable group by all having coalesce(sum(t.tax_minor), 0) <> any_value(i.tax_minor)""",
    "a total is subtotal and tax": """
        select source_invoice_id from outbound.out_odoo__invoices where total_minor <> subtotal_minor + tax_minor""",
    "family revenue is the subtotals of what was confirmed": """
        select currency_code from (
            select currency_code, sum(invoiced_minor) - sum(credited_minor) as reported
            from marts.fct_family_revenue group by all
        ) full outer join (
            select currency_code, sum(case kind when 'invoice' then subtotal_minor else -subtotal_minor end) as confirmed
            from marts.fct_invoices where record_verdict = 'verified' and is_revenue group by all
        ) using (currency_code) where reported is distinct from confirmed""",
    "no invoice of Stripe is lost or doubled on the way": """
        select _key from raw_stripe.invoices full outer join
            (select * from outbound.out_odoo__invoices where source_system = 'stripe' and kind = 'invoice') o
            on _key = o.source_invoice_id
        where _key is not null group by all having count(o.source_invoice_id) <> 1""",
    "no invoice of Lago is lost or doubled on the way": """
        select _key from raw_lago.invoices left join
            (select * from outbound.out_odoo__invoices where source_system = 'lago' and kind = 'invoice') o
            on _key = o.source_invoice_id
        group by all having count(o.source_invoice_id) <> 1""",
    "no invoice of NexaCloud is lost or doubled on the way": """
        select id from raw_nexacloud.invoices left join marts.fct_invoices f on id = f.nexacloud_invoice_id
        group by all having count(f.nexacloud_invoice_id) <> 1""",
    "what settles a document is never more than its total, but for what is told as an overpayment": """
        select p.source_invoice_id from outbound.out_odoo__payments p
        join outbound.out_odoo__invoices i using (source_system, source_invoice_id)
        where p.settles_kind = i.kind or p.payment_id like '%:overpaid'
        group by all having abs(sum(case p.direction when 'inbound' then p.amount_minor else -p.amount_minor end))
            > any_value(i.total_minor)""",
    "no movement is lost or doubled on the way": """
        select payment_id from intermediate.int_payments full outer join marts.fct_payments f
            using (source_system, payment_id, source_invoice_id)
        group by all having count(f.movement) <> 1""",
    "a deposit is what is in it": """
        select payout_id from finance.payouts where state = 'differs'
        or (state = 'adds_up' and amount_minor <> gross_minor - fee_minor + refund_minor + dispute_minor + other_minor)""",
    "every charge that is in a payout names its invoice": """
        select payout_id from finance.payouts where gross_minor > 0 and invoice_ids = ''""",
    "billed in the reconciliation is billed in the items": """
        select 1 from (select sum(billed_minor) as reported from marts.fct_reconciliation),
            (select sum(amount_minor) as items from intermediate.int_billed_items)
        where reported <> items""",
}


@pytest.mark.parametrize("query", SUMS.values(), ids=SUMS.keys())
def test_sums_are_preserved(ask: Ask, query: str) -> None:
    """No join doubles or drops an amount."""
    assert ask(query) == []
