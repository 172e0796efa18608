"""`nexabooks demo`: the whole road on a pretend world, judged by the story and not by itself."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nexabooks.cli.console import console, heading, print_json, progress
from nexabooks.cli.deciding import decide
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.cli.judging import Check, checks_of_close, checks_of_day_after, checks_of_rerun, checks_of_traps
from nexabooks.cli.screen import read_together, show_breaks, show_ledger, show_report, show_steps, show_verdicts
from nexabooks.errors import EXIT_OK, EXIT_PERSON
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.settings import load_settings
from tasks.report import CloseReport

SQL_DOCS = "var/docs/index.html"


@dataclass
class Act:
    """One run of the demo: what was played, what it came out with, whether that is the story."""

    title: str
    report: CloseReport
    checks: list[Check]
    seconds: float


@dataclass
class Play:
    """What was played so far, act by act, with what was checked in each."""

    acts: list[Act] = field(default_factory=list)

    def add(self, act: Act, *, quiet: bool, is_short: bool = False) -> None:
        """One act more, shown at once: whole, or its checks alone."""
        self.acts.append(act)
        if quiet:
            return
        if not is_short:
            return show_act(act)
        heading(f"{act.title} ({act.seconds:.1f} s)")
        show_checks(act)

    @property
    def is_true(self) -> bool:
        """Whether anything was played and every check of every act holds: the exit code of the demo."""
        return bool(self.acts) and all(check.holds for act in self.acts for check in act.checks)


def play_story(home: Path, *, as_json: bool) -> int:
    """Three days of the story, the first one twice, then a person's decisions; 0 only if the books equal the story."""
    from nexabooks.sandbox import story

    days = story.days()
    play = Play()
    with pretend_world(days[0], home, quiet=as_json) as box:
        play.add(close(box, "Day 1: the first close", 0, quiet=as_json), quiet=as_json)
        play.add(_close_again(box, quiet=as_json), quiet=as_json, is_short=True)
        for index, world in enumerate(days[1:], 1):
            box.show(world)
            reach(box, home)
            play.add(close(box, f"Day {index + 1}: {DAY_SAYS[index]}", index, quiet=as_json), quiet=as_json)
        started = time.monotonic()
        report, checks = decide(box, play.acts[DAY_2].report.run_id, quiet=as_json)
        act = Act("A person decides: undo, plan, approval", report, checks, time.monotonic() - started)
        play.add(act, quiet=as_json, is_short=True)
    return verdict(play, home, as_json=as_json)


DAY_2 = 2  # the act of it: day 1 is closed twice
DAY_SAYS = {
    1: "one invoice is voided after posting and re-issued, Lago is down, a plan is added",
    2: "the re-issued invoice is paid late, Lago is back, a user changes his e-mail",
}
AFTER_THE_TRAPS = "a credit note names what went back"


def play_traps(home: Path, *, as_json: bool) -> int:
    """The trap world, the day after it, and that day once more; 0 only if every trap came out as it must."""
    from nexabooks.sandbox import traps

    play = Play()
    with pretend_world(traps.world(), home, quiet=as_json) as box:
        started = time.monotonic()
        report = _run_close("The trap world", quiet=as_json)
        act = Act("The trap world", report, checks_of_traps(load_settings(), box), time.monotonic() - started)
        play.add(act, quiet=as_json)
        payments = box.odoo.totals()["payments"]
        box.show(traps.day_after())
        reach(box, home)
        started = time.monotonic()
        report = _run_close(f"The day after: {AFTER_THE_TRAPS}", quiet=as_json)
        checks = checks_of_day_after(load_settings(), box, payments)
        play.add(Act("The day after", report, checks, time.monotonic() - started), quiet=as_json, is_short=True)
        play.add(_close_again(box, quiet=as_json), quiet=as_json, is_short=True)
    return verdict(play, home, as_json=as_json)


@contextmanager
def pretend_world(world: Any, home: Path, *, quiet: bool) -> Iterator[Sandbox]:
    """Every pretend service on loopback, and an environment that reaches them; both are gone afterwards, on Ctrl-C too."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    signal.signal(signal.SIGTERM, _as_interrupt)
    before = dict(os.environ)
    with progress("Starting the pretend world", quiet=quiet):
        box = Sandbox(world, home / "world")
        box.__enter__()
    try:
        reach(box, home)
        with progress("Setting up Odoo", quiet=quiet):
            apply_odoo_setup()
        if not quiet:
            console.print(f"The pretend world listens on loopback: {', '.join(box.services)}.", markup=False)
        yield box
    finally:
        box.__exit__(None, None, None)
        os.environ.clear()
        os.environ.update(before)


def reach(box: Sandbox, home: Path) -> None:
    """This process's settings, so that they reach today's pretend world and keep everything below `home`."""
    os.environ.update(box.environment() | {"NEXABOOKS_HOME": str(home)})


def _as_interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _run_close(title: str, *, quiet: bool) -> CloseReport:
    """One daily close, by the body of the flow itself."""
    from flows.daily_close import daily_close

    with progress(title, quiet=quiet):
        return daily_close.fn()


def close(box: Sandbox, title: str, index: int, *, quiet: bool) -> Act:
    """The close of a day of the story, and the checks that hold it against what the story says."""
    from nexabooks.sandbox.story import EXPECTED

    started = time.monotonic()
    report = _run_close(title, quiet=quiet)
    seconds = time.monotonic() - started
    return Act(title, report, checks_of_close(load_settings(), box, report, EXPECTED[index]), seconds)


def _close_again(box: Sandbox, *, quiet: bool) -> Act:
    """The same close once more, which must change nothing anywhere."""
    before = box.odoo.totals()
    started = time.monotonic()
    report = _run_close("The same day once more", quiet=quiet)
    return Act(
        "The same day once more", report, checks_of_rerun(report, before, box.odoo.totals()), time.monotonic() - started
    )


def show_act(act: Act) -> None:
    """What one day came out with, and whether that is the story."""
    heading(f"{act.title} ({act.seconds:.1f} s)")
    for sentence in act.report.unread:
        console.print(f"  not read: {sentence}", markup=False)
    show_verdicts(act.report)
    show_ledger(act.report)
    show_steps(act.report)
    show_breaks(act.report)
    show_checks(act)


def show_checks(act: Act) -> None:
    """Each check in a line."""
    console.print("  What the story says of it:", markup=False)
    for check in act.checks:
        console.print(f"    {check.sentence()}", markup=False)


def verdict(play: Play, home: Path, *, as_json: bool) -> int:
    """What came out beside what must come out; 0 only if all of it is equal."""
    if as_json:
        print_json(
            {
                "is_true": play.is_true,
                "acts": [
                    {
                        "title": act.title,
                        "seconds": round(act.seconds, 2),
                        "checks": [check.as_row() for check in act.checks],
                        "report": act.report.as_json(),
                    }
                    for act in play.acts
                ],
            }
        )
        return EXIT_OK if play.is_true else EXIT_PERSON
    show_report(play.acts[-1].report, read=read_together([act.report for act in play.acts]))
    heading("Do the books equal the story?")
    for act in play.acts:
        holding = [check for check in act.checks if check.holds]
        console.print(f"  {len(holding)} of {len(act.checks)} checks hold   {act.title}", markup=False)
        for check in act.checks:
            if not check.holds:
                console.print(f"    {check.sentence()}", markup=False)
    console.print()
    settings_home = f"NEXABOOKS_HOME={home}"
    where = {
        "The published file": f"{home}/published/nexabooks.duckdb",
        "ask it": f'{settings_home} .venv/bin/nexabooks query "select * from finance.family_revenue"',
        "explain an invoice": f"{settings_home} .venv/bin/nexabooks explain NEX-2026-0001",
        "The data-quality site": f"{home}/quality/index.html",
        "The SQL docs": SQL_DOCS if Path(SQL_DOCS).exists() else f"{SQL_DOCS}, once `make docs` has made it",
    }
    for name, path in where.items():
        console.print(f"  {name}: {path}", markup=False)
    console.print()
    console.print(
        "The books equal the story." if play.is_true else "The books do NOT equal the story; see the lines marked NO.",
        markup=False,
    )
    return EXIT_OK if play.is_true else EXIT_PERSON
