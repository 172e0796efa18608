"""The verbs. Each command opens what it needs itself, so that `--help` is instant."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from nexabooks.cli.console import console, errors, loading, print_json
from nexabooks.errors import EXIT_CODES, EXIT_USAGE, NexabooksError

app = typer.Typer(
    help="From billing engines to Odoo: every invoice once, to the cent, confirmed by its own source.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
odoo_app = typer.Typer(help="What nexabooks needs in Odoo.", no_args_is_help=True)
sql_app = typer.Typer(help="The dbt project in sql/.", no_args_is_help=True)
app.add_typer(odoo_app, name="odoo")
app.add_typer(sql_app, name="sql")

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for a program.")]


def main() -> None:
    """Run the command line. A known error is one sentence on standard error and an exit code that a scheduler can read."""
    try:
        app()
    except NexabooksError as error:
        errors.print(str(error), style="red" if errors.is_terminal else None, markup=False)
        sys.exit(error.exit_code)


@app.command()
def demo(
    world: Annotated[str, typer.Option(help="story, or traps (the hard cases).")] = "story",
    home: Annotated[Path, typer.Option(help="Where the demo keeps its files; emptied first.")] = Path("var/demo"),
    stay: Annotated[
        bool, typer.Option("--stay", help="Play nothing: keep the world up until Ctrl-C, for your own commands.")
    ] = False,
    json: Json = False,
) -> None:
    """Play a pretend world end to end on loopback, and show what came out."""
    with loading(quiet=json):
        from nexabooks.cli.demo import play_story, play_traps
        from nexabooks.cli.staying import stay as keep_up

    plays = {"story": play_story, "traps": play_traps}
    if world not in plays:
        errors.print(f"There is no world {world!r}; there are {', '.join(plays)}.", markup=False)
        raise typer.Exit(EXIT_USAGE)
    raise typer.Exit(keep_up(world, home) if stay else plays[world](home, as_json=json))


@app.command(epilog=EXIT_CODES)
def run(
    flow: Annotated[str, typer.Argument(help="daily-close, refresh, backfill, post-approved or relist.")],
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="daily-close, refresh, relist: the day that names the run and dates reversals, today if not given. All that "
            "is verified is taken, whatever its day.",
        ),
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="backfill: the first day.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="backfill: the day after the last.")
    ] = None,
    plan: Annotated[str, typer.Option(help="post-approved: the hash of the approved plan.")] = "",
    json: Json = False,
) -> None:
    """Run a flow here and now, without a server."""
    from nexabooks.cli.running import run_flow

    days = {"day": _date(day), "first": _date(first), "end": _date(end)}
    raise typer.Exit(run_flow(flow, plan=plan, as_json=json, **days))


@app.command()
def plan(
    mode: Annotated[str, typer.Option(help="dry_run, draft or post, to see another one than the settings name.")] = "",
    json: Json = False,
) -> None:
    """Show what would be done in Odoo, row by row, and why the rest would not. Writes nothing to Odoo."""
    from nexabooks.cli.planning import show_plan

    show_plan(as_json=json, mode=mode)


@app.command()
def approve(
    plan_hash: Annotated[str, typer.Argument(help="The hash that `nexabooks plan` showed.")],
    by: Annotated[str, typer.Option(help="Who approves.")],
    note: Annotated[str, typer.Option(help="Why, for those who read it later.")] = "",
    json: Json = False,
) -> None:
    """Say yes to a plan, exactly as it was shown; `run post-approved` then posts it."""
    from nexabooks.cli.planning import approve_plan

    approve_plan(plan_hash, by=by, note=note, as_json=json)


@app.command()
def allow(
    brake: Annotated[str, typer.Argument(help="The tripped brake, as the plan names it; its start is enough.")],
    by: Annotated[str, typer.Option(help="Who allows it.")],
    why: Annotated[str, typer.Option(help="Why it is right this time.")],
    json: Json = False,
) -> None:
    """Let a tripped brake go, once."""
    from nexabooks.cli.planning import allow_brake

    allow_brake(brake, by=by, why=why, as_json=json)


@app.command()
def resolve(
    difference: Annotated[
        str, typer.Argument(metavar="BREAK", help="The break_key of finance.breaks; its start is enough.")
    ],
    resolution: Annotated[
        str, typer.Option("--as", help="What was decided, such as accepted or corrected_in_odoo; open takes it back.")
    ],
    by: Annotated[str, typer.Option(help="Who decided.")],
    why: Annotated[str, typer.Option(help="Why, for those who read it later.")],
    json: Json = False,
) -> None:
    """Write down what was decided about a difference as it is now; with other amounts it is open again."""
    from nexabooks.cli.planning import resolve_break

    resolve_break(difference, resolution=resolution, by=by, why=why, as_json=json)


@app.command("close-month")
def close_month(
    month: Annotated[str, typer.Argument(help="The month that is over, such as 2026-05.")],
    by: Annotated[str, typer.Option(help="Who closes it.")],
    note: Annotated[str, typer.Option(help="For those who read it later; needed while differences are open.")] = "",
    json: Json = False,
) -> None:
    """Close a month: its figures stand as published now, and what changes later is a restatement beside them."""
    from nexabooks.cli import closing

    closing.close(month, by=by, note=note, as_json=json)


@app.command("reopen-month")
def reopen_month(
    month: Annotated[str, typer.Argument(help="The closed month, such as 2026-05.")],
    by: Annotated[str, typer.Option(help="Who opens it.")],
    why: Annotated[str, typer.Option(help="Why, for those who read it later.")],
    json: Json = False,
) -> None:
    """Let the figures of a closed month move again."""
    from nexabooks.cli import closing

    closing.reopen(month, by=by, why=why, as_json=json)


@app.command("closed-months")
def closed_months(json: Json = False) -> None:
    """Which months were closed and opened again, by whom and why."""
    from nexabooks.cli import closing

    closing.show_months(as_json=json)


@app.command()
def undo(
    run_id: Annotated[str, typer.Argument(help="The run to take back, as `nexabooks status` names it.")],
    apply: Annotated[bool, typer.Option("--apply", help="Take it back, exactly as it was shown before.")] = False,
    by: Annotated[str, typer.Option(help="Who says so.")] = "",
    note: Annotated[str, typer.Option(help="Why, for those who read it later.")] = "",
    json: Json = False,
) -> None:
    """Take one run back: drafts deleted, payments cancelled, entries reversed. Shows first, and writes nothing then."""
    from nexabooks.cli import undoing

    raise typer.Exit(undoing.undo(run_id, apply=apply, by=by, note=note, as_json=json))


@app.command()
def status(json: Json = False) -> None:
    """How the books stand: the last runs, how fresh each source is, what waits for a person."""
    from nexabooks.cli.asking import show_status

    show_status(as_json=json)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help='For example: "select * from finance.family_revenue"')],
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Answer as CSV.")] = False,
) -> None:
    """Ask the published file, read-only."""
    from nexabooks.cli.asking import show_query

    if json and csv:
        errors.print("Take --json or --csv: one answer has one format.", markup=False)
        raise typer.Exit(EXIT_USAGE)

    show_query(sql, as_json=json, as_csv=csv)


@app.command()
def explain(
    invoice: Annotated[
        str, typer.Argument(help="The source's id (in_..., cn_..., a Lago id), NexaCloud's id, or a number.")
    ],
    raw: Annotated[bool, typer.Option("--raw", help="The record itself too, as its source sent it.")] = False,
    json: Json = False,
) -> None:
    """Walk one invoice or credit note from its raw record to the ledger, with each rule that touched it."""
    from nexabooks.cli.explaining import show_explanation

    show_explanation(invoice, as_json=json, with_record=raw)


@app.command()
def doctor(json: Json = False) -> None:
    """What is missing to run for real: each setting, each connection, each permission. Writes nothing."""
    from nexabooks.cli.examining import examine

    raise typer.Exit(examine(as_json=json))


@app.command()
def sources(json: Json = False) -> None:
    """The systems that are read, stream by stream, with what each stream may not lose."""
    from nexabooks.sources.registry import SOURCES

    rows: list[dict[str, Any]] = [
        {
            "source": name,
            "stream": s.name,
            "key": "|".join(s.key),
            "cursor": s.cursor or "read whole",
            "may_not_lose": s.may_not_lose,
        }
        for name, source in SOURCES.items()
        for s in source.streams
    ]
    if json:
        return print_json(rows)
    from nexabooks.cli.console import print_rows

    print_rows(rows)


@odoo_app.command("setup")
def odoo_setup(
    apply: Annotated[
        bool, typer.Option("--apply", help="Create what is missing; without it, only say what would be created.")
    ] = False,
    unique_index: Annotated[
        bool, typer.Option("--unique-index", help="Also an index in Odoo's database; the list says what it does.")
    ] = False,
    json: Json = False,
) -> None:
    """The fields, accounts and journals (NCSTR, NCOTH, NCBAL; NCINV where entries keep their source's number) that nexabooks
    needs, each created once, and the currencies of the invoices, activated. Shows first."""
    from nexabooks.cli.examining import set_up_odoo

    raise typer.Exit(set_up_odoo(apply=apply, has_unique_index=unique_index, as_json=json))


@odoo_app.command("check")
def odoo_check(json: Json = False) -> None:
    """Whether posting would work: rights, taxes, accounts, lock dates. Writes nothing."""
    from nexabooks.cli.examining import check_odoo

    raise typer.Exit(check_odoo(as_json=json))


@sql_app.command("test")
def sql_test(
    names: Annotated[list[str] | None, typer.Argument(help="Unit tests to run; all if not given.")] = None,
    json: Json = False,
) -> None:
    """Run the dbt unit tests with our own runner."""
    from nexabooks.cli.testing_sql import run_tests

    raise typer.Exit(run_tests(names or [], as_json=json))


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


__all__ = ["app", "console", "main"]
