"""Made-up clips in the layout of MultiBench's MOSI pack.

Shares of parts and of negative, neutral and positive clips are those of the pack; clips of one
video stay in one part. The planted factors of ``_factors`` (of positive or not) are seen at every
step; how far a clip is from neutral is in the words. As in the pack, series are padded in front,
some audio is -inf, and one clip of each part has no words.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.mosi import CLIPS, FILE, MODALITIES, PARTS, STEPS, WIDTHS
from benchmark.datasets.synthetic._factors import (
    Factors,
    Labels,
    Plan,
    Values,
    class_labels,
    counts_of,
    embed,
    enough,
    plant,
)

GENERATOR_VERSION = 1

#: Negative, neutral and positive clips of each part.
SIGNS = {"train": (552, 53, 679), "val": (92, 13, 124), "test": (379, 30, 277)}
MECHANISMS = {
    "unique:vision": 0.1,
    "unique:audio": 0.1,
    "unique:text": 0.2,
    "shared": 0.4,
    "synergy": 0.2,
}
_CLIPS_PER_VIDEO = 8
_LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789-_"))


def write_release(
    root: Path,
    truth: Path,
    size: int,
    seed: int,
    mechanisms: Mapping[str, float] = MECHANISMS,
) -> None:
    """Write the pickle of ``size`` clips.

    Args:
        root: Folder of the release.
        truth: Folder of ``factors.csv``.
        size: Clips in all parts together, besides the three without words.
        seed: Of everything drawn.
        mechanisms: Weight by mechanism; ``synergy`` is of audio and text.
    """
    enough(size, 60, "clips")
    plan = Plan(MODALITIES, 2, mechanisms, ("audio", "text"), seed)
    counts = dict(zip(CLIPS, counts_of(size, list(CLIPS.values()), 9), strict=True))
    signs = np.concatenate([_signs(plan, part, n) for part, n in counts.items()])
    labels = _intensities(signs, plan.rng("intensity"))
    factors = plant(plan, (labels > 0).astype(np.int64))
    series = _series(plan, factors, labels)
    ids = np.concatenate([_ids(plan, part, n) for part, n in counts.items()])
    factors.write(truth / "factors.csv", ["_".join(row) for row in ids])
    ends = np.cumsum(list(counts.values()))
    content = {
        name: _part(series, labels, ids, slice(end - counts[part], end))
        for (name, part), end in zip(PARTS.items(), ends, strict=True)
    }
    (root / FILE).write_bytes(pickle.dumps(content, protocol=4))


def _signs(plan: Plan, part: str, n: int) -> Labels:
    return class_labels(counts_of(n, SIGNS[part], 1), plan.rng("signs", part)) - 1


def _intensities(signs: Labels, rng: np.random.Generator) -> Values:
    """Return labels in [-3, 3], in fifths as raters' means are."""
    return np.asarray(signs * rng.integers(1, 16, len(signs)) / 5)


def _series(plan: Plan, factors: Factors, labels: Values) -> dict[str, Values]:
    rng = plan.rng("lengths")
    length = rng.integers(5, STEPS + 1, size=len(labels))
    padding = np.arange(STEPS) < STEPS - length[:, None]
    series = {}
    for name in MODALITIES:
        draw = plan.rng("series", name)
        level = embed(factors.shown[name], 2, WIDTHS[name], draw, signal=1.5)
        noise = draw.standard_normal((len(labels), STEPS, WIDTHS[name]))
        values = 0.5 * level[:, None, :] + noise
        if name == "text":
            values += 0.3 * np.abs(labels)[:, None, None] * draw.standard_normal(WIDTHS[name])
        values[padding] = 0.0
        series[name] = values
    gone = (plan.rng("infinite").random(series["audio"].shape) < 0.001) & ~padding[:, :, None]
    series["audio"][gone] = -np.inf
    return series


def _ids(plan: Plan, part: str, n: int) -> NDArray[np.str_]:
    """Return (n, 3) texts: video, start and end of the clip in seconds."""
    rng = plan.rng("videos", part)
    videos = -(-n // _CLIPS_PER_VIDEO)
    names = ["".join(rng.choice(_LETTERS, size=11)) for _ in range(videos)]
    rows = [(names[k % videos], 4 * (k // videos)) for k in range(n)]
    return np.array([(name, f"{start}.0", f"{start + 4}.0") for name, start in rows])


def _part(
    series: dict[str, Values], labels: Values, ids: NDArray[np.str_], rows: slice
) -> dict[str, Any]:
    """Return one part of the pack, with a clip without words at its end."""
    blank = {name: np.zeros((1, STEPS, WIDTHS[name])) for name in MODALITIES}
    mute = {
        name: np.concatenate([values[rows], blank[name]]).astype(np.float32)
        for name, values in series.items()
    }
    names = np.concatenate([ids[rows], [["wordless", "0.0", "4.0"]]])
    return {
        **mute,
        "labels": np.append(labels[rows], 0.0).astype(np.float32)[:, None, None],
        "id": names.astype(object),
    }
