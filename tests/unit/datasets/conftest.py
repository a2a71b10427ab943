"""Generated releases and drawn networks that several tests read."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.core.paths import Paths
from benchmark.core.torchvision_ops import make_importable
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext, Dataset

Load = Callable[..., Any]


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Return ``load(name, **options)``, which reads a generated release; each is made once."""
    cache = tmp_path_factory.mktemp("generated")

    def load(name: str, **options: Any) -> Dataset:
        config = DATASETS.config(name).parse(options)
        dataset: Dataset = DATASETS.load(name)(config, DataContext(Paths(cache=cache)))
        return dataset

    return load


@pytest.fixture
def given() -> Load:
    """Return ``load(name, folder, **options)``, which reads a release from a folder."""

    def load(name: str, folder: Path, **options: Any) -> Dataset:
        config = DATASETS.config(name).parse(options)
        paths = Paths(cache=folder.with_name(f"{folder.name}-cache"), releases={name: folder})
        dataset: Dataset = DATASETS.load(name)(config, DataContext(paths))
        return dataset

    return load


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights with a BERT of 12 numbers, and one for masked words without a pooler.

    Both know a few words and take chunks of eight tokens, two of them special.
    """
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("needs the extra 'text'")
    if importlib.util.find_spec("torchvision"):
        make_importable()
    from transformers import BertConfig, BertForMaskedLM, BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    root = tmp_path_factory.mktemp("weights")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "no", "acute", "effusion", "heart", "is",
             "large", "clear", "lungs", "worse"]  # fmt: skip
    config = BertConfig(
        vocab_size=len(words), hidden_size=12, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=8, initializer_range=0.5,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, kind in (("tiny", BertModel), ("masked", BertForMaskedLM)):
            kind(config).save_pretrained(root / name)
            (root / name / "vocab.txt").write_text("\n".join(words) + "\n")
    return root
