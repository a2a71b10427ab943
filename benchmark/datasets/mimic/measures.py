"""Measurements of stays from ``chartevents`` and ``labevents``: matched, mended, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from benchmark.core.errors import DataError
from benchmark.datasets._base import AttritionStep, Progress, silent
from benchmark.datasets.icu.extract import Extracted, Kept, extract, load_parts
from benchmark.datasets.icu.leaks import refuse_outcomes
from benchmark.datasets.mimic.channels import (
    GCS_PARTS,
    GCS_TOTAL,
    MARGIN,
    PRESETS,
    Channel,
    Item,
    Where,
)
from benchmark.datasets.mimic.config import MIMICConfig
from benchmark.datasets.mimic.tables import needed_file, raw_types, read_table, with_times

#: Events of a stay: minutes since it began, position of the channel, value.
SCHEMA: dict[str, type[pl.DataType]] = {
    "stay": pl.Int32,
    "minutes": pl.Float32,
    "channel": pl.UInt8,
    "value": pl.Float32,
}
_LABELS: dict[Where, str] = {"chartevents": "d_items", "labevents": "d_labitems"}
_COLUMNS: dict[Where, tuple[str, ...]] = {
    "chartevents": (
        "stay_id", "itemid", "charttime", "storetime", "value", "valuenum", "valueuom",
    ),
    "labevents": (
        "subject_id", "hadm_id", "itemid", "charttime", "storetime", "valuenum", "valueuom",
    ),
}  # fmt: skip
#: Why a row is left out, in the order in which this is looked at.
_REASONS = (_NO_TIME, _NO_STAY, _OUTSIDE, _NOT_INSIDE, _STORED, _NO_NUMBER, _IMPOSSIBLE) = (
    "no readable time",
    "of no stay that is read",
    "outside intensive care",
    "before the stay, after it or after the window",
    "stored after the window",
    "no number",
    "impossible value",
)
#: Fahrenheit filed as Celsius: no living body is that warm.
_FAHRENHEIT = 79.0
_PRESSURES = {"systolic_bp": 1, "nibp_systolic": 1, "diastolic_bp": 2, "nibp_diastolic": 2}


@dataclass(frozen=True)
class Reading:
    """How one of the two tables is read.

    Attributes:
        where: The table.
        items: ``itemid, channel, repair``.
        channels: All channels, in order.
        stays: ``stay_id, subject_id, hadm_id, intime, outtime``.
        config: Window and what is mended.
    """

    where: Where
    items: pl.DataFrame
    channels: Sequence[Channel]
    stays: pl.DataFrame
    config: MIMICConfig

    def keep(self, rows: pl.DataFrame) -> Kept:
        """Return the events of a piece of the table as :data:`SCHEMA`, and what was left out."""
        dropped: dict[str, int] = {}
        found = rows.join(self.items, on="itemid", maintain_order="left")
        for reason, change in (
            (None, self._matched),
            (_NOT_INSIDE, self._inside),
            (_STORED, self._known),
            (_NO_NUMBER, partial(numbers, self.channels)),
            (_IMPOSSIBLE, self._possible),
        ):
            before, found = len(found), change(found, dropped)
            if reason and before > len(found):
                dropped[reason] = before - len(found)
        events = found.rename({"stay_id": "stay"})
        return Kept(events.select(pl.col(n).cast(kind) for n, kind in SCHEMA.items()), dropped)

    def _matched(self, rows: pl.DataFrame, dropped: dict[str, int]) -> pl.DataFrame:
        """Give each row its stay: by id, or of laboratory values by patient and time."""
        timed = with_times(self.where, rows)
        known = timed.filter(pl.col("charttime").is_not_null())
        if len(timed) > len(known):
            dropped[_NO_TIME] = len(timed) - len(known)
        if self.where == "chartevents":
            stays = self.stays.drop("subject_id", "hadm_id")
            found = known.join(stays, on="stay_id", maintain_order="left")
            if len(known) > len(found):
                dropped[_NO_STAY] = len(known) - len(found)
            return found
        stays = self.stays.rename({"hadm_id": "stay_hadm_id"})
        pairs = known.with_row_index("at").join(stays, on="subject_id", maintain_order="left")
        inside = pl.col("charttime").is_between("intime", "outtime")
        # Values of the emergency department and of wards often lack the admission.
        same = pl.col("hadm_id").is_null() | (pl.col("hadm_id") == pl.col("stay_hadm_id"))
        found = pairs.filter(inside & same)
        outside = len(known) - found["at"].n_unique()
        if outside:
            dropped[_OUTSIDE] = outside
        return found.drop("at")

    def _inside(self, rows: pl.DataFrame, dropped: dict[str, int]) -> pl.DataFrame:
        minutes = (pl.col("charttime") - pl.col("intime")).dt.total_seconds() / 60
        timed = rows.with_columns(minutes=minutes)
        ended = pl.col("charttime") > pl.col("outtime")
        return timed.filter((pl.col("minutes") >= 0) & (pl.col("minutes") < self._window) & ~ended)

    def _known(self, rows: pl.DataFrame, dropped: dict[str, int]) -> pl.DataFrame:
        """Leave out what was stored after the window; where it is not told when, keep it."""
        if self.config.measured_time == "charttime":
            return rows
        stored = (pl.col("storetime") - pl.col("intime")).dt.total_seconds() / 60
        return rows.filter((stored < self._window).fill_null(value=True))

    def _possible(self, rows: pl.DataFrame, dropped: dict[str, int]) -> pl.DataFrame:
        return rows if self.config.outliers == "keep" else possible(self.channels, rows)

    @property
    def _window(self) -> float:
        return 60.0 * self.config.window_hours


def check_labels(root: Path, channels: Sequence[Channel]) -> None:
    """Check that every item id means in this release what it is taken for.

    Raises:
        DataError: An item is not there or has another label; names it.
    """
    for where, table in _LABELS.items():
        named = dict(read_table(root, table, ["label"]).select("itemid", "label").iter_rows())
        for item in _items_of(channels, where):
            if item.number not in named:
                raise DataError(
                    f"{needed_file(root, table)} has no item {item.number} ({item.label!r})",
                    "use MIMIC-IV 2.2 or 3.1 as released",
                )
            if _plain(named[item.number]) != _plain(item.label):
                raise DataError(
                    f"{needed_file(root, table)}: item {item.number} is "
                    f"{named[item.number]!r}, not {item.label!r}",
                    "the channels are those of MIMIC-IV 2.2 and 3.1",
                )


def read_measures(
    root: Path,
    stays: pl.DataFrame,
    config: MIMICConfig,
    folder: Path,
    progress: Progress = silent,
) -> dict[Where, Extracted]:
    """Extract the events of all stays into parts below ``folder``; goes on after a kill.

    Args:
        root: Folder of the release.
        stays: ``stay_id, subject_id, hadm_id, intime, outtime`` of stays with both times.
        config: Channels and window.
        folder: Where parts and their states are kept.
        progress: Is told of rows read.

    Returns:
        What was read of each table.

    Raises:
        DataError: A table is missing or damaged, or an item means something else.
    """
    channels = PRESETS[config.channels]
    check_labels(root, channels)
    states = {}
    for where, columns in _COLUMNS.items():
        refuse_outcomes(where, columns)
        reading = Reading(where, items_frame(channels, where), channels, stays, config)
        types = raw_types(where, columns)
        states[where] = extract(
            needed_file(root, where), types, reading.keep, folder / where, progress
        )
    return states


def load_measures(folder: Path, states: Mapping[Where, Extracted]) -> pl.DataFrame:
    """Return all events extracted, in the order of their tables."""
    found = [load_parts(folder / where, state) for where, state in states.items()]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *(one for one in found if one is not None)])


def steps_of(states: Mapping[Where, Extracted]) -> tuple[AttritionStep, ...]:
    """Return what was left out of each table; rows of other items are no loss."""
    steps = []
    for where, state in states.items():
        left = state.kept + sum(state.dropped.values())
        steps.append(AttritionStep(f"{where}: rows of the channels", left))
        for reason in _REASONS:
            count = state.dropped.get(reason, 0)
            left -= count
            if count:
                steps.append(AttritionStep(f"{where}: rows left", left, count, reason))
        for column, count in sorted(state.unreadable.items()):
            why = f"{column} of any item that cannot be read"
            steps.append(AttritionStep(f"{where}: all rows", state.rows, count, why))
    return tuple(steps)


def with_gcs_total(events: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Add the sum of the three parts of the coma scale at times that have all of them."""
    if GCS_TOTAL not in names:
        return events
    parts = [names.index(name) for name in GCS_PARTS]
    once = events.filter(pl.col("channel").is_in(parts)).unique(
        ["stay", "minutes", "channel"], keep="last", maintain_order=True
    )
    summed = once.group_by("stay", "minutes").agg(pl.col("value").sum(), count=pl.len())
    total = summed.filter(pl.col("count") == len(parts)).with_columns(
        channel=pl.lit(names.index(GCS_TOTAL), dtype=pl.UInt8)
    )
    return pl.concat([events, total.select(SCHEMA.keys())])


def items_frame(channels: Sequence[Channel], where: Where) -> pl.DataFrame:
    """Return ``itemid, channel, repair`` of the items in one table."""
    rows = [
        (item.number, at, item.repair)
        for at, channel in enumerate(channels)
        for item in channel.items
        if item.where == where
    ]
    types = {"itemid": pl.Int64, "channel": pl.UInt8, "repair": pl.String}
    return pl.DataFrame(rows, schema=types, orient="row")


def numbers(
    channels: Sequence[Channel], rows: pl.DataFrame, dropped: dict[str, int]
) -> pl.DataFrame:
    """Return rows with ``value`` as a number in the channel's unit; others are left out.

    Blood pressures written ``systolic/diastolic`` and capillary refill in words are understood.
    Fahrenheit, inches and pounds are converted; shares of oxygen in per cent become fractions, and
    saturations given as fractions become per cent.
    """
    names = [channel.name for channel in channels]
    number = pl.col("valuenum")
    if "value" in rows.columns:
        number = number.fill_null(_from_text(names))
    named = rows.with_columns(value=number).filter(pl.col("value").is_finite())
    value, channel, repair = pl.col("value"), pl.col("channel"), pl.col("repair")
    unit = pl.col("valueuom").str.to_uppercase().str.contains("F", literal=True)
    warm = _is(channel, names, "temperature") & (
        (repair == "fahrenheit") | unit.fill_null(value=False) | (value >= _FAHRENHEIT)
    )
    mended = (
        pl.when(warm.fill_null(value=False)).then((value - 32) * 5 / 9)
        .when((repair == "inch").fill_null(value=False)).then(value * 2.54)
        .when((repair == "pound").fill_null(value=False)).then(value * 0.453592)
        .when(_is(channel, names, "fio2") & (value > 1)).then(value / 100)
        .when(_is(channel, names, "spo2") & (value <= 1)).then(value * 100)
        .otherwise(value)
    )  # fmt: skip
    return named.with_columns(value=mended)


def possible(channels: Sequence[Channel], rows: pl.DataFrame) -> pl.DataFrame:
    """Drop values far outside their channel's range and set others to its limits."""
    limits = [
        (at, *channel.valid, 0.0 if channel.levels else MARGIN)
        for at, channel in enumerate(channels)
        if channel.valid is not None
    ]
    types = {"channel": pl.UInt8, "low": pl.Float64, "high": pl.Float64, "margin": pl.Float64}
    known = pl.DataFrame(limits, schema=types, orient="row")
    ranged = rows.join(known, on="channel", how="left", maintain_order="left")
    low, high = pl.col("low"), pl.col("high")
    room = pl.col("margin") * (high - low)
    inside = pl.col("value").is_between(low - room, high + room).fill_null(value=True)
    return ranged.filter(inside).with_columns(value=pl.col("value").clip(low, high))


def _from_text(names: Sequence[str]) -> pl.Expr:
    """Return numbers told by words or by two numbers; null otherwise."""
    text, channel = pl.col("value").str.strip_chars().str.to_lowercase(), pl.col("channel")
    refill = (
        pl.when(text.str.contains(r"abnormal|delayed")).then(1.0)
        .when(text.str.contains(r"normal|brisk")).then(0.0)
    )  # fmt: skip
    found = text.cast(pl.Float64, strict=False)
    for name, place in _PRESSURES.items():
        pair = text.str.extract(r"^(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)$", place)
        is_pair = _is(channel, names, name) & pair.is_not_null()
        found = pl.when(is_pair).then(pair.cast(pl.Float64, strict=False)).otherwise(found)
    return pl.when(_is(channel, names, "capillary_refill")).then(refill).otherwise(found)


def _is(channel: pl.Expr, names: Sequence[str], name: str) -> pl.Expr:
    return channel == (names.index(name) if name in names else 255)


def _items_of(channels: Sequence[Channel], where: Where) -> list[Item]:
    return [item for one in channels for item in one.items if item.where == where]


def _plain(label: str | None) -> str:
    """Return letters and digits of a label: spaces and case differ between versions."""
    return "".join(one for one in (label or "").casefold() if one.isalnum())
