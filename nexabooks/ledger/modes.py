"""Which mode holds for an invoice: the run's, or a stricter one of its source or of a family on it.

NEXABOOKS_LEDGER_MODES="stripe=post,lago=draft,other=draft" names sources and service families. The strictest that applies
to an invoice wins, so a name can only hold back, never let more through than NEXABOOKS_LEDGER_MODE does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from nexabooks.errors import SettingsError
from nexabooks.ledger.desired import Invoice
from nexabooks.settings import LedgerMode

STRICTEST_FIRST: tuple[LedgerMode, ...] = get_args(LedgerMode)
SAYS: dict[LedgerMode, str] = {
    "dry_run": "dry_run (nothing is written to Odoo)",
    "draft": "draft (drafts are made in Odoo; nothing is posted)",
    "post": "post (verified invoices are posted in Odoo)",
}


def strictest(modes: Iterable[LedgerMode]) -> LedgerMode:
    """The one that lets least through."""
    return min(modes, key=STRICTEST_FIRST.index)


@dataclass(frozen=True)
class Modes:
    """Modes by the name of a source or a service family."""

    by_name: Mapping[str, LedgerMode] = field(default_factory=dict)

    def of(self, invoice: Invoice, run_mode: LedgerMode) -> tuple[LedgerMode, str]:
        """The mode of one invoice, and the name that made it stricter than the run ('' when none did)."""
        mode, because = run_mode, ""
        if self.by_name:
            for name in (invoice.source_system, *sorted({line.service_family for line in invoice.lines})):
                named = self.by_name.get(name, mode)
                if STRICTEST_FIRST.index(named) < STRICTEST_FIRST.index(mode):
                    mode, because = named, name
        return mode, because

    def says(self, run_mode: LedgerMode) -> str:
        """In words, for the first line of a run: the run's mode, and for whom a stricter one holds."""
        stricter = [
            f"{mode} for {name}"
            for name, mode in sorted(self.by_name.items())
            if STRICTEST_FIRST.index(mode) < STRICTEST_FIRST.index(run_mode)
        ]
        return SAYS[run_mode] + (f", but {', '.join(stricter)}" if stricter else "")

    def check_names(self, known: Iterable[str]) -> None:
        """Raise SettingsError for a name that is no source and no family: it would hold nothing back, silently."""
        known = set(known)
        if unknown := sorted(set(self.by_name) - known):
            raise SettingsError(
                f"NEXABOOKS_LEDGER_MODES names {', '.join(unknown)}; there are {', '.join(sorted(known))}. "
                "Nothing was planned."
            )


NO_MODES = Modes()  # nothing is held back further than the run's own mode


def modes_from(text: str) -> Modes:
    """The setting `stripe=post,lago=draft` as values. Raises SettingsError naming every part that cannot be used."""
    by_name: dict[str, LedgerMode] = {}
    wrong = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, mode = (word.strip() for word in part.partition("="))
        if not name or mode not in STRICTEST_FIRST or name in by_name:
            wrong.append(repr(part))
        else:
            by_name[name] = mode
    if wrong:
        raise SettingsError(
            f"NEXABOOKS_LEDGER_MODES cannot be used: {', '.join(wrong)}. Write each source or family once, as name=mode, "
            f"with a mode of {', '.join(STRICTEST_FIRST)}."
        )
    return Modes(by_name)
