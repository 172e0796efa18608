"""The Odoo session: reads back, page by page, what nexabooks owns. Its client refuses every method that writes.

Settings: NEXABOOKS_ODOO_URL, NEXABOOKS_ODOO_DATABASE, NEXABOOKS_ODOO_API_KEY, NEXABOOKS_ODOO_COMPANY_ID.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nexabooks.clients.odoo import OdooReader, open_odoo
from nexabooks.settings import Settings
from nexabooks.sources.odoo.streams import QUESTIONS, STREAMS, Question
from nexabooks.streams import Batch, Claim, Finished, Stream

log = logging.getLogger(__name__)


class OdooSession:
    """An open reading of one company of one Odoo database."""

    def __init__(self, client: OdooReader) -> None:
        self._client = client

    def read(self, stream: Stream, state: dict[str, Any] | None, *, full: bool = False) -> Iterator[Batch | Finished]:
        """Everything of `stream`, whole every time: `state` and `full` change nothing.

        Amounts are JSON numbers in major units, as Odoo sends them. When `nexabooks odoo setup` has not been run there
        is nothing of ours: nothing is yielded but an end that is not complete, and its state says so.
        """
        question = QUESTIONS[stream.name]
        lacking = self._lacks(question)
        if lacking:
            log.warning(lacking)
            yield Finished(stream.name, state={"says": lacking})
            return
        domain = [_condition(c, self._client.company_id) for c in question.domain]
        # Odoo's own count, asked before the reading: a record made meanwhile shows as unequal, and heals next time.
        claim = Claim(stream.name, self._client.search_count(question.model, domain))
        for body, records in self._client.pages(question.model, domain, question.fields):
            yield Batch(stream.name, bodies=(body,), records_at="[]", row_count=len(records))
        yield Finished(stream.name, is_complete=True, claims=(claim,))

    def _lacks(self, question: Question) -> str:
        if question.needs is None:
            return ""
        model, field = question.needs
        if field in self._client.field_names(model):
            return ""
        return f"Odoo has no field {field} on {model}, so nothing of ours is there yet: run `nexabooks odoo setup --apply`."


def _condition(condition: Any, company_id: int) -> Any:
    """A condition of a domain with the company's id put in."""
    if isinstance(condition, str):
        return condition
    field, operator, value = condition
    return [field, operator, company_id if value == "{company}" else list(value) if isinstance(value, tuple) else value]


class OdooSource:
    """Odoo as a source (streams.Source)."""

    name = "odoo"
    streams = STREAMS

    def missing_settings(self, settings: Settings) -> list[str]:
        """The names of the settings that Odoo needs for reading and that are not set."""
        return settings.missing("odoo_url", "odoo_database", "odoo_api_key")

    @contextmanager
    def open(self, settings: Settings) -> Iterator[OdooSession]:
        """Connect, read-only. Raises SettingsError, AccessRefused for a wrong key, Unreachable for a dead host."""
        with open_odoo(settings, "read") as client:
            client.call("res.users", "context_get")  # a wrong key is found here, not in the middle of a stream
            yield OdooSession(client)


SOURCE = OdooSource()
