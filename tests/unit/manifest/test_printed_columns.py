"""Columns of a manifest may name the paper's column they mean; the names are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core.errors import ManifestError
from benchmark.manifest.load import load_manifest

MANIFEST = """\
schema_version: 1
id: ID
title: A miniature
datasets: {wdbc: {}}
columns:
  - {dataset: wdbc, task: diagnosis, metrics: [acc], printed: PRINTED}
rows:
  - {key: prior, label: Prior, model: prior}
"""


def load(folder: Path, table: str, printed: str) -> dict[str, str]:
    path = folder / "table.yaml"
    path.write_text(MANIFEST.replace("ID", table).replace("PRINTED", printed))
    return load_manifest(path).columns[0].printed


def test_a_printed_column_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, "m4oe/table7", "{acc: risk_acc}") == {"acc": "risk_acc"}
    assert load(tmp_path, "suite/own", "{}") == {}


@pytest.mark.parametrize(
    ("table", "printed", "text"),
    [
        ("m4oe/table7", "{acc: risk_ac}", "unknown printed column 'risk_ac' .did you mean"),
        ("m4oe/table7", "{f1_macro: risk_acc}", "unknown metric of this column 'f1_macro'"),
        ("suite/own", "{acc: risk_acc}", "unknown printed column 'risk_acc'"),
    ],
)
def test_names_that_are_not_there(tmp_path: Path, table: str, printed: str, text: str) -> None:
    with pytest.raises(ManifestError, match=text):
        load(tmp_path, table, printed)
