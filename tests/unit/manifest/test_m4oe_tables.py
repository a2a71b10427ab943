"""The tables of M4oE as they ship: shared runs, printed cells, sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.core.paths import Paths, shipped
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.printed import load_printed
from benchmark.manifest.selection import Request
from benchmark.training.build import build_losses, build_model
from benchmark.training.data import narrow

RESULTS = (3, 4, 5, 7, 8, 9, 10, 11, 14, 15)
CONTROLS = {"prior", "ridge", "boosting", "best_single"}
SEVEN = ("risk_1y", "risk_2y", "risk_3y", "risk_4y", "risk_5y", "density", "birads")


def expanded(table: str, cache: Path, **request: str) -> Expansion:
    manifest = load_manifest(shipped("manifests") / f"{table}.yaml")
    context = DataContext(Paths(cache=cache), "synthetic")
    return expand(manifest, Request(context, profile="demo", **request))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", RESULTS)
def test_every_printed_cell_has_runs(number: int, tmp_path: Path) -> None:
    found = expanded(f"m4oe/table{number}", tmp_path)
    printed = load_printed(shipped("tables") / f"m4oe/table{number}.yaml")
    rows = {row.key for row in found.manifest.rows}
    assert {row.key for row in printed.rows} <= rows
    columns = [column.key for column in found.manifest.table_columns()]
    assert len(columns) == len(printed.columns)
    lacking = [(row.key, column) for row in printed.rows for column in columns
               if (row.key, column) not in found.cells]  # fmt: skip
    assert lacking == []
    assert rows >= CONTROLS


def test_multi_task_rows_train_all_seven_tasks_and_single_ones_their_own(tmp_path: Path) -> None:
    table = expanded("m4oe/table7", tmp_path)
    for run in table.runs:
        (use,) = run.uses
        tasks = run.spec.components[0].tasks
        alone = not use.row.startswith("multi_task")
        assert len(tasks) == 1 if alone else tasks == SEVEN
        assert run.spec.split.folds == 5


def test_released_m4oe_keeps_three_slots(tmp_path: Path) -> None:
    table = expanded("m4oe/table7", tmp_path, variant="released")
    joint = [run for run in table.runs if run.uses[0].row == "multi_task_natural/m4oe"]
    assert {run.spec.components[0].tasks for run in joint} == {("risk_1y", "density", "birads")}
    assert {run.spec.model.config["alpha"] for run in joint} == {0.0}


@pytest.mark.parametrize("number", [7, 8, 9, 11])
def test_nothing_released_has_the_regulariser(number: int, tmp_path: Path) -> None:
    """It is commented out of the one training loop there is."""
    for variant, some in (("described", True), ("released", False)):
        configs = [run.spec.model.config for run in
                   expanded(f"m4oe/table{number}", tmp_path, variant=variant).runs]  # fmt: skip
        hosts = [one["mtoe"] for one in configs if isinstance(one.get("mtoe"), dict)]
        assert len(hosts) >= 10
        joint = [one for one in configs if one.get("mtoe") == "tasks"]
        assert any(one["msoe"] == "nothing" for one in joint)
        assert {one["alpha"] > 0 for one in [*hosts, *joint]} == {some}


def test_losses_that_stand_beside_a_models_own_terms_are_cross_entropy(tmp_path: Path) -> None:
    """MultiModN and EyeMoSt weigh the run's loss against cross-entropies; EyeStar has no other."""
    seen = set()
    for number in (7, 11):
        for run in expanded(f"m4oe/table{number}", tmp_path).runs:
            if (name := run.spec.model.name) in ("multimodn", "eyemost", "eyestar"):
                seen.add(name)
                losses = {task: loss.name for task, loss in run.spec.losses.items()}
                assert losses.pop("seg", "dice_ce") == "dice_ce"
                assert set(losses.values()) == {"cross_entropy"}
    assert len(seen) == 3


def test_equal_rows_of_different_tables_are_the_same_runs(tmp_path: Path) -> None:
    tables = {n: expanded(f"m4oe/table{n}", tmp_path) for n in (3, 4, 5, 7, 14, 15)}
    full = {3: "full", 4: "multi_task/m4oe", 5: "n128/alpha_0_05", 7: "multi_task_natural/m4oe",
            14: "full", 15: "m4oe/n128"}  # fmt: skip
    runs = [
        {run.fingerprint for run in tables[n].cells[row, "embed/density/acc"]}
        for n, row in full.items()
    ]
    assert all(one == runs[0] for one in runs)
    assert len(runs[0]) == 5


def test_table10_released_reads_what_fusemoe_and_haim_read(tmp_path: Path) -> None:
    found = {}
    for variant in ("described", "released"):
        runs = expanded("m4oe/table10", tmp_path, variant=variant).runs
        (closing,) = {run.spec.model.config["closing_zero"] for run in runs
                      if run.spec.model.name == "haim"}  # fmt: skip
        options = runs[0].spec.components[0].loader.config
        found[variant] = (closing, options["note_time"], options["channels"], options["grouping"])
    assert found["described"] == (False, "storetime", "fusemoe30", "patient")
    assert found["released"] == (True, "charttime", "fusemoe30_asrun", "patient")


def test_table10_is_built_in_the_papers_size(tmp_path: Path) -> None:
    """Series, reports and X-rays have encoders that every model of the table takes."""
    overrides = {
        "datasets.mimic_iv.xray_model": "null",
        "encoders.*.pretrained": "null",
    }
    folder = tmp_path / "bio_clinical_bert"
    folder.mkdir()
    (folder / "config.json").write_text('{"hidden_size": 768}')
    (folder / "model.safetensors").write_bytes(b"planning hashes it, nothing more")
    manifest = load_manifest(shipped("manifests") / "m4oe/table10.yaml")
    context = DataContext(Paths(cache=tmp_path, weights=tmp_path), "synthetic")
    request = Request(context, profile="paper", folds=["0"], overrides=overrides)
    sizes = {}
    for run in expand(manifest, request).runs:
        if not run.spec.encoders:
            continue
        (part,) = run.spec.components
        config = DATASETS.config(part.loader.name).parse(part.loader.config)
        component = narrow(DATASETS.load(part.loader.name).describe(config), part)
        labels = dict.fromkeys(part.tasks, np.arange(8.0) % 2)
        losses = build_losses(run.spec, component, labels)
        with torch.device("meta"):
            model = build_model(run.spec, component, losses)
        sizes[run.uses[0].row] = sum(one.numel() for one in model.parameters())
        assert part.modalities == ("series", "note", "xray")
    assert list(sizes) == ["evif", "mmodn", "fuse_moe", "m4oe"]
    assert sizes["m4oe"] > 1e9 > sizes["evif"] > 1e8
