"""What a check found, as values: one CheckResult an expectation, gathered in a CheckReport."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

SHOWN_KEYS = 20


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One expectation checked once. `row()` has the columns of meta.quality_results.

    `expectation` is the promise in words; `says` is what was found. `failing_keys`: the first 20 keys that break it,
    parts joined by "|". `is_broken`: the check itself could not be made, which counts as not holding. `rows`: the first
    rows that break it, as text, for the page.
    """

    run_id: str
    checked_at: datetime
    suite: str
    model: str
    expectation: str
    severity: str
    is_ok: bool
    unexpected_count: int
    failing_keys: tuple[str, ...]
    says: str
    parks: str = ""
    protects: str = ""
    is_broken: bool = False
    rows: tuple[dict[str, str], ...] = ()

    @property
    def is_blocking(self) -> bool:
        """An error that is not confined to single invoices: nothing may be published or posted."""
        return not self.is_ok and self.severity == "error" and (not self.parks or self.is_broken)

    def row(self) -> dict[str, Any]:
        """The columns of meta.quality_results and finance.quality."""
        return {
            "run_id": self.run_id,
            "checked_at": self.checked_at,
            "suite": self.suite,
            "model": self.model,
            "expectation": self.expectation,
            "severity": self.severity,
            "is_ok": self.is_ok,
            "unexpected_count": self.unexpected_count,
            "failing_keys": list(self.failing_keys),
            "says": self.says,
        }


@dataclass(frozen=True, slots=True)
class ParkedInvoice:
    """One invoice that may not be posted because a check marked `parks: invoice` names it, and why in words."""

    source_system: str
    source_invoice_id: str
    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The results of one scope; `site_path` is the page for people, None when no site was asked for."""

    scope: str
    results: tuple[CheckResult, ...]
    parked_keys: tuple[ParkedInvoice, ...] = ()
    site_path: Path | None = None
    seconds: float = field(default=0, compare=False)

    @property
    def blocking(self) -> tuple[CheckResult, ...]:
        """Error-severity expectations that do not hold and are not confined to single invoices."""
        return tuple(result for result in self.results if result.is_blocking)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Expectations that do not hold and are only shown."""
        return tuple(result for result in self.results if not result.is_ok and not result.is_blocking)

    def rows(self) -> list[dict[str, Any]]:
        """Every result with the columns of meta.quality_results."""
        return [result.row() for result in self.results]

    def sentence(self) -> str:
        """The report in one sentence, for a log or an error."""
        return in_a_sentence(self.scope, self.results)


def in_a_sentence(what: str, results: Sequence[CheckResult]) -> str:
    """How many expectations hold, and the first that blocks."""
    blocking = [result for result in results if result.is_blocking]
    other = sum(not result.is_ok for result in results) - len(blocking)
    said = f"{what}: {sum(result.is_ok for result in results)} of {len(results)} expectations hold"
    if other:
        said += f", {other} {'is' if other == 1 else 'are'} for a person to look at or {'parks' if other == 1 else 'park'} single invoices"
    if blocking:
        first = blocking[0]
        said += f", {len(blocking)} block: {first.model}, “{first.expectation}” — {first.says}"
    return said + ("" if said.endswith(".") else ".")


def failed_first(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The order for a reader: what blocks, what parks, what warns, what holds; each by suite and model."""
    return sorted(
        results, key=lambda r: (r.is_ok, not r.is_blocking, r.severity != "error", r.suite, r.model, r.expectation)
    )


def as_text(value: Any) -> str:
    """A value of a key as a person reads it: days in ISO, nothing as (null), amounts as they are."""
    if value is None:
        return "(null)"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def key_text(row: dict[str, Any], key: Sequence[str]) -> str:
    """The key of `row`, its parts joined by "|"; the whole row where the check has no key."""
    if key and all(column in row for column in key):
        return "|".join(as_text(row[column]) for column in key)
    return ", ".join(f"{name} {as_text(value)}" for name, value in row.items())
