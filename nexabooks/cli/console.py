"""How the command line speaks: colours and live progress on a terminal, plain lines in a pipe, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from nexabooks.money import format_minor

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
errors = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[None]:
    """While the block runs, what the run says is shown: a line each, and on a terminal the details on one moving line."""
    from tasks.run import detail_listener, listener

    def nothing(sentence: str) -> None:
        pass

    def line(sentence: str) -> None:
        console.print(f"  {_escape(sentence)}", style="dim" if console.is_terminal else None)

    with console.status(title) if console.is_terminal and not quiet else nullcontext() as status:

        def moving(sentence: str) -> None:
            if status:
                status.update(f"{title}: {_escape(sentence)}")

        if not console.is_terminal and not quiet:
            console.print(title, markup=False)
        tokens = listener.set(nothing if quiet else line), detail_listener.set(nothing if quiet else moving)
        try:
            yield
        finally:
            listener.reset(tokens[0])
            detail_listener.reset(tokens[1])


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.flush()


def heading(text: str) -> None:
    """An empty line and `text` in bold, above what follows."""
    console.print()
    console.print(f"[bold]{_escape(text)}[/bold]")


def print_rows(rows: Sequence[dict[str, Any]], *, columns: dict[str, str] | None = None, empty: str = "none") -> None:
    """Rows as a table. `columns` names them for people and chooses their order; amounts in minor units are shown as money."""
    if not rows:
        console.print(f"  {empty}", markup=False)
        return
    columns = columns or {name: name.removesuffix("_minor").replace("_", " ") for name in rows[0]}
    if not console.is_terminal:
        for row in [columns, *({name: cell(row, name) for name in columns} for row in rows)]:
            console.print("  " + "  ".join(str(row[name]) for name in columns), markup=False)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, label in columns.items():
        is_number = name.endswith(("_minor", "_count", "_percent", "ratio", "age_days")) or isinstance(
            rows[0].get(name), int
        )
        table.add_column(label, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_escape(cell(row, name)) for name in columns))
    console.print(table)


def cell(row: dict[str, Any], name: str) -> str:
    """One value for people."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_minor") and row.get("currency_code"):
        return format_minor(int(value), str(row["currency_code"]))
    if name.endswith("_count"):
        return f"{int(value):,}"
    return str(value)
