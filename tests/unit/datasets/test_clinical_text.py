"""Texts through a transformer in a local folder: a tiny one, drawn here."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark.core.errors import DataError, DataNotAvailable, MMBenchError
from benchmark.core.paths import Paths
from benchmark.datasets import _clinical_text
from benchmark.datasets._base import DataContext
from benchmark.datasets._clinical_text import find_text_model, text_vector, text_vectors

needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="needs the extra 'text'"
)
LONG = "no acute effusion\nheart is large\nlungs clear"


@pytest.fixture
def copied(weights: Path, tmp_path: Path) -> Path:
    """The BERT's folder in a folder of weights of its own, to be damaged."""
    return Path(shutil.copytree(weights / "tiny", tmp_path / "weights" / "tiny"))


@pytest.fixture(autouse=True)
def forget() -> None:
    """No test finds a model that another one loaded."""
    _clinical_text._load.cache_clear()


def states(folder: Path, words: list[str]) -> Any:
    """The network's output of one chunk, from the library itself."""
    from transformers import BertModel

    network = BertModel.from_pretrained(folder).eval()
    known = (folder / "vocab.txt").read_text().split()
    ids = [known.index(word) for word in ("[CLS]", *words, "[SEP]")]
    with torch.inference_mode():
        return network(torch.tensor([ids]))


@needs_transformers
def test_mean_is_over_chunks_of_as_many_tokens_as_fit(weights: Path) -> None:
    words = LONG.split()
    chunks = [words[:6], words[6:]]
    pooled = [states(weights / "tiny", chunk).pooler_output[0].numpy() for chunk in chunks]
    found = text_vector(weights / "tiny", "mean", LONG)
    assert found.dtype == np.float32
    assert found.shape == (12,)
    np.testing.assert_allclose(found, np.mean(pooled, axis=0), atol=1e-6)
    assert np.ptp(pooled, axis=0).max() > 0.01


@needs_transformers
def test_more_chunks_than_a_batch(weights: Path) -> None:
    words = ["heart", "is", "large", "no", "acute"] * 30
    chunks = [words[start : start + 6] for start in range(0, len(words), 6)]
    pooled = [states(weights / "tiny", chunk).pooler_output[0].numpy() for chunk in chunks]
    found = text_vector(weights / "tiny", "mean", " ".join(words))
    np.testing.assert_allclose(found, np.mean(pooled, axis=0), atol=1e-6)


@needs_transformers
@pytest.mark.parametrize(
    ("text", "chunk"),
    [
        (LONG, "no acute effusion heart is large"),  # six tokens, the third line does not fit
        ("no acute\neffusion", "no acute effusion"),  # fits whole
        ("no " * 7 + "\nheart", ""),  # a first line that does not fit alone
        ("", ""),
    ],
)
def test_first_is_the_first_lines_that_fit(weights: Path, text: str, chunk: str) -> None:
    expected = states(weights / "tiny", chunk.split()).pooler_output[0].numpy()
    np.testing.assert_allclose(text_vector(weights / "tiny", "first", text), expected, atol=1e-6)


@needs_transformers
def test_without_a_pooler_the_first_token_stands_for_the_chunk(weights: Path) -> None:
    expected = states(weights / "masked", ["heart"]).last_hidden_state[0, 0].numpy()
    for _ in range(2):  # drawn weights of a pooler would differ from one loading to the next
        _clinical_text._load.cache_clear()
        found = text_vector(weights / "masked", "mean", "heart")
        np.testing.assert_allclose(found, expected, atol=1e-6)


@needs_transformers
def test_vectors_are_kept_by_model_rule_and_texts(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(cache=tmp_path, weights=weights)
    context = DataContext(paths)
    model = find_text_model("tiny", paths)
    ids, texts = ["a", "b"], [LONG, "heart"]
    first = text_vectors("toy", "data", ids, texts, model, "mean", context)
    assert first.shape == (2, 12)
    np.testing.assert_array_equal(first[0], text_vector(weights / "tiny", "mean", LONG))
    other = text_vectors("toy", "data", ids, texts, model, "first", context)
    assert not np.allclose(first[0], other[0])
    masked = find_text_model("masked", paths)
    assert masked.digest != model.digest
    assert not np.allclose(text_vectors("toy", "data", ids, texts, masked, "mean", context), first)

    def no_model(folder: Path) -> None:
        raise AssertionError(f"{folder} is loaded again")

    monkeypatch.setattr(_clinical_text, "_load", no_model)
    again = text_vectors("toy", "data", ids, texts, model, "mean", context)
    np.testing.assert_array_equal(first, again)
    with pytest.raises(AssertionError, match="is loaded again"):
        text_vectors("toy", "other data", ids, [LONG, "lungs"], model, "mean", context)


@needs_transformers
def test_weights_that_are_not_all_there_are_refused(copied: Path) -> None:
    file = copied / "model.safetensors"
    tensors = load_file(file)
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    match = r"tiny lacks weights of its own model: encoder\.layer\.1\.output\.dense\.weight"
    with pytest.raises(DataError, match=match):
        text_vector(copied, "mean", "heart")


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@needs_transformers
def test_files_cannot_run_code(copied: Path, tmp_path: Path) -> None:
    (copied / "model.safetensors").unlink()
    ran = tmp_path / "ran"
    torch.save({"x": Malicious(ran)}, copied / "pytorch_model.bin", pickle_module=pickle)
    with pytest.raises(DataError, match="tiny cannot be read as a model"):
        text_vector(copied, "mean", "heart")
    assert not ran.exists()


@needs_transformers
def test_tensors_of_a_bin_file_are_read(copied: Path) -> None:
    expected = text_vector(copied, "mean", LONG)
    torch.save(load_file(copied / "model.safetensors"), copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    _clinical_text._load.cache_clear()
    np.testing.assert_array_equal(text_vector(copied, "mean", LONG), expected)


@needs_transformers
def test_code_beside_the_weights_is_not_run(copied: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (copied / "own.py").write_text(f"import os; os.mkdir({str(ran)!r})\n")
    config = json.loads((copied / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match="tiny cannot be read as a model"):
        text_vector(copied, "mean", "heart")
    assert not ran.exists()


@needs_transformers
def test_values_that_are_not_finite_are_refused(copied: Path) -> None:
    file = copied / "model.safetensors"
    tensors = load_file(file)
    tensors["pooler.dense.bias"][0] = float("nan")
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(DataError, match="gives values that are not finite"):
        text_vector(copied, "mean", "heart")


def fake(folder: Path) -> Path:
    """What a model's folder looks like before anything is loaded."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"hidden_size": 12}')
    (folder / "vocab.txt").write_text("one\n")
    (folder / "model.safetensors").write_bytes(b"some")
    return folder


def test_a_model_is_its_files(tmp_path: Path) -> None:
    paths = Paths(cache=tmp_path / "cache", weights=tmp_path)
    folder = fake(tmp_path / "bert")
    first = find_text_model("bert", paths)
    assert (first.folder, first.width) == (folder, 12)
    (folder / "README.md").write_text("other words")
    assert find_text_model("bert", paths) == first
    (folder / "vocab.txt").write_text("two\n")
    assert find_text_model("bert", paths).digest != first.digest


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    paths = Paths(cache=tmp_path / "cache", weights=tmp_path)
    with pytest.raises(DataNotAvailable, match=r"text model bert is not in .*\nput the model's"):
        find_text_model("bert", paths)
    with pytest.raises(DataNotAvailable, match="no folder of weights is set, and text model bert"):
        find_text_model("bert", Paths(cache=tmp_path))
    for name in ("../bert", "/bert", ""):
        with pytest.raises(DataError, match="is no name of a folder"):
            find_text_model(name, paths)
    folder = fake(tmp_path / "bert")
    (folder / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"bert has no weights, neither \.safetensors nor \.bin"):
        find_text_model("bert", paths)
    (folder / "pytorch_model.bin").write_bytes(b"some")
    for text in ("{}", "no JSON", "[]", '{"hidden_size": "x"}'):
        (folder / "config.json").write_text(text)
        with pytest.raises(DataError, match=r"config\.json does not tell the width"):
            find_text_model("bert", paths)


def test_a_missing_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake(tmp_path / "bert")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MMBenchError, match=r"not installed.*\npip install 'mmbench\[text\]'"):
        text_vector(folder, "mean", "heart")
