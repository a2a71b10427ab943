"""Writing the miniature: official tables with official headers, factors beside the release."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.core.errors import UsageError
from benchmark.core.seeding import derive_seed
from benchmark.datasets.synthetic.mimic import chest, codes, measures, words
from benchmark.datasets.synthetic.mimic.items import OTHER_FLUIDS, chart_items, lab_items
from benchmark.datasets.synthetic.mimic.people import (
    DAY,
    HOUR,
    MINUTE,
    TRAITS,
    Factors,
    Person,
    make_people,
)

if TYPE_CHECKING:
    import polars as pl

GENERATOR_VERSION = 2
CXR_FOLDER, CXR_PREFIX = "mimic-cxr-jpg-2.0.0", "mimic-cxr-2.0.0"
_TIME, _DATE = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"


def write_release(
    root: Path, truth: Path, size: int, seed: int, notes: bool = True, images: bool = True
) -> None:
    """Write ``hosp``, ``icu``, ``note`` and a folder of MIMIC-CXR-JPG.

    Args:
        root: Folder of the release.
        truth: Folder of ``stays.csv``, ``visits.csv`` and ``edges.json``.
        size: Patients, at least as many as there are edge cases.
        seed: Of everything drawn.
        notes: Write ``note``.
        images: Write the X-rays.

    Raises:
        UsageError: Too few patients.
    """
    if size < len(TRAITS):
        raise UsageError(f"a miniature of MIMIC-IV has at least {len(TRAITS)} patients")
    people = make_people(size, _rng(seed, "people"))
    _write_hosp(root / "hosp", people, seed)
    _write_icu(root / "icu", people, seed)
    if notes:
        _write_notes(root / "note", people, seed)
    if images:
        _write_xrays(root / CXR_FOLDER, people, seed)
    _write_truth(truth, people)


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, "mimic", GENERATOR_VERSION, purpose))


def _write_hosp(folder: Path, people: list[Person], seed: int) -> None:
    rng = _rng(seed, "admissions")
    _write(folder / "patients", [_patient(one) for one in people], dates=["dod"])
    visits = [_admission(person, at, rng) for person in people for at in range(len(person.visits))]
    times = ["admittime", "dischtime", "deathtime", "edregtime", "edouttime"]
    _write(folder / "admissions", visits, times)
    _write(folder / "transfers", _transfers(people), ["intime", "outtime"])
    keys = ["subject_id", "hadm_id", "seq_num"]
    coded = [asdict(one) for one in codes.diagnoses(people, _rng(seed, "diagnoses"))]
    _write(folder / "diagnoses_icd", _only(coded, [*keys, "icd_code", "icd_version"]))
    done = [asdict(one) | {"chartdate": one.day}
            for one in codes.procedures(people, _rng(seed, "procedures"))]  # fmt: skip
    _write(
        folder / "procedures_icd",
        _only(done, [*keys, "chartdate", "icd_code", "icd_version"]),
        dates=["chartdate"],
    )
    _write(folder / "labevents", _labs(people, seed), ["charttime", "storetime"])
    listed = [
        {"itemid": one.itemid, "label": one.label, "fluid": OTHER_FLUIDS.get(one.itemid, "Blood"),
         "category": one.category}
        for one in lab_items()
    ]  # fmt: skip
    _write(folder / "d_labitems", listed)


def _patient(one: Person) -> dict[str, Any]:
    return {
        "subject_id": one.subject_id,
        "gender": "F" if one.female else "M",
        "anchor_age": one.anchor_age,
        "anchor_year": one.anchor_year,
        "anchor_year_group": one.year_group,
        "dod": one.dod,
    }


def _admission(person: Person, at: int, rng: np.random.Generator) -> dict[str, Any]:
    visit = person.visits[at]
    emergency = rng.random() < 0.6
    places = ("HOME", "HOME HEALTH CARE", "SKILLED NURSING FACILITY", None)
    return {
        "subject_id": person.subject_id,
        "hadm_id": visit.hadm_id,
        "admittime": visit.admit,
        "dischtime": visit.discharge,
        "deathtime": visit.discharge if visit.died else None,
        "admission_type": "EW EMER." if emergency else "URGENT",
        "admit_provider_id": f"P{visit.hadm_id % 100_000:05d}",
        "admission_location": "EMERGENCY ROOM" if emergency else "TRANSFER FROM HOSPITAL",
        "discharge_location": "DIED" if visit.died else places[int(rng.integers(4))],
        "insurance": ("Medicare", "Medicaid", "Other")[int(rng.integers(3))],
        "language": "ENGLISH" if rng.random() < 0.9 else "?",
        "marital_status": ("MARRIED", "SINGLE", "WIDOWED", None)[int(rng.integers(4))],
        "race": ("WHITE", "BLACK/AFRICAN AMERICAN", "HISPANIC OR LATINO", "UNKNOWN")[
            int(rng.choice(4, p=[0.65, 0.15, 0.1, 0.1]))
        ],
        "edregtime": visit.admit - 4 * HOUR if emergency else None,
        "edouttime": visit.admit + 30 * MINUTE if emergency else None,
        "hospital_expire_flag": int(visit.died),
    }


def _transfers(people: list[Person]) -> list[dict[str, Any]]:
    """Return the units every admission went through, and its end."""
    rows: list[dict[str, Any]] = []
    for person in people:
        for visit in person.visits:
            key = {"subject_id": person.subject_id, "hadm_id": visit.hadm_id}
            for at, stay in enumerate(visit.stays):
                rows.append(
                    {**key, "transfer_id": stay.stay_id, "eventtype": "transfer" if at else "admit",
                     "careunit": stay.first_unit, "intime": stay.intime, "outtime": stay.outtime}
                )  # fmt: skip
            rows.append(
                {**key, "transfer_id": visit.hadm_id + 10_000_000, "eventtype": "discharge",
                 "careunit": None, "intime": visit.discharge, "outtime": None}
            )  # fmt: skip
    return rows


def _labs(people: list[Person], seed: int) -> dict[str, list[Any]]:
    items = {one.itemid: one for one in lab_items()}
    rows = measures.labs(people, _rng(seed, "labs"))
    low = {one.itemid: round(one.usual * (1 - 2 * one.spread), 2) for one in items.values()}
    high = {one.itemid: round(one.usual * (1 + 2 * one.spread), 2) for one in items.values()}
    return {
        "labevent_id": list(range(1, len(rows) + 1)),
        "subject_id": [one.subject_id for one in rows],
        "hadm_id": [one.hadm_id for one in rows],
        "specimen_id": [one.specimen_id for one in rows],
        "itemid": [one.itemid for one in rows],
        "order_provider_id": [None] * len(rows),
        "charttime": [one.charttime for one in rows],
        "storetime": [one.storetime for one in rows],
        "value": [one.value for one in rows],
        "valuenum": [one.valuenum for one in rows],
        "valueuom": [items[one.itemid].unit or None for one in rows],
        "ref_range_lower": [low[one.itemid] for one in rows],
        "ref_range_upper": [high[one.itemid] for one in rows],
        "flag": ["abnormal" if one.abnormal else None for one in rows],
        "priority": ["ROUTINE" if one.specimen_id % 3 else "STAT" for one in rows],
        "comments": [one.comments for one in rows],
    }


def _write_icu(folder: Path, people: list[Person], seed: int) -> None:
    stays = [
        {"subject_id": person.subject_id, "hadm_id": visit.hadm_id, "stay_id": stay.stay_id,
         "first_careunit": stay.first_unit, "last_careunit": stay.last_unit,
         "intime": stay.intime, "outtime": stay.outtime,
         "los": (stay.outtime - stay.intime) / DAY}
        for person in people for visit in person.visits for stay in visit.stays
    ]  # fmt: skip
    _write(folder / "icustays", stays, ["intime", "outtime"])
    listed = [
        {"itemid": one.itemid, "label": one.label, "abbreviation": one.label,
         "linksto": "chartevents", "category": one.category, "unitname": one.unit or None,
         "param_type": one.kind, "lownormalvalue": None, "highnormalvalue": None}
        for one in chart_items()
    ]  # fmt: skip
    _write(folder / "d_items", listed)
    rows, owners = measures.chart(people, _rng(seed, "chart"))
    keys = np.array(owners, dtype=np.int64).reshape(-1, 3)[np.array(rows.owner, dtype=np.int64)]
    units = measures.units()
    charted = {
        "subject_id": keys[:, 0],
        "hadm_id": keys[:, 1],
        "stay_id": keys[:, 2],
        "caregiver_id": 1000 + keys[:, 2] % 97,
        "charttime": rows.charttime,
        "storetime": rows.storetime,
        "itemid": rows.itemid,
        "value": rows.value,
        "valuenum": rows.valuenum,
        "valueuom": [units[itemid] or None for itemid in rows.itemid],
        "warning": rows.warning,
    }
    _write(folder / "chartevents", charted, ["charttime", "storetime"])


def _write_notes(folder: Path, people: list[Person], seed: int) -> None:
    for name, make in (("radiology", words.radiology), ("discharge", words.discharge)):
        rows = [asdict(one) for one in make(people, _rng(seed, name))]
        _write(folder / name, rows, ["charttime", "storetime"])


def _write_xrays(folder: Path, people: list[Person], seed: int) -> None:
    found = chest.images(people, _rng(seed, "images"))
    for name, rows in chest.tables(found, _rng(seed, "findings")).items():
        _write(folder / f"{CXR_PREFIX}-{name}", rows)
    chest.write_images(folder, found, _rng(seed, "pictures"))


def _write_truth(folder: Path, people: list[Person]) -> None:
    """Write the factors of every admission and stay, and who is which edge case."""
    visits, stays = [], []
    for person in people:
        for visit in person.visits:
            key = {"subject_id": person.subject_id, "hadm_id": visit.hadm_id}
            visits.append({**key, "died": int(visit.died), **_factors(visit.factors)})
            stays += [{**key, "stay_id": one.stay_id, **_factors(visit.factors)}
                      for one in visit.stays]  # fmt: skip
    for name, rows in (("visits", visits), ("stays", stays)):
        text = _frame(rows).write_csv()
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    edges = {traits.name: person.subject_id for traits, person in zip(TRAITS, people, strict=False)}
    body = {"patients": edges, "leaks": words.LEAKS}
    (folder / "edges.json").write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")


def _factors(factors: Factors) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in asdict(factors).items()}


def _only(rows: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in names} for row in rows]


def _frame(table: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(table, infer_schema_length=None, strict=False)


def _write(
    path: Path,
    table: Sequence[Mapping[str, Any]] | Mapping[str, Any],
    times: Sequence[str] = (),
    dates: Sequence[str] = (),
) -> None:
    """Write ``<path>.csv.gz``; columns of seconds since 1970 become times or dates."""
    import polars as pl

    shown = [
        pl.from_epoch(pl.col(name).cast(pl.Int64), "s").dt.strftime(form)
        for names, form in ((times, _TIME), (dates, _DATE))
        for name in names
    ]
    stream = io.BytesIO()
    _frame(table).with_columns(shown).write_csv(stream)
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.with_name(f"{path.name}.csv.gz")
    place.write_bytes(gzip.compress(stream.getvalue(), 4, mtime=0))
