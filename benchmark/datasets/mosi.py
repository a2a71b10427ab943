"""CMU-MOSI: sentiment of spoken opinions from face, voice and words.

Read is the MultiBench pack ``mosi_data.pkl``: for ``train``, ``valid`` and ``test`` a dict of
arrays ``vision`` (n, 50, 20), ``audio`` (n, 50, 5), ``text`` (n, 50, 300), ``labels`` (n, 1, 1) in
[-3, 3] and ``id``. Series are aligned by word and padded with zeros at the front. The file is
opened by :mod:`benchmark.datasets._restricted_pickle`, so no code in it can run. Clips without any
word vector are left out, as in both published loaders; the official parts are by video.

Tasks: ``intensity`` (regression, the label itself) and ``sentiment`` (binary: positive or not).

Differences of the published loaders, each an option:

================== ============================== ==========================================
option             default                        as released
================== ============================== ==========================================
``infinite``       ``zero``: +-inf becomes 0      ``largest``: the largest float, as
                                                  ``nan_to_num`` does (overflows later)
``neutral``        ``negative``: a neutral clip   the same in I2MoE; MoE-Retriever scores no
                   is not positive                neutral test clips (``unscored_in_test``)
================== ============================== ==========================================
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._base import AttritionStep, DataContext, Rows
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._factor_config import FactorConfig
from benchmark.datasets._located import Located
from benchmark.datasets._release import Found, locate
from benchmark.datasets._restricted_pickle import load_pickle
from benchmark.datasets._series import series_features

FOLDERS = ("cmu-mosi", "mosi")
FILE = "mosi_data.pkl"
MODALITIES = ("vision", "audio", "text")
WIDTHS = {"vision": 20, "audio": 5, "text": 300}
STEPS = 50
PARTS = {"train": "train", "valid": "val", "test": "test"}
#: Clips of the MultiBench pack.
CLIPS = {"train": 1284, "val": 229, "test": 686}
#: What follows the video in the name of a clip: ``[3]``, ``_3``.
_CLIP = re.compile(r"(?:\[\d+\]|_\d+)$")

Series = NDArray[np.float32]


class MOSIConfig(FactorConfig):
    """How clips are read.

    Attributes:
        neutral: What clips with label 0 are in the task ``sentiment``: ``negative``; or without a
            label, in all parts (``unlabelled``) or in the official test part only
            (``unscored_in_test``).
        infinite: What infinite values become.
        synthetic_size: Clips of a generated release.
    """

    MODALITIES: ClassVar[tuple[str, ...]] = MODALITIES

    neutral: Literal["negative", "unlabelled", "unscored_in_test"] = "negative"
    infinite: Literal["zero", "largest"] = "zero"
    synthetic_size: int = Field(default=400, ge=60)


class MOSI(Located):
    """All clips, training part first; see the module's text.

    Attributes:
        values: (N, 50, F) float32 by modality, without NaN.

    Raises:
        DataNotAvailable: No release of the source asked for.
        DataError: The pickle is not laid out as MultiBench's, or would run code.
    """

    config_class = MOSIConfig
    config: MOSIConfig
    values: dict[str, Series]

    def __init__(self, config: MOSIConfig, context: DataContext) -> None:
        super().__init__(config, context)
        found = self.find(config, context)
        path = found.ready() / FILE
        self.release = self.describe_release(config, context, found)
        parts = read_parts(path)
        kept = {part: _has_words(arrays) for part, arrays in parts.items()}
        self.values = {
            name: _finite(
                np.concatenate([arrays[name][kept[part]] for part, arrays in parts.items()]),
                config.infinite,
            )
            for name in MODALITIES
        }
        self.samples = pd.concat(
            [_samples(part, arrays, kept[part], config) for part, arrays in parts.items()],
            ignore_index=True,
        )
        self.component = self.describe(config)
        clips, left = sum(len(one) for one in kept.values()), len(self.samples)
        self.steps = (
            AttritionStep("clips", clips),
            AttritionStep("clips with words", left, clips - left, "no word vector"),
        )

    @classmethod
    def find(cls, config: MOSIConfig, context: DataContext) -> Found:
        """Find the folder; see :class:`Located`."""
        return locate("mosi", FOLDERS, config, context, _complete)

    @classmethod
    def describe_release(cls, config: MOSIConfig, context: DataContext, found: Found) -> Release:
        """Hash the pickle."""
        cache = context.paths.cache
        return found.release(
            title="CMU-MOSI, MultiBench pack",
            version="mosi_data.pkl",
            cohort="clips with at least one word vector",
            terms="CMU Multimodal SDK, research use",
            content=lambda: data_fingerprint("mosi", found.root, cache, [found.root / FILE]),
        )

    @classmethod
    def describe(cls, config: MOSIConfig) -> Component:
        """Three sequences of 50 steps; a binary and a regression task."""
        return Component(
            dataset="mosi",
            modalities=tuple(
                Modality(name=name, kind="sequence", shape=(STEPS, WIDTHS[name]))
                for name in MODALITIES
            ),
            tasks=(
                Task(name="sentiment", kind="binary", classes=("not positive", "positive")),
                Task(name="intensity", kind="regression"),
            ),
        )

    def fit(self, train_rows: Rows, observed: NDArray[np.bool_] | None = None) -> None:
        """Estimate nothing: neither paper nor code scales these series."""

    def tensors(self, rows: Rows, preprocessor: None) -> dict[str, ModalityData]:
        """Return all series, (len(rows), 50, F), padding in front."""
        import torch

        return {
            name: ModalityData(torch.from_numpy(np.ascontiguousarray(series[rows])))
            for name, series in self.values.items()
        }

    def control_features(self, rows: Rows, preprocessor: None) -> dict[str, NDArray[np.float64]]:
        """Return mean, smallest, largest and last value of each feature, and the number of steps.

        Steps that are zero throughout are padding.
        """
        features = {}
        for name, series in self.values.items():
            values = series[rows].astype(np.float64)
            features[name] = series_features(values, (values != 0).any(axis=2))
        return features


def read_parts(path: Path) -> dict[str, dict[str, Any]]:
    """Return arrays by official part: three series, ``labels`` (n,) and ``id`` (n,) texts.

    Raises:
        DataError: A part or an array is missing, or arrays do not fit each other.
    """
    content = load_pickle(path)
    lacking = [part for part in PARTS if not (isinstance(content, dict) and part in content)]
    if lacking:
        raise DataError(f"{path} has no part {lacking[0]!r}", "it is not MultiBench's pack")
    return {part: _read_part(path, name, content[name]) for name, part in PARTS.items()}


def clip_names(ids: Any) -> list[str]:
    """Return one text per clip; texts of one row are joined, as MultiBench does."""
    rows = np.asarray(ids, dtype=object)
    if rows.ndim == 1:
        return [_text(one) for one in rows]
    return ["_".join(_text(one) for one in np.ravel(row)) for row in rows]


def video_of(ids: Any) -> list[str]:
    """Return the video of every clip: the first of several texts, or the text before a number."""
    rows = np.asarray(ids, dtype=object)
    if rows.ndim > 1 and rows[0].size > 1:
        return [_text(np.ravel(row)[0]) for row in rows]
    return [_CLIP.sub("", name) for name in clip_names(ids)]


def _read_part(path: Path, name: str, content: Any) -> dict[str, Any]:
    wanted = (*MODALITIES, "labels", "id")
    lacking = [key for key in wanted if not (isinstance(content, dict) and key in content)]
    if lacking:
        raise DataError(f"{path}: part {name!r} has no {lacking[0]!r}", f"it needs {wanted}")
    labels = np.asarray(content["labels"], dtype=np.float64)
    n = len(labels)
    labels = labels.reshape(n, -1)
    if labels.shape[1] != 1 or not (np.abs(labels) <= 3).all():
        raise DataError(f"{path}: labels of part {name!r} are not one value in [-3, 3] each")
    for key in MODALITIES:
        shape = np.shape(content[key])
        if shape != (n, STEPS, WIDTHS[key]):
            raise DataError(
                f"{path}: {key} of part {name!r} has shape {shape}, not {(n, STEPS, WIDTHS[key])}",
                "take the aligned pack with 20, 5 and 300 features",
            )
    if len(content["id"]) != n:
        raise DataError(f"{path}: part {name!r} has {len(content['id'])} ids for {n} clips")
    return {**content, "labels": labels[:, 0]}


def _has_words(arrays: dict[str, Any]) -> NDArray[np.bool_]:
    """Tell which clips have words: the released loaders look at the sum of their vectors."""
    text = np.nan_to_num(np.asarray(arrays["text"], dtype=np.float64))
    return np.asarray(text.sum(axis=(1, 2)) != 0)


def _finite(values: Any, infinite: str) -> Series:
    series = np.asarray(values, dtype=np.float32)
    if infinite == "largest":
        return np.nan_to_num(series)
    return np.nan_to_num(series, nan=0.0, posinf=0.0, neginf=0.0)


def _samples(
    part: str, arrays: dict[str, Any], kept: NDArray[np.bool_], config: MOSIConfig
) -> pd.DataFrame:
    labels = arrays["labels"]
    sentiment = (labels > 0).astype(np.float64)
    if config.neutral == "unlabelled" or (config.neutral == "unscored_in_test" and part == "test"):
        sentiment[labels == 0] = np.nan
    table = pd.DataFrame(
        {"sample_id": clip_names(arrays["id"]), "group_id": video_of(arrays["id"])}
        | {f"observed:{name}": True for name in MODALITIES}
        | {"target:sentiment": sentiment, "target:intensity": labels, "part": part}
    )
    # Clips of one video may carry one name; two samples may not.
    again = table.groupby("sample_id").cumcount()
    table["sample_id"] += np.where(again > 0, "#" + again.astype(str), "")
    return table[kept]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _complete(root: Path) -> tuple[Literal["real", "partial"], str]:
    if not (root / FILE).is_file():
        raise DataNotAvailable(f"mosi needs {root / FILE}", "download MultiBench's pack of MOSI")
    found = {part: len(arrays["labels"]) for part, arrays in read_parts(root / FILE).items()}
    whole = found == CLIPS
    return "real" if whole else "partial", f"{sum(found.values())} clips of {sum(CLIPS.values())}"
