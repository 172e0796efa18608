"""A step is a task inside a flow and a plain function elsewhere."""

from __future__ import annotations

from prefect.context import FlowRunContext, TaskRunContext

from nexabooks.errors import PermanentError, RateLimited
from tasks.step import _may_retry, step


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


class State:
    def __init__(self, error: object) -> None:
        self.error = error

    def result(self, raise_on_failure: bool = True) -> object:
        return self.error


def test_the_error_itself_says_whether_to_try_again():
    """A rate limit is worth another attempt, a refusal is a person's work, an unknown error is not repeated blindly."""
    assert _may_retry(None, None, State(RateLimited("wait")))
    assert not _may_retry(None, None, State(PermanentError("no")))
    assert not _may_retry(None, None, State(ZeroDivisionError()))
