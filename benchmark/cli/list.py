"""``mmbench list``: tables, models and everything else that has a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmark.cli._console import emit, emit_columns, emit_json
from benchmark.core.paths import Paths
from benchmark.core.registry import Registry
from benchmark.manifest.tables import all_tables

Row = dict[str, Any]


def list_names(what: str, as_json: bool, plain: bool) -> None:
    """Print the names of one kind of thing.

    Args:
        what: A key of :data:`KINDS`.
        as_json: Print JSON instead of columns.
        plain: Print names only, one per line.
    """
    show(KINDS[what](), as_json, plain)


def list_tables(
    as_json: bool = False,
    plain: bool = False,
    manifests: bool = False,
    kind: str | None = None,
    stored_in: Paths | None = None,
) -> None:
    """Print tables.

    Args:
        as_json: Print JSON instead of columns.
        plain: Print ids only, one per line.
        manifests: Leave out tables that cannot be run.
        kind: Leave out tables of another kind.
        stored_in: Leave out tables for which this cache holds no run.
    """
    rows = [row for row in tables() if row["manifest"] or not manifests]
    if stored_in is not None:
        stored = _stored(stored_in)
        rows = [row for row in rows if row["id"] in stored]
    show([row for row in rows if kind in (None, row["kind"])], as_json, plain)


def show(rows: list[Row], as_json: bool, plain: bool) -> None:
    """Print rows that share their keys, the first of which is the name."""
    if as_json:
        emit_json(rows)
    elif plain:
        for row in rows:
            emit(str(next(iter(row.values()))))
    elif rows:
        emit_columns(list(rows[0]), [[_cell(value) for value in row.values()] for row in rows])


def tables() -> list[Row]:
    """Return id, printed, manifest, kind and title of every table."""
    return [
        {
            "id": table.id,
            "printed": table.printed is not None,
            "manifest": table.manifest is not None,
            "kind": table.kind,
            "title": table.title,
        }
        for table in all_tables()
    ]


def models() -> list[Row]:
    """Return every model and control."""
    from benchmark.models import MODELS

    return _registered(MODELS)


def datasets() -> list[Row]:
    """Return every dataset."""
    from benchmark.datasets import DATASETS

    return _registered(DATASETS)


def encoders() -> list[Row]:
    """Return every encoder; its family is what it gives."""
    from benchmark.models.encoders import ENCODERS

    return _registered(ENCODERS)


def losses() -> list[Row]:
    """Return every loss."""
    from benchmark.losses import LOSSES

    return _registered(LOSSES)


def strategies() -> list[Row]:
    """Return every training strategy."""
    from benchmark.training.strategies import STRATEGIES

    return _registered(STRATEGIES)


def metrics() -> list[Row]:
    """Return every metric with the task kinds it is defined for."""
    from benchmark.metrics import METRICS, MetricInfo

    rows = []
    for name in METRICS:
        entry = METRICS.entry(name)
        assert isinstance(entry, MetricInfo)
        rows.append(
            {
                "name": name,
                "label": entry.label,
                "tasks": list(entry.kinds),
                "better": "higher" if entry.higher_is_better else "lower",
                "summary": entry.summary,
            }
        )
    return rows


def analyses() -> list[Row]:
    """Return every analysis; its family is the kind of row that it is for."""
    from benchmark.measures import ANALYSES

    return _registered(ANALYSES)


def scenarios() -> list[Row]:
    """Return every scenario that trained models can be evaluated under."""
    from benchmark.measures import SCENARIOS

    return _registered(SCENARIOS)


def quantities() -> list[Row]:
    """Return every number that analyses and measurements give."""
    from benchmark.metrics import QUANTITIES, quantity_info

    return [
        {
            "name": name,
            "label": quantity_info(name).label,
            "unit": quantity_info(name).unit,
            "summary": quantity_info(name).summary,
        }
        for name in QUANTITIES
    ]


def figures() -> list[Row]:
    """Return every figure that a table can ask for."""
    from benchmark.render.figures import FIGURES

    return _registered(FIGURES)


#: What ``mmbench list`` takes, and where its rows come from.
KINDS: dict[str, Callable[[], list[Row]]] = {
    "tables": tables,
    "models": models,
    "datasets": datasets,
    "metrics": metrics,
    "encoders": encoders,
    "losses": losses,
    "strategies": strategies,
    "analyses": analyses,
    "scenarios": scenarios,
    "quantities": quantities,
    "figures": figures,
}


def _stored(paths: Paths) -> set[str]:
    from benchmark.store.runs import RunStore
    from benchmark.store.verify import summarise

    return set(summarise(RunStore(paths.cache)).tables)


def _registered(registry: Registry) -> list[Row]:
    rows = []
    for name in registry:
        entry = registry.entry(name)
        row: Row = {"name": name}
        if entry.family:
            row["family"] = entry.family
        rows.append({**row, "summary": entry.summary})
    return rows


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)
