"""Load a dbt project folder: its models, seeds, sources, macros and tests, in the order in which they are built.

    project = Project.load(Path("sql"))
    for node in project.nodes:
        print(node.name, node.layer, node.depends_on)

Why our own runner builds a dbt project is told in docs/decisions; `make parity` proves that dbt builds the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nexabooks.errors import BuildFailed
from nexabooks.warehouse import layers, project_yaml
from nexabooks.warehouse.nodes import DataTest, Node, SourceTable, UnitTest
from nexabooks.warehouse.templating import CompileError, Relation, Templates, Variables, target

MATERIALIZED = ("view", "table")


@dataclass(frozen=True)
class Project:
    """A dbt project, read and put in order. `nodes` has every seed and model, each after what it reads."""

    name: str
    folder: Path
    variables: Mapping[str, Any]
    nodes: tuple[Node, ...]
    sources: Mapping[tuple[str, str], SourceTable]
    unit_tests: tuple[UnitTest, ...]
    data_tests: tuple[DataTest, ...]
    templates: Templates = field(repr=False)

    @classmethod
    def load(cls, folder: Path | str) -> Project:
        """The project in `folder`. Raises BuildFailed naming the file, the reference, the ring, or every layer offender."""
        return _Loader(Path(folder)).load()

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Seeds and models by their names."""
        return {node.name: node for node in self.nodes}

    def node(self, name: str) -> Node:
        """The model or seed called `name`. Raises BuildFailed when there is none."""
        if name not in self.by_name:
            raise BuildFailed(f"The project {self.name} has no model or seed called {name}.", record=name)
        return self.by_name[name]

    def selected(self, select: list[str] | tuple[str, ...] | None) -> tuple[Node, ...]:
        """The nodes that `select` names, in build order.

        `name` is one node, `+name` it with all it reads, `name+` it with all that reads it; None is everything.
        """
        if select is None:
            return self.nodes
        chosen: set[str] = set()
        for pattern in select:
            name = pattern.strip("+")
            chosen.add(self.node(name).name)
            if pattern.startswith("+"):
                chosen |= self._walk(name, {node.name: node.depends_on for node in self.nodes})
            if pattern.endswith("+"):
                chosen |= self._walk(name, self.readers)
        return tuple(node for node in self.nodes if node.name in chosen)

    @cached_property
    def readers(self) -> dict[str, tuple[str, ...]]:
        """For each node, the nodes that read it."""
        return {n.name: tuple(r.name for r in self.nodes if n.name in r.depends_on) for n in self.nodes}

    @staticmethod
    def _walk(start: str, edges: Mapping[str, tuple[str, ...]]) -> set[str]:
        found: set[str] = set()
        waiting = list(edges[start])
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(edges[name])
        return found

    def context(self, node: Node | None, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The names that a template of `node` may use, beside the macros."""

        def ref(*names: str, **_: Any) -> Relation:
            found = self.by_name.get(names[-1])
            if found is None:
                raise CompileError(f"ref({names[-1]!r}) names no model or seed")
            return found.relation

        def source(source_name: str, table: str) -> Relation:
            found = self.sources.get((source_name, table))
            if found is None:
                raise CompileError(f"source({source_name!r}, {table!r}) is not declared")
            return found.relation

        return {
            "ref": ref,
            "source": source,
            "var": Variables({**self.variables, **(variables or {})}),
            "config": _Config(node.config if node else {}),
            "this": node.relation if node else None,
            "model": SimpleNamespace(name=node.name, unique_id=node.unique_id) if node else None,
        }

    def compile_sql(
        self, node: Node, *, variables: Mapping[str, Any] | None = None, overrides: Mapping[str, Any] | None = None
    ) -> str:
        """The SQL of `node` with every template name resolved. Raises BuildFailed naming the model."""
        context = {**self.context(node, variables), **(overrides or {})}
        return self.templates.render(node.raw_sql, context, record=node.name).strip().rstrip(";")


class _Config:
    """dbt's `config`: a call in a model says its configuration (read at loading) and renders as nothing."""

    def __init__(self, values: Mapping[str, Any], said: dict[str, Any] | None = None) -> None:
        self._values, self._said = values, said

    def __call__(self, **values: Any) -> str:
        if self._said is not None:
            self._said.update(values)
        return ""

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)

    def require(self, name: str) -> Any:
        return self._values[name]


class _Loader:
    """Reads the folder once; `load` gives the finished Project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = project_yaml.read_yaml(folder / "dbt_project.yml")
        self.name = str(self.settings.get("name") or folder.name)
        self.variables = self._variables()
        self.model_folders = self._folders("model-paths", "models")
        self.seed_folders = self._folders("seed-paths", "seeds")
        self.test_folders = self._folders("test-paths", "tests")
        generic = [path for folder in self.test_folders for path in sorted((folder / "generic").rglob("*.sql"))]
        macro_files = [p for macros in self._folders("macro-paths", "macros") for p in sorted(macros.rglob("*.sql"))]
        self.templates = Templates([*macro_files, *generic])
        self.entries: dict[str, dict[str, Any]] = {}
        self.sources: dict[tuple[str, str], SourceTable] = {}
        self.unit_tests: list[UnitTest] = []
        self.data_tests: list[DataTest] = []

    def load(self) -> Project:
        self._read_schema_files()
        drafts = [*self._seeds(), *self._models()]
        names: dict[str, Node] = {}
        for draft in drafts:
            if draft.name in names:
                raise BuildFailed(
                    f"Two files are called {draft.name}: {names[draft.name].path} and {draft.path}.", record=draft.name
                )
            names[draft.name] = draft
        for described in self.entries:
            if described not in names:
                raise BuildFailed(
                    f"The YAML describes {described}, which is neither a model nor a seed.", record=described
                )
        nodes = self._ordered([self._with_references(draft, names) for draft in drafts])
        layers.check(self._offences(nodes))
        for test in self.unit_tests:
            if test.model not in names:
                raise BuildFailed(f"The unit test {test.name} is of {test.model}, which is no model.", record=test.name)
        return Project(
            name=self.name,
            folder=self.folder,
            variables=self.variables,
            nodes=nodes,
            sources=self.sources,
            unit_tests=tuple(self.unit_tests),
            data_tests=(*self.data_tests, *self._singular_tests()),
            templates=self.templates,
        )

    def _folders(self, key: str, default: str) -> list[Path]:
        return [self.folder / part for part in self.settings.get(key) or [default]]

    def _variables(self) -> dict[str, Any]:
        declared = self.settings.get("vars") or {}
        own = declared.get(self.name)
        shared = {key: value for key, value in declared.items() if not isinstance(value, dict)}
        return {**shared, **(own if isinstance(own, dict) else {})}

    def _read_schema_files(self) -> None:
        fixtures = {
            p.stem: p for folder in self.test_folders for p in (folder / "fixtures").rglob("*.*") if p.is_file()
        }
        for path in project_yaml.yaml_files([*self.model_folders, *self.seed_folders]):
            content = project_yaml.read_yaml(path)
            try:
                for kind in ("models", "seeds"):
                    for entry in content.get(kind) or ():
                        self.entries[entry["name"]] = entry
                        self.data_tests.extend(project_yaml.data_tests_of(entry, entry["name"]))
                for table, entry in project_yaml.sources_of(content):
                    self.sources[table.source, table.name] = table
                    self.data_tests.extend(project_yaml.data_tests_of(entry, f"{table.source}.{table.name}"))
                self.unit_tests.extend(project_yaml.unit_tests_of(content, fixtures))
            except KeyError as error:
                raise BuildFailed(f"The file {path} has an entry without {error}.", record=path.name) from None

    def _seeds(self) -> list[Node]:
        return [
            self._draft(path, folder, "seed", "")
            for folder in self.seed_folders
            for path in sorted(folder.rglob("*.csv"))
        ]

    def _models(self) -> list[Node]:
        found = [
            self._draft(path, folder, "model", path.read_text(encoding="utf-8"))
            for folder in self.model_folders
            for path in sorted(folder.rglob("*.sql"))
        ]
        return [node for node in found if node.config.get("enabled", True)]

    def _draft(self, path: Path, folder: Path, kind: str, raw_sql: str) -> Node:
        relative = path.relative_to(folder)
        name = path.stem
        entry = self.entries.get(name, {})
        tree = (self.settings.get(f"{kind}s") or {}).get(self.name) or {}
        config = project_yaml.folder_config(tree, (*relative.parts[:-1], name))
        config |= entry.get("config") or {}
        if kind == "model":
            said: dict[str, Any] = {}
            self._parse(name, raw_sql, {"config": _Config(config, said)})
            config |= said
        layer = layers.layer_of(relative) if kind == "model" else "seeds"
        materialized = str(config.get("materialized", "view")) if kind == "model" else "seed"
        if kind == "model" and materialized not in MATERIALIZED:
            raise BuildFailed(
                f"The model {name} is materialized as {materialized}; only {' and '.join(MATERIALIZED)} are built here.",
                record=name,
            )
        contract = config.get("contract") or {}
        return Node(
            name=name,
            kind=kind,
            layer=layer,
            schema=self._schema(config, name),
            materialized=materialized,
            path=path,
            raw_sql=raw_sql,
            unique_id=f"{kind}.{self.name}.{name}",
            columns=project_yaml.columns_of(entry),
            description=str(entry.get("description") or ""),
            is_contract_enforced=bool(contract.get("enforced", False)),
            config=config,
        )

    def _schema(self, config: Mapping[str, Any], name: str) -> str:
        wanted = config.get("schema")
        own = self.templates.macros.get("generate_schema_name")
        if own is None:
            return f"{target().schema}_{wanted}" if wanted else target().schema
        call = "{{ generate_schema_name(wanted, node) }}"
        names = {"wanted": wanted, "node": SimpleNamespace(name=name, config=_Config(config))}
        return self.templates.render(call, names, record=f"generate_schema_name for {name}").strip()

    def _parse(self, name: str, raw_sql: str, overrides: Mapping[str, Any]) -> None:
        """Render once for what the template says on the way: its configuration, its references."""
        names: dict[str, Any] = {
            "ref": lambda *names, **_: Relation("", names[-1]),
            "source": lambda source, table: Relation(source, table),
            "var": Variables(self.variables),
            "config": _Config({}),
            "this": Relation("", name),
            "model": SimpleNamespace(name=name, unique_id=name),
            "execute": False,
        }
        self.templates.render(raw_sql, {**names, **overrides}, record=name)

    def _with_references(self, draft: Node, names: Mapping[str, Node]) -> Node:
        if draft.kind == "seed":
            return draft
        refs: dict[str, None] = {}
        sources: dict[str, None] = {}

        def ref(*parts: str, **_: Any) -> Relation:
            if parts[-1] not in names:
                raise CompileError(f"ref({parts[-1]!r}) names no model or seed")
            refs[parts[-1]] = None
            return names[parts[-1]].relation

        def source(source_name: str, table: str) -> Relation:
            if (source_name, table) not in self.sources:
                raise CompileError(f"source({source_name!r}, {table!r}) is not declared")
            sources[f"{source_name}.{table}"] = None
            return self.sources[source_name, table].relation

        self._parse(draft.name, draft.raw_sql, {"ref": ref, "source": source})
        return replace(draft, depends_on=tuple(refs), sources=tuple(sources))

    def _ordered(self, nodes: list[Node]) -> tuple[Node, ...]:
        by_name = {node.name: node for node in nodes}
        try:
            order = list(TopologicalSorter({node.name: node.depends_on for node in nodes}).static_order())
        except CycleError as error:
            raise BuildFailed(f"The models read each other in a ring: {' -> '.join(error.args[1])}.") from None
        return tuple(by_name[name] for name in order)

    def _offences(self, nodes: tuple[Node, ...]) -> list[str]:
        layer_by_name = {node.name: node.layer for node in nodes}
        found: list[str] = []
        for node in nodes:
            if node.kind == "model":
                reads = [(name, layer_by_name[name]) for name in node.depends_on]
                for name in node.sources:
                    source_name, _, table = name.partition(".")
                    schema = self.sources[source_name, table].schema
                    reads.append((name, "meta" if schema == "meta" else "source"))
                found.extend(layers.offences(node.name, node.layer, reads))
        return found

    def _singular_tests(self) -> list[DataTest]:
        return [
            DataTest(name=path.stem, target="", raw_sql=path.read_text(encoding="utf-8"))
            for folder in self.test_folders
            for path in sorted(folder.glob("*.sql"))
        ]
