"""Vectors of notes and images of stays: nothing is fitted, what is unobserved stays so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.core.problem import Component
from benchmark.core.result import Release
from benchmark.datasets._arrays import Indexed
from benchmark.datasets._images import image_features
from benchmark.datasets.icu.stays import StayConfig, StayData, StayDataset, stay_modality


class Held(StayDataset):
    """Stays without a release."""

    @classmethod
    def probe(cls, *_: Any) -> Release:
        raise NotImplementedError

    @classmethod
    def describe(cls, *_: Any) -> Component:
        raise NotImplementedError


@pytest.fixture
def stays() -> Held:
    """Three stays: the first has both modalities, the second an image, the third a note."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (2, 1, 16, 16), dtype=np.uint8)
    texts = rng.standard_normal((3, 5)).astype(np.float32)
    texts[1] = 0
    dataset = Held.__new__(Held)
    dataset.config = StayConfig()
    dataset.data = StayData(
        texts={"note": texts}, images={"xray": Indexed(pixels, np.array([1, 0, -1]))}
    )
    modalities = tuple(
        stay_modality(dataset.config, name, dataset.data) for name in ("note", "xray")
    )
    dataset.component = Component(dataset="toy", modalities=modalities, tasks=())
    dataset.samples = pd.DataFrame(
        {"observed:note": [True, False, True], "observed:xray": [True, True, False]}
    )
    return dataset


def test_shapes_are_those_of_the_data(stays: Held) -> None:
    note, xray = stays.component.modalities
    assert (note.kind, note.shape) == ("text", (5,))
    assert (xray.kind, xray.shape) == ("image", (1, 16, 16))


def test_models_and_controls_see_them_as_they_are(stays: Held) -> None:
    rows = np.array([2, 0, 1])
    fitted = stays.fit(np.array([0]))
    assert fitted == {"note": None, "xray": None}
    tensors = stays.tensors(rows, fitted)
    texts, images = stays.data.texts["note"], stays.data.images["xray"]
    np.testing.assert_array_equal(tensors["note"].values, texts[rows])
    assert tensors["xray"].values.dtype.is_floating_point is False
    np.testing.assert_array_equal(tensors["xray"].values[1:], images.values[[1, 0]])
    assert not tensors["xray"].values[0].any()

    features = stays.control_features(rows, fitted)
    np.testing.assert_array_equal(features["note"][:2], texts[[2, 0]])
    assert np.isnan(features["note"][2]).all()
    np.testing.assert_array_equal(features["xray"][1:], image_features(images.values[[1, 0]]))
    assert np.isnan(features["xray"][0]).all()
    only = stays.control_features(np.array([2]), fitted)["xray"]
    assert only.shape == (1, features["xray"].shape[1])
    assert np.isnan(only).all()


def test_a_check_can_overwrite_them(stays: Held) -> None:
    rows = np.array([0])
    fitted = stays.fit(rows)
    before = stays.tensors(np.arange(3), fitted)
    stays.overwrite(rows, np.ones, only="xray")
    stays.overwrite(rows, np.ones, only="note")
    after = stays.tensors(np.arange(3), fitted)
    for name in ("note", "xray"):
        changed = (before[name].values != after[name].values).flatten(1).any(dim=1)
        assert changed.tolist() == [True, False, False]


def test_a_networks_vectors_stand_for_images_in_front_of_controls(stays: Held) -> None:
    vectors = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    given = Indexed(vectors, stays.data.images["xray"].positions)
    stays.data = replace(stays.data, image_vectors={"xray": given})
    rows = np.array([0, 2, 1])
    features = stays.control_features(rows, stays.fit(rows))["xray"]
    np.testing.assert_array_equal(features, [[3, 4, 5], [np.nan] * 3, [0, 1, 2]])
    assert stays.features_of(np.array([2]), {}, ["xray"])["xray"].shape == (1, 3)
    assert stays.tensors(rows, stays.fit(rows))["xray"].values.shape == (3, 1, 16, 16)


def test_several_notes_are_a_sequence_to_models_and_a_mean_to_controls(stays: Held) -> None:
    texts = np.arange(24.0, dtype=np.float32).reshape(3, 4, 2)
    counts = np.array([2, 0, 4])
    texts[0, 2:] = texts[1] = 0
    stays.data = StayData(texts={"note": texts}, text_counts={"note": counts})
    note = stay_modality(stays.config, "note", stays.data)
    assert note.shape == (4, 2)
    stays.component = Component(dataset="toy", modalities=(note,), tasks=())
    rows = np.array([1, 2, 0])
    found = stays.tensors(rows, {"note": None})["note"]
    np.testing.assert_array_equal(found.values, texts[rows])
    assert found.lengths is not None
    assert found.lengths.tolist() == [0, 4, 2]
    features = stays.control_features(rows, {"note": None})["note"]
    np.testing.assert_allclose(features, [[np.nan] * 2, [19, 20], [1, 2]])
    assert stays.control_features(np.array([1]), {"note": None})["note"].shape == (1, 2)
