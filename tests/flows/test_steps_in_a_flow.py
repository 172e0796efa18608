"""A step that fails under Prefect stops its flow, as it does everywhere else."""

from __future__ import annotations

import pytest
from prefect import flow

from nexabooks.errors import PermanentError
from tasks.step import in_one_sentence, step

went_on: list[object] = []


@step("refuse")
def refuse() -> list[str]:
    raise PermanentError("The key was refused.")


@flow
@in_one_sentence
def refusing() -> None:
    went_on.append(refuse())


def test_a_flow_does_not_go_on_after_a_step_that_failed(prefect_server):
    """Nothing may be posted after a check that does not hold."""
    with pytest.raises(PermanentError, match="The key was refused"):
        refusing()
    assert went_on == []
