"""The house's import direction, and what the repository may not say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_every_import_goes_the_one_way():
    """flows -> tasks -> nexabooks, and the rooms never import one another (contracts in pyproject.toml)."""
    got = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert got.returncode == 0, got.stdout + got.stderr


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-parity.txt", "requirements-bench.txt"])
def test_a_lock_file_carries_versions_and_hashes_and_no_address(file):
    """Where a package comes from is the machine's affair; what it is, is ours."""
    text = (ROOT / file).read_text()
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links", text)


def tracked_text() -> list[tuple[Path, str]]:
    """Every text file that git tracks, or, outside a checkout, every file below the root that is not built."""
    got = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    found = []
    for name in got.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.suffix not in (".png", ".csv", ".txt") and path.is_file():
            found.append((path, path.read_text(encoding="utf-8")))
    return found


def test_the_core_uses_no_float_for_money():
    """No float( and no DOUBLE in the rooms and the SQL, but where the line says it is not money.

    The pretend world is left out: it speaks as the real systems do, and those send floats.
    """
    offenders = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, text in tracked_text()
        if path.suffix in (".py", ".sql")
        and path.relative_to(ROOT).parts[0] in ("nexabooks", "tasks", "flows", "sql")
        and path.relative_to(ROOT).parts[:2] != ("nexabooks", "sandbox")
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(r"\bfloat\(|::\s*double\b|\bas double\b", line, re.IGNORECASE) and "not money" not in line
    ]
    assert offenders == []
