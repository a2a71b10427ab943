"""Rows that look at other rows: their runs, the runs they wait for, which values cells take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.errors import ManifestError, UsageError
from benchmark.core.result import Pick
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request

Load = Callable[[str], Manifest]
Make = Callable[..., Expansion]

EVALUATED = """\
  - {key: alike, label: Alike, kind: evaluate, of: early, analysis: {name: expert_agreement},
     pick: {subgroup: agree_correct}}
  - {key: apart, label: Apart, kind: evaluate, of: early, analysis: {name: expert_agreement},
     pick: {subgroup: disagree_wrong}}
  - {key: blind, label: Blind, kind: evaluate, of: early, scenario: {name: drop, drop: [y]}}
reference: early
"""
SOURCES = """\
  rows.alike.analysis: "ours: a test"
  rows.apart.analysis: "ours: a test"
  rows.blind.scenario: "ours: a test"
"""


@pytest.fixture
def looking(good: str) -> str:
    """The good manifest with rows that look at ``early``."""
    columns = "  - {dataset: toy, task: yes, metrics: [agreement_share]}\nsettings:\n"
    text = good.replace("settings:\n", columns, 1).replace("reference: early\n", EVALUATED)
    return text + SOURCES


@pytest.fixture
def make(load: Load, context: DataContext) -> Make:
    """Expand a text, with any fields of a request."""

    def expand_text(text: str, **fields: Any) -> Expansion:
        return expand(load(text), Request(**{"context": context, **fields}))

    return expand_text


def _of(found: Expansion, row: str) -> list[PlannedRun]:
    return [run for run in found.runs if any(use.row == row for use in run.uses)]


def test_each_run_of_a_row_is_looked_at_once(make: Make, looking: str) -> None:
    found = make(looking)
    parents, children = _of(found, "early"), _of(found, "alike")
    assert len(parents) == len(children) == 4
    for parent, child in zip(parents, children, strict=True):
        assert child.spec.parents == (parent.spec.fingerprint,)
        assert child.spec.kind == "evaluate"
        assert (child.spec.split, child.spec.seed) == (parent.spec.split, parent.spec.seed)
        assert child.spec.model == parent.spec.model
        assert parent.keep_weights
        assert not child.keep_weights
    assert children == _of(found, "apart"), "one evaluation serves both rows"
    assert children[0].label == "good alike toy fold 0 seed 0"
    assert not any(run.keep_weights for run in _of(found, "prior"))


def test_rows_without_children_keep_their_names(make: Make, looking: str, good: str) -> None:
    before = {run.spec.fingerprint for run in make(good).runs}
    assert before <= {run.spec.fingerprint for run in make(looking).runs}


def test_cells_take_the_values_that_rows_and_columns_pick(make: Make, looking: str) -> None:
    found = make(looking)
    picks = {key: {run.pick for run in cell} for key, cell in found.cells.items()}
    column = "toy/yes/agreement_share"
    assert picks["alike", column] == {Pick(subgroup="agree_correct")}
    assert picks["apart", column] == {Pick(subgroup="disagree_wrong")}
    assert picks["blind", "toy/yes/acc"] == {Pick(scenario="drop:y")}
    assert picks["early", "toy/yes/acc"] == {Pick()}


def test_a_column_may_pick_too(make: Make, good: str) -> None:
    own = "  - {dataset: toy, task: yes, metrics: [acc], pick: {head: 'expert:x'}}\nsettings:\n"
    row = "  - {key: each, label: Each, kind: evaluate, of: early, analysis: {name: experts}}\n"
    text = good.replace("settings:\n", own, 1).replace("reference: early\n", row)
    found = make(text + '  rows.each.analysis: "ours: a test"\n')
    columns = list(found.manifest.table_columns())
    assert columns[-1].key == "toy/yes/acc@head=expert:x"
    assert found.cells["each", columns[-1].key][0].pick == Pick(head="expert:x")
    assert ("early", columns[-1].key) not in found.cells, "no trained row has such a number"


def test_asking_for_a_row_brings_the_runs_it_waits_for(make: Make, looking: str) -> None:
    found = make(looking, rows=["blind"], folds=["1"], seeds=["0"])
    assert [run.spec.kind for run in found.runs] == ["train", "evaluate"]
    assert {row for row, _ in found.cells} == {"blind"}
    assert found.runs[1].spec.change.config == {"drop": ["y"]}  # type: ignore[union-attr]


def test_settings_of_the_command_line_reach_what_is_looked_at(make: Make, looking: str) -> None:
    found = make(looking, rows=["blind"], overrides={"training.epochs": "1"})
    assert {run.spec.strategy.config["epochs"] for run in found.runs} == {1}


def test_rows_of_other_tables_share_their_runs(
    make: Make, good: str, looking: str, tmp_path: Path, context: DataContext
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(good)
    head, _, _ = looking.partition("rows:\n")
    text = f"""{head.replace("suite/good", "suite/apart")}rows:
  - {{key: blind, label: Blind, kind: evaluate, of: "{other}#early",
     scenario: {{name: drop, drop: [y]}}}}
sources:
  rows.blind.scenario: "ours: a test"
"""
    text = text.replace(text[text.index("settings:\n") : text.index("rows:\n")], "")
    found = make(text)
    there = expand(load_manifest(other), Request(context=context))
    early = {run.spec.fingerprint for run in _of(there, "early")}
    assert {run.spec.fingerprint for run in found.runs if run.spec.kind == "train"} == early
    assert {use.table for run in found.runs for use in run.uses} == {"suite/good", "suite/apart"}


def test_several_rows_are_looked_at_together(make: Make, looking: str) -> None:
    late = "  - {key: late, label: Late, model: late_fusion}\nreference: early\n"
    text = looking.replace("reference: early\n", late).replace(
        "kind: evaluate, of: early, scenario", "kind: evaluate, of: [early, late], scenario"
    )
    found = make(text, rows=["blind"])
    assert len(found.runs) == 4 * 3
    child = _of(found, "blind")[0]
    names = [_of(found, row)[0].spec.fingerprint for row in ("early", "late")]
    assert list(child.spec.parents) == names


def test_rows_that_are_looked_at_together_need_equal_parts(make: Make, looking: str) -> None:
    late = "  - {key: late, label: Late, model: late_fusion, settings: {split: {seed: 3}}}\n"
    text = looking.replace("reference: early\n", late + "reference: early\n").replace(
        "of: early, scenario", "of: [early, late], scenario"
    )
    text += '  rows.late.settings: "ours: a test"\n'
    with pytest.raises(UsageError, match="not all have a run like 'good early toy fold 0 seed 0'"):
        make(text, rows=["blind"])


BROKEN = {
    "of: early, scenario": {
        "of: nobody, scenario": "rows.blind.of: unknown row 'nobody'",
        "of: prior, scenario": "rows.blind.of: 'prior' is a control",
        "of: alike, scenario": "row 'alike' evaluates other rows itself",
        "scenario": "rows.blind.of: is missing",
        "of: early, model: early_fusion, scenario": "rows.blind.model: belongs to the row",
        "of: nowhere/table1#x, scenario": "rows.blind.of: ",
    },
    "name: drop, drop: [y]": {
        "name: drip, drop: [y]": "rows.blind.scenario.name: unknown scenario 'drip'",
        "name: drop, drop: []": "rows.blind.scenario.drop: must not be empty",
        "name: drop, drop: [z]": "rows.blind.scenario: unknown modality 'z'",
    },
    "of: early, analysis: {name: expert_agreement},\n     pick: {subgroup: agree_correct": {
        "of: early, analysis: {name: experts, depth: 3},\n     pick: {subgroup: x": (
            "rows.alike.analysis.depth: unknown key"
        ),
    },
    "metrics: [agreement_share]": {
        "metrics: [agreement_shares]": "unknown metric 'agreement_shares'",
        "metrics: [train_seconds_epoch]": "is of no task: remove 'task'",
    },
    'rows.blind.scenario: "ours: a test"': {"{}": "has no source"},
}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [(old, new, text) for old, cases in BROKEN.items() for new, text in cases.items()],
)
def test_what_does_not_fit_is_said(
    load: Load, looking: str, old: str, new: str, problem: str
) -> None:
    assert looking.count(old) == 1
    text = looking.replace(f"  {old}\n", "") if new == "{}" else looking.replace(old, new)
    with pytest.raises(ManifestError) as found:
        load(text)
    assert problem in str(found.value)


def test_a_trained_row_says_nothing_of_looking(load: Load, good: str) -> None:
    text = good.replace("model: prior}", "model: prior, of: early}")
    with pytest.raises(ManifestError, match="'of' is for rows of kind evaluate or measure"):
        load(text)
