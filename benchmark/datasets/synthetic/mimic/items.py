"""Items of ``d_items`` and ``d_labitems`` that the miniature charts: ids and labels as released.

Each line of the tables below: id, label, category, unit, kind of value. Laboratory lines: id,
label, category, unit, usual value, relative spread, decimals, and by which factor it moves (as a
share of the usual value).
"""

from __future__ import annotations

from dataclasses import dataclass

_CHART = """
220045|Heart Rate|Routine Vital Signs|bpm|Numeric
220050|Arterial Blood Pressure systolic|Routine Vital Signs|mmHg|Numeric
220051|Arterial Blood Pressure diastolic|Routine Vital Signs|mmHg|Numeric
220052|Arterial Blood Pressure mean|Routine Vital Signs|mmHg|Numeric
220179|Non Invasive Blood Pressure systolic|Routine Vital Signs|mmHg|Numeric
220180|Non Invasive Blood Pressure diastolic|Routine Vital Signs|mmHg|Numeric
220181|Non Invasive Blood Pressure mean|Routine Vital Signs|mmHg|Numeric
220210|Respiratory Rate|Respiratory|insp/min|Numeric
220227|Arterial O2 Saturation|Labs|%|Numeric
220228|Hemoglobin|Labs|g/dl|Numeric
220274|PH (Venous)|Labs||Numeric
220277|O2 saturation pulseoxymetry|Respiratory|%|Numeric
220545|Hematocrit (serum)|Labs||Numeric
220546|WBC|Labs||Numeric
220602|Chloride (serum)|Labs||Numeric
220615|Creatinine (serum)|Labs||Numeric
220621|Glucose (serum)|Labs||Numeric
220635|Magnesium|Labs||Numeric
220645|Sodium (serum)|Labs||Numeric
220734|PH (dipstick)|Labs||Numeric
220739|GCS - Eye Opening|Neurological||Text
223761|Temperature Fahrenheit|Routine Vital Signs|°F|Numeric
223762|Temperature Celsius|Routine Vital Signs|°C|Numeric
223830|PH (Arterial)|Labs||Numeric
223835|Inspired O2 Fraction|Respiratory||Numeric
223900|GCS - Verbal Response|Neurological||Text
223901|GCS - Motor Response|Neurological||Text
223951|Capillary Refill R|Cardiovascular (Pulses)||Text
224167|Manual Blood Pressure Systolic Left|Routine Vital Signs|mmHg|Numeric
224308|Capillary Refill L|Cardiovascular (Pulses)||Text
224322|IABP Mean|IABP|mmHg|Numeric
224422|Spont RR|Respiratory|bpm|Numeric
224639|Daily Weight|General|kg|Numeric
224643|Manual Blood Pressure Diastolic Left|Routine Vital Signs|mmHg|Numeric
224689|Respiratory Rate (spontaneous)|Respiratory|insp/min|Numeric
224690|Respiratory Rate (Total)|Respiratory|insp/min|Numeric
225309|ART BP Systolic|Routine Vital Signs|mmHg|Numeric
225310|ART BP Diastolic|Routine Vital Signs|mmHg|Numeric
225312|ART BP Mean|Routine Vital Signs|mmHg|Numeric
225612|Alkaline Phosphate|Labs||Numeric
225624|BUN|Labs||Numeric
225625|Calcium non-ionized|Labs||Numeric
225664|Glucose finger stick (range 70-100)|Labs||Numeric
225667|Ionized Calcium|Labs||Numeric
226228|Gender|ADT||Text
226512|Admission Weight (Kg)|General|kg|Numeric
226531|Admission Weight (lbs.)|General||Numeric
226534|Sodium (whole blood)|Labs||Numeric
226536|Chloride (whole blood)|Labs||Numeric
226537|Glucose (whole blood)|Labs||Numeric
226540|Hematocrit (whole blood - calc)|Labs||Numeric
226707|Height|General|Inch|Numeric
226730|Height (cm)|General|cm|Numeric
227073|Anion gap|Labs||Numeric
227243|Manual Blood Pressure Systolic Right|Routine Vital Signs|mmHg|Numeric
227442|Potassium (serum)|Labs||Numeric with tag
227443|HCO3 (serum)|Labs||Numeric with tag
227453|Vancomycin (Peak)|Labs||Numeric with tag
227454|Vancomycin (Random)|Labs||Numeric with tag
227455|Vancomycin (Trough)|Labs||Numeric with tag
227457|Platelet Count|Labs||Numeric with tag
227464|Potassium (whole blood)|Labs||Numeric with tag
228243|PH (SOFT)|Labs||Numeric
229355|Absolute Neutrophil Count|Labs||Numeric
229761|Creatinine (whole blood)|Labs||Numeric
"""
_LAB = """
50931|Glucose|Chemistry|mg/dL|118|.15|0|sugar:.5
50809|Glucose|Blood Gas|mg/dL|122|.15|0|sugar:.5
50971|Potassium|Chemistry|mEq/L|4.1|.08|1|kidney:.1
50983|Sodium|Chemistry|mEq/L|138|.02|0|
50902|Chloride|Chemistry|mEq/L|102|.03|0|
50912|Creatinine|Chemistry|mg/dL|1|.2|1|kidney:1.2 severity:.12
51006|Urea Nitrogen|Chemistry|mg/dL|18|.25|0|kidney:.9 severity:.15
50882|Bicarbonate|Chemistry|mEq/L|24|.1|0|severity:-.06
50868|Anion Gap|Chemistry|mEq/L|14|.15|0|severity:.08
51222|Hemoglobin|Hematology|g/dL|11.5|.08|1|bleeding:-.25
50811|Hemoglobin|Blood Gas|g/dL|11.3|.08|1|bleeding:-.25
51221|Hematocrit|Hematology|%|34|.08|1|bleeding:-.25
50960|Magnesium|Chemistry|mg/dL|2|.1|1|
51265|Platelet Count|Hematology|K/uL|210|.3|0|severity:-.08
50970|Phosphate|Chemistry|mg/dL|3.5|.2|1|kidney:.2
51301|White Blood Cells|Hematology|K/uL|9|.25|1|severity:.12 fever:.2
50893|Calcium, Total|Chemistry|mg/dL|8.6|.06|1|
51256|Neutrophils|Hematology|%|68|.12|1|fever:.1
51009|Vancomycin|Chemistry|ug/mL|15|.3|1|kidney:.3
51248|MCH|Hematology|pg|30|.05|1|
51249|MCHC|Hematology|g/dL|33|.03|1|
51250|MCV|Hematology|fL|90|.05|0|
51277|RDW|Hematology|%|14.5|.06|1|frailty:.07
51279|Red Blood Cells|Hematology|m/uL|3.7|.1|2|bleeding:-.2
50813|Lactate|Blood Gas|mmol/L|1.7|.2|1|severity:.3
50817|Oxygen Saturation|Blood Gas|%|96|.02|0|severity:-.01
50820|pH|Blood Gas|units|7.38|.005|2|severity:-.004
50833|Potassium|Blood Gas|mEq/L|4|.1|1|
50862|Albumin|Chemistry|g/dL|3.4|.08|1|frailty:-.09
50863|Alkaline Phosphatase|Chemistry|IU/L|90|.3|0|
50885|Bilirubin, Total|Chemistry|mg/dL|.8|.4|1|severity:.2
51237|INR(PT)|Hematology||1.3|.12|1|
"""
#: Fluid of the items that are not of blood.
OTHER_FLUIDS = {50833: "Other Body Fluid"}


@dataclass(frozen=True)
class ChartItem:
    """A line of ``d_items``."""

    itemid: int
    label: str
    category: str
    unit: str
    kind: str


@dataclass(frozen=True)
class LabItem:
    """A line of ``d_labitems`` and how its values come about."""

    itemid: int
    label: str
    category: str
    unit: str
    usual: float
    spread: float
    decimals: int
    moves: dict[str, float]


def chart_items() -> list[ChartItem]:
    """Return the charted items."""
    lines = [line.split("|") for line in _CHART.strip().splitlines()]
    return [ChartItem(int(itemid), *rest) for itemid, *rest in lines]


def lab_items() -> list[LabItem]:
    """Return the laboratory items."""
    found = []
    for line in _LAB.strip().splitlines():
        itemid, label, category, unit, usual, spread, decimals, moves = line.split("|")
        pairs = [one.split(":") for one in moves.split()]
        found.append(
            LabItem(int(itemid), label, category, unit, float(usual), float(spread),
                    int(decimals), {name: float(value) for name, value in pairs})
        )  # fmt: skip
    return found


#: Laboratory item behind each charted laboratory value.
CHARTED_LABS = {
    220621: 50931, 226537: 50809, 227442: 50971, 227464: 50971, 220645: 50983, 226534: 50983,
    220602: 50902, 226536: 50902, 220615: 50912, 229761: 50912, 225624: 51006, 227443: 50882,
    227073: 50868, 220228: 51222, 220545: 51221, 226540: 51221, 220635: 50960, 227457: 51265,
    225612: 50863, 220546: 51301, 225625: 50893, 227455: 51009, 223830: 50820, 220274: 50820,
    225664: 50931, 220227: 50817,
}  # fmt: skip
