"""The note on each posted entry, on the sandbox and on a real server."""

from __future__ import annotations

import pytest

from nexabooks.clients.odoo_errors import RowsRefused
from tests.contract.test_taking_a_run_back import Story

NOTE = ("id", "model", "res_id", "body", "message_type", "subtype_id/id")


def notes(server, entry_id: int) -> list[str]:
    domain = [["model", "=", "account.move"], ["res_id", "=", entry_id], ["message_type", "=", "comment"]]
    return [m["body"] for m in server.client.search_read("mail.message", domain, ["body"])]


def test_a_posted_entry_carries_its_proof_once(server):
    """Source, amounts, run and the link to the source's page; a run that comes again adds none."""
    story = Story(server, "proof")
    invoice = story.invoice()
    for run in ("r1", "r2"):
        story.close(invoice, run=run)
    ((id,),) = story.moves("id")
    (note,) = notes(server, id)
    link = (
        f'<a href="https://dashboard.stripe.com/invoices/{invoice.stripe_invoice_id}">{invoice.source_invoice_id}</a>'
    )
    for words in (link, "13.00 CAD", "113.00 CAD", f"run {story.prefix}_r1", invoice.invoice_number):
        assert words in note


def test_what_a_source_says_is_text_and_never_markup(server):
    """Its number may hold anything."""
    story = Story(server, "markup")
    story.close(story.invoice(invoice_number="<b>N</b>&<script>x()</script>"))
    ((id,),) = story.moves("id")
    assert "number &lt;b&gt;N&lt;/b&gt;&amp;&lt;script&gt;" in notes(server, id)[0]


def test_a_note_cannot_be_loaded_twice(server):
    """Odoo keeps it single by its external id, and lets nobody but an administrator change where it stands."""
    story = Story(server, "single")
    story.close(story.invoice(), mode="draft")
    ((id,),) = story.moves("id")
    row = [server.key("note"), "account.move", str(id), "<p>Once.</p><script>x()</script>", "comment", "mail.mt_note"]
    server.client.load("mail.message", NOTE, [row])
    with pytest.raises(RowsRefused, match="Only administrators"):
        server.client.load("mail.message", NOTE, [row])
    assert notes(server, id) == ["<p>Once.</p>"]
