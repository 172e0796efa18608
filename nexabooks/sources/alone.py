"""A source run alone, without a warehouse: what it reads is counted or shown, and nothing is kept.

python -m nexabooks.sources.lago                                  # the streams and what each may not lose
python -m nexabooks.sources.lago --stream invoices --count        # how many records come, and what the source claims
python -m nexabooks.sources.lago --stream invoices --print 2      # the first two, as they came
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from itertools import islice

from nexabooks.errors import EXIT_OK, EXIT_USAGE, NexabooksError, SettingsError
from nexabooks.rawjson import records
from nexabooks.settings import Settings, load_settings, refuse_wrong_settings
from nexabooks.streams import Batch, Finished, Source, Stream


def run_alone(source: Source, argv: Sequence[str] | None = None) -> int:
    """The command line of one source: settings from the environment, an exit code of nexabooks.errors as the answer.

    A failure is one sentence on standard error, never a traceback.
    """
    asked = _parser(source).parse_args(argv)
    streams = {s.name: s for s in source.streams}
    if not asked.stream:
        for stream in source.streams:
            print(f"{stream.name:<20} {stream.cursor or 'whole':<14} {stream.may_not_lose}")
        return EXIT_OK
    if asked.stream not in streams:
        print(f"{source.name} has no stream {asked.stream}; it has {', '.join(streams)}.", file=sys.stderr)
        return EXIT_USAGE
    try:
        _read(source, load_settings(), streams[asked.stream], show=asked.print)
    except NexabooksError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return EXIT_OK


def _parser(source: Source) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m nexabooks.sources.{source.name}",
        description=f"Read {source.name} alone: without --stream, its streams are listed.",
        epilog="Streams: " + ", ".join(s.name for s in source.streams) + ".",
    )
    parser.add_argument("--stream", help="the stream to read, whole")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--count", action="store_true", help="count its records (the default)")
    what.add_argument("--print", type=int, metavar="N", help="show the first N records as they came")
    return parser


def _read(source: Source, settings: Settings, stream: Stream, *, show: int | None) -> None:
    missing = source.missing_settings(settings)
    if missing:
        raise SettingsError(f"{source.name} cannot be read: set {', '.join(missing)}.", source=source.name)
    refuse_wrong_settings(settings, source.name)
    counts: dict[str, int] = {}
    with source.open(settings) as session:
        for piece in session.read(stream, None, full=True):
            if isinstance(piece, Finished):
                _say_end(piece)
            elif show is None:
                counts[piece.table] = counts.get(piece.table, 0) + piece.row_count
            else:
                show -= _print(piece, show)
                if show <= 0:
                    return
    for table, row_count in counts.items():
        print(f"{table}: {row_count} records")


_HASH = re.compile("^[0-9a-f]{32},")  # before each row of a CSV file


def _print(batch: Batch, most: int) -> int:
    """Show at most `most` records of `batch`; how many were shown."""
    shown = 0
    if batch.csv_path is not None and not batch.is_growing:
        with batch.csv_path.open(encoding="utf-8") as lines:
            for line in islice(lines, most):
                print(_HASH.sub("", line), end="")
                shown += 1
        return shown
    for record in islice(records(batch), most):
        print(record.decode())
        shown += 1
    return shown


def _say_end(end: Finished) -> None:
    for claim in end.claims:
        where = " ".join(x for x in (claim.currency_code, claim.month) if x)
        total = "" if claim.total_minor is None else f", {claim.total_minor} in minor units"
        said = [f"claimed by {claim.basis}: {claim.table}", where, f"{claim.row_count} records{total}"]
        print(" ".join(part for part in said if part))
    for sentence in (*end.unread, *end.notes):
        print(sentence)
