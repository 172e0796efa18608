"""What Lago asks Stripe for: the payments of its invoices, as Lago's own code makes payment intents of them.

An invoice's payment carries the invoice's id in its metadata; one of several invoices carries the payment request's only, so that
nobody at Stripe can say which invoices it paid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from nexabooks.sandbox.lago_service.documents import issuing_date, number
from nexabooks.sandbox.lago_service.people import intent_id, request_id
from nexabooks.sandbox.making import payment
from nexabooks.sandbox.world import Charge, Invoice, Payment, World

SELLER = "Hosting Group"


def charges_of(world: World) -> Iterator[Charge]:
    """Each payment of Lago's that went through Stripe, once, however many invoices it paid. Money that a person typed in did not."""
    together: dict[str, list[tuple[Invoice, Payment]]] = defaultdict(list)
    for invoice in world.invoices:
        for paid in invoice.payments if invoice.source == "lago" else ():
            if not paid.is_out_of_band:
                together[paid.payment_id].append((invoice, paid))
    for paid_with in together.values():
        yield _charge(world, [invoice for invoice, _ in paid_with], [paid for _, paid in paid_with])


def _charge(world: World, invoices: list[Invoice], parts: list[Payment]) -> Charge:
    invoice, paid = invoices[0], parts[0]
    at_stripe = payment("stripe", f"lago:{paid.payment_id}", paid.paid_at, sum(part.amount_minor for part in parts))
    if paid.status != "succeeded":
        at_stripe = replace(at_stripe, fee_minor=0, payout_id="")
    is_shared = len(invoices) > 1
    asked_by = (
        {"lago_payable_id": request_id(paid), "lago_payable_type": "PaymentRequest"}
        if is_shared
        else {
            "lago_invoice_id": invoice.id,
            "invoice_issuing_date": issuing_date(invoice).isoformat(),
            "invoice_type": invoice.lago_invoice_type,
        }
    )
    return Charge(
        user_id=invoice.user_id,
        currency_code=invoice.currency_code,
        description=f"{SELLER} - Overdue invoices" if is_shared else f"{SELLER} - Invoice {number(invoice)}",
        payment=replace(
            at_stripe,
            payment_id=intent_id(paid),
            status=paid.status,
            returned_at=paid.returned_at,
            refunds=paid.refunds,
            disputes=paid.disputes,
        ),
        metadata={
            "lago_customer_id": world.user(invoice.user_id).lago_customer_id,
            "lago_payment_id": paid.payment_id,
        }
        | asked_by,
    )
