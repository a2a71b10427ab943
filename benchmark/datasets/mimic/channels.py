"""Channels of measurements: which items make them, their units and what values are possible.

Presets:

- ``fusemoe30``: the nine vital signs and 22 laboratory values that FuseMoE's notebook (and FLAME,
  which follows it) names, from ``chartevents`` and ``labevents``, each with the item meant. The
  notebook resolves a label to the first item of that spelling, so that
- ``fusemoe30_asrun`` has glucose and haemoglobin of blood gases, and no potassium (the item
  found, 50833, is of other fluids and was never measured): 30 channels are left of 31.
- ``mimic3_17``: the 17 channels of the MIMIC-III benchmark (Harutyunyan et al. 2019), with items of
  MetaVision and laboratory; the total of the Glasgow coma scale is the sum of its three parts.

Item ids are checked against the labels of ``d_items`` and ``d_labitems`` before anything is read.
Valid ranges are those of the MIMIC-III benchmark's resources. Values that lie outside by more than
a tenth of the range's width are dropped, others are set to the limit; ``None``: no range is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Where = Literal["chartevents", "labevents"]
Repair = Literal["fahrenheit", "inch", "pound"]
Preset = Literal["fusemoe30", "fusemoe30_asrun", "mimic3_17"]
#: Share of a range's width by which a value may lie outside and is set to the limit.
MARGIN = 0.1


@dataclass(frozen=True)
class Item:
    """An item of a channel.

    Attributes:
        where: Its table.
        number: ``itemid``.
        label: As in ``d_items`` or ``d_labitems``.
        repair: What its unit is, where that is not the channel's.
    """

    where: Where
    number: int
    label: str
    repair: Repair | None = None


@dataclass(frozen=True)
class Channel:
    """A measured quantity.

    Attributes:
        name: Of the channel.
        items: What it is read from.
        valid: Smallest and largest value.
        normal: What the MIMIC-III benchmark takes before the first measurement.
        levels: Values of a category, in order; empty for numbers.
    """

    name: str
    items: tuple[Item, ...]
    valid: tuple[float, float] | None = None
    normal: float | None = None
    levels: tuple[int, ...] = ()


def _chart(number: int, label: str, repair: Repair | None = None) -> Item:
    return Item("chartevents", number, label, repair)


def _lab(number: int, label: str) -> Item:
    return Item("labevents", number, label)


_EYES = Channel("gcs_eyes", (_chart(220739, "GCS - Eye Opening"),), (1, 4), 4, (1, 2, 3, 4))
_VERBAL = Channel(
    "gcs_verbal", (_chart(223900, "GCS - Verbal Response"),), (1, 5), 5, (1, 2, 3, 4, 5)
)
_MOTOR = Channel(
    "gcs_motor", (_chart(223901, "GCS - Motor Response"),), (1, 6), 6, (1, 2, 3, 4, 5, 6)
)
_VITALS = (
    Channel("heart_rate", (_chart(220045, "Heart Rate"),), (0, 350)),
    Channel("nibp_systolic", (_chart(220179, "Non Invasive Blood Pressure systolic"),), (0, 375)),
    Channel("nibp_diastolic", (_chart(220180, "Non Invasive Blood Pressure diastolic"),), (0, 375)),
    Channel("nibp_mean", (_chart(220181, "Non Invasive Blood Pressure mean"),), (14, 330)),
    Channel("respiratory_rate", (_chart(220210, "Respiratory Rate"),), (0, 300)),
    Channel("spo2", (_chart(220277, "O2 saturation pulseoxymetry"),), (0, 100)),
    _EYES,
    _VERBAL,
    _MOTOR,
)
_GLUCOSE, _GLUCOSE_GAS = _lab(50931, "Glucose"), _lab(50809, "Glucose")
_HAEMOGLOBIN, _HAEMOGLOBIN_GAS = _lab(51222, "Hemoglobin"), _lab(50811, "Hemoglobin")
_LABS = (
    Channel("glucose", (_GLUCOSE,), (33, 2000)),
    Channel("potassium", (_lab(50971, "Potassium"),), (0, 12)),
    Channel("sodium", (_lab(50983, "Sodium"),), (50, 225)),
    Channel("chloride", (_lab(50902, "Chloride"),), (50, 175)),
    Channel("creatinine", (_lab(50912, "Creatinine"),), (0.1, 60)),
    Channel("bun", (_lab(51006, "Urea Nitrogen"),), (0, 250)),
    Channel("bicarbonate", (_lab(50882, "Bicarbonate"),), (0, 60)),
    Channel("anion_gap", (_lab(50868, "Anion Gap"),), (5, 50)),
    Channel("haemoglobin", (_HAEMOGLOBIN,), (0, 25)),
    Channel("haematocrit", (_lab(51221, "Hematocrit"),), (0, 75)),
    Channel("magnesium", (_lab(50960, "Magnesium"),), (0, 20)),
    Channel("platelets", (_lab(51265, "Platelet Count"),), (0, 2000)),
    Channel("phosphate", (_lab(50970, "Phosphate"),), (0.5, 20)),
    Channel("wbc", (_lab(51301, "White Blood Cells"),), (0, 1000)),
    Channel("calcium", (_lab(50893, "Calcium, Total"),)),
    Channel("neutrophils", (_lab(51256, "Neutrophils"),)),
    Channel("vancomycin", (_lab(51009, "Vancomycin"),)),
    Channel("mch", (_lab(51248, "MCH"),)),
    Channel("mchc", (_lab(51249, "MCHC"),)),
    Channel("mcv", (_lab(51250, "MCV"),)),
    Channel("rdw", (_lab(51277, "RDW"),)),
    Channel("rbc", (_lab(51279, "Red Blood Cells"),)),
)
_ASRUN = {"glucose": (_GLUCOSE_GAS,), "haemoglobin": (_HAEMOGLOBIN_GAS,)}
#: Parts of the Glasgow coma scale that make its total.
GCS_PARTS, GCS_TOTAL = ("gcs_eyes", "gcs_verbal", "gcs_motor"), "gcs_total"
_SEVENTEEN = (
    Channel(
        "capillary_refill",
        (_chart(223951, "Capillary Refill R"), _chart(224308, "Capillary Refill L")),
        (0, 1),
        0,
        (0, 1),
    ),
    Channel(
        "diastolic_bp",
        (
            _chart(220051, "Arterial Blood Pressure diastolic"),
            _chart(225310, "ART BP Diastolic"),
            _chart(220180, "Non Invasive Blood Pressure diastolic"),
            _chart(224643, "Manual Blood Pressure Diastolic Left"),
        ),
        (0, 375),
        59,
    ),
    Channel("fio2", (_chart(223835, "Inspired O2 Fraction"),), (0.21, 1), 0.21),
    _EYES,
    _MOTOR,
    Channel(GCS_TOTAL, (), (3, 15), 15, tuple(range(3, 16))),
    _VERBAL,
    Channel(
        "glucose",
        (
            _chart(220621, "Glucose (serum)"),
            _chart(226537, "Glucose (whole blood)"),
            _chart(225664, "Glucose finger stick (range 70-100)"),
            _GLUCOSE,
            _GLUCOSE_GAS,
        ),
        (33, 2000),
        128,
    ),
    Channel("heart_rate", (_chart(220045, "Heart Rate"),), (0, 350), 86),
    Channel(
        "height", (_chart(226730, "Height (cm)"), _chart(226707, "Height", "inch")), (0, 240), 170
    ),
    Channel(
        "mean_bp",
        (
            _chart(220052, "Arterial Blood Pressure mean"),
            _chart(225312, "ART BP Mean"),
            _chart(224322, "IABP Mean"),
            _chart(220181, "Non Invasive Blood Pressure mean"),
        ),
        (14, 330),
        77,
    ),
    Channel(
        "spo2",
        (
            _chart(220277, "O2 saturation pulseoxymetry"),
            _chart(220227, "Arterial O2 Saturation"),
            _lab(50817, "Oxygen Saturation"),
        ),
        (0, 100),
        98,
    ),
    Channel(
        "respiratory_rate",
        (
            _chart(220210, "Respiratory Rate"),
            _chart(224689, "Respiratory Rate (spontaneous)"),
            _chart(224422, "Spont RR"),
            _chart(224690, "Respiratory Rate (Total)"),
        ),
        (0, 300),
        19,
    ),
    Channel(
        "systolic_bp",
        (
            _chart(220050, "Arterial Blood Pressure systolic"),
            _chart(225309, "ART BP Systolic"),
            _chart(220179, "Non Invasive Blood Pressure systolic"),
            _chart(224167, "Manual Blood Pressure Systolic Left"),
            _chart(227243, "Manual Blood Pressure Systolic Right"),
        ),
        (0, 375),
        118,
    ),
    Channel(
        "temperature",
        (
            _chart(223762, "Temperature Celsius"),
            _chart(223761, "Temperature Fahrenheit", "fahrenheit"),
        ),
        (26, 45),
        36.6,
    ),
    Channel(
        "weight",
        (
            _chart(224639, "Daily Weight"),
            _chart(226512, "Admission Weight (Kg)"),
            _chart(226531, "Admission Weight (lbs.)", "pound"),
        ),
        (0, 250),
        81,
    ),
    Channel(
        "ph",
        (_chart(223830, "PH (Arterial)"), _chart(220274, "PH (Venous)"), _lab(50820, "pH")),
        (6.3, 8.4),
        7.4,
    ),
)
PRESETS: dict[Preset, tuple[Channel, ...]] = {
    "fusemoe30": (*_VITALS, *_LABS),
    "fusemoe30_asrun": (
        *_VITALS,
        *(
            Channel(one.name, _ASRUN.get(one.name, one.items), one.valid)
            for one in _LABS
            if one.name != "potassium"
        ),
    ),
    "mimic3_17": _SEVENTEEN,
}
