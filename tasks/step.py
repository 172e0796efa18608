"""A step is a Prefect task inside a flow run, and the plain function everywhere else.

So the same flow body runs under a Prefect server, in a test, and as `nexabooks run ...` with no server at all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext, TaskRunContext

from nexabooks.errors import NexabooksError

P = ParamSpec("P")
R = TypeVar("R")


def _may_retry(_task: Any, _run: Any, state: Any) -> bool:
    """The error itself says whether another attempt may help."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, NexabooksError) and error.may_retry


def in_prefect() -> bool:
    """Whether this code runs inside a Prefect flow or task run."""
    return FlowRunContext.get() is not None or TaskRunContext.get() is not None


def step(
    name: str = "", *, retries: int = 0, retry_delay_s: tuple[int, ...] = (10, 60)
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function as a step. `name` may use the function's arguments, as Prefect's task_run_name does.

    Nothing is cached by Prefect: what was landed or posted is known to the stores themselves, so a rerun resumes from
    their cursors and keys and needs no second memory that could disagree with them.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        as_task = task(
            function,
            task_run_name=name or None,
            retries=retries,
            retry_delay_seconds=list(retry_delay_s[:retries]) or None,
            retry_condition_fn=_may_retry,
            cache_policy=NO_CACHE,
            persist_result=False,
        )

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return as_task(*args, **kwargs) if in_prefect() else function(*args, **kwargs)

        return call

    return wrap
