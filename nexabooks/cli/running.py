"""`nexabooks run`: a flow's body as a plain function, without a server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from typing import Any

from nexabooks.cli.console import errors, print_json, progress
from nexabooks.cli.screen import show_report
from nexabooks.errors import SettingsError

# Each flow with the options it takes; no option is ignored.
FLOWS: dict[str, tuple[str, ...]] = {
    "daily-close": ("--day",),
    "refresh": ("--day",),
    "backfill": ("--from", "--to"),
    "post-approved": ("--plan",),
    "relist": ("--day",),
}


def run_flow(flow: str, *, plan: str, as_json: bool, day: date | None, first: date | None, end: date | None) -> int:
    """Run `flow` and show its report; returns the exit code. Raises SettingsError for arguments that do not fit the flow, and
    SystemExit, with 128 and the signal's number as a shell has it, when Ctrl-C or SIGTERM stopped it."""
    if flow not in FLOWS:
        raise SettingsError(f"There is no flow {flow!r}; there are {', '.join(FLOWS)}.")
    given = {"--day": day, "--from": first, "--to": end, "--plan": plan}
    for option in (option for option, value in given.items() if value and option not in FLOWS[flow]):
        others = " and ".join(f"run {other}" for other, options in FLOWS.items() if option in options)
        raise SettingsError(f"run {flow} takes no {option}; that is for {others}. Nothing was started.")
    arguments: dict[str, object] = {"day": day}
    if flow == "backfill":
        if not first or not end:
            raise SettingsError("backfill needs --from and --to (the day after the last one).")
        from tasks.run import require_days

        require_days(first, end)
        arguments = {"first": first, "end": end}
    if flow == "post-approved":
        if not plan:
            raise SettingsError("post-approved needs --plan, the hash of an approved plan.")
        arguments = {"plan_hash": plan}
    name = flow.replace("-", "_")
    body = getattr(import_module(f"flows.{name}"), name).fn
    with stoppable(), progress(flow, quiet=as_json):
        report = body(**arguments)
    if as_json:
        print_json(report.as_json() | {"exit_code": report.exit_code})
    else:
        show_report(report)
    return report.exit_code


@contextmanager
def stoppable() -> Iterator[None]:
    """A block that Ctrl-C and SIGTERM stop alike: what is under way is rolled back, the lease given up, the end written down.

    A scheduler that stops a run sends SIGTERM, which would end the process at once and leave no row of the run at all.
    """

    def stop(number: int, _frame: Any) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except SystemExit as error:
        if error.code in {128 + number for number in before}:
            errors.print("Stopped. Nothing is half-written; run it again when you like.", markup=False)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
