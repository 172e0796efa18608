"""A step is a Prefect task inside a flow run, and the plain function everywhere else.

So the same flow body runs under a Prefect server, in a test, and as `nexabooks run ...` with no server at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext, TaskRunContext
from prefect.states import Failed

from nexabooks.errors import NexabooksError

P = ParamSpec("P")
R = TypeVar("R")


def in_prefect() -> bool:
    """Whether this code runs inside a Prefect flow or task run."""
    return FlowRunContext.get() is not None or TaskRunContext.get() is not None


def in_one_sentence(function: Callable[P, R]) -> Callable[P, R]:
    """Under Prefect a known error ends the run in the state Failed with its sentence, and no stack trace.

    The caller of a task still gets the error itself, as if it had been raised; elsewhere nothing changes.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return function(*args, **kwargs)
        except NexabooksError as error:
            if not in_prefect():
                raise
            return Failed(message=error.sentence, data=error)

    # Prefect reads parameter types from the signature, and would look for their names in this module.
    call.__signature__ = signature(function, eval_str=True)  # type: ignore[attr-defined]
    return call


class _KnownErrorsInOneSentence(logging.Filter):
    """Prefect's engine logs what a run ended with once more, as an exception of its own: of a known error only the sentence."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, NexabooksError):
            record.msg, record.args, record.exc_info, record.exc_text = error.sentence, (), None, None
        return True


for _name in ("prefect.flow_runs", "prefect.engine"):
    logging.getLogger(_name).addFilter(_KnownErrorsInOneSentence())


class _Call:
    """The arguments of one step, closed to Prefect: it would search every model of the project for futures, each time."""

    def __init__(self, args: Any, kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


def step(name: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function as a step. `name` may use the function's arguments, as in "build {node.name}".

    Nothing is cached or retried by Prefect: the wires retry what is worth it, and what was landed or posted is known to
    the stores themselves, so a rerun resumes from their cursors and keys and needs no second memory that could disagree.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        parameters = signature(function)
        guarded = in_one_sentence(function)

        @task(name=function.__name__, description=function.__doc__, cache_policy=NO_CACHE, persist_result=False)
        def as_task(given: _Call) -> Any:
            return guarded(*given.args, **given.kwargs)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if not in_prefect():
                return function(*args, **kwargs)
            title = (name or function.__name__).format(**parameters.bind(*args, **kwargs).arguments)
            answer: Any = as_task.with_options(task_run_name=title)(_Call(args, kwargs))
            if isinstance(answer, State):  # Prefect gives a task's Failed state back as its answer, and would go on
                answer.result()
            return answer

        return call

    return wrap
