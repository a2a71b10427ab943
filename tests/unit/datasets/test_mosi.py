"""The MOSI loader on made-up clips in the layout of MultiBench's pack."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.spec import SplitSpec
from benchmark.datasets.mosi import CLIPS, MOSI, clip_names, video_of
from benchmark.datasets.synthetic.mosi import SIGNS, write_release
from benchmark.splits import make_split

Load = Callable[..., Any]
WIDTHS = {"vision": 20, "audio": 5, "text": 300}


def _pack(labels: dict[str, list[float]]) -> dict[str, dict[str, Any]]:
    """A pack in which every value is 1 at the last three steps."""
    content: dict[str, dict[str, Any]] = {}
    for part, values in labels.items():
        n = len(values)
        content[part] = {"labels": np.array(values).reshape(n, 1, 1)}
        for name, width in WIDTHS.items():
            content[part][name] = np.zeros((n, 50, width))
            content[part][name][:, 47:] = 1.0
        content[part]["id"] = np.array([f"{part}-vid_{k % 2}[{k}]" for k in range(n)])
    return content


LABELS = {"train": [-1.0, 0.0, 2.4, 3.0], "valid": [0.0, 1.0], "test": [-0.2, 0.0, 0.6]}


def _write(tmp_path: Path, content: Any) -> Path:
    root = tmp_path / "cmu-mosi"
    root.mkdir(exist_ok=True)
    (root / "mosi_data.pkl").write_bytes(pickle.dumps(content))
    return root


def test_parts_labels_and_videos(tmp_path: Path, given: Load) -> None:
    samples = given("mosi", _write(tmp_path, _pack(LABELS))).samples
    assert samples["part"].tolist() == ["train"] * 4 + ["val"] * 2 + ["test"] * 3
    assert samples["target:intensity"].tolist() == [-1, 0, 2.4, 3, 0, 1, -0.2, 0, 0.6]
    assert samples["target:sentiment"].tolist() == [0, 0, 1, 1, 0, 1, 0, 0, 1]
    assert samples["sample_id"][:2].tolist() == ["train-vid_0[0]", "train-vid_1[1]"]
    assert samples["group_id"][:3].tolist() == ["train-vid_0", "train-vid_1", "train-vid_0"]


@pytest.mark.parametrize(
    ("neutral", "unlabelled"),
    [("negative", []), ("unlabelled", [1, 4, 7]), ("unscored_in_test", [7])],
)
def test_neutral_clips(tmp_path: Path, given: Load, neutral: str, unlabelled: list[int]) -> None:
    dataset = given("mosi", _write(tmp_path, _pack(LABELS)), neutral=neutral)
    nan = dataset.samples["target:sentiment"].isna()
    assert np.flatnonzero(nan).tolist() == unlabelled
    assert dataset.samples["target:intensity"].notna().all()


def test_clips_without_words_are_left_out_of_every_part(tmp_path: Path, given: Load) -> None:
    content = _pack(LABELS)
    content["train"]["text"][1] = 0.0
    content["test"]["text"][0, :, 0], content["test"]["text"][0, :, 1:] = 299.0, -1.0
    dataset = given("mosi", _write(tmp_path, content))
    assert dataset.samples["target:intensity"].tolist() == [-1, 2.4, 3, 0, 1, 0, 0.6]
    assert len(dataset.values["audio"]) == 7
    steps = MOSI.attrition(dataset.config, dataset.context)
    assert [(one.kept, one.dropped) for one in steps] == [(9, 0), (7, 2)]


def test_gaps_become_zero_or_as_released_the_largest_float(tmp_path: Path, given: Load) -> None:
    content = _pack(LABELS)
    content["train"]["audio"][0, 49, :3] = (np.nan, -np.inf, np.inf)
    root = _write(tmp_path, content)
    rows = np.array([0])
    for option, wanted in (
        ("zero", [0.0, 0.0, 0.0]),
        ("largest", [0.0, np.finfo("f4").min, np.finfo("f4").max]),
    ):
        tensors = given("mosi", root, infinite=option).tensors(rows, None)
        assert tensors["audio"].values[0, 49, :3].tolist() == wanted


def test_series_keep_their_padding_in_front(tmp_path: Path, given: Load) -> None:
    dataset = given("mosi", _write(tmp_path, _pack(LABELS)))
    tensors = dataset.tensors(np.array([5, 2]), dataset.fit(np.array([0])))
    for name, width in WIDTHS.items():
        values = tensors[name].values
        assert tuple(values.shape) == (2, 50, width)
        assert not values[:, :47].any()
        assert (values[:, 47:] == 1).all()
        assert tensors[name].lengths is None
        assert tensors[name].mask is None


def test_control_features_leave_padding_out(tmp_path: Path, given: Load) -> None:
    dataset = given("mosi", _write(tmp_path, _pack(LABELS)))
    features = dataset.control_features(np.array([0]), None)
    assert features["audio"].tolist() == [[1.0] * 20 + [3.0]]


def test_names_of_several_texts_are_joined() -> None:
    ids = [["abc_def-1", "0.5", "2.0"], [b"xyz", b"1", b"3"]]
    assert clip_names(np.array(ids, dtype=object)) == ["abc_def-1_0.5_2.0", "xyz_1_3"]
    assert video_of(np.array(ids, dtype=object)) == ["abc_def-1", "xyz"]
    assert video_of(np.array([["a_b[12]"], ["a_b[3]"]])) == ["a_b", "a_b"]
    assert video_of(np.array(["a_b_12", "c"])) == ["a_b", "c"]


def test_two_clips_of_one_name_are_two_samples(tmp_path: Path, given: Load) -> None:
    content = _pack(LABELS)
    content["train"]["id"][:] = "train-vid"
    samples = given("mosi", _write(tmp_path, content)).samples
    assert samples["sample_id"][:3].tolist() == ["train-vid", "train-vid#1", "train-vid#2"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda pack: pack.pop("valid"), "has no part 'valid'"),
        (lambda pack: pack["test"].pop("audio"), "part 'test' has no 'audio'"),
        (
            lambda pack: pack["train"].update(vision=np.zeros((4, 50, 35))),
            r"vision of part 'train' has shape \(4, 50, 35\), not \(4, 50, 20\)",
        ),
        (lambda pack: pack["valid"].update(labels=np.array([5.0, 0.0])), r"labels of part 'valid'"),
        (lambda pack: pack["valid"].update(id=np.array(["a"])), "'valid' has 1 ids for 2 clips"),
    ],
)
def test_wrong_packs(tmp_path: Path, given: Load, change: Callable[..., Any], text: str) -> None:
    content = _pack(LABELS)
    change(content)
    with pytest.raises(DataError, match=text):
        given("mosi", _write(tmp_path, content))


def test_missing_file_is_named(tmp_path: Path, given: Load) -> None:
    (tmp_path / "cmu-mosi").mkdir()
    with pytest.raises(DataNotAvailable, match=r"mosi needs .*mosi_data\.pkl"):
        given("mosi", tmp_path / "cmu-mosi")


def test_a_pack_of_another_size_is_partial(tmp_path: Path, given: Load) -> None:
    assert given("mosi", _write(tmp_path, _pack(LABELS))).release.source == "partial"
    assert sum(CLIPS.values()) == 2199


def test_generated_clips(generated: Load) -> None:
    dataset = generated("mosi")
    samples = dataset.samples
    assert len(samples) == 400
    parts = make_split(samples, SplitSpec(kind="official"), dataset.component.tasks)
    sizes = [len(parts.rows(part)) for part in ("train", "val", "test")]
    assert sizes == pytest.approx([400 * n / 2199 for n in CLIPS.values()], abs=2)
    train = samples[samples["part"] == "train"]["target:intensity"]
    share = np.array(SIGNS["train"]) / 1284
    found = [(train < 0).mean(), (train == 0).mean(), (train > 0).mean()]
    assert found == pytest.approx(share, abs=0.01)
    assert samples["group_id"].nunique() < 60
    assert dataset.component == MOSI.describe(dataset.config)
    lengths = (dataset.values["text"] != 0).any(axis=2).sum(axis=1)
    assert (lengths.min(), lengths.max()) == (5, 50)


def test_generated_files_are_the_same_again_and_truth_is_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for folder in (tmp_path / name, tmp_path / f"{name}.truth"):
            folder.mkdir()
        write_release(tmp_path / name, tmp_path / f"{name}.truth", 60, 3)
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["mosi_data.pkl"]
    one, two = ((tmp_path / name / "mosi_data.pkl").read_bytes() for name in ("one", "two"))
    assert one == two
    truth = pd.read_csv(tmp_path / "one.truth" / "factors.csv")
    assert len(truth) == 60
