"""The sources' PDFs on the posted entries: where a document at a source, the ledger and the ops store meet."""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import closing
from datetime import timedelta

from nexabooks.clients.files import PdfReader
from nexabooks.clients.odoo import open_odoo
from nexabooks.ledger import Plan
from nexabooks.ledger.desired import MoveKey
from nexabooks.ledger.documents import ACTION, attach_pdfs
from nexabooks.ops import open_ops
from tasks.ledger import LEDGER_LEASE
from tasks.run import LEASE_S, Run
from tasks.step import step

# A link is asked for so long: Stripe's own run out about thirty days after the due date (docs/decisions/0023).
ASKED_FOR = timedelta(days=30)


@step("attach the PDFs")
def attach_documents(run: Run, plan: Plan) -> None:
    """Attach the source's PDF to each entry posted in the last thirty days that has none yet, with a receipt an entry.

    Only with NEXABOOKS_LEDGER_ATTACH_PDF, and where entries are posted. What cannot be had stops nothing and is asked for
    again by the next run. Raises TransientError while another process writes to the ledger.
    """
    settings = run.settings
    if not settings.ledger_attach_pdf or plan.mode != "post":
        return
    invoices = {invoice.key: invoice for invoice in plan.desired.invoices if invoice.pdf_url}
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        posted = ops.posted_without(ACTION, since=settings.now() - ASKED_FOR)
        wanted = [(row.odoo_id, invoices[key]) for row in posted if (key := MoveKey(*row[:3])) in invoices]
        if not wanted:
            return
        with (
            ops.lease(LEDGER_LEASE, holder=f"{run.run_id} on {socket.gethostname()}", ttl_s=LEASE_S) as lease,
            open_odoo(settings, "write") as client,
            closing(PdfReader((settings.stripe_url, settings.lago_url), timeout_s=settings.request_timeout_s)) as files,
        ):

            def check(done: int) -> None:
                lease.check()
                run.say_detail(f"Odoo: PDFs, {done} of {len(wanted)}.")

            receipts = attach_pdfs(
                wanted, client, ops.journal(run.run_id), files.fetch, run_id=run.run_id, now=settings.now, check=check
            )
    outcomes = Counter(receipt.outcome for receipt in receipts)
    run.say(f"Odoo: PDFs {', '.join(f'{outcome} {count}' for outcome, count in sorted(outcomes.items()))}.")
