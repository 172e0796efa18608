"""The note on each posted entry, on the sandbox and on a real server."""

from __future__ import annotations

import base64
from contextlib import nullcontext
from html import escape

import pytest

from nexabooks.clients.odoo_errors import RowsRefused
from nexabooks.errors import PermanentError
from nexabooks.ledger import documents
from nexabooks.sandbox.pdf import invented_pdf
from tests.contract.test_taking_a_run_back import Story
from tests.ledger.makers import now

NOTE = ("id", "model", "res_id", "body", "message_type", "subtype_id/id")

PAGE = "https://dashboard.stripe.com/invoices/in_1"
PDF_URL = "https://pay.example.com/i/SECRET/pdf?s=ap&t=1"
PDF = invented_pdf("contract test")


def attach(story: Story, wanted, fetch, run: str = "r1"):
    return documents.attach_pdfs(
        wanted, story.server.client, story.journal, fetch, run_id=f"{story.prefix}_{run}", now=now
    )


def attachments(server, entry_id: int) -> list[tuple[str, str, bytes]]:
    domain = [["res_model", "=", "account.move"], ["res_id", "=", entry_id]]
    held = server.client.search_read("ir.attachment", domain, ["name", "mimetype", "datas"])
    return [(a["name"], a["mimetype"], base64.b64decode(a["datas"])) for a in held]


def notes(server, entry_id: int) -> list[str]:
    domain = [["model", "=", "account.move"], ["res_id", "=", entry_id], ["message_type", "=", "comment"]]
    return [m["body"] for m in server.client.search_read("mail.message", domain, ["body"])]


def test_a_posted_entry_carries_its_proof_once(server):
    """Source, amounts, run and the links to the source's page and PDF; a run that comes again adds none."""
    story = Story(server, "proof")
    invoice = story.invoice(source_url=PAGE, pdf_url=PDF_URL)
    for run in ("r1", "r2"):
        story.close(invoice, run=run)
    ((id,),) = story.moves("id")
    (note,) = notes(server, id)
    page = f'href="{PAGE}">{invoice.source_invoice_id}</a>'
    pdf = f'href="{escape(PDF_URL)}">PDF</a>'
    for words in (page, pdf, "13.00 CAD", "113.00 CAD", f"run {story.prefix}_r1", invoice.invoice_number):
        assert words in note


@pytest.mark.parametrize("url", ["javascript:alert(1)", 'https://x.example/"><script>x()</script>'])
def test_an_address_is_a_link_of_the_web_or_nothing(server, url):
    """It is the source's word too."""
    story = Story(server, f"link{len(url)}")
    story.close(story.invoice(source_url=url, pdf_url=url))
    ((id,),) = story.moves("id")
    (note,) = notes(server, id)
    assert "javascript:" not in note
    assert "<script" not in note


def test_a_pdf_is_attached_once(server):
    """The billing user loads it by an external id of the entry; loaded again it is the same attachment, and one that is
    there is not fetched again."""
    story = Story(server, "pdf")
    story.close(invoice := story.invoice(pdf_url=PDF_URL))
    ((id,),) = story.moves("id")
    asked = []

    def fetch(url: str, what: str) -> bytes:
        asked.append(url)
        return PDF

    said = [attach(story, [(id, invoice)], fetch, run) for run in ("r1", "r2")]
    assert [[(r.action, r.outcome, r.odoo_id) for r in some] for some in said] == [
        [("attach", "done", id)],
        [("attach", "already", id)],
    ]
    assert asked == [PDF_URL]
    server.client.load("ir.attachment", documents.FIELDS, [documents._row(documents.Pdf(id, invoice, PDF))])
    assert attachments(server, id) == [(f"stripe invoice {invoice.source_invoice_id}.pdf", "application/pdf", PDF)]
    assert story.moves("state") == [("posted",)]


def test_a_pdf_that_cannot_be_had_stops_nothing_and_its_address_stays_secret(server):
    """One of two is gone at its source: the other is attached, the receipt says why, and the next run asks again."""
    story = Story(server, "gone")
    gone, there = story.invoice("a", pdf_url=f"{PDF_URL}&gone=1"), story.invoice("b", pdf_url=PDF_URL)
    story.close(gone, there)
    wanted = [(id, invoice) for (id,), invoice in zip(story.moves("id"), (gone, there), strict=True)]

    def fetch(url: str, what: str) -> bytes:
        if "gone" in url:
            raise PermanentError(f"The PDF of {what} was not taken: HTTP 404.")
        return PDF

    receipts = attach(story, wanted, fetch)
    assert sorted(r.outcome for r in receipts) == ["done", "refused"]
    (refused,) = [r for r in receipts if r.outcome == "refused"]
    assert "posted without its PDF, and the next run asks again" in refused.says
    assert [len(attachments(server, id)) for id, _ in wanted] == [0, 1]
    assert [r.outcome for r in attach(story, wanted, lambda url, what: PDF, "r2")] == ["already", "done"]
    kept = repr(list(story.journal.receipts.values())) + repr(list(story.journal.intents.values())) + repr(gone)
    assert "SECRET" not in kept


def test_what_a_source_says_is_text_and_never_markup(server):
    """Its number may hold anything."""
    story = Story(server, "markup")
    story.close(story.invoice(invoice_number="<b>N</b>&<script>x()</script>"))
    ((id,),) = story.moves("id")
    assert "number &lt;b&gt;N&lt;/b&gt;&amp;&lt;script&gt;" in notes(server, id)[0]


def test_a_note_cannot_be_loaded_twice(server):
    """Odoo keeps it single by its external id, and lets nobody but an administrator load it again; 17 lets its author."""
    story = Story(server, "single")
    story.close(story.invoice(), mode="draft")
    ((id,),) = story.moves("id")
    row = [server.key("note"), "account.move", str(id), "<p>Once.</p><script>x()</script>", "comment", "mail.mt_note"]
    server.client.load("mail.message", NOTE, [row])
    with nullcontext() if server.version < 18 else pytest.raises(RowsRefused, match="Only administrators"):
        server.client.load("mail.message", NOTE, [row])
    assert notes(server, id) == ["<p>Once.</p>"]
