"""`nexabooks sql test`: the dbt unit tests, by our own runner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from nexabooks.cli.console import console, print_json
from nexabooks.errors import EXIT_OK, EXIT_PERSON
from nexabooks.settings import load_settings
from nexabooks.warehouse import Project, run_unit_tests


def run_tests(names: Sequence[str], *, as_json: bool) -> int:
    """Run the unit tests named (all when none is), show each failure with the rows that differ; 0 only if all hold."""
    results = run_unit_tests(Project.load(load_settings().sql_dir), names or None)
    failed = [result for result in results if not result.is_ok]
    exit_code = EXIT_PERSON if failed or not results else EXIT_OK
    if as_json:
        print_json([asdict(result) for result in results])
        return exit_code
    for result in results:
        console.print(f"  {'ok  ' if result.is_ok else 'FAIL'}  {result.model}: {result.name}", markup=False)
    for result in failed:
        console.print(f"\n{result.model}: {result.name}\n{result.message}", markup=False)
    console.print(f"{len(results) - len(failed)} of {len(results)} SQL unit tests hold.", markup=False)
    return exit_code
