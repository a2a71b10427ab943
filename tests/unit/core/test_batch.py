"""Selecting and moving samples."""

from __future__ import annotations

import torch

from benchmark.core.batch import Batch, ModalityData


def make() -> Batch:
    return Batch(
        dataset="toy",
        inputs={
            "a": ModalityData(torch.arange(6.0).reshape(3, 2)),
            "s": ModalityData(
                torch.zeros(3, 4, 1),
                times=torch.zeros(3, 4),
                mask=torch.ones(3, 4, dtype=torch.bool),
                lengths=torch.tensor([4, 2, 1]),
            ),
        },
        observed=torch.tensor([[True, True], [True, False], [False, True]]),
        targets={"t": torch.tensor([0, 1, -1])},
        rows=torch.tensor([10, 11, 12]),
    )


def test_select_keeps_everything_aligned() -> None:
    batch = make()
    for index in (torch.tensor([2, 0]), torch.tensor([True, False, True])):
        part = batch.select(index)
        rows = [12, 10] if index.dtype == torch.int64 else [10, 12]
        assert part.size == 2
        assert part.rows.tolist() == rows
        assert part.inputs["a"].values[:, 0].tolist() == [2.0 * (row - 10) for row in rows]
        assert part.inputs["a"].times is None
        lengths = part.inputs["s"].lengths
        assert lengths is not None
        assert lengths.tolist() == [{10: 4, 12: 1}[row] for row in rows]
        assert part.targets["t"].tolist() == [{10: 0, 12: -1}[row] for row in rows]


def test_to_moves_every_tensor() -> None:
    moved = make().to("meta")
    assert moved.observed.device.type == "meta"
    assert moved.inputs["s"].mask is not None
    assert moved.inputs["s"].mask.device.type == "meta"
    assert moved.targets["t"].device.type == "meta"
