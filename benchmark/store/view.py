"""``metrics.parquet``: all metrics of all runs as one long frame, rebuilt where files changed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from benchmark.core.atomic import replacing
from benchmark.core.errors import StoreError
from benchmark.core.result import MetricRow
from benchmark.store.runs import RunStore

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas import DataFrame

logger = logging.getLogger(__name__)

VIEW_SCHEMA = 2
_KEY = b"mmbench"
_ROW = tuple(MetricRow.model_fields)
#: Of fields that records of earlier versions lack.
_DEFAULTS = {"version": 1}
_TYPES = {
    **dict.fromkeys(_ROW, "string"),
    "value": "float64",
    "n": "int64",
    "n_pos": "int64",
    "version": "int64",
    "fingerprint": "string",
    "status": "string",
    "kind": "string",
    "model": "string",
    "strategy": "string",
    "split": "string",
    "seed": "int64",
    "fold": "int64",
    "source": "string",
    "release": "string",
    "device": "string",
    "started": "string",
    "seconds_total": "float64",
}
COLUMNS = tuple(_TYPES)

#: Size and modification time of every run file a view was made of, by fingerprint.
Signature = dict[str, list[int]]


def load_view(store: RunStore) -> DataFrame:
    """Return one line per metric row, in the order of fingerprints.

    The columns are :data:`COLUMNS`: the fields of ``MetricRow`` and of its run. ``value`` is NaN
    and ``n_pos`` missing where they are undefined. Runs that failed have no rows.

    Raises:
        StoreError: A run was written by a newer mmbench.
    """
    current = _signature(store)
    table, known = _stored(store)
    if table is None or known != current:
        table = _update(store, table, known, current)
        _save(store, table, current)
    return _frame(table)


def _signature(store: RunStore) -> Signature:
    stats = ((entry.name.removesuffix(".json"), entry.stat()) for entry in store.files())
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats}


def _stored(store: RunStore) -> tuple[pa.Table | None, Signature]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = store.cache / "metrics.parquet"
    try:
        table = pq.read_table(path)
        note = json.loads((table.schema.metadata or {})[_KEY])
        if note["schema"] != VIEW_SCHEMA or tuple(table.column_names) != COLUMNS:
            return None, {}
        return table, note["files"]
    except FileNotFoundError:
        return None, {}
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s is unreadable (%s) and is rebuilt", path, error)
        return None, {}


def _update(
    store: RunStore, table: pa.Table | None, known: Signature, current: Signature
) -> pa.Table:
    """Parse new and changed runs, drop those that are gone, keep the rest."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = {name for name, stamp in current.items() if known.get(name) == stamp}
    fresh = _table(store, sorted(set(current) - kept))
    if table is None or not kept:
        return fresh
    mask = pc.is_in(table["fingerprint"], value_set=pa.array(sorted(kept), pa.string()))
    joined = pa.concat_tables([table.filter(mask), fresh]).unify_dictionaries()
    return _sorted(joined)


def _sorted(table: pa.Table) -> pa.Table:
    """Order by fingerprint and keep the order of each run's rows."""
    import numpy as np
    import pyarrow.compute as pc

    names = pc.cast(table["fingerprint"], "string").to_numpy()
    return table.take(np.argsort(names.astype(str), kind="stable"))


def _table(store: RunStore, fingerprints: Iterable[str]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for fingerprint in fingerprints:
        result: dict[str, Any] | None = store.plain(fingerprint)
        if result is not None:
            _append(columns, fingerprint, result)
    schema = pa.schema([(name, _arrow(kind)) for name, kind in _TYPES.items()])
    return pa.table(columns, schema=schema)


def _append(columns: dict[str, list[Any]], fingerprint: str, result: dict[str, Any]) -> None:
    rows = result["rows"]
    for name in _ROW:
        columns[name].extend(row.get(name, _DEFAULTS.get(name)) for row in rows)
    for name, value in _run_facts(fingerprint, result).items():
        columns[name].extend([value] * len(rows))
    releases = result.get("releases", {})
    for row in rows:
        release = releases.get(row["dataset"], {})
        columns["source"].append(release.get("source", ""))
        columns["release"].append(f"{release.get('id', '')} {release.get('version', '')}".strip())


def _run_facts(fingerprint: str, result: dict[str, Any]) -> dict[str, Any]:
    spec = result["spec"]
    return {
        "fingerprint": fingerprint,
        "status": result["status"],
        "kind": spec["kind"],
        "model": spec["model"]["name"],
        "strategy": spec["strategy"]["name"],
        "split": spec["split"]["kind"],
        "seed": spec["seed"],
        "fold": spec["split"]["fold"],
        "device": str(result["provenance"].get("device", "")),
        "started": result["started"],
        "seconds_total": result["seconds"].get("total"),
    }


def _arrow(kind: str) -> pa.DataType:
    import pyarrow as pa

    # Few distinct names, many rows: a dictionary makes the file small and reading it fast.
    return pa.dictionary(pa.int32(), pa.string()) if kind == "string" else pa.type_for_alias(kind)


def _save(store: RunStore, table: pa.Table, signature: Signature) -> None:
    import pyarrow.parquet as pq

    note = json.dumps({"schema": VIEW_SCHEMA, "files": signature}, separators=(",", ":"))
    path = store.cache / "metrics.parquet"
    try:
        with replacing(path) as temp:
            pq.write_table(table.replace_schema_metadata({_KEY: note.encode()}), temp)
    except StoreError as error:
        logger.warning("the view of the results stays in memory: %s", error.message)


def _frame(table: pa.Table) -> DataFrame:
    """Return plain columns: text as objects, not categories, whose groups would surprise."""
    import pandas as pd
    import pyarrow as pa

    text = [name for name, kind in _TYPES.items() if kind == "string"]
    frame: dict[str, Any] = {}
    for name in COLUMNS:
        column = table[name]
        if name in text:
            column = column.cast(pa.string())
        frame[name] = column.to_pandas(deduplicate_objects=True, integer_object_nulls=False)
    view = pd.DataFrame(frame)
    return view.astype({"n_pos": "Int64"})
