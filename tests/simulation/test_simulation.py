"""Two hundred seeds: whatever happens on the way, the books end as the sources say, each invoice once."""

from __future__ import annotations

import pytest

from tests.simulation.simulator import Simulation

CHUNKS, PER_CHUNK = 10, 20


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_books_end_as_the_sources_say(chunk):
    """A failing seed prints itself with its story, and replays exactly."""
    for seed in range(chunk * PER_CHUNK, (chunk + 1) * PER_CHUNK):
        Simulation(seed).run()


def test_a_seed_replays_exactly():
    """The same story, call by call."""
    first = Simulation(7)
    first.run()
    second = Simulation(7)
    second.run()
    assert first.told == second.told
