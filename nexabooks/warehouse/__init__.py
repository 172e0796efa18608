"""The warehouse room: DuckDB. Open it, land what the sources send, build sql/, publish what finance reads.

open_warehouse   one writing process, UTC, meta tables
land             rows, tombstones, certificate and cursor in one transaction
Project, build   our small runner of the dbt project in sql/
publish          the finance schema as a file of its own, checked and renamed into place
open_published   that file, for questions
"""

from nexabooks.warehouse.building import Building, ModelRun, build, compile_sql
from nexabooks.warehouse.data_tests import DataTestResult, run_data_tests
from nexabooks.warehouse.landing import cursor_of, land, record_failed_load
from nexabooks.warehouse.loading import Landed
from nexabooks.warehouse.merging import ThinLimit
from nexabooks.warehouse.meta import record_quality, record_relist, record_run
from nexabooks.warehouse.nodes import Node
from nexabooks.warehouse.project import Project
from nexabooks.warehouse.publishing import Published, mark_stale, open_published, publish
from nexabooks.warehouse.raw_tables import ensure_sources
from nexabooks.warehouse.unit_tests import UnitTestResult, run_unit_tests
from nexabooks.warehouse.warehouse import Warehouse, memory_warehouse, open_warehouse
from nexabooks.warehouse.wording import wording_of
from nexabooks.warehouse.written import Written, written_by

__all__ = [
    "Building",
    "DataTestResult",
    "Landed",
    "ModelRun",
    "Node",
    "Project",
    "Published",
    "ThinLimit",
    "UnitTestResult",
    "Warehouse",
    "Written",
    "build",
    "compile_sql",
    "cursor_of",
    "ensure_sources",
    "land",
    "mark_stale",
    "memory_warehouse",
    "open_published",
    "open_warehouse",
    "publish",
    "record_failed_load",
    "record_quality",
    "record_relist",
    "record_run",
    "run_data_tests",
    "run_unit_tests",
    "wording_of",
    "written_by",
]
