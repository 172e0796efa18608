"""One run of a flow: its id, its day, its settings, and the lease that keeps a second writer out."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Event

from nexabooks.errors import NexabooksError, SettingsError
from nexabooks.ledger.modes import modes_from, strictest
from nexabooks.ops import open_ops
from nexabooks.settings import LedgerMode, Settings, Wrong, load_settings, says_wrong, wrong_settings
from nexabooks.sources.registry import SOURCES
from nexabooks.warehouse import mark_stale, open_warehouse, record_run
from nexabooks.windows import accounting_day

# Who hears what a run says: print under Prefect (log_prints) and in a pipe; the command line sets its progress display.
listener: ContextVar[Callable[[str], None]] = ContextVar("listener", default=lambda sentence: print(sentence))
# Who hears the details, one a stream or batch: the same under Prefect, only the moving line of a terminal otherwise.
detail_listener: ContextVar[Callable[[str], None]] = ContextVar(
    "detail_listener",
    default=lambda sentence: print(sentence),  # print is looked up when it is called: Prefect puts its own there
)

# How long a run that died keeps the next one out; one that lives renews its lease in the background.
LEASE_S = 120
# The lease of every run that writes: a close and an undo never work on the books at once.
WAREHOUSE_LEASE = "warehouse-writer"
KILLED = "Its process ended without a word; what it had landed and posted until then stands."


@dataclass(frozen=True, slots=True)
class Run:
    """What every step of one run shares. `unread` gathers a sentence for each source that could not be read, `unsettled` one
    for the steps that Odoo refused and one for those of which nobody knows; `unpublished` is set while the run has begun to
    build what readers do not have yet, `finished` when all that could be done is done: what is raised then is only how a
    scheduler learns that something is left."""

    run_id: str
    flow: str
    day: date
    mode: LedgerMode
    settings: Settings
    started_at: datetime
    unread: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    unpublished: Event = field(default_factory=Event)
    finished: Event = field(default_factory=Event)

    def say(self, sentence: str) -> None:
        """Tell whoever watches."""
        listener.get()(sentence)

    def say_detail(self, sentence: str) -> None:
        """Tell whoever watches closely: one stream, one batch."""
        detail_listener.get()(sentence)


@contextmanager
def run_of(
    flow: str,
    day: date | None = None,
    *,
    mode: LedgerMode | None = None,
    at_most: LedgerMode = "post",
    needs_ledger: bool = True,
) -> Iterator[Run]:
    """A run of `flow`, named by the accounting day `day` (today, in the company's time zone, when not given).

    `mode`: the run's ledger mode in place of the settings' one. `at_most`: the most that this run may do; a stricter mode
    still holds. Checks every setting before anything is read; takes the lease of the warehouse's writer; records how the
    run ended in meta.runs. Whatever stops it between its first build and its publishing is why the published file, which
    readers keep, is marked stale. Raises SettingsError naming all that is missing or wrong, TransientError while another run
    holds the lease.
    """
    settings = load_settings()
    _require_settings(settings, needs_ledger=needs_ledger)
    settings = _replace_mode(settings, strictest((mode or settings.ledger_mode, at_most)))
    modes = modes_from(settings.ledger_modes)
    day = day or accounting_day(settings.now(), settings.company_time_zone)
    run_id = f"{flow}-{day}-{uuid.uuid4().hex[:8]}"
    run = Run(run_id, flow, day, settings.ledger_mode, settings, settings.now())
    run.say(f"{flow} for {day}, run {run_id}. Ledger mode: {modes.says(run.mode)}.")
    _make_home(settings)
    with (
        open_ops(settings.ops_store_url, now=settings.now) as ops,
        ops.lease(WAREHOUSE_LEASE, holder=f"{run_id} on {socket.gethostname()}", ttl_s=LEASE_S),
    ):
        record_start(run)
        try:
            yield run
        except NexabooksError as error:
            if run.finished.is_set():
                record_end(run)
            else:
                _leave_stale(run, error.sentence)
                record(run, "failed", error.sentence)
            raise
        except BaseException as error:
            kind = type(error).__name__  # its words may quote anything, and readers see what is written here
            _leave_stale(run, f"{run.flow} for {run.day} was broken off by an error that is not known here: {kind}.")
            record(run, "broken", kind)
            raise
        record_end(run)


def _leave_stale(run: Run, reason: str) -> None:
    """Readers keep the last good file where the run built anew and did not publish; the file says since when, and why."""
    if run.unpublished.is_set():
        mark_stale(run.settings.published_path, reason=reason, at=run.settings.now())


def record_start(run: Run) -> None:
    """The run stands as `running` until its end is written down. Whichever does so still, now that this one has the lease, was
    killed: it becomes `killed`, and when it ended nobody knows."""
    with open_warehouse(run.settings.warehouse_path) as db:
        db.con.execute("update meta.runs set outcome = 'killed', message = ? where outcome = 'running'", [KILLED])
    record(run, "running", "")


def record_end(run: Run) -> None:
    """The run did what it could: `done`, or `incomplete` where a source could not be read or a step in Odoo did not come about."""
    left = [*run.unread, *run.unsettled]
    record(run, "incomplete" if left else "done", " ".join(left))


def record(run: Run, outcome: str, message: str) -> None:
    """How the run stands, in meta.runs."""
    with open_warehouse(run.settings.warehouse_path) as db:
        record_run(
            db,
            run_id=run.run_id,
            flow=run.flow,
            day=run.day,
            mode=run.mode,
            started_at=run.started_at,
            finished_at=None if outcome == "running" else run.settings.now(),
            outcome=outcome,
            message=message,
        )


def _replace_mode(settings: Settings, mode: LedgerMode) -> Settings:
    """The settings with this ledger mode."""
    return settings.model_copy(update={"ledger_mode": mode})


def _require_settings(settings: Settings, *, needs_ledger: bool) -> None:
    """Raise SettingsError naming every missing and every wrong setting of the sources in use, of Odoo (a missing one only
    when the run needs it) and of the installation."""
    unknown = [name for name in settings.source_names if name not in SOURCES]
    if unknown:
        raise SettingsError(f"NEXABOOKS_SOURCES names {', '.join(unknown)}; there are {', '.join(SOURCES)}.")
    missing = [m for name in settings.source_names for m in SOURCES[name].missing_settings(settings)]
    if needs_ledger:
        missing += SOURCES["odoo"].missing_settings(settings)
    wrong = wrong_in(settings)
    told = [says_wrong(wrong)] if wrong else []
    if missing:
        told.append(f"These settings are missing: {', '.join(dict.fromkeys(missing))}.")
    if told:
        raise SettingsError(
            f"{' '.join(told)} Set them in the environment or in .env (see .env.example); nothing was read."
        )


def wrong_in(settings: Settings) -> list[Wrong]:
    """Every setting in use that is there and cannot be used, the ledger modes among them."""
    wrong = wrong_settings(settings, "", "request", "ops", "odoo", *settings.source_names)
    try:
        modes_from(settings.ledger_modes)
    except SettingsError as error:
        wrong.append(Wrong("", str(error).removesuffix(".")))
    return wrong


def require_days(first: date, end: date) -> None:
    """Raise SettingsError where there is no day from `first` up to `end` (not included)."""
    if end <= first:
        raise SettingsError(
            f"There is no day from {first} up to {end}: --to is the day after the last one, so it comes after --from."
        )


def _make_home(settings: Settings) -> None:
    """The folder that everything is kept in. Raises SettingsError when it cannot be made."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"NEXABOOKS_HOME cannot be used: {settings.home} cannot be made ({error.strerror}). Name a folder that can be written."
        ) from None
