"""`nexabooks demo --stay`: the pretend world without a play, up until Ctrl-C, for a person's own commands and for Prefect."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nexabooks.cli.console import console
from nexabooks.cli.demo import AFTER_THE_TRAPS, DAY_SAYS, pretend_world, reach
from nexabooks.errors import EXIT_OK

if TYPE_CHECKING:
    from nexabooks.sandbox.sandbox import Sandbox
    from nexabooks.sandbox.world import World

# What an installation begins with (decision 27): whoever tries the road sees drafts first, and posts what he approved.
LEDGER_MODE = "draft"


def stay(world: str, home: Path) -> int:
    """Every pretend service on loopback until Ctrl-C, nothing read and nothing posted yet. `<home>/settings.env` reaches
    them from another shell; on a terminal, Enter brings the story's next day."""
    first, later = days_of(world)
    with pretend_world(first, home, quiet=False) as box:
        try:
            says(write_settings(box, home), box.world)
            for happens, day in later if sys.stdin.isatty() else ():
                console.print(f"Enter brings the next day: {happens}.", markup=False)
                sys.stdin.readline()
                box.show(day)
                reach(box, home)
                says(write_settings(box, home), day)
            console.print("Ctrl-C ends everything.", markup=False)
            while True:
                signal.pause()
        except KeyboardInterrupt:
            console.print()
    console.print(f"The pretend world is gone; what your commands made is in {home}.", markup=False)
    return EXIT_OK


def days_of(world: str) -> tuple[World, list[tuple[str, World]]]:
    """The world's first day, and the days after it with what happens on each."""
    from nexabooks.sandbox import story, traps

    if world == "traps":
        return traps.world(), [(AFTER_THE_TRAPS, traps.day_after())]
    first, *later = story.days()
    return first, [(DAY_SAYS[index], day) for index, day in enumerate(later, 1)]


def write_settings(box: Sandbox, home: Path) -> Path:
    """The settings that reach the world as it is today, as a file that a shell reads; only its owner may."""
    values = box.environment() | {"NEXABOOKS_HOME": str(home.resolve()), "NEXABOOKS_LEDGER_MODE": LEDGER_MODE}
    path = home / "settings.env"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items())))
    return path


def says(path: Path, world: World) -> None:
    """Where to go on, in another shell."""
    console.print(
        f"It is {world.now:%d %B %Y} in the pretend world; the ledger mode is {LEDGER_MODE}. In another shell:\n"
        f"  set -a; . {path}; set +a      (again after each new day: the clock is in it)\n"
        f"  .venv/bin/nexabooks run daily-close",
        markup=False,
    )
