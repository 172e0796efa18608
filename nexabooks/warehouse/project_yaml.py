"""Read the YAML of a dbt project: dbt_project.yml and the schema files beside the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from nexabooks.errors import BuildFailed
from nexabooks.warehouse.nodes import Column, DataTest, Fixture, SourceTable, UnitTest

# The one written in C, where PyYAML was built with it, takes a tenth of the time.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> dict[str, Any]:
    """One YAML file as a dictionary. Raises BuildFailed naming the file."""
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (both are safe loaders)
    except OSError as error:
        raise BuildFailed(f"The file {path} cannot be read: {error.strerror}.", record=path.name) from None
    except yaml.YAMLError as error:
        raise BuildFailed(f"The file {path} is not YAML: {' '.join(str(error).split())}.", record=path.name) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BuildFailed(f"The file {path} is a YAML {type(found).__name__}; dbt wants a mapping.", record=path.name)
    return found


def yaml_files(folders: list[Path]) -> Iterator[Path]:
    """Every .yml and .yaml file below `folders`, in a stable order."""
    for folder in folders:
        yield from sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")])


def folder_config(tree: Mapping[str, Any], folders: tuple[str, ...]) -> dict[str, Any]:
    """What dbt_project.yml says for a file in `folders`: keys with "+" count, the deeper folder wins."""
    config: dict[str, Any] = {}
    level: Any = tree
    for step in ("", *folders):
        level = level if step == "" else level.get(step)
        if not isinstance(level, Mapping):
            break
        # Without its "+", a key that is no folder is configuration only when its value is not a mapping (dbt's rule).
        config |= {
            key.removeprefix("+"): value
            for key, value in level.items()
            if key.startswith("+") or not isinstance(value, Mapping)
        }
    return config


def columns_of(entry: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns that a YAML entry describes."""
    return tuple(
        Column(
            name=column["name"],
            data_type=str(column.get("data_type") or ""),
            description=str(column.get("description") or ""),
            constraints=tuple(c["type"] for c in column.get("constraints") or ()),
        )
        for column in entry.get("columns") or ()
    )


def sources_of(content: Mapping[str, Any]) -> Iterator[tuple[SourceTable, Mapping[str, Any]]]:
    """Each source table of one schema file, with its YAML entry."""
    for source in content.get("sources") or ():
        for table in source.get("tables") or ():
            found = SourceTable(
                source=source["name"],
                name=table["name"],
                schema=source.get("schema") or source["name"],
                identifier=table.get("identifier") or table["name"],
                columns=columns_of(table),
            )
            yield found, table


def unit_tests_of(content: Mapping[str, Any], fixtures: Mapping[str, Path]) -> Iterator[UnitTest]:
    """Each unit test of one schema file. `fixtures`: the files under tests/fixtures by their name."""
    for entry in content.get("unit_tests") or ():
        name = entry["name"]
        yield UnitTest(
            name=name,
            model=entry["model"],
            given=tuple(_fixture(given, given["input"], fixtures, name) for given in entry.get("given") or ()),
            expect=_fixture(entry["expect"], "", fixtures, name),
            overrides=entry.get("overrides") or {},
            description=str(entry.get("description") or ""),
        )


def _fixture(entry: Mapping[str, Any], input_text: str, fixtures: Mapping[str, Path], test: str) -> Fixture:
    form = entry.get("format", "dict")
    rows = entry.get("rows")
    if entry.get("fixture"):
        path = fixtures.get(entry["fixture"])
        if path is None:
            raise BuildFailed(
                f"The unit test {test} names the fixture {entry['fixture']!r}, which is not there.", record=test
            )
        rows = path.read_text(encoding="utf-8")
    return Fixture(input=input_text, rows=rows if rows is not None else [], format=form, has_rows=rows is not None)


def data_tests_of(entry: Mapping[str, Any], target: str) -> Iterator[DataTest]:
    """Each data test that a model, seed or source table declares, on itself or on its columns."""
    yield from (_data_test(declared, target, "") for declared in _declared(entry))
    for column in entry.get("columns") or ():
        yield from (_data_test(declared, target, column["name"]) for declared in _declared(column))


def _declared(entry: Mapping[str, Any]) -> list[Any]:
    return [*(entry.get("data_tests") or ()), *(entry.get("tests") or ())]


def _data_test(declared: Any, target: str, column: str) -> DataTest:
    if isinstance(declared, str):
        declared = {declared: {}}
    macro, body = next(iter(declared.items()))
    if macro == "name" or "test_name" in declared:
        macro, body = declared["test_name"], {k: v for k, v in declared.items() if k != "test_name"}
    body = dict(body or {})
    config = {**(body.pop("config", None) or {})}
    # dbt 1.10 moved the arguments of a test below `arguments`; both forms are valid.
    arguments = {**(body.pop("arguments", None) or {})}
    name = body.pop("name", None)
    for key in ("description", "meta", "tags"):
        body.pop(key, None)
    for key in ("severity", "where"):
        if key in body:
            config[key] = body.pop(key)
    arguments |= body
    if column:
        arguments["column_name"] = column
    return DataTest(
        name=name or "_".join(part for part in (macro, target.replace(".", "_"), column) if part),
        target=target,
        macro=macro,
        arguments=arguments,
        severity=str(config.get("severity", "error")).lower(),
        where=str(config.get("where") or ""),
    )
