"""Run seeds by hand: one, some, or until told to stop."""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from tests.simulation.simulator import Simulation


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="this one, with its story")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--soak", action="store_true", help="go on until Ctrl-C")
    options = parser.parse_args()
    if options.seed is not None:
        simulation = Simulation(options.seed)
        simulation.run()
        print("\n".join(simulation.told))
        return 0
    seeds = itertools.count(options.start) if options.soak else range(options.start, options.start + options.count)
    failed, done, began = 0, 0, time.monotonic()
    try:
        for seed in seeds:
            try:
                Simulation(seed).run()
            except AssertionError as error:
                failed += 1
                print(error, end="\n\n", flush=True)
            done += 1
    except KeyboardInterrupt:
        print()
    print(f"{done} seeds, {failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
