"""A step is a task inside a flow and a plain function elsewhere."""

from __future__ import annotations

import logging

import pytest
from prefect.context import FlowRunContext, TaskRunContext

from nexabooks.errors import PermanentError
from tasks.step import step


@step("add {a}")
def add(a: int, b: int) -> int:
    """The sum, and no trace of an orchestrator."""
    assert FlowRunContext.get() is None
    assert TaskRunContext.get() is None
    return a + b


def test_outside_a_flow_a_step_is_the_plain_function():
    """No server starts, nothing is recorded, the value comes back."""
    assert add(2, b=3) == 5


def test_a_step_keeps_its_name_and_its_promise():
    """A traceback and a help page name the function, not the wrapper."""
    assert add.__name__ == "add"
    assert add.__doc__ is not None


@step("refuse")
def refuse() -> None:
    raise PermanentError("The key was refused.")


def test_outside_a_flow_a_known_error_is_simply_raised():
    """The command line turns it into one sentence itself."""
    with pytest.raises(PermanentError, match="The key was refused"):
        refuse()


@pytest.mark.parametrize("name", ["prefect.flow_runs", "prefect.engine"])
@pytest.mark.parametrize(
    ("error", "says", "has_trace"),
    [(PermanentError("The key was revoked."), "The key was revoked.", False), (KeyError("x"), "It exited", True)],
)
def test_prefects_own_log_tells_a_known_error_in_its_sentence(monkeypatch, name, error, says, has_trace):
    """Nobody reads a stack trace to learn that a setting is missing; an unknown error keeps its own."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger(name)
    monkeypatch.setattr(logger, "handlers", [handler])  # without the one that sends to a server
    monkeypatch.setattr(logger, "propagate", False)
    try:
        raise error
    except (PermanentError, KeyError):
        logger.error("It exited", exc_info=True)
    assert [(r.getMessage(), bool(r.exc_info)) for r in records] == [(says, has_trace)]
