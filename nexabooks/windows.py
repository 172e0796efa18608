"""Time is UTC and windows are half-open: they keep their start and give up their end, so neighbours share an edge and no row.

The accounting day is cut in the company's time zone (setting, default America/Toronto).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from nexabooks.errors import SettingsError
from nexabooks.faults import of_time_zone


@dataclass(frozen=True, slots=True)
class Window:
    """From `start_at` (kept) to `end_at` (given up), both aware and in UTC."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise ValueError("A window's edges carry their time zone.")
        if self.start_at > self.end_at:
            raise ValueError(f"A window ends after it starts; {self.start_at} to {self.end_at} does not.")

    def __contains__(self, moment: datetime) -> bool:
        return self.start_at <= moment < self.end_at

    def __str__(self) -> str:
        return f"{self.start_at:%Y-%m-%dT%H:%M:%SZ} to {self.end_at:%Y-%m-%dT%H:%M:%SZ} (end not included)"

    @classmethod
    def of_day(cls, day: date, time_zone: str) -> Window:
        """The accounting day `day` as it is cut in `time_zone`; 23 or 25 hours long where the clocks change."""
        return cls.of_days(day, day + timedelta(days=1), time_zone)

    @classmethod
    def of_days(cls, first: date, end: date, time_zone: str) -> Window:
        """From the start of `first` up to the start of `end` (not included), both in `time_zone`."""
        zone = _zone(time_zone)
        edges = [datetime.combine(d, time(), zone).astimezone(UTC) for d in (first, end)]
        return cls(edges[0], edges[1])

    def split(self, step: timedelta) -> list[Window]:
        """The same span as neighbouring windows of at most `step`: they tile it, no moment is in two or in none."""
        edges = [self.start_at]
        while edges[-1] < self.end_at:
            edges.append(min(edges[-1] + step, self.end_at))
        return [Window(a, b) for a, b in pairwise(edges)]


def accounting_day(moment: datetime, time_zone: str) -> date:
    """The day on which `moment` falls in the company's books: 2026-11-01T03:30Z is 31 October in Toronto."""
    return moment.astimezone(_zone(time_zone)).date()


def _zone(name: str) -> ZoneInfo:
    """Raises SettingsError: a name of no time zone is always the setting's."""
    if fault := of_time_zone(name):
        raise SettingsError(f"NEXABOOKS_COMPANY_TIME_ZONE {fault}.")
    return ZoneInfo(name)
