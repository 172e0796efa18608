"""Great Expectations' own parts, without the work that only a project kept on disk needs. Imported by `gx.py` alone.

GX is made for suites, definitions and checkpoints that lie in a store for months: before each use it reads its copy back
and compares, and after each new table it writes its whole configuration as YAML. Here everything is made for one check and
gone after it, so there is nothing to be older than anything else. Measured, that was 40 % of a check's time; what is
looked at, the results and the pages are the same (tests/quality).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.core.freshness_diagnostics import (
    CheckpointFreshnessDiagnostics,
    ExpectationSuiteFreshnessDiagnostics,
    ValidationDefinitionFreshnessDiagnostics,
)
from great_expectations.core.id_dict import IDDict
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.data_context.context_factory import project_manager
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation_configuration import parse_result_format
from great_expectations.render.renderer.site_builder import SiteBuilder
from great_expectations.render.view import DefaultJinjaPageView
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies


class Context(EphemeralDataContext):
    """A context whose configuration is never written down."""

    def _save_project_config(self) -> None: ...


def new_context() -> Context:
    """A context of its own for one check, quiet, that leaves nothing behind and reports to nobody."""
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),  # GX's own default leaves a folder behind each time
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = Context(project_config=config)
    project_manager.set_project(context)  # as `gx.get_context` does
    return context


class Suite(gx.ExpectationSuite):
    """What is promised of one table, unchanged since it was made."""

    def is_fresh(self) -> ExpectationSuiteFreshnessDiagnostics:
        return ExpectationSuiteFreshnessDiagnostics(errors=[])


class Validation(gx.ValidationDefinition):
    """A suite and the table that it is held against, unchanged since they were made."""

    def is_fresh(self) -> ValidationDefinitionFreshnessDiagnostics:
        return ValidationDefinitionFreshnessDiagnostics(errors=[])


class Checkpoint(gx.Checkpoint):
    """The check of one table, run once."""

    def is_fresh(self) -> CheckpointFreshnessDiagnostics:
        return CheckpointFreshnessDiagnostics(errors=[])


class BreakingRows(gxe.UnexpectedRowsExpectation):
    """No row may come back from a query. The rows are asked for when there are some to show: nearly always there is none.

    What GX must know of the table is written down here. It would find it out by taking the expectation apart forty times.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: dict[str, Any] | None = None
    ) -> ValidationDependencies:
        asked = {name: self._metric(name) for name in self.metric_dependencies}
        return ValidationDependencies(asked, parse_result_format((runtime_configuration or {})["result_format"]))

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> Any:
        rows: Any = []
        if metrics["unexpected_rows_query.row_count"]:
            (rows,) = execution_engine.resolve_metrics([self._metric("unexpected_rows_query.table")]).values()
        found = metrics | {"unexpected_rows_query.table": rows}
        return super()._validate(found, runtime_configuration, execution_engine)

    def _metric(self, name: str) -> MetricConfiguration:
        table = IDDict({key: getattr(self, key, None) for key in self.domain_keys})
        return MetricConfiguration(name, table, IDDict({key: getattr(self, key) for key in self.success_keys}))


class PageView(DefaultJinjaPageView):
    """GX's page, whose templates are compiled once a process: GX compiles them again for each part of each site."""

    _shared: ClassVar[Any] = None

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        PageView._shared = self.env = PageView._shared or self.env


def write_pages(context: Context, directory: Path) -> None:
    """A page for each suite and each result of `context` below `directory`, as GX writes them; no overview, and nothing of
    what those pages would fetch."""
    view = {"module_name": __name__, "class_name": PageView.__name__}
    site = SiteBuilder(
        context,
        {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(directory.resolve())},
        show_how_to_buttons=False,
        site_section_builders={"expectations": {"view": view}, "validations": {"view": view}, "profiling": "None"},
    )
    for section in site.site_section_builders.values():
        section.build()
