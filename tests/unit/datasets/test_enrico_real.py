"""Facts of the release; runs where its table is among the data or beside the checkout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.core.paths import Paths, checkout
from benchmark.datasets._base import DataContext
from benchmark.datasets.enrico.config import TOPICS, EnricoConfig
from benchmark.datasets.enrico.dataset import Enrico
from benchmark.datasets.enrico.files import official_parts, read_topics

_BESIDE = (checkout() or Path()).parent / "shared" / "data"
RELEASE = Path(os.environ.get("MMBENCH_DATA") or _BESIDE) / "enrico"

pytestmark = pytest.mark.skipif(
    not (RELEASE / "design_topics.csv").is_file(),
    reason="neither MMBENCH_DATA nor a folder beside the checkout has enrico/design_topics.csv",
)


def test_counts_of_topics() -> None:
    topics = read_topics(RELEASE / "design_topics.csv")
    assert len(topics) == 1458
    counts = topics.value_counts().to_dict()
    # Of the two that are left out, both count in the complete table.
    assert sum(TOPICS.values()) == 1460
    assert sum(TOPICS[topic] - count for topic, count in counts.items()) == 2
    assert counts["list"] in (264, 265)


def test_official_parts_have_the_known_classes() -> None:
    topics = read_topics(RELEASE / "design_topics.csv").to_numpy()
    parts = official_parts(len(topics))
    held = {part: set(topics[parts == part]) for part in ("train", "val", "test")}
    assert [(parts == part).sum() for part in held] == [947, 219, 292]
    assert [len(topics) for topics in held.values()] == [20, 18, 20]
    train = {topic: int((topics[parts == "train"] == topic).sum()) for topic in TOPICS}
    assert (train["calculator"], train["camera"], train["chat"], train["maps"]) == (4, 5, 6, 7)
    assert (topics[parts == "test"] == "list").sum() == 47


def test_one_full_screen(tmp_path: Path, given: Callable[..., Any]) -> None:
    root = tmp_path / "enrico"
    for folder, name in (("screenshots", "screenshot.jpg"), ("wireframes", "wireframe.png")):
        (root / folder).mkdir(parents=True)
        sample = RELEASE / "samples" / f"10594-{name}"
        shutil.copy(sample, root / folder / f"10594{sample.suffix}")
    shutil.copy(RELEASE / "design_topics.csv", root)
    dataset = given("enrico", root)
    assert dataset.samples["sample_id"].tolist() == ["10594"]
    assert dataset.release.source == "partial"
    tensors = dataset.tensors(np.array([0]), None)
    for data in tensors.values():
        assert tuple(data.values.shape) == (1, 3, 256, 128)
        assert 20 < float(data.values.float().mean()) < 250
        assert float(data.values.float().std()) > 10


def test_labels_alone_are_no_release(tmp_path: Path) -> None:
    if (RELEASE / "screenshots").is_dir():
        pytest.skip("the screenshots are here, too")
    context = DataContext(Paths(cache=tmp_path, data=RELEASE.parent))
    assert Enrico.probe(EnricoConfig(), context).source == "synthetic"
