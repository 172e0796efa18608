"""Invoice numbers: how Odoo reads a number's form out of the last name in a journal and continues it.

A name restarts each month, each year, or never, according to what dates can be seen in it; the traps of facts/odoo.md
("Invoice numbers") all follow from that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from nexabooks.sandbox.odoo.refusals import NotPretended

_YEAR = r"(?P<year>(?<!\d)(?:(?:19|20|21)\d\d|\d\d(?!\d)))"
_MONTHLY = re.compile(rf"^.*?{_YEAR}\D*?(?P<month>0[1-9]|1[0-2])\D+?(?P<seq>\d*)\D*?$")
_YEARLY = re.compile(r"^.*?(?P<year>(?<!\d)(?:19|20|21)?\d\d)\D+?(?P<seq>\d*)\D*?$")
_FIXED = re.compile(r"^.*?(?P<seq>\d{0,9})\D*?$")
_FORMS = (("month", _MONTHLY), ("year", _YEARLY), ("never", _FIXED))
# The one pattern of a journal's own that is pretended: a name with a number at its end that belongs to no period.
OVERRIDE = r"^(?P<prefix1>.*?)(?P<seq>\d{0,9})(?P<suffix>\D*?)$"

REFUNDS = ("out_refund", "in_refund")


@dataclass(frozen=True, slots=True)
class Form:
    """A name, how often its counting restarts (month, year, never), and where in it the changing parts stand."""

    name: str
    reset: str
    spans: dict[str, tuple[int, int]]

    def part(self, what: str) -> str:
        start, end = self.spans.get(what, (0, 0))
        return self.name[start:end]

    def fits(self, day: date) -> bool:
        """Whether the dates seen in the name agree with `day`."""
        year, month = self.part("year"), self.part("month")
        return (not year or int(year) == day.year % 10 ** len(year)) and (not month or int(month) == day.month)

    def with_number(self, number: int, day: date | None = None) -> str:
        """The same name with another number, and with the year and month of `day` when a new period begins."""
        start, end = self.spans["seq"]
        changes = {(start, end): f"{number:0{end - start}d}"}
        if day:
            for what, value in (("year", day.year), ("month", day.month)):
                if what in self.spans:
                    a, b = self.spans[what]
                    changes[a, b] = f"{value % 10 ** (b - a):0{b - a}d}"
        text = self.name
        for (a, b), part in sorted(changes.items(), reverse=True):
            text = text[:a] + part + text[b:]
        return text


def journal_form(name: str, override: str | bool) -> Form:
    """What Odoo sees in `name`, in a journal that may say how its names are to be read."""
    if override and override != OVERRIDE:
        raise NotPretended(f"a journal whose names are read by {override}")
    return _form(name, _FORMS[-1:] if override else _FORMS)


def form_of(name: str) -> Form:
    """What Odoo sees in `name`, in a journal that says nothing about it."""
    return _form(name, _FORMS)


@lru_cache(maxsize=4096)
def _form(name: str, forms: tuple[tuple[str, re.Pattern[str]], ...]) -> Form:
    for reset, pattern in forms:
        found = pattern.match(name)
        if found:
            return Form(name, reset, {k: found.span(k) for k, v in found.groupdict().items() if v is not None})
    raise ValueError(name)


def split(name: str) -> tuple[str, int]:
    """What stands before the number, and the number: the two columns by which the last name is looked for."""
    found = _FIXED.match(name)
    if not found:
        return name, 0
    return name[: found.start("seq")], int(found["seq"] or 0)


def starting_name(
    journal_code: str, journal_type: str, move_type: str, is_payment: bool, day: date, refund_sequence: bool
) -> str:
    """The name before the first one of a journal: a year in sale and bank journals, a month too in the others."""
    yearly = journal_type in ("sale", "bank", "cash", "credit")
    name = f"{journal_code}/{day.year:04d}/00000" if yearly else f"{journal_code}/{day.year:04d}/{day.month:02d}/0000"
    if refund_sequence and move_type in REFUNDS:
        return "R" + name
    return "P" + name if is_payment else name


def same_period(reset: str, one: date, other: date) -> bool:
    """Whether two days are counted together."""
    if reset == "never":
        return True
    return one.year == other.year and (reset == "year" or one.month == other.month)
