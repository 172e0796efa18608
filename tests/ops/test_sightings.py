"""Since when a difference waits is remembered for good."""

from __future__ import annotations

from datetime import date

from nexabooks.ops import open_ops


def test_the_first_sighting_stands(ops_url):
    """A difference that is seen again keeps its first day; a new one gets its own."""
    with open_ops(ops_url) as store:
        assert store.note_sightings({"delta|s1": date(2026, 6, 2)}) == 1
        assert store.note_sightings({"delta|s1": date(2026, 6, 4), "missing|in_1": date(2026, 6, 4)}) == 1
        assert store.sightings() == {"delta|s1": date(2026, 6, 2), "missing|in_1": date(2026, 6, 4)}
        assert store.note_sightings({}) == 0
