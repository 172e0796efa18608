"""How the command line speaks: colours and live progress on a terminal, plain lines in a pipe, JSON for programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import orjson
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from nexabooks.money import format_minor

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
errors = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[None]:
    """While the block runs, what the run says is shown: a line each, and on a terminal the details on one moving line.

    The title is there at once: what a run needs takes seconds to import on a busy machine.
    """

    def nothing(sentence: str) -> None:
        pass

    def line(sentence: str) -> None:
        console.print(f"  {_escape(sentence)}", style="dim" if console.is_terminal else None)

    if not console.is_terminal and not quiet:
        console.print(title, markup=False)
    with console.status(title) if console.is_terminal and not quiet else nullcontext() as status:
        from tasks.run import detail_listener, listener

        def moving(sentence: str) -> None:
            if status:
                status.update(f"{title}: {_escape(sentence)}")

        tokens = listener.set(nothing if quiet else line), detail_listener.set(nothing if quiet else moving)
        try:
            yield
        finally:
            listener.reset(tokens[0])
            detail_listener.reset(tokens[1])


@contextmanager
def loading(*, quiet: bool) -> Iterator[None]:
    """While what a command needs is imported, something moves; on a terminal only, and gone afterwards."""
    with console.status("Loading") if console.is_terminal and not quiet else nullcontext():
        yield


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    # The names of SQLAlchemy's columns are a kind of str, which orjson takes as keys only when asked to.
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    sys.stdout.buffer.write(orjson.dumps(value, default=str, option=options) + b"\n")
    sys.stdout.flush()


def print_text(text: str) -> None:
    """`text` as it is on standard output, every line of it whole."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def heading(text: str) -> None:
    """An empty line and `text` in bold, above what follows."""
    console.print()
    console.print(f"[bold]{_escape(text)}[/bold]")


def print_rows(rows: Sequence[dict[str, Any]], *, columns: dict[str, str] | None = None, empty: str = "none") -> None:
    """Rows as a table. `columns` names them for people and chooses their order; amounts in minor units are shown as money.

    On a terminal a number, a name and an id keep their line, and sentences take what is left; in a pipe every row is one
    line, in columns. In both, what is a sentence stands last where the caller puts it last. Columns without any name have
    no line of names.
    """
    if not rows:
        console.print(f"  {empty}", markup=False)
        return
    columns = columns or {name: name.removesuffix("_minor").replace("_", " ") for name in rows[0]}
    cells = [[cell(row, name) for name in columns] for row in rows]
    numbers = [_is_number(rows, name) for name in columns]
    if not console.is_terminal:
        _print_lines([list(columns.values()), *cells] if any(columns.values()) else cells, numbers)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, show_header=any(columns.values()))
    widths = [max(cell_len(label), *(cell_len(row[at]) for row in cells)) for at, label in enumerate(columns.values())]
    wrapping = [any(" " in row[at] for row in cells) for at in range(len(columns))]
    keeps = _keeps_its_line(widths, numbers, wrapping, console.width)
    for at, label in enumerate(columns.values()):
        table.add_column(label, justify="right" if numbers[at] else "left", overflow="fold", no_wrap=keeps[at])
    for row in cells:
        table.add_row(*(_escape(value) for value in row))
    console.print(table)


_GAP = 3  # between two columns of a table on a terminal


def _keeps_its_line(widths: Sequence[int], numbers: Sequence[bool], wrapping: Sequence[bool], width: int) -> list[bool]:
    """Which columns are never broken: all numbers; then what has no space to break at, which somebody may copy; then the
    narrowest, as long as the others have room for a sentence."""
    keeps = list(numbers)
    room = width - _GAP * (len(widths) - 1) - sum(w for w, is_number in zip(widths, numbers, strict=True) if is_number)
    for at in sorted((at for at in range(len(widths)) if not numbers[at]), key=lambda at: (wrapping[at], widths[at])):
        rest = sum(min(w, _SENTENCE) for other, w in enumerate(widths) if not keeps[other] and other != at)
        if widths[at] + rest <= room:
            keeps[at] = True
            room -= widths[at]
    return keeps


_SENTENCE = 16  # what a column of sentences needs at least to be readable


def _is_number(rows: Sequence[dict[str, Any]], name: str) -> bool:
    values = [row.get(name) for row in rows if row.get(name) not in (None, "")]
    return name.endswith(("_minor", "_count", "_percent", "ratio", "age_days")) or (
        bool(values) and all(not isinstance(value, bool) and bool(_NUMBER.fullmatch(str(value))) for value in values)
    )


_NUMBER = re.compile(r"-?[\d,]+(\.\d+)?( [A-Z]{3})?")  # money too, which is written out before it comes here


def _print_lines(lines: Sequence[Sequence[str]], numbers: Sequence[bool]) -> None:
    """A line a row, in columns; '-' where there is nothing, so that no column is lost to who reads by words."""
    shown = [[" ".join(value.split()) or "-" for value in line] for line in lines]
    widths = [max(cell_len(line[at]) for line in shown) for at in range(len(numbers))]
    for line in shown:
        room = [" " * (width - cell_len(value)) for value, width in zip(line, widths, strict=True)]
        padded = [r + v if n else v + r for v, r, n in zip(line, room, numbers, strict=True)]
        console.print("  " + "  ".join(padded).rstrip(), markup=False)


def in_words(rows: Sequence[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """The rows with these names of classes and states as words: for the eye, not for a query."""
    return [row | {name: str(row[name] or "").replace("_", " ") for name in names} for row in rows]


def cell(row: dict[str, Any], name: str) -> str:
    """One value for people."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_minor") and row.get("currency_code"):
        return format_minor(int(value), str(row["currency_code"]))
    if isinstance(value, datetime) and value.tzinfo:
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if name.endswith("_count"):
        return f"{int(value):,}"
    return str(value)
