from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.core.errors import SplitError, UsageError
from benchmark.core.problem import Task
from benchmark.core.spec import SplitSpec
from benchmark.splits import PARTS, Parts, make_split
from benchmark.splits.case_lists import CaseLists

DEAD = Task(name="dead", kind="binary", classes=("no", "yes"))
STAGE = Task(name="stage", kind="multiclass", classes=("I", "II", "III"))
CODES = Task(name="icd", kind="multilabel", classes=("x", "y"))

OS = Task(name="os", kind="survival")


def _table(n_groups: int, per_group: int = 1, positive: float = 0.4, seed: int = 0) -> pd.DataFrame:
    """Patients with one label each; about ``positive`` of them are positive."""
    rng = np.random.default_rng(seed)
    label = (np.arange(n_groups) < round(positive * n_groups)).astype(float)
    rng.shuffle(label)
    group = np.repeat(np.arange(n_groups), per_group)
    return pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(len(group))],
            "group_id": [f"p{g}" for g in group],
            "target:dead": label[group],
        }
    )


def _kfold(fold: int = 0, folds: int = 5, **more: Any) -> SplitSpec:
    return SplitSpec(kind="kfold", folds=folds, fold=fold, **{"stratify": "dead", **more})


def _ids(samples: pd.DataFrame, parts: Parts) -> dict[str, set[str]]:
    return {part: set(samples["sample_id"].iloc[parts.rows(part)]) for part in PARTS}


def test_five_folds_are_70_10_20_and_their_tests_partition_the_data() -> None:
    samples = _table(200, per_group=2)
    tested = []
    for fold in range(5):
        parts = make_split(samples, _kfold(fold), (DEAD,))
        assert [len(parts.rows(part)) for part in PARTS] == [280, 40, 80]
        assert parts.warnings == ()
        tested.append(parts.test)
    assert sorted(np.concatenate(tested)) == list(range(400))


def test_stratification_is_exact_up_to_one_group() -> None:
    samples = _table(200, positive=0.3)
    for fold in range(5):
        parts = make_split(samples, _kfold(fold), (DEAD,))
        positives = [int(samples["target:dead"].iloc[parts.rows(part)].sum()) for part in PARTS]
        assert positives == [42, 6, 12]


@settings(max_examples=50)
@given(
    n_groups=st.integers(30, 90),
    per_group=st.integers(1, 3),
    positive=st.floats(0.2, 0.8),
    fold=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_properties_of_kfold(
    n_groups: int, per_group: int, positive: float, fold: int, seed: int
) -> None:
    samples = _table(n_groups, per_group, positive, seed)
    parts = make_split(samples, _kfold(fold, seed=seed), (DEAD,))
    everything = np.concatenate([parts.rows(part) for part in PARTS])
    assert sorted(everything) == list(range(len(samples)))
    shares = {"train": 0.7, "val": 0.1, "test": 0.2}
    groups = [set(samples["group_id"].iloc[parts.rows(part)]) for part in PARTS]
    assert len(set.union(*groups)) == sum(len(group) for group in groups)
    for part, members in zip(PARTS, groups, strict=True):
        assert abs(len(members) - shares[part] * n_groups) <= 1.5
        assert (np.diff(parts.rows(part)) > 0).all()
        labels = samples["target:dead"].iloc[parts.rows(part)]
        expected = shares[part] * samples["target:dead"].sum() / per_group
        assert abs(labels.sum() / per_group - expected) <= 2


@settings(max_examples=30)
@given(
    order_seed=st.integers(0, 1000),
    spec=st.sampled_from(
        [
            _kfold(3),
            _kfold(1, folds=3, stratify=None),
            SplitSpec(kind="ratio", stratify="dead"),
            SplitSpec(kind="ratio", fractions=(0.5, 0.25, 0.25)),
        ]
    ),
)
def test_order_of_the_table_does_not_matter(order_seed: int, spec: SplitSpec) -> None:
    samples = _table(60, per_group=2)
    samples.loc[::7, "target:dead"] = np.nan
    order = np.random.default_rng(order_seed).permutation(len(samples))
    mixed = samples.iloc[order].reset_index(drop=True)
    expected = _ids(samples, make_split(samples, spec, (DEAD,)))
    assert _ids(mixed, make_split(mixed, spec, (DEAD,))) == expected


def test_seed_changes_the_split_and_the_same_seed_repeats_it() -> None:
    samples = _table(100)
    one, again, other = (make_split(samples, _kfold(seed=s), (DEAD,)) for s in (0, 0, 1))
    assert _ids(samples, one) == _ids(samples, again)
    assert _ids(samples, one) != _ids(samples, other)


def test_validation_parts_differ_between_folds() -> None:
    samples = _table(100)
    first, second = (set(make_split(samples, _kfold(f), (DEAD,)).val) for f in (0, 1))
    assert first != second


def test_ratio_takes_its_fractions_of_every_stratum() -> None:
    samples = _table(200, positive=0.2)
    parts = make_split(samples, SplitSpec(kind="ratio", stratify="dead"), (DEAD,))
    assert [len(parts.rows(part)) for part in PARTS] == [140, 30, 30]
    positives = [int(samples["target:dead"].iloc[parts.rows(part)].sum()) for part in PARTS]
    assert positives == [28, 6, 6]


def test_group_counts_as_its_rarest_class() -> None:
    """10 of 100 patients have one sample of class III among many of class I."""
    samples = _table(100, per_group=3)
    stage = np.zeros(300)
    stage[90:180] = 1
    stage[:30:3] = 2
    samples["target:stage"] = stage
    for fold in range(5):
        parts = make_split(samples, _kfold(fold, stratify="stage"), (STAGE,))
        rare = [int((samples["target:stage"].iloc[parts.rows(part)] == 2).sum()) for part in PARTS]
        assert rare == [7, 1, 2]


def _two_tasks(n_groups: int, seed: int = 0) -> pd.DataFrame:
    """A rare binary task and one of three classes, drawn independently."""
    rng = np.random.default_rng(seed)
    samples = _table(n_groups, positive=0.2, seed=seed)
    return samples.assign(**{"target:stage": rng.integers(0, 3, n_groups).astype(float)})


def test_several_tasks_are_balanced_together_the_first_before_the_others() -> None:
    samples = _two_tasks(200)
    dead = samples["target:dead"].to_numpy()
    joint = dead * 3 + samples["target:stage"].to_numpy()
    for fold in range(5):
        parts = make_split(samples, _kfold(fold, stratify="dead+stage"), (DEAD, STAGE))
        assert [len(parts.rows(part)) for part in PARTS] == [140, 20, 40]
        assert [dead[parts.rows(part)].sum() for part in PARTS] == pytest.approx([28, 4, 8], abs=1)
        for code in range(6):
            expected = (joint == code).sum() / 5
            assert (joint[parts.test] == code).sum() == pytest.approx(expected, abs=1)


def test_rare_joint_classes_reach_the_validation_part() -> None:
    """Strata of a handful of patients: each is smaller than one eighth of its share."""
    for seed in range(10):
        samples = _two_tasks(40, seed)
        for fold in range(5):
            parts = make_split(samples, _kfold(fold, stratify="dead+stage"), (DEAD, STAGE))
            assert samples["target:dead"][parts.val].sum() >= 1


def test_unlabelled_groups_are_spread_and_kept() -> None:
    samples = _table(100)
    samples.loc[:19, "target:dead"] = np.nan
    parts = make_split(samples, _kfold(), (DEAD,))
    unlabelled = [int(samples["target:dead"].iloc[parts.rows(part)].isna().sum()) for part in PARTS]
    assert unlabelled == [14, 2, 4]


def test_stratify_by_a_multilabel_task() -> None:
    samples = _table(100)
    samples["target:icd:x"] = (np.arange(100) < 10).astype(float)
    samples["target:icd:y"] = (np.arange(100) % 2).astype(float)
    parts = make_split(samples, _kfold(stratify="icd"), (CODES,))
    rare = [int(samples["target:icd:x"].iloc[parts.rows(part)].sum()) for part in PARTS]
    assert rare == [7, 1, 2]


def _official(parts: list[str], labels: list[float]) -> pd.DataFrame:
    n = len(parts)
    ids = [f"s{i}" for i in range(n)]
    return pd.DataFrame({"sample_id": ids, "group_id": ids, "target:stage": labels, "part": parts})


def test_official_split_is_taken_as_it_is_with_a_warning_for_absent_classes() -> None:
    samples = _official(["test", "train", "val", "train", "train"], [0, 0, 1, 1, 2])
    parts = make_split(samples, SplitSpec(kind="official"), (STAGE,))
    assert [parts.rows(part).tolist() for part in PARTS] == [[1, 3, 4], [2], [0]]
    assert "task 'stage': no val sample of class 'III'" in parts.warnings
    assert len(parts.warnings) == 4


def test_official_split_without_validation_draws_it_from_training_groups() -> None:
    samples = _table(100, per_group=2)
    official = np.where(np.arange(200) < 160, "train", "test")
    samples = samples.assign(part=official)
    spec = SplitSpec(kind="official", stratify="dead", seed=3)
    parts = make_split(samples, spec, (DEAD,))
    assert [len(parts.rows(part)) for part in PARTS] == [140, 20, 40]
    assert set(parts.test) == set(np.flatnonzero(official == "test"))
    split = samples.assign(part=np.where(np.arange(200) == 0, "test", official))
    with pytest.raises(SplitError, match="patient 'p0' is in both"):
        make_split(split, spec, (DEAD,))


def test_official_split_leaves_out_what_it_does_not_list() -> None:
    parts = ["train", "train", "none", "val", "none", "test", "train"]
    samples = _official(parts, [0, 1, 1, 0, 1, 1, 2])
    found = make_split(samples, SplitSpec(kind="official"), (STAGE,))
    assert (found.train.tolist(), found.val.tolist(), found.test.tolist()) == ([0, 1, 6], [3], [5])
    assert found.warnings[0] == "official split: 2 samples are in no list, left out"


def test_official_binary_task_with_one_class_in_test_warns() -> None:
    samples = _table(6).assign(
        part=["train", "train", "val", "val", "test", "test"], **{"target:dead": [0, 1, 0, 1, 0, 0]}
    )
    parts = make_split(samples, SplitSpec(kind="official"), (DEAD,))
    assert parts.warnings == ("task 'dead': no test sample of class 'yes'",)


def test_official_class_absent_from_training_is_an_error() -> None:
    samples = _official(["train", "train", "val", "test"], [0, 1, 2, 2])
    with pytest.raises(SplitError, match=r"task 'stage': no train sample of class 'III'\nleave th"):
        make_split(samples, SplitSpec(kind="official"), (STAGE,))


def test_official_patient_in_two_parts() -> None:
    samples = _official(["train", "train", "train", "val", "test"], [0, 1, 2, 0, 0])
    samples["group_id"] = ["a", "b", "c", "d", "a"]
    with pytest.raises(SplitError, match=r"patient 'a' is in both train and test \(1 pat"):
        make_split(samples, SplitSpec(kind="official"), (STAGE,))


def test_official_without_a_column_or_with_a_strange_part() -> None:
    with pytest.raises(SplitError, match="no official split"):
        make_split(_table(10), SplitSpec(kind="official"), (DEAD,))
    samples = _official(["train", "dev"], [0, 1])
    with pytest.raises(SplitError, match="official part 'dev' is none of train, val, test"):
        make_split(samples, SplitSpec(kind="official"), (STAGE,))
    samples = _official(["train", "train", "train", "test"], [0, 1, 2, 0])
    with pytest.raises(SplitError, match="the val part is empty"):
        make_split(samples, SplitSpec(kind="official"), (STAGE,))


def test_drawn_binary_part_without_both_classes() -> None:
    samples = _table(50, positive=0.04)
    with pytest.raises(SplitError, match=r"task 'dead': no \w+ sample of class 'yes'\nstratify by"):
        make_split(samples, _kfold(), (DEAD,))


def test_drawn_class_absent_from_training() -> None:
    samples = _table(50)
    samples["target:stage"] = (np.arange(50) % 2).astype(float)
    text = r"'stage': no train sample of class 'III', nor any among all 50 samples\ncompare the rel"
    with pytest.raises(SplitError, match=text):
        make_split(samples, _kfold(), (DEAD, STAGE))


def test_drawn_multiclass_part_without_a_class_warns() -> None:
    samples = _table(50)
    samples["target:stage"] = (np.arange(50) % 2).astype(float)
    samples.loc[:1, "target:stage"] = 2
    seen = set()
    for fold in range(5):
        try:
            seen |= set(make_split(samples, _kfold(fold), (STAGE, DEAD)).warnings)
        except SplitError as error:
            assert "no train sample of class 'III'" in str(error)  # noqa: PT017
    assert "task 'stage': no val sample of class 'III'" in seen


def test_sizes_that_make_no_sense() -> None:
    with pytest.raises(SplitError, match=r"4 patients are fewer than 5 folds\nuse fewer folds"):
        make_split(_table(4, per_group=10), _kfold(), (DEAD,))
    with pytest.raises(SplitError, match="fold 5 of 5 does not exist"):
        make_split(_table(50), _kfold(5), (DEAD,))
    with pytest.raises(SplitError, match="fold 0 of 1 does not exist"):
        make_split(_table(50), _kfold(folds=1), (DEAD,))
    ratio = SplitSpec(kind="ratio", fractions=(0.7, 0.2, 0.2))
    with pytest.raises(SplitError, match=r"fractions \(0.7, 0.2, 0.2\) .* sum to 1"):
        make_split(_table(50), ratio, (DEAD,))


def test_stratify_by_an_unknown_task_among_several() -> None:
    with pytest.raises(UsageError, match=r"cannot stratify by 'staeg'"):
        make_split(_two_tasks(40), _kfold(stratify="dead+staeg"), (DEAD, STAGE))


def test_stratify_by_an_unknown_task() -> None:
    with pytest.raises(UsageError, match=r"cannot stratify by 'daed'.*\n.*did you mean 'dead'"):
        make_split(_table(50), _kfold(stratify="daed"), (DEAD,))
    age = Task(name="age", kind="regression")
    with pytest.raises(UsageError, match="cannot stratify by 'age': no task with classes or ev"):
        make_split(_table(50), _kfold(stratify="age"), (DEAD, age))


def _survival(n: int, events: int) -> pd.DataFrame:
    samples = _table(n)
    samples["target:os:time"] = np.arange(n) + 1.0
    samples["target:os:event"] = (np.arange(n) < events).astype(float)
    return samples


def test_survival_is_stratified_by_event() -> None:
    samples = _survival(100, 20)
    for seed in range(5):
        spec = SplitSpec(kind="ratio", stratify="os", seed=seed)
        parts = make_split(samples, spec, (OS,))
        events = [int((parts.rows(part) < 20).sum()) for part in PARTS]
        assert events == [14, 3, 3]


def test_drawn_part_without_an_event() -> None:
    with pytest.raises(SplitError, match=r"task 'os': no \w+ sample with an event\nstratify by"):
        make_split(_survival(50, 2), SplitSpec(kind="ratio", stratify="os"), (OS,))
    samples = _survival(5, 1).assign(part=["train", "train", "train", "val", "test"])
    parts = make_split(samples, SplitSpec(kind="official"), (OS,))
    assert parts.warnings == (
        "task 'os': no val sample with an event",
        "task 'os': no test sample with an event",
    )


def _lists(train: range, test: range) -> CaseLists:
    return CaseLists(*(frozenset(f"p{i}" for i in one) for one in (train, test)))


def test_files_split_tests_on_the_second_list_and_validates_within_the_first() -> None:
    samples = _survival(100, 50)
    spec = SplitSpec(kind="files", stratify="os", digest="0" * 64)
    lists = _lists(range(80), range(80, 100))
    parts = make_split(
        samples.assign(**{"target:os:event": np.arange(100) % 2}), spec, (OS,), lists
    )
    assert parts.test.tolist() == list(range(80, 100))
    assert sorted([*parts.train, *parts.val]) == list(range(80))
    assert len(parts.val) == 10
    assert (parts.val % 2).sum() == 5
    assert parts.warnings == ()
    other = make_split(samples, spec.model_copy(update={"seed": 1, "stratify": None}), (), lists)
    assert other.test.tolist() == parts.test.tolist()
    assert other.val.tolist() != parts.val.tolist()


def test_files_split_is_filtered_to_the_cohort_with_counts() -> None:
    lists = _lists(range(5, 45), range(45, 53))
    parts = make_split(_table(50), SplitSpec(kind="files"), (), lists)
    assert parts.test.tolist() == list(range(45, 50))
    assert len(parts.train) + len(parts.val) == 40
    assert parts.warnings == (
        "split file: 3 of its patients are not in this cohort",
        "split file: 5 patients of this cohort are in no list, left out",
    )


def test_files_split_of_another_cohort_and_without_lists() -> None:
    with pytest.raises(SplitError, match="the train part is empty"):
        make_split(_table(50), SplitSpec(kind="files"), (), _lists(range(90, 99), range(5)))
    with pytest.raises(SplitError, match="this dataset has no split files"):
        make_split(_table(50), SplitSpec(kind="files"), (DEAD,))


def test_golden_assignment() -> None:
    """If this changes, stored results belong to other parts: raise FINGERPRINT_SCHEMA."""
    parts = make_split(_table(20, seed=3), _kfold(2), (DEAD,))
    assert parts.test.tolist() == [5, 9, 11, 18]
    assert parts.val.tolist() == [4, 6]
