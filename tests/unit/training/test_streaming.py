"""Parts too large for memory are read by batches, with the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.core.batch import ModalityData
from benchmark.core.paths import Paths
from benchmark.core.spec import MissingSpec, Ref, RunSpec
from benchmark.datasets.planted import Planted
from benchmark.training import streaming
from benchmark.training.data import RunData, load_dataset, run_data
from benchmark.training.execute import ExecutionContext, Outcome, execute

Build = Callable[..., RunSpec]
DROPPED = MissingSpec(rates={"b": 0.3})


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no part be held in memory."""
    monkeypatch.setattr(streaming, "RESIDENT_BYTES", 100)


def _data(spec: RunSpec, paths: Paths) -> RunData:
    return run_data(spec, load_dataset(spec.components[0], paths, "auto"))


def _execute(spec: RunSpec, paths: Paths) -> Outcome:
    return execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_gives_the_same_bits(
    planted_spec: Build, paths: Paths, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    missing = {"missing": {"a": 0.2}, "unlabelled": 0.1}
    training = {"precision": precision, "batch_size": 16, "accumulate": 2, "drop_last": True}
    spec = planted_spec(training, missing, missing=DROPPED)
    held = _execute(spec, paths)
    monkeypatch.setattr(streaming, "RESIDENT_BYTES", 100)
    asked: list[int] = []
    read = Planted.tensors

    def counting(self: Planted, rows: Any, preprocessor: Any) -> dict[str, ModalityData]:
        asked.append(len(rows))
        return read(self, rows, preprocessor)

    monkeypatch.setattr(Planted, "tensors", counting)
    streamed = _execute(spec, paths)
    assert held.rows == streamed.rows
    pd.testing.assert_frame_equal(held.predictions, streamed.predictions, check_exact=True)
    assert held.info == streamed.info
    assert held.weights is not None
    assert streamed.weights is not None
    for name, tensor in held.weights.items():
        assert torch.equal(tensor, streamed.weights[name])
    assert max(asked) <= 4 * 16


@pytest.mark.usefixtures("tiny")
def test_what_is_selected_is_what_a_held_part_gives(
    planted_spec: Build, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _data(planted_spec(None, {"missing": {"a": 0.3}}, missing=DROPPED), paths)
    streamed = data.batch("train")
    monkeypatch.setattr(streaming, "RESIDENT_BYTES", 10**9)
    held = data.batch("train")
    assert isinstance(streamed, streaming.StreamedBatch)
    assert not isinstance(held, streaming.StreamedBatch)
    assert streamed.to("cpu") is streamed
    assert streamed.size == held.size
    for index in (torch.tensor([5, 0, 5]), torch.arange(held.size) % 3 == 0):
        one, other = streamed.select(index), held.select(index)
        assert torch.equal(one.observed, other.observed)
        assert torch.equal(one.rows, other.rows)
        assert torch.equal(one.targets["label"], other.targets["label"])
        assert list(one.inputs) == list(other.inputs)
        for name, values in one.inputs.items():
            assert torch.equal(values.values, other.inputs[name].values)


@pytest.mark.usefixtures("tiny")
def test_the_inputs_of_a_whole_streamed_part_are_not_there(
    planted_spec: Build, paths: Paths
) -> None:
    inputs = _data(planted_spec(), paths).batch("train").inputs
    assert (list(inputs), len(inputs)) == (["a", "b"], 2)
    with pytest.raises(TypeError, match="'a' of a whole part is too large"):
        inputs["a"]


@pytest.mark.usefixtures("tiny")
def test_controls_read_flat_features_only(
    planted_spec: Build, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("tensors of a part were read")

    monkeypatch.setattr(Planted, "tensors", forbidden)
    control = Ref(name="ridge_logistic", config={})
    outcome = _execute(
        planted_spec(model=control, encoders={}, losses={}, strategy=Ref(name="fit")), paths
    )
    assert outcome.rows


def test_bytes_of_all_tensors_count() -> None:
    data = ModalityData(
        values=torch.zeros(2, 3, dtype=torch.uint8),
        times=torch.zeros(2, 3),
        lengths=torch.from_numpy(np.zeros(2, np.int64)),
    )
    assert streaming.size_of({"a": data, "b": ModalityData(torch.zeros(2, 5))}) == 6 + 24 + 16 + 40
