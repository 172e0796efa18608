"""The pretend world's days landed and built, one warehouse file a day."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from nexabooks.errors import NexabooksError
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.world import World
from nexabooks.settings import Settings
from nexabooks.sources.registry import SOURCES
from nexabooks.warehouse import (
    Project,
    Warehouse,
    build,
    cursor_of,
    ensure_sources,
    land,
    open_warehouse,
    record_failed_load,
)

SQL = Path(__file__).parents[2] / "sql"
READ = ("nexacloud", "stripe", "lago", "vtiger")

Ask = Callable[[str], list[tuple[Any, ...]]]


def built(worlds: tuple[World, ...], home: Path, project: Project) -> Iterator[Ask]:
    """For each world, a function that asks the warehouse as it was built on that day, the days before landed first."""
    path = home / "warehouse.duckdb"
    with Sandbox(worlds[0], home / "world", services=READ) as sandbox:
        for day, world in enumerate(worlds, 1):
            sandbox.show(world)
            settings = sandbox.settings(request_timeout_s=30)
            with open_warehouse(path) as warehouse:
                for name in READ:
                    land_source(warehouse, name, settings, f"day-{day}")
                ensure_sources(warehouse, project)
                build(
                    warehouse,
                    project,
                    run_id=f"day-{day}",
                    now=settings.now,
                    variables={"run_at": settings.now().isoformat()},
                )
            kept = home / f"day-{day}.duckdb"
            shutil.copy(path, kept)
            yield _asker(kept)


def land_source(warehouse: Warehouse, name: str, settings: Settings, run_id: str) -> None:
    source = SOURCES[name]
    try:
        with source.open(settings) as session:
            for stream in (s for s in source.streams if not s.belongs_to):
                items = session.read(stream, cursor_of(warehouse, name, stream.name))
                land(
                    warehouse,
                    name,
                    stream,
                    items,
                    run_id=run_id,
                    landed_at=settings.now(),
                    streams=source.streams,
                    now=settings.now,
                )
    except NexabooksError as error:
        for stream in source.streams:
            record_failed_load(
                warehouse, name, stream.name, error, run_id=run_id, started_at=settings.now(), now=settings.now
            )


def _asker(path: Path) -> Ask:
    def ask(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(path), read_only=True) as con:
            return con.execute(sql).fetchall()

    return ask
