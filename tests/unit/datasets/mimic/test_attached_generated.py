"""Reports and X-rays of the generated release: the planted signal arrives, what tells does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets._images import image_features
from benchmark.datasets._text import TextReducer
from benchmark.datasets.icu.stays import StayData
from benchmark.datasets.mimic import attached
from benchmark.datasets.mimic.attached import attached_data, find_attached, prepare_attached
from benchmark.datasets.mimic.attached_config import AttachedConfig
from benchmark.datasets.mimic.config import MIMICConfig
from benchmark.datasets.mimic.dataset import MIMICICU
from benchmark.datasets.mimic.tables import read_table
from benchmark.datasets.synthetic import mimic
from benchmark.datasets.synthetic.mimic.words import LEAKS


@dataclass(frozen=True)
class Made:
    """A generated release, its stays and what is attached to them."""

    root: Path
    cache: Path
    stays: pl.DataFrame
    truth: pl.DataFrame
    data: StayData
    seen: dict[str, NDArray[np.bool_]]

    def found(self, modality: str, factor: str, features: NDArray[np.float64]) -> float:
        """AUROC at which a linear model finds a factor, by cross-validation."""
        y = self.truth[factor].to_numpy()[self.seen[modality]]
        model = LogisticRegression(C=10, max_iter=3000)
        scores = cross_val_predict(model, features, y > 0, cv=4, method="predict_proba")
        return float(roc_auc_score(y > 0, scores[:, 1]))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("mimic")
    root, truth = folder / "release", folder / "truth"
    root.mkdir()
    truth.mkdir()
    mimic.write_release(root, truth, size=120, seed=1)
    stays = read_table(root, "icustays", ["subject_id", "intime", "outtime"])
    config, context = _CONFIG, DataContext(Paths(cache=folder / "cache"))
    prepare_attached("made", find_attached(root, context.paths), stays, config, context)
    ids = stays["stay_id"].to_list()
    data, seen = attached_data("made", ids, config, context)
    factors = stays.join(pl.read_csv(truth / "stays.csv"), on="stay_id", how="left")
    return Made(root, folder / "cache", stays, factors, data, seen)


_CONFIG = AttachedConfig(window_hours=48, xray_size=64)


def test_reports_tell_their_factors_and_no_others(made: Made) -> None:
    assert 0.75 < made.seen["note"].mean() < 1
    counts = made.data.notes["note"][made.seen["note"]]
    vectors = TextReducer.fit(counts, 32)(counts)
    assert made.found("note", "worse", vectors) > 0.95
    assert made.found("note", "effusion", vectors) > 0.95
    assert made.found("note", "opacity", vectors) < 0.65


def test_xrays_tell_their_factors_and_no_others(made: Made) -> None:
    assert 0.5 < made.seen["xray"].mean() < 0.85
    pixels = made.data.images["xray"].take(np.flatnonzero(made.seen["xray"]))
    features = image_features(pixels)
    assert made.found("xray", "opacity", features) > 0.85
    assert made.found("xray", "heart", features) > 0.85
    assert made.found("xray", "worse", features) < 0.65


def test_no_report_that_tells_the_outcome_is_read(made: Made) -> None:
    text = pl.read_csv(made.root / "note" / "radiology.csv.gz")["text"].fill_null("")
    assert sum(LEAKS[0] in one for one in text) > 3
    (reports,) = made.cache.glob("data/prepared/mimic-attached-*/reports.parquet")
    kept = pl.read_parquet(reports)["text"]
    assert len(kept) > 300
    assert not any(leak in one for one in kept for leak in LEAKS)


def test_other_labels_and_cohorts_decode_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = DataContext(Paths(cache=tmp_path))
    options = {"synthetic_size": 24, "xray_size": 16}
    first = MIMICICU(MIMICConfig.parse(options), context)

    def again(*_: object) -> None:
        raise AssertionError("X-rays are decoded again")

    monkeypatch.setattr(attached, "_make_xrays", again)
    other = MIMICConfig.parse({**options, "icd10": "gem_9to10", "cohort": "fusemoe"})
    second = MIMICICU(other, context)
    assert first.release.fingerprint != second.release.fingerprint
    assert len(first.samples) < len(second.samples)
    with pytest.raises(AssertionError, match="decoded again"):
        MIMICICU(MIMICConfig.parse({**options, "xray_views": "frontal"}), context)


@pytest.mark.parametrize("form", ["mean", "each"])
def test_notes_of_a_transformer_go_all_the_way(weights: Path, tmp_path: Path, form: str) -> None:
    context = DataContext(Paths(cache=tmp_path, weights=weights))
    options = {"synthetic_size": 16, "xray_size": 16}
    through = {**options, "text_model": "tiny", "note_form": form, "note_count": 3}
    dataset = MIMICICU(MIMICConfig.parse(through), context)
    shape = (12,) if form == "mean" else (3, 12)
    assert dataset.component.modality("note").shape == shape
    rows = np.arange(len(dataset.samples))
    fitted = dataset.fit(rows)
    note = dataset.tensors_of(rows, fitted, ["note"])["note"]
    seen = dataset.samples["observed:note"].to_numpy()
    assert 0 < seen.sum() < len(seen)
    assert tuple(note.values.shape) == (len(rows), *shape)
    assert note.values.flatten(1).any(dim=1).numpy().tolist() == seen.tolist()
    features = dataset.features_of(rows, fitted, ["note"])["note"]
    assert features.shape == (len(rows), 12)
    if note.lengths is not None:
        assert sorted(set(note.lengths.tolist())) == [0, 1, 2, 3]
    plain = MIMICICU.probe(MIMICConfig.parse(options), context)
    assert plain.fingerprint != dataset.release.fingerprint
