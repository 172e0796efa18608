"""The direction of SQL: who may read whom. Data goes source -> staging -> intermediate -> marts -> outbound.

A layer is the nearest folder of a model that carries one of these names; `finance` lies inside `marts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from nexabooks.errors import BuildFailed

# `source` is any raw table, `meta` the warehouse's own; staging may look into seeds because it converts units by table.
MAY_READ: dict[str, frozenset[str]] = {
    "staging": frozenset({"source", "meta", "seeds"}),
    "intermediate": frozenset({"staging", "intermediate", "seeds"}),
    "marts": frozenset({"staging", "intermediate", "marts", "seeds"}),
    "outbound": frozenset({"marts", "seeds"}),
    "finance": frozenset({"marts", "finance", "meta", "seeds"}),
    "seeds": frozenset(),
}


def layer_of(path: PurePath) -> str:
    """The layer of the model file `path` (relative to the model folder), "" when no folder names one."""
    return next((part for part in reversed(path.parts[:-1]) if part in MAY_READ), "")


def offences(name: str, layer: str, reads: Sequence[tuple[str, str]]) -> list[str]:
    """One sentence for each thing that the model `name` reads and may not. `reads`: (what, its layer)."""
    if layer not in MAY_READ:
        return [f"{name} lies in no layer; its folder is one of {', '.join(MAY_READ)}"]
    allowed = MAY_READ[layer]
    return [
        f"{name} ({layer}) reads {what} ({read_layer}); {layer} may read {', '.join(sorted(allowed)) or 'nothing'}"
        for what, read_layer in reads
        if read_layer not in allowed
    ]


def check(sentences: Sequence[str]) -> None:
    """Raises BuildFailed naming every offender at once."""
    if sentences:
        raise BuildFailed(f"The SQL breaks the layer rules: {'; '.join(sentences)}.", record=sentences[0].split(" ")[0])
