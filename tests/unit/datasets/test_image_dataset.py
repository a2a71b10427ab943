"""Datasets of prepared images: only what is asked for is read, a few images at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.core.paths import Paths
from benchmark.core.problem import Component
from benchmark.core.result import Release
from benchmark.datasets import _images
from benchmark.datasets._arrays import Indexed
from benchmark.datasets._base import DataContext, DatasetConfig
from benchmark.datasets._images import ImageDataset, image_features


@dataclass(frozen=True)
class Counted(Indexed):
    """An array that notes how many rows are taken at a time."""

    taken: list[int] = field(default_factory=list)

    def take(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        self.taken.append(len(rows))
        return super().take(rows)


class Toy(ImageDataset):
    """Two modalities of ten samples, the second without an image of sample 4."""

    def __init__(self) -> None:
        super().__init__(DatasetConfig(), DataContext(Paths(cache=Path("nowhere"))))
        values = np.random.default_rng(0).integers(0, 256, (20, 1, 16, 16), dtype=np.uint8)
        first, second = np.arange(10), np.arange(10, 20)
        second[4] = -1
        self.arrays = {"cc": Counted(values, first), "mlo": Counted(values, second)}

    @classmethod
    def probe(cls, config: Any, context: DataContext) -> Release:
        raise NotImplementedError

    @classmethod
    def describe(cls, config: Any) -> Component:
        raise NotImplementedError

    def taken(self, name: str) -> list[int]:
        """Rows taken at a time."""
        array = self.arrays[name]
        assert isinstance(array, Counted)
        return array.taken


ROWS = np.array([7, 4, 0, 1, 9, 2, 3])


def test_features_by_chunks_are_those_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Toy()
    whole = toy.control_features(ROWS)
    monkeypatch.setattr(_images, "CHUNK", 3)
    found = toy.control_features(ROWS)
    for name in ("cc", "mlo"):
        np.testing.assert_array_equal(found[name], whole[name])
        assert toy.taken(name) == [7, 3, 3, 1]
    np.testing.assert_array_equal(whole["cc"], image_features(toy.arrays["cc"].values[ROWS]))
    assert np.isnan(whole["mlo"][1]).all()
    assert np.isfinite(np.delete(whole["mlo"], 1, axis=0)).all()
    assert toy.control_features(ROWS[:0])["cc"].shape == (0, 80)


def test_modalities_that_are_not_asked_for_are_not_read() -> None:
    toy = Toy()
    assert list(toy.tensors_of(ROWS, None, ["mlo"])) == ["mlo"]
    assert list(toy.features_of(ROWS, None, ["mlo"])) == ["mlo"]
    assert not toy.taken("cc")
    both = toy.tensors(ROWS)
    assert list(both) == ["cc", "mlo"]
    assert not both["mlo"].values[1].any()
