"""Since when a difference waits is remembered as long as it does."""

from __future__ import annotations

from datetime import UTC, date, datetime

from nexabooks.ops import open_ops
from nexabooks.ops.records import Sighting

NOW = datetime(2026, 6, 4, 6, tzinfo=UTC)


def test_a_sighting_stands_until_its_difference_is_gone_and_begins_anew_when_it_returns(ops_url):
    """One that goes on keeps its first day; one that is gone ends, and a second time is another first day."""
    with open_ops(ops_url, now=lambda: NOW) as store:
        assert store.note_sightings({"delta|s1": date(2026, 6, 2)}) == 1
        assert store.note_sightings({"delta|s1": date(2026, 6, 4), "missing|in_1": date(2026, 6, 4)}) == 1
        assert store.sightings() == [
            Sighting("delta|s1", date(2026, 6, 2), None),
            Sighting("missing|in_1", date(2026, 6, 4), None),
        ]
        assert store.note_sightings({"missing|in_1": date(2026, 6, 4)}) == 0
        assert store.sightings()[0] == Sighting("delta|s1", date(2026, 6, 2), NOW)
        assert store.note_sightings({}) == 0
        assert [row.ended_at for row in store.sightings()] == [NOW, NOW]
        assert store.note_sightings({"delta|s1": date(2026, 7, 9)}) == 1
        assert store.sightings()[0] == Sighting("delta|s1", date(2026, 7, 9), None)
