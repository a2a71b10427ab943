"""Options of the eICU loader and what its tables are; torch-free."""

from __future__ import annotations

from typing import Literal

from benchmark.datasets.icu.stays import StayConfig

FOLDERS = (
    "eicu-collaborative-research-database-2.0",
    "eicu-collaborative-research-database-demo-2.0.1",
)
#: Unit stays and patients of the complete release (eICU-CRD 2.0) and of its open demo.
FULL_STAYS, DEMO_STAYS = 200_859, 2_520
TASKS = ("hospital_mortality", "unit_mortality", "readmission", "los")
SERIES_CHANNELS = {
    "vitalPeriodic": {
        "heartrate": "heart_rate",
        "respiration": "respiratory_rate",
        "sao2": "spo2",
        "temperature": "temperature",
        "systemicsystolic": "sbp",
        "systemicdiastolic": "dbp",
        "systemicmean": "map",
    },
    "vitalAperiodic": {
        "noninvasivesystolic": "nibp_systolic",
        "noninvasivediastolic": "nibp_diastolic",
        "noninvasivemean": "nibp_mean",
    },
}
LAB_CHANNELS = {
    "glucose": "glucose",
    "bedside glucose": "glucose",
    "potassium": "potassium",
    "sodium": "sodium",
    "chloride": "chloride",
    "creatinine": "creatinine",
    "BUN": "bun",
    "bicarbonate": "bicarbonate",
    "Total CO2": "bicarbonate",
    "anion gap": "anion_gap",
    "Hgb": "haemoglobin",
    "Hct": "haematocrit",
    "magnesium": "magnesium",
    "phosphate": "phosphate",
    "platelets x 1000": "platelets",
    "WBC x 1000": "wbc",
    "calcium": "calcium",
    "alkaline phos.": "alkaline_phosphatase",
    "albumin": "albumin",
    "total bilirubin": "bilirubin",
    "lactate": "lactate",
    "PT - INR": "inr",
    "PTT": "ptt",
    "pH": "ph",
    "FiO2": "fio2",
}
#: Nurse charting by (label, name): official spelling of celltypevallabel and celltypevalname.
NURSE_CHANNELS = {
    ("Heart Rate", "Heart Rate"): "heart_rate",
    ("Respiratory Rate", "Respiratory Rate"): "respiratory_rate",
    ("O2 Saturation", "O2 Saturation"): "spo2",
    ("Temperature", "Temperature (C)"): "temperature",
    ("Non-Invasive BP", "Non-Invasive BP Systolic"): "nibp_systolic",
    ("Non-Invasive BP", "Non-Invasive BP Diastolic"): "nibp_diastolic",
    ("Non-Invasive BP", "Non-Invasive BP Mean"): "nibp_mean",
    ("Glasgow coma score", "Eyes"): "gcs_eyes",
    ("Glasgow coma score", "Verbal"): "gcs_verbal",
    ("Glasgow coma score", "Motor"): "gcs_motor",
    ("Glasgow coma score", "GCS Total"): "gcs_total",
}
CHANNELS = tuple(
    dict.fromkeys(
        [
            *(name for table in SERIES_CHANNELS.values() for name in table.values()),
            *LAB_CHANNELS.values(),
            *NURSE_CHANNELS.values(),
        ]
    )
)
#: Channels of the hourly export of the demo, a table of another benchmark.
HOURLY_CHANNELS = [
    "alb",
    "alp",
    "alt",
    "ast",
    "be",
    "bicar",
    "bili",
    "bili_dir",
    "bnd",
    "bun",
    "ca",
    "cai",
    "ck",
    "ckmb",
    "cl",
    "crea",
    "crp",
    "dbp",
    "fgn",
    "fio2",
    "glu",
    "hgb",
    "hr",
    "inr_pt",
    "k",
    "lact",
    "lymph",
    "map",
    "mch",
    "mchc",
    "mcv",
    "methb",
    "mg",
    "na",
    "neut",
    "o2sat",
    "pco2",
    "ph",
    "phos",
    "plt",
    "po2",
    "ptt",
    "resp",
    "sbp",
    "temp",
    "tnt",
    "urine",
    "wbc",
]
CODED = ("diagnosis", "treatment", "medication", "lab")
#: Hours that APACHE looks at: in a shorter window it would tell what comes after.
APACHE_HOURS = 24
#: Worst values of the first day; -1 is unknown.
APACHE_APS = [
    "intubated",
    "vent",
    "dialysis",
    "eyes",
    "motor",
    "verbal",
    "meds",
    "urine",
    "wbc",
    "temperature",
    "respiratoryrate",
    "sodium",
    "heartrate",
    "meanbp",
    "ph",
    "hematocrit",
    "creatinine",
    "albumin",
    "pao2",
    "pco2",
    "bun",
    "glucose",
    "bilirubin",
    "fio2",
]
APACHE_PRED = [
    "graftcount",
    "thrombolytics",
    "aids",
    "hepaticfailure",
    "lymphoma",
    "metastaticcancer",
    "leukemia",
    "immunosuppression",
    "cirrhosis",
    "electivesurgery",
    "ima",
    "midur",
    "ventday1",
    "oobventday1",
    "oobintubday1",
    "diabetes",
    "ejectfx",
]
DEMOGRAPHICS = (
    "age",
    "female",
    "height",
    "weight",
    "emergency",
    "surgery",
    "white",
    "black",
    "hispanic",
    "asian",
)


class EICUConfig(StayConfig):
    """What is read of eICU, and how outcomes are defined.

    Attributes:
        series: ``official``: vital signs, laboratory and nurse charting as far as their tables are
            there; ``hourly``: the hourly export of the demo (``eicu-demo-extra/hourly``).
        known_by: ``taken``: a laboratory value or an entry of the nurses is known when it was taken
            or observed, as in the papers; ``entered``: only once it was entered or last revised, if
            that is inside the window. Vital signs of monitors tell no such time.
        cohort: ``window``: adults whose unit stay lasts at least the window; ``codes``: ages 18 to
            89, unit stays of 12 hours to 10 days with 3 to 256 coded events in the window (the
            cohort of FLAME's code); ``all``: every adult stay, short ones included, so that the
            length of a series tells the outcome in part.
        readmission: ``admission_15d``: another unit stay of the hospital stay begins within 15 days
            of this admission; ``discharge_30d``: within 30 days of this unit discharge.
        readmission_deaths: Stays that end in death count as not readmitted, or are unlabelled.
        los: ``short``: unit stay below 96 hours and survived; ``long``: more than 7 days left at
            the end of the window.
    """

    series: Literal["official", "hourly"] = "official"
    known_by: Literal["taken", "entered"] = "taken"
    cohort: Literal["window", "codes", "all"] = "window"
    readmission: Literal["admission_15d", "discharge_30d"] = "admission_15d"
    readmission_deaths: Literal["zero", "exclude"] = "exclude"
    los: Literal["short", "long"] = "short"
