"""A miniature eICU release: official tables, patients whose course follows a hidden severity.

``size`` is the number of patients; about one in three has a second unit stay of the same hospital
stay. An hourly export lies in ``hourly``, which no release has. Severity shows in vital signs and
laboratory values (each with noise of its own), a shock diagnosis and a vasopressor together raise
the risk of death more than both alone, and notes of the plan of care name it in words.

Edge cases on purpose: ages ``> 89``, blank and below 18, stays of 23.9 and 24.1 hours, events
before admission and after the window, orders dated back, repeated chart times, values that are not
numbers, unknown discharge status, stays without a single event, two APACHE results per stay.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.core.seeding import derive_seed
from benchmark.datasets.eicu.config import APACHE_APS, APACHE_PRED, HOURLY_CHANNELS

GENERATOR_VERSION = 3
_HOUR = 60
_LABS = {"glucose": 130, "potassium": 4.1, "sodium": 138, "creatinine": 1.1, "BUN": 20,
         "lactate": 1.6, "WBC x 1000": 9, "platelets x 1000": 220, "Hgb": 11,
         "albumin": 3.2}  # fmt: skip
_HOURLY_VITALS = {"heartrate": "hr", "respiration": "resp", "sao2": "o2sat",
                  "temperature": "temp"}  # fmt: skip
_HOURLY_LABS = {"glucose": "glu", "potassium": "k", "sodium": "na", "creatinine": "crea",
                "BUN": "bun", "lactate": "lact", "WBC x 1000": "wbc", "platelets x 1000": "plt",
                "Hgb": "hgb", "albumin": "alb"}  # fmt: skip
_DIAGNOSES = ("cardiovascular|shock / hypotension|septic shock", "pulmonary|respiratory failure",
              "renal|disorder of kidney|acute renal failure", "neurologic|seizures",
              "endocrine|glucose metabolism|diabetes mellitus", "burns/trauma|trauma")  # fmt: skip
_TREATMENTS = ("cardiovascular|shock|vasopressors|norepinephrine", "pulmonary|ventilation",
               "infectious diseases|medications|antibiotics", "renal|dialysis")  # fmt: skip
_DRUGS = ("NOREPINEPHRINE", "Vancomycin 1 GM", "Insulin regular", "Acetaminophen 325 MG PO TABS")


def write_release(root: Path, truth: Path, size: int, seed: int) -> None:
    """Write the tables of ``size`` patients; the hidden severity goes to ``truth``."""
    rng = np.random.default_rng(derive_seed(seed, "eicu", GENERATOR_VERSION))
    stays = _stays(size, rng)
    tables = {
        "patient": stays.drop(columns=["severity", "shock", "pressor", "silent"]),
        "hospital": pd.DataFrame(
            {
                "hospitalid": [1, 2],
                "numbedscategory": ["<100", "100 - 249"],
                "teachingstatus": ["f", "t"],
                "region": ["Midwest", "South"],
            }
        ),
        **_events(stays[~stays["silent"]], rng),
        **_apache(stays, rng),
    }
    for name, table in tables.items():
        text = table.to_csv(index=False)
        (root / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode(), 6, mtime=0))
    _write_hourly(root / "hourly", tables)
    hidden = stays[["patientunitstayid", "severity", "shock", "pressor", "silent"]]
    (truth / "stays.json").write_text(json.dumps(hidden.to_dict("list"), default=bool))


def _write_hourly(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the last value of every hour, laid out as the hourly export of the demo."""
    vital, lab = tables["vitalPeriodic"], tables["lab"]
    parts = [
        pd.DataFrame(
            {"stay_id": vital["patientunitstayid"], "minutes": vital["observationoffset"],
             "name": name, "value": vital[column]}
        )
        for column, name in _HOURLY_VITALS.items()
    ]  # fmt: skip
    known = lab[lab["labname"].isin(list(_HOURLY_LABS))]
    parts.append(
        pd.DataFrame(
            {"stay_id": known["patientunitstayid"], "minutes": known["labresultoffset"],
             "name": known["labname"].map(_HOURLY_LABS), "value": known["labresult"]}
        )
    )  # fmt: skip
    events = pd.concat(parts).sort_values(["stay_id", "minutes"], kind="stable")
    events["value"] = pd.to_numeric(events["value"])
    events["time"] = pd.to_timedelta(events["minutes"] // _HOUR, unit="h")
    inside = events[(events["minutes"] >= 0) & events["value"].notna()]
    grid = inside.pivot_table(
        index=["stay_id", "time"], columns="name", values="value", aggfunc="last"
    )
    folder.mkdir()
    grid.reindex(columns=HOURLY_CHANNELS).astype(float).reset_index().to_parquet(
        folder / "dyn.parquet"
    )


def _stays(size: int, rng: np.random.Generator) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for patient in range(size):
        severity, two = rng.normal(), rng.random() < 0.35
        shock, pressor = bool(rng.random() < 0.3), bool(rng.random() < 0.3)
        for visit in range(1 + two):
            minutes = int(rng.gamma(2.2, 1500)) + 300
            rows.append(
                {
                    "patientunitstayid": 140_000 + 10 * patient + visit,
                    "patienthealthsystemstayid": 120_000 + patient,
                    "gender": str(rng.choice(["Female", "Male"])),
                    "age": str(int(rng.integers(20, 88))),
                    "ethnicity": str(rng.choice(["Caucasian", "African American", "Hispanic", ""])),
                    "hospitalid": int(1 + patient % 2),
                    "apacheadmissiondx": "",
                    "admissionheight": round(float(rng.normal(169, 10)), 1),
                    "hospitaladmitoffset": -int(rng.integers(10, 600)) - visit * 4 * 1440,
                    "hospitaldischargeoffset": minutes + int(rng.integers(0, 5000)),
                    "unitadmitsource": str(rng.choice(["Emergency Department", "Operating Room"])),
                    "unitvisitnumber": visit + 1,
                    "unitstaytype": "admit" if visit == 0 else "readmit",
                    "admissionweight": round(float(rng.normal(80, 15)), 1),
                    "unitdischargeoffset": minutes,
                    "uniquepid": f"002-{1000 + patient}",
                    "severity": float(severity),
                    "shock": shock,
                    "pressor": pressor,
                    "silent": bool(rng.random() < 0.03),
                }
            )
    stays = pd.DataFrame(rows)
    _edges(stays)
    _outcomes(stays, rng)
    return stays


def _edges(stays: pd.DataFrame) -> None:
    """Put the edge cases into the first rows."""
    for row, age in enumerate(["> 89", "", "16", "> 89"][: len(stays)]):
        stays.loc[row, "age"] = age
    for row, minutes in zip(range(4, len(stays)), [1434, 1446, 1440, 1439], strict=False):
        stays.loc[row, "unitdischargeoffset"] = minutes


def _outcomes(stays: pd.DataFrame, rng: np.random.Generator) -> None:
    """Decide who dies: in the last unit stay of a hospital stay, by severity and the pair."""
    both = stays["shock"] & stays["pressor"]
    logit = -1.2 + 1.4 * stays["severity"] + 2.0 * both
    last = ~stays.duplicated("patienthealthsystemstayid", keep="last")
    dead = last & (rng.random(len(stays)) < 1 / (1 + np.exp(-logit)))
    in_unit = dead & (rng.random(len(stays)) < 0.7)
    stays["unitdischargestatus"] = np.where(in_unit, "Expired", "Alive")
    hospital = dead.groupby(stays["patienthealthsystemstayid"]).transform("max")
    unknown = rng.random(len(stays)) < 0.01
    stays["hospitaldischargestatus"] = np.where(unknown, "", np.where(hospital, "Expired", "Alive"))
    stays["dischargeweight"] = stays["admissionweight"]
    stays["unitdischargelocation"] = np.where(in_unit, "Death", "Floor")


def _events(stays: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("vitalPeriodic", "vitalAperiodic", "lab", "nurseCharting",
                              "diagnosis", "treatment", "medication", "note")
    }  # fmt: skip
    for stay in stays.to_dict("records"):
        key, end = (
            {"patientunitstayid": stay["patientunitstayid"]},
            int(stay["unitdischargeoffset"]),
        )
        _measure(tables, key, float(stay["severity"]), min(end, 40 * _HOUR), rng)
        _code(tables, key, stay, rng)
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def _measure(
    tables: dict[str, list[dict[str, Any]]],
    key: dict[str, Any],
    severity: float,
    end: int,
    rng: np.random.Generator,
) -> None:
    """Write vital signs, laboratory values and the coma score."""
    for minute in range(-30, end, 90):
        tables["vitalPeriodic"].append(
            {**key, "observationoffset": minute, "temperature": round(rng.normal(37, 0.6), 1),
             "sao2": round(rng.normal(96 - severity, 1.5)),
             "heartrate": round(rng.normal(88 + 8 * severity, 8)),
             "respiration": round(rng.normal(19 + 2 * severity, 3)),
             "systemicsystolic": "", "systemicdiastolic": "", "systemicmean": ""}
        )  # fmt: skip
    for minute in range(10, end, 120):
        mean = rng.normal(80 - 7 * severity, 8)
        for at in (minute, minute) if minute == 130 else (minute,):  # a repeated time
            tables["vitalAperiodic"].append(
                {**key, "observationoffset": at, "noninvasivesystolic": round(mean * 1.4),
                 "noninvasivediastolic": round(mean * 0.8), "noninvasivemean": round(mean)}
            )  # fmt: skip
    for name, usual in _LABS.items():
        for minute in sorted(rng.integers(-200, max(end, 1), size=3)):
            value = usual * np.exp(0.15 * rng.normal() + 0.3 * severity * (name == "lactate"))
            shown: Any = "" if rng.random() < 0.03 else round(float(value), 2)
            tables["lab"].append(
                {**key, "labresultoffset": int(minute), "labname": name, "labresult": shown}
            )
    for minute in range(0, end, 240):
        total = int(np.clip(round(rng.normal(13 - 1.5 * severity, 1.5)), 3, 15))
        tables["nurseCharting"].append(
            {**key, "nursingchartoffset": minute, "nursingchartcelltypecat": "Scores",
             "nursingchartcelltypevallabel": "Glasgow coma score",
             "nursingchartcelltypevalname": "GCS Total",
             "nursingchartvalue": "Unable to score due to medication" if minute == 480 else total}
        )  # fmt: skip


def _code(
    tables: dict[str, list[dict[str, Any]]],
    key: dict[str, Any],
    stay: Any,
    rng: np.random.Generator,
) -> None:
    """Write diagnoses, treatments, drugs and notes."""
    diagnoses = [_DIAGNOSES[0]] * stay["shock"] + list(rng.choice(_DIAGNOSES[1:], 2, replace=False))
    for text in diagnoses:
        offset = 30 if text == _DIAGNOSES[0] else int(rng.integers(-20, 2000))
        tables["diagnosis"].append(
            {**key, "activeupondischarge": "True", "diagnosisoffset": offset,
             "diagnosisstring": text, "icd9code": "", "diagnosispriority": "Other"}
        )  # fmt: skip
    for text in [_TREATMENTS[0]] * stay["pressor"] + [str(rng.choice(_TREATMENTS[1:]))]:
        tables["treatment"].append(
            {**key, "treatmentoffset": int(rng.integers(5, 300)), "treatmentstring": text,
             "activeupondischarge": "False"}
        )  # fmt: skip
    for text in rng.choice(_DRUGS[1:], 2):
        tables["medication"].append(
            {**key, "drugorderoffset": 2000 if rng.random() < 0.1 else 0,
             "drugstartoffset": int(rng.integers(-300, 900)),
             "drugordercancelled": "Yes" if rng.random() < 0.1 else "No", "drugname": str(text)}
        )  # fmt: skip
    plan = "Critically ill" if stay["severity"] + 0.5 * rng.normal() > 0.5 else "Stable"
    for path in (f"notes/Progress Notes/Assessment and Plan/{plan}", "notes/Progress Notes/Review"):
        tables["note"].append(
            {**key, "noteoffset": 20, "noteenteredoffset": int(rng.integers(20, 400)),
             "notetype": "Admission", "notepath": path, "notevalue": "", "notetext": ""}
        )  # fmt: skip


def _apache(stays: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Write the APACHE tables; a tenth of the stays has none."""
    scored = stays[rng.random(len(stays)) > 0.1]
    n, severity = len(scored), scored["severity"].to_numpy()
    key = {"patientunitstayid": scored["patientunitstayid"].to_numpy()}
    aps: dict[str, Any] = {name: np.full(n, -1.0) for name in APACHE_APS}
    aps["heartrate"] = np.round(88 + 8 * severity + rng.normal(size=n) * 8)
    aps["intubated"] = (severity > 1) * 1.0
    pred: dict[str, Any] = {name: np.zeros(n) for name in APACHE_PRED}
    died = scored["hospitaldischargestatus"].to_numpy() == "Expired"
    pred |= {"diabetes": (rng.random(n) < 0.2) * 1.0, "diedinhospital": died * 1.0}
    risk = np.round(1 / (1 + np.exp(2.2 - 1.3 * severity)), 4)
    result = pd.concat(
        [
            pd.DataFrame(
                {**key, "apacheversion": version, "predictedhospitalmortality": risk,
                 "actualhospitalmortality": np.where(died, "EXPIRED", "ALIVE")}
            )
            for version in ("IV", "IVa")
        ]
    )  # fmt: skip
    return {
        "apacheApsVar": pd.DataFrame({**key, **aps}),
        "apachePredVar": pd.DataFrame({**key, **pred}),
        "apachePatientResult": result,
    }
