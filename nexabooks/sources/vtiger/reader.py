"""The vTiger session: one method, `read`, for every stream, by either transport. Nothing is remembered outside the cursor.

Settings: NEXABOOKS_VTIGER_URL, _USERNAME, _ACCESS_KEY, _TRANSPORT (cloud, selfhosted), _TIMELOG_MAPPING, _REQUESTS_PER_S.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from nexabooks.errors import AccessRefused
from nexabooks.settings import Settings
from nexabooks.sources.vtiger.api import VtigerApi
from nexabooks.sources.vtiger.changes import is_usable, read_changed, read_whole
from nexabooks.sources.vtiger.links import read_links
from nexabooks.sources.vtiger.server import Module, Server
from nexabooks.sources.vtiger.streams import MODULES, STREAMS
from nexabooks.sources.vtiger.timelogs import timelogs_of
from nexabooks.streams import Batch, Claim, Finished, Stream

NO_TIMELOGS = "vTiger lists no time log module for the API user, so there are no time logs to read."


class VtigerSession:
    """An open reading of one vTiger server."""

    def __init__(self, api: VtigerApi, timelog_mapping: Path | None) -> None:
        self._server = Server(api)
        self._mapping_path = timelog_mapping

    def read(self, stream: Stream, state: dict[str, Any] | None, *, full: bool = False) -> Iterator[Batch | Finished]:
        """Everything of `stream` that may have changed since `state`. Every value is text, as vTiger sends it."""
        if stream.name == "links":
            yield from read_links(self._server)
        elif stream.name == "timelog_mapping":
            yield from self._read_mapping()
        elif stream.name == "timelogs":
            timelogs = timelogs_of(self._server, self._mapping_path)
            if timelogs:
                yield from self._read_module(stream, timelogs.module, state, full)
            elif state:
                raise AccessRefused(
                    f"vTiger no longer lists the module {state['module']} for the API user. Its profile lost the right to "
                    "it, or the module was removed; the time logs read before stand.",
                    source="vtiger",
                    record="timelogs",
                )
            else:
                yield _without_timelogs(stream.name)
        else:
            name = MODULES.get(stream.name) or self._server.case_module
            yield from self._read_module(stream, self._server.module(name), state, full)

    def _read_module(
        self, stream: Stream, module: Module, state: dict[str, Any] | None, full: bool
    ) -> Iterator[Batch | Finished]:
        if full or not stream.cursor or state is None or not is_usable(state, module):
            yield from read_whole(self._server, stream, module)
        else:
            yield from read_changed(self._server, stream, module, state)

    def _read_mapping(self) -> Iterator[Batch | Finished]:
        timelogs = timelogs_of(self._server, self._mapping_path)
        if timelogs is None:
            yield _without_timelogs("timelog_mapping")
            return
        yield Batch("timelog_mapping", bodies=(orjson.dumps(timelogs.mapping),), row_count=1)
        yield Finished("timelog_mapping", is_complete=True, claims=(Claim("timelog_mapping", 1, basis="wire"),))


def _without_timelogs(table: str) -> Finished:
    """Not complete: a right taken away looks the same as a module that is not there, and must not delete what was read."""
    return Finished(table, claims=(Claim(table, 0, basis="wire"),), notes=(NO_TIMELOGS,))


class VtigerSource:
    """vTiger as a source (streams.Source)."""

    name = "vtiger"
    streams = STREAMS

    def missing_settings(self, settings: Settings) -> list[str]:
        """The names of the settings that vTiger needs and that are not set."""
        return settings.missing("vtiger_url", "vtiger_username", "vtiger_access_key")

    @contextmanager
    def open(self, settings: Settings) -> Iterator[VtigerSession]:
        """Connect, read-only. Raises AccessRefused for a wrong name or key, Unreachable for a dead host."""
        api = VtigerApi(settings)
        try:
            api.connect()
            yield VtigerSession(api, settings.vtiger_timelog_mapping)
        finally:
            api.close()


SOURCE = VtigerSource()
