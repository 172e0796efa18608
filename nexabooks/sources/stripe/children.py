"""What hangs below a record and is read with it: the lines of a long invoice or credit note, the transactions of a payout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import orjson

from nexabooks.rawjson import elements, member
from nexabooks.sources.stripe.wire import Gone, Page
from nexabooks.streams import Batch, Claim


class Pager(Protocol):
    """What a feed needs of the reader: lists, page by page."""

    def pages(self, path: str, params: Mapping[str, Any], *, what: str) -> Iterator[Page]:
        """Every page of a list."""
        ...


class Feed:
    """Nothing hangs below most records. `unread` and `notes` as in streams.Finished; `unread_of`: the ids of the records
    below which something was not read."""

    def __init__(self) -> None:
        self.unread: list[str] = []
        self.unread_of: set[str] = set()
        self.notes: list[str] = []

    def of(self, records: Iterable[dict[str, Any]]) -> Iterator[Batch]:
        """Batches of what hangs below these records."""
        yield from ()

    def without(self, gone: Iterable[str]) -> Iterator[Batch]:
        """Tombstones for what hung below records that are gone."""
        yield from ()

    def state(self) -> dict[str, Any]:
        """What the next read must know of it."""
        return {}

    def claims(self) -> tuple[Claim, ...]:
        """What Stripe says it has of the children, for the certificate; a feed without a claim says nothing."""
        return ()


class InvoiceLines(Feed):
    """Every line of each invoice whose embedded list says that more follow (it ends after ten).

    A draft may lose a line again, and no event names it: the line ids of drafts are remembered, and those that are gone
    become tombstones.
    """

    def __init__(self, pager: Pager, known: dict[str, list[str]]) -> None:
        super().__init__()
        self._pager, self._known = pager, known
        self._row_count = 0
        self._of_drafts: dict[str, list[str]] = {}

    def of(self, records: Iterable[dict[str, Any]]) -> Iterator[Batch]:
        """The lines of those invoices that have more than were embedded, and a tombstone for each line of a draft that is gone."""
        for invoice in records:
            line_ids: set[str] = set()
            if (invoice.get("lines") or {}).get("has_more"):
                yield from self._lines(invoice["id"], line_ids)
            known = set(self._known.get(invoice["id"], ()))
            if invoice["id"] in self.unread_of:  # what did not come this time is not gone for that
                line_ids |= known
            if invoice.get("status") == "draft" and line_ids:
                self._of_drafts[invoice["id"]] = sorted(line_ids)
            yield from _tombstones(invoice["id"], known - line_ids)

    def without(self, gone: Iterable[str]) -> Iterator[Batch]:
        """Tombstones for all known lines of drafts that are gone themselves."""
        for invoice_id in gone:
            yield from _tombstones(invoice_id, set(self._known.get(invoice_id, ())))

    def state(self) -> dict[str, Any]:
        """The lines of drafts as they are now, for the next read to compare with."""
        return {"draft_lines": self._of_drafts}

    def claims(self) -> tuple[Claim, ...]:
        """As many lines as came over the wire."""
        return (Claim("invoice_lines", self._row_count, basis="wire"),)

    def _lines(self, invoice_id: str, line_ids: set[str]) -> Iterator[Batch]:
        try:
            for page in self._pager.pages(f"/v1/invoices/{invoice_id}/lines", {}, what=f"lines of {invoice_id}"):
                wrong = [line["id"] for line in page.records if line.get("object") != "line_item"]
                if wrong:
                    self._note(
                        f"Stripe sent {wrong[0]} among the lines of {invoice_id}, and it is no line.", invoice_id
                    )
                    return
                fresh = {line["id"] for line in page.records} - line_ids
                self._row_count += len(fresh)
                line_ids |= fresh
                yield Batch("invoice_lines", (page.body,), records_at="data", row_count=len(page.records))
        except Gone:
            self._note(f"Stripe listed {invoice_id} and has no lines of it: it was deleted meanwhile.", invoice_id)

    def _note(self, sentence: str, invoice_id: str) -> None:
        self.unread.append(sentence)
        self.unread_of.add(invoice_id)


class CreditNoteLines(Feed):
    """Every line of each credit note whose embedded list says that more follow (it ends after ten).

    A line does not name its note, so `credit_note` is set before what Stripe sent. A note never loses a line.
    """

    def __init__(self, pager: Pager) -> None:
        super().__init__()
        self._pager = pager
        self._row_count = 0

    def of(self, records: Iterable[dict[str, Any]]) -> Iterator[Batch]:
        """The lines of those credit notes that have more than were embedded."""
        for note in records:
            if (note.get("lines") or {}).get("has_more"):
                yield from self._lines(note["id"])

    def claims(self) -> tuple[Claim, ...]:
        """As many lines as came over the wire."""
        return (Claim("credit_note_lines", self._row_count, basis="wire"),)

    def _lines(self, note_id: str) -> Iterator[Batch]:
        seen: set[str] = set()
        for page in self._pager.pages(f"/v1/credit_notes/{note_id}/lines", {}, what=f"lines of {note_id}"):
            wrong = [line["id"] for line in page.records if line.get("object") != "credit_note_line_item"]
            if wrong:
                self.unread.append(f"Stripe sent {wrong[0]} among the lines of {note_id}, and it is no line of it.")
                self.unread_of.add(note_id)
                return
            seen |= {line["id"] for line in page.records}
            named = [
                b'{"credit_note":"%s",' % note_id.encode() + line[1:] for line in elements(member(page.body, "data"))
            ]
            yield Batch("credit_note_lines", tuple(named), row_count=len(named))
        self._row_count += len(seen)


class PayoutTransactions(Feed):
    """Which balance transactions make up a payout: for each automatic payout whose reconciliation is completed.

    A transaction does not name its payout; only the list by `payout` knows. A row is {payout, balance_transaction, net,
    currency}, in Stripe's minor units. A payout that is not the sum of its transactions is told in `notes`.
    """

    def __init__(self, pager: Pager) -> None:
        super().__init__()
        self._pager = pager
        self._row_count = 0

    def of(self, records: Iterable[dict[str, Any]]) -> Iterator[Batch]:
        """The transactions of those payouts that Stripe made by itself and has reconciled; of others it does not tell them."""
        for payout in records:
            if payout.get("automatic") and payout.get("reconciliation_status") == "completed":
                yield from self._transactions(payout)

    def claims(self) -> tuple[Claim, ...]:
        """As many transactions as came over the wire."""
        return (Claim("payout_transactions", self._row_count, basis="wire"),)

    def _transactions(self, payout: dict[str, Any]) -> Iterator[Batch]:
        known: set[str] = set()
        net_minor = 0
        params = {"payout": payout["id"]}
        for page in self._pager.pages("/v1/balance_transactions", params, what=f"transactions of {payout['id']}"):
            rows = []
            for transaction in page.records:
                # The list names the payout's own transaction as well: the same money on its way out.
                if transaction["id"] in known or transaction["id"] == payout.get("balance_transaction"):
                    continue
                known.add(transaction["id"])
                net_minor += transaction["net"]
                rows.append(
                    {
                        "payout": payout["id"],
                        "balance_transaction": transaction["id"],
                        "net": transaction["net"],
                        "currency": transaction["currency"],
                    }
                )
            if rows:
                self._row_count += len(rows)
                yield Batch("payout_transactions", (orjson.dumps(rows),), records_at="[]", row_count=len(rows))
        if net_minor != payout["amount"]:
            self.notes.append(
                f"The payout {payout['id']} is {payout['amount']} {payout['currency']} in minor units, and its "
                f"{len(known)} transactions come to {net_minor}."
            )


def feed_of(stream: str, pager: Pager, state: dict[str, Any]) -> Feed:
    """What hangs below the records of `stream`."""
    if stream == "invoices":
        return InvoiceLines(pager, state.get("draft_lines", {}))
    if stream == "credit_notes":
        return CreditNoteLines(pager)
    if stream == "payouts":
        return PayoutTransactions(pager)
    return Feed()


def _tombstones(invoice_id: str, line_ids: set[str]) -> Iterator[Batch]:
    if line_ids:
        yield Batch("invoice_lines", deleted_keys=tuple(f"{invoice_id}|{line_id}" for line_id in sorted(line_ids)))
