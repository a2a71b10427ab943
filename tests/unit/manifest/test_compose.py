"""Manifests that build on a file of shared methods."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core.errors import ManifestError
from benchmark.manifest.load import load_manifest
from benchmark.manifest.schema import Manifest

BASE = """\
settings:
  encoders: {"*": {name: mlp, width: 16}}
  training: {epochs: 9, batch_size: 32}
  split: {kind: kfold, folds: 5, stratify: label}
  seeds: [0]
datasets:
  planted: {options: {n: 200}}
  wdbc: {settings: {training: {epochs: 3}}}
methods:
  early:
    label: Early fusion
    model: early_fusion
    settings: {config: {hidden: [8], dropout: 0.5}}
    modalities: {wdbc: [mean], planted: [b, a]}
    by_dataset:
      wdbc: {training: {batch_size: 4}}
      planted: {training: {batch_size: 5}}
  joint:
    label: Joint transformer
    model: joint_transformer
    settings: {encoders: {"*": {name: patch, width: 16, patches: 2}}}
variants:
  released:
    methods:
      early:
        config: {dropout: 0.1}
        by_dataset:
          wdbc: {training: {epochs: 5}}
          planted: {training: {epochs: 6}}
      joint: {training: {epochs: 2}}
profiles:
  full:
    settings: {seeds: [0, 1]}
    datasets: {wdbc: {settings: {threads: 2}}}
sources:
  settings: "ours: small"
  datasets.planted.options: "ours: few samples"
  datasets.wdbc.settings: "ours: quick"
  methods.early: "paper: App. B"
  methods.joint.settings: "inferred: two patches"
  variants.released.methods.early: "code: train.py"
  variants.released.methods.joint: "code: run.sh"
  profiles.full: "ours: two seeds"
"""

OWN = """\
schema_version: 1
id: suite/composed
title: Composed
extends: _base.yaml
datasets:
  planted: {tasks: [label]}
columns:
  - {dataset: planted, task: label, metrics: [acc]}
settings: {training: {epochs: 7}}
rows:
  - {key: one/early, use: early, group: First}
  - {key: two/early, use: early, settings: {config: {hidden: [4]}}}
sources:
  settings.training.epochs: "ours: a little less"
  rows.two/early.settings: "ours: narrower"
"""


def written(folder: Path, own: str = OWN, base: str | None = BASE) -> Path:
    if base is not None:
        (folder / "_base.yaml").write_text(base)
    path = folder / "composed.yaml"
    path.write_text(own)
    return path


@pytest.fixture
def composed(tmp_path: Path) -> Manifest:
    return load_manifest(written(tmp_path))


def test_rows_start_from_the_method_they_use(composed: Manifest) -> None:
    first, second = composed.rows
    assert (first.key, first.label, first.group) == ("one/early", "Early fusion", "First")
    assert first.settings.config == {"hidden": [8], "dropout": 0.5}
    assert second.settings.config == {"hidden": [4], "dropout": 0.5}


def test_own_values_lie_on_top_of_the_base(composed: Manifest) -> None:
    assert composed.settings.training == {"epochs": 7, "batch_size": 32}
    assert composed.datasets["planted"].options == {"n": 200}
    assert composed.datasets["planted"].tasks == ("label",)


def test_what_the_table_does_not_name_is_left_out(composed: Manifest) -> None:
    assert list(composed.datasets) == ["planted"]
    assert list(composed.rows[0].by_dataset) == ["planted"]
    assert composed.rows[0].modalities == {"planted": ("b", "a")}
    assert composed.profiles["full"].datasets == {}
    assert set(composed.variants["released"].rows) == {"one/early", "two/early"}


def test_overlays_of_methods_reach_every_row_that_uses_them(composed: Manifest) -> None:
    released = composed.variants["released"].rows
    assert released["one/early"].config == released["two/early"].config == {"dropout": 0.1}
    for row in ("one/early", "two/early"):
        on = {name: layer.training for name, layer in released[row].by_dataset.items()}
        assert on == {"planted": {"epochs": 6}}


def test_sources_follow_what_they_speak_of(composed: Manifest) -> None:
    assert composed.sources["rows.one/early"] == "paper: App. B"
    assert composed.sources["variants.released.rows.two/early"] == "code: train.py"
    assert composed.sources["rows.two/early.settings"] == "ours: narrower"
    assert not any("wdbc" in path or "joint" in path for path in composed.sources)


def test_an_encoder_of_another_name_starts_afresh(tmp_path: Path) -> None:
    change = (
        'rows:\n  - {key: a, use: joint, settings: {encoders: {"*": {name: patch, patches: 3}}}}\n'
    )
    other = change.replace("patch, patches: 3", "mlp").replace("use: joint", "use: early")
    same = load_manifest(written(tmp_path, _with_rows(change)))
    assert same.rows[0].settings.encoders["*"] == {"name": "patch", "width": 16, "patches": 3}
    base = BASE.replace(
        "config: {hidden: [8]", 'encoders: {"*": {name: text_vector}}, config: {hidden: [8]'
    )
    renamed = load_manifest(written(tmp_path, _with_rows(other), base))
    assert renamed.rows[0].settings.encoders["*"] == {"name": "mlp"}


def _with_rows(rows: str) -> str:
    head, _, _ = OWN.partition("rows:")
    return head + rows + 'sources:\n  settings.training.epochs: "ours: x"\n  rows.a: "ours: y"\n'


@pytest.mark.parametrize(
    ("own", "base", "texts"),
    [
        (OWN.replace("use: early, group", "use: eraly, group"), BASE,
         ("composed.yaml:11: rows.0.use: unknown method 'eraly'", "did you mean 'early'")),
        (OWN, BASE.replace("hidden: [8]", "hiden: [8]"),
         ("_base.yaml:13: rows.one/early.settings.config.hiden", "did you mean 'hidden'")),
        (OWN, BASE.replace("label: Early fusion", "label: 5"), ("_base.yaml:11: ", "must be text")),
        (OWN, BASE.replace("seeds: [0]\n", "seeds: [0]\n  seeds: [1]\n", 1),
         ("_base.yaml:6: settings: duplicate key",)),
        (OWN, BASE + "rows: []\n", ("_base.yaml:44: rows: unknown key of a file",)),
        (OWN, BASE.replace('  methods.early: "paper: App. B"\n', ""), ("has no source",)),
        (OWN, None, ("_base.yaml:1: there is no such file",)),
        (OWN, "- 1\n", ("holds no mapping",)),
        (OWN.replace("extends: _base.yaml", "extends: [a]"), BASE, ("must name a file",)),
    ],
)  # fmt: skip
def test_problems_name_the_file_they_are_in(
    tmp_path: Path, own: str, base: str | None, texts: tuple[str, ...]
) -> None:
    with pytest.raises(ManifestError) as caught:
        load_manifest(written(tmp_path, own, base))
    for text in texts:
        assert text in str(caught.value)


def test_a_row_without_a_base_has_no_use(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="unknown key"):
        load_manifest(written(tmp_path, OWN.replace("extends: _base.yaml\n", "")))
