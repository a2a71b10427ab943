"""A run end to end: rows, predictions, resuming, selection, errors."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.core.errors import DataError, DivergedError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.spec import MissingSpec, Ref, RunSpec
from benchmark.metrics import METRICS
from benchmark.metrics.evaluate import evaluate, metric_info
from benchmark.models import MODELS
from benchmark.training import data as data_module
from benchmark.training.execute import ExecutionContext, Outcome, execute

Build = Callable[..., RunSpec]
FIT = Ref(name="fit")
MODEL_NAMES = [name for name in MODELS if MODELS.entry(name).family == "model"]
#: Settings without which a model cannot be built, or would be slow.
SETTINGS: dict[str, dict[str, Any]] = {
    "unimodal": {"modality": "b"},
    "joint_transformer": {"heads": 2},
    "asymmirai": {"pairs": [["a", "b"]], "share_encoder": "none"},
    "mult": {"width": 8, "heads": 2, "layers": 1, "self_layers": 1},
}


class Killed(Exception):
    """Stands for a signal."""


def _execute(
    spec: RunSpec, paths: Paths, checkpoint: Path | None = None, kill_after: int = 0
) -> Outcome:
    def progress(event: str, facts: dict[str, Any]) -> None:
        if event == "epoch" and facts["epoch"] == kill_after:
            raise Killed

    context = ExecutionContext(paths, "auto", "cpu", checkpoint, progress, checkpoint_every_s=0)
    return execute(spec, context)


def _same(one: Outcome, other: Outcome) -> None:
    assert one.rows == other.rows
    pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)
    assert one.info == other.info
    assert (one.weights is None) == (other.weights is None)
    for name, tensor in (one.weights or {}).items():
        assert torch.equal(tensor, (other.weights or {})[name])


def test_every_metric_of_both_parts_and_predictions_that_give_them(
    planted_spec: Build, paths: Paths
) -> None:
    outcome = _execute(planted_spec(), paths)
    wanted = {name for name in METRICS if "binary" in metric_info(name).kinds}
    assert {(row.part, row.metric) for row in outcome.rows} == {
        (part, name) for part in ("val", "test") for name in wanted
    }
    assert list(outcome.predictions.columns) == [
        "part", "dataset", "task", "sample_id", "group_id", "y0", "s0",
    ]  # fmt: skip
    for row in outcome.rows:
        mine = outcome.predictions[outcome.predictions["part"] == row.part]
        again = evaluate(row.metric, "binary", mine["y0"], mine["s0"])
        assert (again.value, again.n, again.n_pos) == (row.value, row.n, row.n_pos)
    assert outcome.releases["planted"].source == "synthetic"
    assert set(outcome.seconds) == {"data", "fit", "predict", "total"}
    assert outcome.info["epochs"] == 5
    assert len(outcome.info["history"]["val"]) == 5
    counts = outcome.info["parameters"]
    # Two encoders 3-6-4, two learned vectors of 4, joint layer 8-6, head 6-2.
    assert counts["encoders"] == 2 * (4 * 6 + 7 * 4)
    assert counts["fusion"] == 8 + 9 * 6 + 7 * 2


def test_equal_specs_give_equal_bits_whatever_ran_before(planted_spec: Build, paths: Paths) -> None:
    first = _execute(planted_spec(), paths)
    torch.rand(7)
    _execute(planted_spec(seed=5), paths)
    data_module._datasets.clear()
    _same(first, _execute(planted_spec(), paths))


def test_seed_matters(planted_spec: Build, paths: Paths) -> None:
    one, other = (_execute(planted_spec(seed=seed), paths) for seed in (0, 1))
    assert not one.predictions["s0"].equals(other.predictions["s0"])


@pytest.mark.parametrize("after", [1, 3, 5])
def test_killed_and_resumed_equals_uninterrupted(
    planted_spec: Build, paths: Paths, tmp_path: Path, after: int
) -> None:
    training = {"schedule": {"name": "cosine", "warmup": 0.2}, "early_stopping": {"patience": 3}}
    spec, file = planted_spec(training, seed=2), tmp_path / "checkpoint"
    whole = _execute(spec, paths)
    with pytest.raises(Killed):
        _execute(spec, paths, file, kill_after=after)
    assert file.exists()
    torch.rand(3)
    _same(whole, _execute(spec, paths, file))


def test_killed_at_every_epoch(planted_spec: Build, paths: Paths, tmp_path: Path) -> None:
    spec, file = planted_spec(seed=3), tmp_path / "checkpoint"
    for epoch in range(1, 6):
        with pytest.raises(Killed):
            _execute(spec, paths, file, kill_after=epoch)
    _same(_execute(spec, paths), _execute(spec, paths, file))


def test_resuming_really_skips_finished_epochs(
    planted_spec: Build, paths: Paths, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "checkpoint"
    with pytest.raises(Killed):
        _execute(planted_spec(), paths, file, kill_after=3)
    with caplog.at_level(logging.INFO, "benchmark.training"):
        _execute(planted_spec(), paths, file)
    assert "going on after epoch 3" in caplog.text
    assert "epoch 3/5" not in caplog.text
    assert "epoch 4/5" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint"])
def test_damaged_checkpoint_starts_again(
    planted_spec: Build, paths: Paths, tmp_path: Path, damage: bytes
) -> None:
    file = tmp_path / "checkpoint"
    file.write_bytes(damage)
    _same(_execute(planted_spec(), paths), _execute(planted_spec(), paths, file))


def test_checkpoint_of_another_spec_starts_again(
    planted_spec: Build, paths: Paths, tmp_path: Path
) -> None:
    file = tmp_path / "checkpoint"
    with pytest.raises(Killed):
        _execute(planted_spec(seed=1), paths, file, kill_after=2)
    _same(_execute(planted_spec(), paths), _execute(planted_spec(), paths, file))


def test_kept_epoch_is_the_best_on_validation(planted_spec: Build, paths: Paths) -> None:
    training = {"epochs": 12, "optimizer": {"lr": 0.3}, "selection": {"metric": "auroc_binary"}}
    outcome = _execute(planted_spec(training), paths)
    history = outcome.info["history"]["val"]
    assert outcome.info["best_epoch"] == 1 + int(np.argmax(history))
    assert outcome.info["best_epoch"] < 12
    kept = [r.value for r in outcome.rows if (r.part, r.metric) == ("val", "auroc_binary")]
    assert kept == [outcome.info["best_value"]]


def test_early_stopping_ends_the_run(planted_spec: Build, paths: Paths) -> None:
    training = {"epochs": 60, "optimizer": {"lr": 0.05}, "early_stopping": {"patience": 2}}
    info = _execute(planted_spec(training), paths).info
    assert info["stopped_early"]
    assert info["epochs"] == info["best_epoch"] + 2


def test_it_learns(planted_spec: Build, paths: Paths) -> None:
    outcome = _execute(planted_spec({"epochs": 20, "optimizer": {"lr": 0.01}}), paths)
    values = {row.metric: row.value for row in outcome.rows if row.part == "test"}
    assert values["acc"] is not None
    assert values["acc"] > 0.75


@pytest.mark.parametrize("batch_size", [7, 13, 500])
def test_last_short_batch(planted_spec: Build, paths: Paths, batch_size: int) -> None:
    """105 training samples: a last batch of none, of one, and one short batch in all."""
    for drop_last in (False, True):
        training = {"epochs": 1, "batch_size": batch_size, "drop_last": drop_last}
        assert _execute(planted_spec(training), paths).info["epochs"] == 1


def test_test_rows_steer_nothing(
    planted_spec: Build, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other test labels and missing test modalities leave the trained weights as they are."""
    before = _execute(planted_spec(), paths)
    missing = MissingSpec(rates={"a": 0.5}, parts=("test",))
    after = _execute(planted_spec(missing=missing), paths)
    assert before.weights is not None
    assert after.weights is not None
    assert all(torch.equal(one, after.weights[name]) for name, one in before.weights.items())
    tests = [one.predictions.query("part == 'test'")["s0"] for one in (before, after)]
    assert not tests[0].equals(tests[1])


def test_modalities_dropped_on_purpose_are_dropped_for_controls_too(
    planted_spec: Build, paths: Paths
) -> None:
    settings = {"model": Ref(name="ridge_logistic"), "strategy": FIT, "encoders": {}, "losses": {}}
    blind = MissingSpec(rates={"a": 1.0, "b": 1.0}, parts=("test",), keep_one=False)
    outcome = _execute(planted_spec(missing=blind, **settings), paths)
    assert outcome.predictions.query("part == 'test'")["s0"].nunique() == 1
    assert outcome.weights is None


def test_unlabelled_samples_are_not_scored_and_not_trained_on(
    planted_spec: Build, paths: Paths
) -> None:
    outcome = _execute(planted_spec(data={"unlabelled": 0.3}), paths)
    mine = outcome.predictions.query("part == 'test'")
    assert mine["y0"].isna().any()
    assert mine["s0"].notna().all()
    assert {row.n for row in outcome.rows if row.part == "test"} == {int(mine["y0"].notna().sum())}


@pytest.mark.parametrize("name", ["prior", "ridge_logistic", "boosting", "best_single"])
def test_controls_repeat(planted_spec: Build, paths: Paths, name: str) -> None:
    config = {"rounds": 10} if name == "boosting" else {}
    settings = {"strategy": FIT, "encoders": {}, "losses": {}}
    spec = planted_spec(model=Ref(name=name, config=config), **settings)
    _same(_execute(spec, paths), _execute(spec, paths))


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("model", MODEL_NAMES)
def test_every_model_runs(planted_spec: Build, paths: Paths, model: str, classes: int) -> None:
    config = SETTINGS.get(model, {})
    encoder = Ref(name="mlp")
    if MODELS.config(model).parse(config).encoder_gives("a") == "tokens":
        encoder = Ref(name="patch", config={"width": 8, "patches": 2})
    spec = planted_spec(
        {"epochs": 1},
        {"classes": classes, "missing": {"a": 0.3}},
        model=Ref(name=model, config=config),
        encoders={"a": encoder, "b": encoder},
    )
    outcome = _execute(spec, paths)
    scores = outcome.predictions.filter(regex=r"^s\d")
    assert scores.shape[1] == (1 if classes == 2 else classes)
    assert outcome.info["samples"] == {"train": 105, "val": 22, "test": 23}


def test_one_modality_needs_its_own_encoder_only(planted_spec: Build, paths: Paths) -> None:
    """Encoders that the model does not read move no random number either."""
    model, encoder = Ref(name="unimodal", config={"modality": "b"}), Ref(name="mlp")
    alone = _execute(planted_spec(model=model, encoders={"b": encoder}), paths)
    wide = Ref(name="mlp", config={"width": 99})
    _same(alone, _execute(planted_spec(model=model, encoders={"a": wide, "b": encoder}), paths))


def test_divergence_names_epoch_and_step(planted_spec: Build, paths: Paths) -> None:
    training = {"optimizer": {"name": "sgd", "lr": 1e30}, "batch_size": 16}
    with pytest.raises(DivergedError, match=r"in epoch 1, step \d of 7"):
        _execute(planted_spec(training), paths)


def test_changed_data_is_refused(planted_spec: Build, paths: Paths) -> None:
    spec = planted_spec()
    component = spec.components[0].model_copy(update={"data": "0" * 64})
    changed = spec.model_copy(update={"components": (component,)})
    with pytest.raises(DataError, match="'planted' changed: the run was planned for 000000000000"):
        _execute(changed, paths)


def test_datasets_are_read_once(
    planted_spec: Build, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_module._datasets.clear()
    for _ in range(2):
        _execute(planted_spec({"epochs": 1}), paths)
    assert len(data_module._datasets) == 1
    for seed in range(3):
        _execute(planted_spec({"epochs": 1}, {"seed": seed}), paths)
    assert len(data_module._datasets) == data_module.KEPT


def test_errors_name_what_is_missing(planted_spec: Build, paths: Paths) -> None:
    with pytest.raises(UsageError, match="'evaluate' runs are for"):
        _execute(planted_spec(kind="evaluate"), paths)
    with pytest.raises(UsageError, match="no encoder for modality 'b'"):
        _execute(planted_spec(encoders={"a": Ref(name="mlp")}), paths)
    with pytest.raises(UsageError, match="no loss for task 'label'"):
        _execute(planted_spec(losses={}), paths)
    with pytest.raises(UsageError, match="strategy 'fit' runs controls, 'early_fusion' is a model"):
        _execute(planted_spec(strategy=FIT), paths)
    with pytest.raises(UsageError, match="needs encoders that give tokens, 'mlp' of modality 'a'"):
        _execute(planted_spec(model=Ref(name="joint_transformer")), paths)
    with pytest.raises(UsageError, match="'prior' is a control"):
        _execute(planted_spec(model=Ref(name="prior")), paths)
