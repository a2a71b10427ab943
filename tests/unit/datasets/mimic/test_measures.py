"""Measurements of MIMIC-IV: matching, windows, units, ranges, labels of items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmark.core.errors import DataError
from benchmark.datasets.icu.extract import Kept
from benchmark.datasets.icu.leaks import refuse_outcomes
from benchmark.datasets.mimic.channels import GCS_PARTS, PRESETS, Channel, Preset, Where
from benchmark.datasets.mimic.config import MIMICConfig
from benchmark.datasets.mimic.measures import (
    _COLUMNS,
    SCHEMA,
    Reading,
    check_labels,
    items_frame,
    numbers,
    possible,
    read_measures,
    steps_of,
    with_gcs_total,
)
from benchmark.datasets.mimic.tables import TABLES

STAYS = pl.DataFrame(
    {
        "stay_id": [100, 101, 200],
        "subject_id": [1, 1, 2],
        "hadm_id": [10, 11, 20],
        "intime": [datetime(2150, 1, 1), datetime(2150, 2, 1), datetime(2150, 1, 1)],
        "outtime": [datetime(2150, 1, 4), datetime(2150, 2, 2), datetime(2150, 1, 4)],
    }
)

Write = Callable[..., Path]


def reading(where: Where, preset: Preset = "fusemoe30", **options: Any) -> Reading:
    channels = PRESETS[preset]
    config = MIMICConfig(channels=preset, **options)
    return Reading(where, items_frame(channels, where), channels, STAYS, config)


def chart(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Rows of stay, item, charttime, storetime, value, valuenum, unit."""
    types = {"stay_id": pl.Int64, "itemid": pl.Int64, "charttime": pl.String,
             "storetime": pl.String, "value": pl.String, "valuenum": pl.Float64,
             "valueuom": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=types, orient="row")


def lab(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Rows of patient, admission, item, charttime, storetime, valuenum, unit."""
    types = {"subject_id": pl.Int64, "hadm_id": pl.Int64, "itemid": pl.Int64,
             "charttime": pl.String, "storetime": pl.String, "valuenum": pl.Float64,
             "valueuom": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=types, orient="row")


def rows_of(kept: Kept) -> list[tuple[Any, ...]]:
    assert dict(kept.frame.schema) == SCHEMA
    return kept.frame.rows()


def test_chart_rows_are_matched_by_stay_and_cut_at_the_window() -> None:
    at = "2150-01-0{} {}:00:00".format
    rows = chart(
        (100, 220045, at(1, "00"), at(1, "01"), "80", 80.0, "bpm"),
        (100, 220045, at(2, "23"), at(2, "23"), "81", 81.0, "bpm"),
        (100, 220045, at(3, "00"), at(3, "00"), "82", 82.0, "bpm"),  # at 48 h
        (100, 220045, "2149-12-31 23:00:00", at(1, "00"), "83", 83.0, "bpm"),
        (100, 220045, at(2, "22"), at(3, "01"), "84", 84.0, "bpm"),  # stored later
        (100, 220045, at(2, "21"), None, "85", 85.0, "bpm"),
        (999, 220045, at(1, "02"), at(1, "02"), "86", 86.0, "bpm"),
        (100, 220045, "soon", at(1, "02"), "87", 87.0, "bpm"),
        (100, 220045, at(1, "03"), at(1, "03"), "no", None, "bpm"),
        (100, 220045, at(1, "03"), at(1, "03"), "", 5000.0, "bpm"),
        (100, 5, at(1, "03"), at(1, "03"), "1", 1.0, ""),
        (101, 220045, "2150-02-02 01:00:00", None, "88", 88.0, "bpm"),  # after the stay
    )
    kept = reading("chartevents").keep(rows)
    assert rows_of(kept) == [(100, 0, 0, 80), (100, 47 * 60, 0, 81), (100, 45 * 60, 0, 85)]
    assert kept.dropped == {
        "no readable time": 1, "of no stay that is read": 1, "stored after the window": 1,
        "before the stay, after it or after the window": 3, "no number": 1, "impossible value": 1,
    }  # fmt: skip
    charted = reading("chartevents", measured_time="charttime").keep(rows)
    assert "stored after the window" not in charted.dropped
    assert len(charted.frame) == 4
    assert 5000.0 in reading("chartevents", outliers="keep").keep(rows).frame["value"]


def test_lab_rows_are_matched_by_patient_and_time() -> None:
    glucose = [channel.name for channel in PRESETS["fusemoe30"]].index("glucose")
    rows = lab(
        (1, None, 50931, "2150-01-01 02:00:00", "2150-01-01 03:00:00", 100.0, "mg/dL"),
        (1, 10, 50931, "2150-01-01 03:00:00", "2150-01-01 04:00:00", 101.0, "mg/dL"),
        (1, 11, 50931, "2150-02-01 03:00:00", None, 102.0, "mg/dL"),
        (1, 99, 50931, "2150-01-01 04:00:00", None, 103.0, "mg/dL"),  # another admission
        (1, None, 50931, "2150-01-20 04:00:00", None, 104.0, "mg/dL"),  # between the stays
        (3, None, 50931, "2150-01-01 04:00:00", None, 105.0, "mg/dL"),  # no stay at all
        (1, None, 50809, "2150-01-01 04:00:00", None, 106.0, "mg/dL"),  # of a blood gas
    )
    kept = reading("labevents").keep(rows)
    assert rows_of(kept) == [
        (100, 120, glucose, 100), (100, 180, glucose, 101), (101, 180, glucose, 102)
    ]  # fmt: skip
    assert kept.dropped == {"outside intensive care": 3}
    asrun = reading("labevents", "fusemoe30_asrun").keep(rows)
    assert asrun.frame["value"].to_list() == [106]


def made(channels: Sequence[Channel], **columns: Any) -> dict[str, Any]:
    """Numbers of one row, by channel name."""
    name = columns.pop("channel")
    names = [one.name for one in channels]
    usual = {"valuenum": None, "value": None, "valueuom": None, "repair": None} | columns
    types = {"valuenum": pl.Float64, "value": pl.String, "valueuom": pl.String,
             "repair": pl.String, "channel": pl.UInt8}  # fmt: skip
    row = pl.DataFrame([{**usual, "channel": names.index(name)}], schema=types)
    found = numbers(channels, row, {})
    return {"raw": found["value"].to_list(), "mended": possible(channels, found)["value"].to_list()}


@pytest.mark.parametrize(
    ("columns", "value"),
    [
        ({"channel": "temperature", "valuenum": 98.6, "repair": "fahrenheit"}, 37.0),
        ({"channel": "temperature", "valuenum": 98.6, "valueuom": "°C"}, 37.0),
        ({"channel": "temperature", "valuenum": 98.6, "valueuom": "Deg. F"}, 37.0),
        ({"channel": "temperature", "valuenum": 37.0, "valueuom": "°C"}, 37.0),
        ({"channel": "fio2", "valuenum": 40.0}, 0.4),
        ({"channel": "fio2", "valuenum": 0.4}, 0.4),
        ({"channel": "spo2", "valuenum": 0.97}, 97.0),
        ({"channel": "spo2", "valuenum": 97.0}, 97.0),
        ({"channel": "height", "valuenum": 70.0, "repair": "inch"}, 177.8),
        ({"channel": "weight", "valuenum": 100.0, "repair": "pound"}, 45.3592),
        ({"channel": "systolic_bp", "value": "118/64"}, 118.0),
        ({"channel": "diastolic_bp", "value": "118 / 64"}, 64.0),
        ({"channel": "heart_rate", "value": " 80 "}, 80.0),
        ({"channel": "capillary_refill", "value": "Normal <3 Seconds"}, 0.0),
        ({"channel": "capillary_refill", "value": "Abnormal >3 Seconds"}, 1.0),
        ({"channel": "heart_rate", "value": "118/64"}, None),
        ({"channel": "capillary_refill", "value": "Comment"}, None),
        ({"channel": "heart_rate", "value": "fast"}, None),
    ],
)
def test_units_are_those_of_the_channel(columns: dict[str, Any], value: float | None) -> None:
    found = made(PRESETS["mimic3_17"], **columns)["raw"]
    assert found == ([] if value is None else [pytest.approx(value)])


def test_impossible_values_are_dropped_and_doubtful_ones_set_to_the_limit() -> None:
    seventeen = PRESETS["mimic3_17"]
    for value, kept in ((350, [350]), (385, [350]), (385.1, []), (-35, [0]), (-35.1, [])):
        assert made(seventeen, channel="heart_rate", valuenum=float(value))["mended"] == kept
    for value, kept in ((3.0, [3]), (3.2, []), (0.0, [])):
        assert made(seventeen[4:5], channel="gcs_motor", valuenum=value * 2)["mended"] == (
            [one * 2 for one in kept] if value != 3.2 else []
        )
    thirty = PRESETS["fusemoe30"]
    assert made(thirty, channel="rdw", valuenum=500.0)["mended"] == [500]  # no range is known


def test_the_total_of_the_coma_scale_needs_all_parts() -> None:
    names = [channel.name for channel in PRESETS["mimic3_17"]]
    eyes, verbal, motor = (names.index(name) for name in GCS_PARTS)
    rows = [(1, 0, eyes, 4), (1, 0, verbal, 5), (1, 0, motor, 6), (1, 0, motor, 5),
            (1, 60, eyes, 4), (1, 60, verbal, 5), (2, 60, motor, 6)]  # fmt: skip
    found = with_gcs_total(pl.DataFrame(rows, schema=SCHEMA, orient="row"), names)
    assert found.rows()[len(rows) :] == [(1, 0, names.index("gcs_total"), 14)]


def dictionaries(write: Write, root: Path, changed: dict[int, str]) -> None:
    """Write both tables of items as the presets expect them, but for some."""
    for where, name in (("chartevents", "d_items"), ("labevents", "d_labitems")):
        items = {
            item.number: item.label
            for channels in PRESETS.values() for one in channels for item in one.items
            if item.where == where
        } | changed  # fmt: skip
        rest = "," * (len(TABLES[name].columns) - 2)
        rows = [f'{number},"{label}"{rest}' for number, label in items.items() if label]
        write(root, name, *rows)


def test_items_that_mean_something_else_are_refused(write: Write, tmp_path: Path) -> None:
    dictionaries(write, tmp_path, {220045: "heart  RATE"})
    for channels in PRESETS.values():
        check_labels(tmp_path, channels)
    dictionaries(write, tmp_path, {220045: "Heart Rhythm"})
    with pytest.raises(DataError, match="item 220045 is 'Heart Rhythm', not 'Heart Rate'"):
        check_labels(tmp_path, PRESETS["fusemoe30"])
    dictionaries(write, tmp_path, {50971: ""})
    check_labels(tmp_path, PRESETS["mimic3_17"])
    with pytest.raises(DataError, match=r"has no item 50971 \('Potassium'\)"):
        check_labels(tmp_path, PRESETS["fusemoe30"])


def test_what_is_left_out_is_written_down(write: Write, tmp_path: Path) -> None:
    dictionaries(write, tmp_path, {})
    write(tmp_path, "chartevents",
          "100,220045,2150-01-01 01:00:00,,80,80,bpm", "100,220045,2150-01-01 02:00:00,,x,high,bpm",
          "100,220045,2151-01-01 02:00:00,,80,80,bpm")  # fmt: skip
    write(tmp_path, "labevents", "1,,50931,2150-01-01 02:00:00,,,")
    states = read_measures(tmp_path, STAYS, MIMICConfig(), tmp_path / "parts")
    assert [(step.name, step.kept, step.dropped, step.why) for step in steps_of(states)] == [
        ("chartevents: rows of the channels", 3, 0, ""),
        ("chartevents: rows left", 2, 1, "before the stay, after it or after the window"),
        ("chartevents: rows left", 1, 1, "no number"),
        ("chartevents: all rows", 3, 1, "valuenum of any item that cannot be read"),
        ("labevents: rows of the channels", 1, 0, ""),
        ("labevents: rows left", 0, 1, "no number"),
    ]


def test_no_measurement_is_read_from_a_column_that_tells_the_outcome() -> None:
    for where, columns in _COLUMNS.items():
        refuse_outcomes(where, columns)


def test_presets_have_the_channels_they_are_named_for() -> None:
    assert {name: len(channels) for name, channels in PRESETS.items()} == {
        "fusemoe30": 31, "fusemoe30_asrun": 30, "mimic3_17": 17
    }  # fmt: skip
    for channels in PRESETS.values():
        numbers_of = [item.number for one in channels for item in one.items]
        assert len(set(numbers_of)) == len(numbers_of)
        assert len({one.name for one in channels}) == len(channels)
