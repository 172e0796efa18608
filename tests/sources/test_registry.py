"""The sources by name, each imported when it is first asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nexabooks.errors import SettingsError
from nexabooks.sources.registry import SOURCES


@pytest.mark.parametrize("name", list(SOURCES))
def test_each_source_is_found_by_its_name_and_declares_its_streams(name):
    """Keys, what may not be lost, and every fed table declared with the stream it belongs to."""
    source = SOURCES[name]
    streams = {stream.name: stream for stream in source.streams}
    assert source.name == name
    assert len(streams) == len(source.streams)
    for stream in source.streams:
        assert stream.key
        assert stream.may_not_lose
        for fed in stream.feeds:
            assert streams[fed].belongs_to == stream.name
        if stream.belongs_to:
            assert stream.name in streams[stream.belongs_to].feeds


def test_an_unknown_source_is_named_with_those_that_are_known():
    """A typing mistake in NEXABOOKS_SOURCES is a wrong setting."""
    with pytest.raises(SettingsError, match="no source 'strype'; there are nexacloud, stripe"):
        SOURCES["strype"]
    assert "strype" not in SOURCES


def test_reading_one_source_loads_no_other():
    """The Stripe SDK alone takes longer to import than Lago takes to read."""
    code = "import sys; from nexabooks.sources.registry import SOURCES; SOURCES['nexacloud']; print('stripe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize("name", ["stripe", "nexacloud"])
def test_a_source_runs_alone(name):
    """`--help` needs no setting and no service."""
    done = subprocess.run([sys.executable, "-m", f"nexabooks.sources.{name}", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "--count" in done.stdout
