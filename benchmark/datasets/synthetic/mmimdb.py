"""Made-up films in the layout of MultiBench's MM-IMDb file.

Frequencies of genres and the cut into parts are the published ones. Each genre follows one
mechanism of its own: the plot alone tells it, the poster alone, both alike, or only both together
(XOR). ``multimodal_imdb.hdf5`` also keeps an unused key, as the real one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.datasets.mmimdb import FILE, FILMS, GENRES, KEYS, WIDTHS, official_parts
from benchmark.datasets.synthetic._factors import Labels, Plan, Values, counts_of, enough

GENERATOR_VERSION = 1

#: Films of each genre in the whole set, as its description counts them.
COUNTS = (
    13_967, 8_592, 5_364, 5_192, 3_838, 3_550, 2_710, 2_703, 2_082, 2_057, 1_991, 1_933,
    1_668, 1_343, 1_335, 1_143, 1_045, 997, 841, 705, 634, 471, 338,
)  # fmt: skip
MECHANISMS = {"unique:text": 0.3, "unique:image": 0.2, "shared": 0.35, "synergy": 0.15}
_SIGNAL = {"text": 0.5, "image": 0.25}


def write_release(
    root: Path,
    truth: Path,
    size: int,
    seed: int,
    mechanisms: Mapping[str, float] = MECHANISMS,
) -> None:
    """Write the HDF5 file of ``size`` films.

    Args:
        root: Folder of the release.
        truth: Folder of ``genres.csv``, the mechanism of each genre.
        size: Films.
        seed: Of everything drawn.
        mechanisms: Share of genres by mechanism.
    """
    import h5py

    enough(size, 300, "films")
    plan = Plan(tuple(KEYS), 2, mechanisms, ("text", "image"), seed)
    followed = _followed(plan)
    genres = _genres(plan, size)
    bits = _bits(plan, genres, followed)
    ids = np.sort(plan.rng("ids").choice(np.arange(10_000, 10_000_000), size, replace=False))
    with h5py.File(root / FILE, "w") as file:
        for name, key in KEYS.items():
            file[key] = _features(plan, name, bits[name]).astype(np.float32)
        file["genres"] = genres
        file["imdb_ids"] = np.array([f"{one:07d}".encode() for one in ids])
        file["three_grams"] = np.zeros((size, 1), dtype=np.float32)
    table = pd.DataFrame({"genre": GENRES, "mechanism": followed})
    table.to_csv(truth / "genres.csv", index=False)


def _followed(plan: Plan) -> list[str]:
    """Return the mechanism of every genre: shares as wanted, order drawn."""
    names = sorted(name for name, weight in plan.mechanisms.items() if weight > 0)
    counts = counts_of(len(GENRES), [plan.mechanisms[name] for name in names])
    listed = np.repeat(np.array(names), counts)
    return [str(one) for one in plan.rng("mechanism").permutation(listed)]


def _genres(plan: Plan, size: int) -> NDArray[np.int64]:
    """Return (size, 23) labels; every part has films with and without each genre."""
    genres = np.zeros((size, len(GENRES)), dtype=np.int64)
    parts = official_parts(size)
    for k, count in enumerate(COUNTS):
        for part in ("train", "val", "test"):
            rows = np.flatnonzero(parts == part)
            n = max(2, round(len(rows) * count / FILMS))
            genres[plan.rng("films", k, part).choice(rows, n, replace=False), k] = 1
    return genres


def _bits(plan: Plan, genres: Labels, followed: list[str]) -> dict[str, Labels]:
    """Return (size, 23) factors by modality: what it shows of each genre."""
    bits = {
        name: np.stack(
            [plan.rng("decoy", name, k).permutation(one) for k, one in enumerate(genres.T)], axis=1
        )
        for name in KEYS
    }
    for k, mechanism in enumerate(followed):
        if mechanism == "synergy":
            bits["text"][:, k] = plan.rng("code", k).integers(2, size=len(genres))
            bits["image"][:, k] = bits["text"][:, k] ^ genres[:, k]
        for name in KEYS:
            if mechanism in ("shared", f"unique:{name}"):
                bits[name][:, k] = genres[:, k]
    return bits


def _features(plan: Plan, name: str, bits: Labels) -> Values:
    """Return (size, F): each factor that is set adds its direction to noise."""
    rng = plan.rng("features", name)
    directions = rng.choice([-1.0, 0.0, 1.0], size=(bits.shape[1], WIDTHS[name]))
    noise: Values = rng.standard_normal((len(bits), WIDTHS[name]))
    return np.asarray(noise + _SIGNAL[name] * (2 * bits - 1) @ directions)
