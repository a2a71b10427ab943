"""A dataset of intensive-care stays: what loaders leave, and how models and controls see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError
from benchmark.core.measured import Measured
from benchmark.core.problem import Modality
from benchmark.datasets._arrays import Indexed
from benchmark.datasets._base import Dataset, Rows
from benchmark.datasets._images import CHUNK, image_features
from benchmark.datasets._release import ReleaseConfig
from benchmark.datasets._text import TextReducer
from benchmark.datasets.icu.codes import Vocabulary, bag, sequences
from benchmark.datasets.icu.ragged import Index, Ragged
from benchmark.datasets.icu.series import (
    ChannelScaler,
    Irregular,
    grid_inputs,
    hourly_grid,
    irregular,
    summaries,
)

Values = NDArray[np.float64]


class StayConfig(ReleaseConfig):
    """Options that intensive-care loaders share.

    Attributes:
        window_hours: Hours from admission that inputs come from.
        series_form: ``grid``: the last value of every hour, carried forward, with flags of what
            was measured; ``irregular``: values at their times.
        series_steps: Times kept of an irregular series, the last ones.
        event_steps: Coded events kept of a stay, the last ones.
        event_codes: Codes kept of a kind of event, those most training stays have.
        event_stays: Training stays a code must be in.
        note_width: Directions of the reduced notes.
    """

    window_hours: int = Field(default=24, ge=1)
    series_form: Literal["grid", "irregular"] = "grid"
    series_steps: int = Field(default=256, ge=1)
    event_steps: int = Field(default=128, ge=1)
    event_codes: int = Field(default=500, ge=1)
    event_stays: int = Field(default=5, ge=1)
    note_width: int = Field(default=64, ge=1)


@dataclass(frozen=True)
class StayData:
    """Raw inputs of N stays, every one cut at the end of the window.

    Attributes:
        series: Measurements by modality, with the names of their channels.
        codes: Coded events by modality, with the names of their codes.
        vectors: (N, F) facts by modality; NaN is unknown.
        notes: (N,) term counts by modality (:func:`benchmark.datasets._text.count_terms`).
        texts: (N, D) vectors of notes by modality, or (N, R, D) of several notes in time, zeros
            behind the last; nothing is fitted to them.
        text_counts: (N,) how many notes there are, where there may be several.
        images: Grey or coloured images by modality, (C, H, W) uint8 each.
        image_vectors: What controls see of a modality's images instead of means of blocks and a
            histogram, (F,) each.
    """

    series: Mapping[str, tuple[Ragged, tuple[str, ...]]] = field(default_factory=dict)
    codes: Mapping[str, tuple[Ragged, tuple[str, ...]]] = field(default_factory=dict)
    vectors: Mapping[str, Values] = field(default_factory=dict)
    notes: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    texts: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    text_counts: Mapping[str, Index] = field(default_factory=dict)
    images: Mapping[str, Indexed] = field(default_factory=dict)
    image_vectors: Mapping[str, Indexed] = field(default_factory=dict)


@dataclass(frozen=True)
class FactScaler:
    """Median, then mean and spread of every fact over the training stays that have it."""

    fill: Values
    mean: Values
    scale: Values

    @classmethod
    def fit(cls, facts: Values) -> FactScaler:
        """Estimate from (K, F) training rows; a fact that nobody has is 0."""
        there = np.isfinite(facts)
        columns = zip(facts.T, there.T, strict=True)
        fill = np.array([np.median(one[seen]) if seen.any() else 0.0 for one, seen in columns])
        filled = np.where(there, facts, fill)
        spread = np.ptp(filled, axis=0) > 0
        return cls(fill, filled.mean(axis=0), np.where(spread, filled.std(axis=0), 1.0))

    def __call__(self, facts: Values) -> Values:
        """Return scaled facts and flags of what is known side by side, (R, 2 F)."""
        there = np.isfinite(facts)
        scaled = (np.where(there, facts, self.fill) - self.mean) / self.scale
        return np.concatenate([scaled, there], axis=1)


class StayDataset(Dataset):
    """Stays with series, coded events, facts and notes.

    Series and facts are scaled by training stays, the vocabularies of codes and notes are those of
    training stays, and nothing else is estimated.

    Attributes:
        data: Raw inputs.
    """

    config: StayConfig
    data: StayData

    def modality(self, name: str) -> Modality:
        """Return kind and shape of a modality of :attr:`data`."""
        return stay_modality(self.config, name, self.data)

    def fit(self, train_rows: Rows, observed: NDArray[np.bool_] | None = None) -> dict[str, Any]:
        """Estimate scalers, vocabularies and reducers on the observed training rows.

        Raises:
            DataError: Too few training notes to reduce.
        """
        seen = self.observed(train_rows) if observed is None else observed
        fitted: dict[str, Any] = {}
        for modality, there in zip(self.component.modalities, seen.T, strict=True):
            fitted[modality.name] = self._fit_one(modality.name, train_rows[there])
        return fitted

    def tensors(self, rows: Rows, preprocessor: Mapping[str, Any]) -> dict[str, ModalityData]:
        """Return every modality of some stays; zeros where unobserved."""
        return self.tensors_of(rows, preprocessor, self._names)

    def tensors_of(
        self, rows: Rows, preprocessor: Mapping[str, Any], names: Sequence[str]
    ) -> dict[str, ModalityData]:
        """Read these modalities only."""
        there = dict(zip(self._names, self.observed(rows).T, strict=True))
        return {name: self._tensors_of(name, rows, there[name], preprocessor) for name in names}

    def control_features(
        self, rows: Rows, preprocessor: Mapping[str, Any]
    ) -> dict[str, NDArray[np.float64]]:
        """Return summaries of series, codes present, facts and reduced notes; NaN if unobserved.

        Facts are those recorded, not scaled: trees do not mind, and linear controls scale.
        """
        return self.features_of(rows, preprocessor, self._names)

    def features_of(
        self, rows: Rows, preprocessor: Mapping[str, Any], names: Sequence[str]
    ) -> dict[str, NDArray[np.float64]]:
        """Read these modalities only."""
        there = dict(zip(self._names, self.observed(rows).T, strict=True))
        features = {}
        for name in names:
            seen = there[name]
            if not seen.any():
                features[name] = np.full((len(rows), self._feature_width(name)), np.nan)
                continue
            values = self._features_of(name, rows[seen], preprocessor[name])
            features[name] = np.full((len(rows), values.shape[1]), np.nan)
            features[name][seen] = values
        return features

    def measured(self, rows: Rows, preprocessor: Mapping[str, Any], name: str) -> Measured:
        """Return the measurements as recorded, whatever form tensors have."""
        series, channels = self.data.series[name]
        assert series.values is not None
        owners, events = series.select(rows)
        kinds, values = series.kinds[events], series.values[events]
        return Measured(
            len(rows),
            len(channels),
            owners,
            kinds.astype(np.int64),
            values.astype(np.float64),
        )

    def overwrite(
        self, rows: Rows, nonsense: Callable[[tuple[int, ...]], Values], only: str | None = None
    ) -> None:
        """Replace the raw inputs of some stays, so that a check sees who reads them.

        Args:
            rows: Stays.
            nonsense: Makes values of a shape; codes and notes become those of nobody,
                images all the same one.
            only: Modality; None is all.
        """
        for name in self._names if only is None else (only,):
            self._overwrite(name, rows, nonsense)

    @property
    def _names(self) -> list[str]:
        return [modality.name for modality in self.component.modalities]

    def _overwrite(
        self, name: str, rows: Rows, nonsense: Callable[[tuple[int, ...]], Values]
    ) -> None:
        data = self.data
        if name in data.series or name in data.codes:
            events, _ = data.series[name] if name in data.series else data.codes[name]
            _, chosen = events.select(rows)
            if events.values is None:
                events.kinds[chosen] = 0
            else:
                events.values[chosen] = nonsense((len(chosen),))
        elif name in data.notes:
            for row in rows:
                data.notes[name][row] = data.notes[name][row] * 0
        elif name in data.images:
            data.images[name].positions[rows] = 0
        else:
            values = data.vectors[name] if name in data.vectors else data.texts[name]
            values[rows] = nonsense(values[rows].shape)

    def _fit_one(self, name: str, rows: Rows) -> Any:
        data, config = self.data, self.config
        if name in data.texts or name in data.images:
            return None
        if name in data.series:
            series, channels = data.series[name]
            return ChannelScaler.fit(series, rows, len(channels))
        if name in data.codes:
            events, codes = data.codes[name]
            return Vocabulary.fit(events, rows, len(codes), config.event_stays, config.event_codes)
        if name in data.vectors:
            return FactScaler.fit(data.vectors[name][rows]) if len(rows) else None
        return TextReducer.fit(data.notes[name][rows], config.note_width) if len(rows) else None

    def _tensors_of(
        self, name: str, rows: Rows, there: NDArray[np.bool_], preprocessor: Mapping[str, Any]
    ) -> ModalityData:
        import torch

        if name in self.data.series and self.config.series_form == "irregular":
            return _irregular_data(self._irregular(name, rows, preprocessor[name]))
        if name in self.data.codes:
            found = sequences(
                self.data.codes[name][0], rows, preprocessor[name], self.config.event_steps
            )
            return ModalityData(
                values=torch.from_numpy(found.tokens),
                times=torch.from_numpy(found.hours.astype(np.float32)),
                lengths=torch.from_numpy(found.lengths),
            )
        if name in self.data.images:
            images = self.data.images[name].take(rows)
            images[~there] = 0
            return ModalityData(torch.from_numpy(images))
        shape = self.component.modality(name).shape
        values = np.zeros((len(rows), *shape), dtype=np.float32)
        if there.any():
            values[there] = self._dense(name, rows[there], preprocessor[name])
        lengths = None
        if name in self.data.text_counts:
            lengths = torch.from_numpy(np.where(there, self.data.text_counts[name][rows], 0))
        return ModalityData(torch.from_numpy(values), lengths=lengths)

    def _dense(self, name: str, rows: Rows, fitted: Any) -> Values:
        """Return the grid, facts, vectors or reduced notes of observed stays."""
        if name in self.data.series:
            return grid_inputs(self._grid(name, rows), fitted)
        if name in self.data.texts:
            return self.data.texts[name][rows].astype(np.float64)
        if fitted is None:
            raise DataError(f"no training stay has modality {name!r}", "leave it out")
        source = self.data.vectors[name] if name in self.data.vectors else self.data.notes[name]
        return np.asarray(fitted(source[rows]), dtype=np.float64)

    def _features_of(self, name: str, rows: Rows, fitted: Any) -> Values:
        if name in self.data.series:
            return summaries(self._grid(name, rows))
        if name in self.data.codes:
            return bag(self.data.codes[name][0], rows, fitted, self.config.event_codes)
        if name in self.data.vectors:
            return _facts_and_flags(self.data.vectors[name][rows])
        if name in self.data.image_vectors:
            return self.data.image_vectors[name].take(rows).astype(np.float64)
        if name in self.data.images:
            images = self.data.images[name]
            chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
            return np.concatenate([image_features(images.take(one)) for one in chunks])
        if name in self.data.text_counts:
            counts = np.maximum(self.data.text_counts[name][rows], 1)
            total = self._dense(name, rows, fitted).sum(axis=1)
            return np.asarray(total / counts[:, None], dtype=np.float64)
        return self._dense(name, rows, fitted)

    def _feature_width(self, name: str) -> int:
        if name in self.data.series:
            return 5 * len(self.data.series[name][1])
        if name in self.data.codes:
            return self.config.event_codes
        if name in self.data.vectors:
            return int(_facts_and_flags(self.data.vectors[name][:0]).shape[1])
        if name in self.data.image_vectors:
            return int(self.data.image_vectors[name].values.shape[1])
        if name in self.data.images:
            return int(image_features(self.data.images[name].values[:0]).shape[1])
        return self.component.modality(name).shape[-1]

    def _grid(self, name: str, rows: Rows) -> Values:
        series, channels = self.data.series[name]
        return hourly_grid(series, rows, len(channels), self.config.window_hours)

    def _irregular(self, name: str, rows: Rows, scaler: ChannelScaler) -> Irregular:
        series, channels = self.data.series[name]
        return irregular(series, rows, len(channels), self.config.series_steps, scaler)


def _facts_and_flags(facts: Values) -> Values:
    """Return facts as they are (NaN unknown) and flags of what is known, for controls.

    A modality of one fact is known where it is observed, so it has no flag.
    """
    return facts if facts.shape[1] == 1 else np.concatenate([facts, np.isfinite(facts)], axis=1)


def stay_modality(config: StayConfig, name: str, data: StayData) -> Modality:
    """Return kind and shape of a modality."""
    if name in data.series:
        return series_modality(config, name, len(data.series[name][1]))
    if name in data.codes:
        return events_modality(config, name)
    if name in data.vectors:
        return Modality(name=name, kind="vector", shape=(2 * data.vectors[name].shape[1],))
    if name in data.texts:
        return Modality(name=name, kind="text", shape=data.texts[name].shape[1:])
    if name in data.images:
        return Modality(name=name, kind="image", shape=data.images[name].values.shape[1:])
    return Modality(name=name, kind="text", shape=(config.note_width,))


def series_modality(config: StayConfig, name: str, channels: int) -> Modality:
    """Return the modality of a series: (hours, 2 channels) or (steps, channels)."""
    grid = config.series_form == "grid"
    shape = (config.window_hours, 2 * channels) if grid else (config.series_steps, channels)
    return Modality(name=name, kind="sequence", shape=shape)


def events_modality(config: StayConfig, name: str) -> Modality:
    """Return the modality of coded events: tokens below ``event_codes + 2``, (steps, tokens)."""
    return Modality(name=name, kind="events", shape=(config.event_steps, config.event_codes + 2))


def _irregular_data(found: Irregular) -> ModalityData:
    import torch

    return ModalityData(
        values=torch.from_numpy(found.values.astype(np.float32)),
        times=torch.from_numpy(found.hours.astype(np.float32)),
        mask=torch.from_numpy(found.measured),
        lengths=torch.from_numpy(found.lengths),
    )
