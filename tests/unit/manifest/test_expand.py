"""From manifests to runs: overlays, selections, sharing, fingerprints."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmark.core.errors import ManifestError, UnknownNameError, UsageError
from benchmark.core.spec import RunSpec
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand, unite
from benchmark.manifest.plan import PlannedRun, Use
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request
from benchmark.manifest.yaml_reader import parse_yaml

Load = Callable[[str], Manifest]
Make = Callable[..., Expansion]


@pytest.fixture
def make(load: Load, good: str, context: DataContext) -> Make:
    """Expand the good manifest, or another text, with any fields of a request."""

    def expand_text(text: str = good, **fields: Any) -> Expansion:
        return expand(load(text), Request(**{"context": context, **fields}))

    return expand_text


def _row(found: Expansion, key: str) -> list[PlannedRun]:
    return [run for run in found.runs if any(use.row == key for use in run.uses)]


def _first(found: Expansion, key: str = "early") -> RunSpec:
    return _row(found, key)[0].spec


def test_every_row_fold_and_seed_is_one_run(make: Make) -> None:
    found = make()
    assert len(found.runs) == 2 * 2 * 2
    where = [(run.spec.split.fold, run.spec.seed) for run in _row(found, "early")]
    assert where == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert found.runs[-1].label == "good early toy fold 1 seed 1"
    assert found.runs[0].uses == (Use(table="suite/good", row="prior"),)
    assert found.runs[0].sources == {"toy": "synthetic"}
    assert (found.profile, found.why) == ("full", "the only one")


def test_specs_hold_every_setting_resolved(make: Make) -> None:
    spec = _first(make())
    part = spec.components[0]
    assert (part.dataset, part.data) == ("toy", "toy-4")
    assert (part.modalities, part.tasks) == (("x", "y"), ("yes", "colour", "tags"))
    assert part.loader.model_dump() == {
        "name": "toy",
        "config": {"size": 4, "source": "synthetic"},
        "version": 3,
        "source": "",
    }
    assert spec.model.config == {"hidden": [8], "dropout": 0.0, "activation": "relu"}
    assert set(spec.encoders) == {"x", "y"}
    assert spec.encoders["x"].config["hidden"] == [64]
    assert {task: ref.name for task, ref in spec.losses.items()} == {
        "yes": "bce",
        "colour": "cross_entropy",
        "tags": "bce",
    }
    assert spec.strategy.name == "plain"
    assert spec.strategy.config["epochs"] == 3
    assert spec.strategy.config["optimizer"]["lr"] == 1e-3
    assert (spec.split.kind, spec.split.folds, spec.split.val_fraction) == ("kfold", 2, 0.125)


def test_controls_are_fitted(make: Make) -> None:
    spec = _first(make(), "prior")
    assert (spec.strategy.name, spec.strategy.config) == ("fit", {})
    assert spec.encoders == {}
    assert spec.losses == {}


def test_cells_name_their_runs(make: Make) -> None:
    found = make()
    runs = [run.spec.fingerprint for run in _row(found, "early")]
    assert set(found.cells) == {
        (row, column)
        for row in ("prior", "early")
        for column in ("toy/yes/acc", "toy/yes/auroc_binary", "toy/colour/acc")
    }
    cell = found.cells["early", "toy/colour/acc"]
    assert [one.fingerprint for one in cell] == runs
    assert {(one.dataset, one.task) for one in cell} == {("toy", "colour")}


def test_one_run_per_task(make: Make, good: str) -> None:
    text = good.replace("{metric: acc}", "{metric: f1_macro}")
    found = make(text.replace("model: early_fusion", "model: early_fusion\n    train: per_task"))
    runs = _row(found, "early")
    # `tags` has no column, so nothing needs its runs
    assert {run.spec.components[0].tasks for run in runs} == {("yes",), ("colour",)}
    assert len(runs) == 8
    assert set(runs[0].spec.losses) == {"yes"}
    assert runs[0].label == "good early toy yes fold 0 seed 0"
    cells = found.cells
    assert {one.fingerprint for one in cells["early", "toy/yes/acc"]}.isdisjoint(
        one.fingerprint for one in cells["early", "toy/colour/acc"]
    )


def test_a_run_of_one_task_has_no_settings_of_others(make: Make, good: str) -> None:
    training = "selection: {metric: f1_macro, task: yes}, task_weights: {yes: 2, colour: 3}"
    text = good.replace("selection: {metric: acc}", training)
    joint = _row(make(text), "early")[0].spec.strategy.config
    assert joint["selection"]["task"] == "yes"
    assert joint["task_weights"] == {"yes": 2, "colour": 3}
    found = make(text.replace("model: early_fusion", "model: early_fusion\n    train: per_task"))
    configs = {
        run.spec.components[0].tasks[0]: run.spec.strategy.config for run in _row(found, "early")
    }
    assert configs["yes"]["selection"] == {"metric": "f1_macro", "task": "yes"}
    assert configs["colour"]["selection"] == {"metric": "f1_macro", "task": None}
    assert [one["task_weights"] for one in configs.values()] == [{"yes": 2}, {"colour": 3}]


def test_the_selection_of_one_run_per_task_must_hold_for_each(make: Make, good: str) -> None:
    text = good.replace("{metric: acc}", "{metric: auroc_binary, task: yes}")
    assert make(text).runs
    with pytest.raises(ManifestError, match="'auroc_binary' is not defined for colour"):
        make(text.replace("model: early_fusion", "model: early_fusion\n    train: per_task"))


def test_a_missing_rate_is_a_probability(make: Make, good: str) -> None:
    with pytest.raises(ManifestError, match=r"missing.rates.x: is a probability .* not 1.5"):
        make(good.replace("seeds: [0, 1]", "seeds: [0, 1]\n  missing: {rates: {x: 1.5}}"))


def test_a_selected_task_changes_no_run(make: Make) -> None:
    some, everything = make(tasks=["colour"]), make()
    assert [run.spec for run in some.runs] == [run.spec for run in everything.runs]
    assert set(some.cells) == {("prior", "toy/colour/acc"), ("early", "toy/colour/acc")}


def test_overlays_apply_in_order(good: str, context: DataContext) -> None:
    text = good.replace("  toy: {}", "  toy: {settings: {training: {epochs: 4}}}")
    text = text.replace(
        "    settings: {config: {hidden: [8]}}",
        "    settings: {config: {hidden: [8]}, training: {batch_size: 5}}\n"
        "    by_dataset: {toy: {training: {batch_size: 6, clip_norm: 1}}}",
    )
    text = text.replace(
        "reference: early\n",
        "variants:\n  released:\n"
        "    settings: {training: {epochs: 7, batch_size: 7, clip_norm: 7}}\n"
        "    datasets: {toy: {settings: {training: {batch_size: 8, clip_norm: 8}}}}\n"
        "    rows: {early: {training: {clip_norm: 9}}}\n"
        "profiles:\n  full:\n    settings: {training: {epochs: 10}}\n",
    )
    text = text.replace("epochs: 3, ", "epochs: 3, drop_last: true, ")
    # Not loaded: the checks would rightly say that some of these settings are never used.
    manifest = Manifest.parse(parse_yaml(text, "f.yaml").value)

    def training(variant: str, **fields: Any) -> tuple[Any, ...]:
        found = expand(manifest, Request(context=context, variant=variant, **fields))
        config = _first(found).strategy.config
        return tuple(config[key] for key in ("epochs", "batch_size", "clip_norm", "drop_last"))

    assert training("described") == (10, 6, 1.0, True)
    assert training("released") == (10, 8, 9.0, True)
    overrides = {"training.epochs": "11", "training.drop_last": "false"}
    assert training("released", overrides=overrides) == (11, 8, 9.0, False)


def test_another_encoder_replaces_the_entry(make: Make, good: str) -> None:
    text = good.replace("{name: mlp}", "{name: mlp, width: 9, hidden: [3]}")
    text = text.replace("model: early_fusion", "model: joint_transformer").replace(
        "{config: {hidden: [8]}}", '{encoders: {"*": {name: patch}, y: {patches: 2}}}'
    )
    # The table's encoder is used by nobody now, which validation says; a second row mends that.
    text = text.replace(
        "reference:", "  - {key: late, label: Late, model: late_fusion}\nreference:"
    )
    found = make(text)
    encoders = _first(found).encoders
    assert encoders["x"].config == {"width": 32, "patches": 4}
    assert encoders["y"].config == {"width": 32, "patches": 2}
    assert _first(found, "late").encoders["x"].config["hidden"] == [3]


def test_a_row_of_one_modality_has_no_encoders_of_others(make: Make, good: str) -> None:
    text = good.replace(
        "reference:",
        "  - {key: x, label: X, model: unimodal, settings: {config: {modality: x}}}\n"
        "  - {key: y, label: Y, model: unimodal, settings: {config: {modality: y}}}\nreference:",
    ).replace("sources:", 'sources:\n  rows.x.settings: "ours: x"\n  rows.y.settings: "ours: y"')
    before = make(text)
    after = make(text.replace("{name: mlp}}", "{name: mlp}, y: {width: 9}}"))
    assert list(_first(before, "x").encoders) == ["x"]
    assert _first(before, "x").fingerprint == _first(after, "x").fingerprint
    assert _first(before, "y").fingerprint != _first(after, "y").fingerprint
    assert _first(after, "y").encoders["y"].config["width"] == 9


@pytest.mark.parametrize(
    ("fields", "runs"),
    [
        ({"rows": ["early"]}, 4),
        ({"rows": ["e*"]}, 4),
        ({"rows": ["early,prior"]}, 8),
        ({"models": ["prior"]}, 4),
        ({"folds": ["1"]}, 4),
        ({"folds": ["0-1"], "seeds": ["1"]}, 4),
        ({"folds": ["0"], "seeds": ["0,1"], "rows": ["prior"]}, 2),
        ({"datasets": ["toy"], "tasks": ["yes", "colour"]}, 8),
    ],
)
def test_selections(make: Make, fields: dict[str, Any], runs: int) -> None:
    assert len(make(**fields).runs) == runs


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rows": ["erly"]}, r"unknown row 'erly'\ndid you mean 'early'\?"),
        ({"models": ["unimodal"]}, r"unknown model 'unimodal'\nknown: early_fusion, prior"),
        ({"datasets": ["toi"]}, r"unknown dataset 'toi'\ndid you mean 'toy'\?"),
        ({"tasks": ["tags"]}, r"unknown task 'tags'\n"),
        ({"profile": "demo"}, r"unknown profile 'demo'\nknown: full"),
        ({"variant": "release"}, r"unknown variant 'release'\ndid you mean 'released'\?"),
        ({"overrides": {"erly:seeds": "[1]"}}, r"unknown row 'erly'\ndid you mean 'early'\?"),
    ],
)
def test_unknown_names_are_errors(make: Make, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        make(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"folds": ["2"]}, r"nothing of suite/good is selected\nloosen --rows"),
        ({"rows": ["early"], "models": ["prior"]}, "nothing of suite/good is selected"),
        ({"seeds": ["one"]}, "--seeds 'one' is neither a number nor a range like 0-4"),
        ({"folds": ["3-1"]}, "--folds '3-1' is neither a number nor a range like 0-4"),
    ],
)
def test_selections_without_a_run_are_errors(
    make: Make, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make(**fields)


def test_overrides_reach_every_row_that_has_the_setting(make: Make) -> None:
    found = make(overrides={"training.epochs": "5", "seeds": "[3]", "encoders.*.width": "12"})
    assert {run.spec.seed for run in found.runs} == {3}
    spec = _first(found)
    assert spec.strategy.config["epochs"] == 5
    assert spec.encoders["x"].config["width"] == spec.encoders["y"].config["width"] == 12
    assert _first(found, "prior").strategy.config == {}


def test_overrides_of_one_row(make: Make, good: str) -> None:
    text = good.replace(
        "reference:", "  - {key: late, label: Late, model: late_fusion}\nreference:"
    )
    found = make(text, overrides={"early:training.optimizer.lr": "1e-4", "early:split.folds": "3"})
    assert _first(found).strategy.config["optimizer"]["lr"] == 1e-4
    assert _first(found, "late").strategy.config["optimizer"]["lr"] == 1e-3
    assert len(_row(found, "early")) == 6
    assert len(_row(found, "late")) == 4


def test_overrides_below_null_and_of_names(make: Make) -> None:
    found = make(
        overrides={
            "missing.rates.x": "0.5",
            "losses.yes.label_smoothing": "0.1",
            "losses.yes.name": "cross_entropy",
            "training.task_weights.yes": "2",
        }
    )
    spec = _first(found)
    assert spec.missing
    assert spec.missing.rates == {"x": 0.5}
    assert spec.losses["yes"].name == "cross_entropy"
    assert spec.losses["yes"].config["label_smoothing"] == 0.1
    assert spec.losses["colour"].config["label_smoothing"] == 0.0
    assert spec.strategy.config["task_weights"] == {"yes": 2.0}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "training.epoch",
            "5",
            r"--set training.epoch=5: no selected row has a setting 'training.epoch'\n"
            r"did you mean 'training.epochs'",
        ),
        (
            "prior:training.epochs",
            "5",
            r"--set prior:training.epochs=5: row 'prior' has a setting",
        ),
        (
            "training.epochs",
            "0",
            r"--set training.epochs=0: row 'early': training.epochs:"
            r" must be greater than or equal to 1, not 0",
        ),
        ("training.epochs", "five", r"must be a valid integer, not 'five'"),
        ("training.epochs", "05", r"--set training.epochs=05: value:1: 05 has a leading zero"),
        ("training.epochs", "[1", r"--set training.epochs=\[1: value:1: "),
        ("training..epochs", "1", r"'training..epochs' is no path\nwrite it as training.optimi"),
        ("encoders.*.name", "patch", r"encoder 'patch' gives tokens, model 'early_fusion' takes"),
    ],
)
def test_overrides_that_do_not_fit(make: Make, path: str, value: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(overrides={path: value})


def test_data_that_is_not_here_is_no_crash(make: Make, good: str, context: DataContext) -> None:
    found = make(context=replace(context, source="partial"))
    assert found.runs == ()
    assert found.cells == {}
    [one] = found.unavailable
    assert (one.dataset, one.reason) == ("toy", "toy is not on this machine")
    assert one.hint == "put it into DATA/toy"


def test_profile_auto_of_papers(make: Make, good: str) -> None:
    text = good.replace("id: suite/good", "id: m4oe/good")
    found = make(text, accelerator=False)
    assert (found.profile, found.why) == ("demo", "toy is synthetic; there is no accelerator")
    real = text.replace("  toy: {}", "  toy: {options: {source: real}}").replace(
        "sources:\n", "sources:\n  datasets: 'ours: x'\n"
    )
    assert make(real, accelerator=True).profile == "paper"
    assert make(real, accelerator=False).why == "there is no accelerator"
    assert make(real, profile="demo", accelerator=True).why == "asked for"


def test_equal_runs_of_a_table_run_once(make: Make, good: str) -> None:
    text = good.replace(
        "reference:",
        "  - key: twin\n    label: The same\n    model: early_fusion\n"
        "    settings: {config: {hidden: [8]}, timeout: 60}\nreference:",
    ).replace("sources:\n", "sources:\n  rows.twin: 'ours: x'\n")
    found = make(text)
    assert len(found.runs) == 8
    run = _row(found, "twin")[0]
    assert [use.row for use in run.uses] == ["early", "twin"]
    assert run.timeout is None  # one of the two may take any time
    assert found.cells["early", "toy/yes/acc"] == found.cells["twin", "toy/yes/acc"]


def test_equal_runs_of_two_tables_run_once(make: Make, good: str) -> None:
    other = good.replace("suite/good", "suite/other").replace("Prior, model", "Base, model")
    other = other.replace("  training: {", "  timeout: 9\n  training: {")
    other = other.replace("reference: early", "keep: [weights]")
    both = unite([*make().runs, *make(other).runs])
    assert len(both) == 8
    assert [use.table for use in both[0].uses] == ["suite/good", "suite/other"]
    assert all(run.keep_weights and run.timeout is None for run in both)


CHANGES = {
    "training.epochs": "4",
    "training.batch_size": "33",
    "training.optimizer.lr": "0.1",
    "training.optimizer.betas": "[0.8, 0.9]",
    "training.selection.metric": "loss",
    "training.selection.task": "yes",
    "training.early_stopping.patience": "3",
    "training.precision": "bf16",
    "training.task_weights.yes": "0.5",
    "training.drop_last": "true",
    "config.hidden": "[9]",
    "config.dropout": "0.2",
    "encoders.x.width": "31",
    "encoders.y.activation": "gelu",
    "losses.yes.name": "cross_entropy",
    "losses.yes.pos_weight": "2",
    "split.folds": "3",
    "split.seed": "1",
    "split.stratify": "yes",
    "split.val_fraction": "0.2",
    "split.kind": "official",
    "seeds": "[5]",
    "missing.rates.x": "0.5",
    "threads": "2",
}


def test_each_setting_changes_the_fingerprint(make: Make) -> None:
    names = {_first(make()).fingerprint}
    for path, value in CHANGES.items():
        names.add(_first(make(overrides={path: value})).fingerprint)
    assert len(names) == len(CHANGES) + 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{epochs: 3, selection: {metric: acc}}", "{selection: {metric: acc}, epochs: 3}"),
        ("label: Early", "label: Other"),
        ("key: early\n", "key: early\n    group: Fusion\n"),
        ("id: suite/good", "id: suite/other"),
        ("title: A table", "title: The table"),
        ("  split:", "  timeout: 60\n  split:"),
        ("  split: {folds: 2}", "  split: {folds: 2, kind: kfold, seed: 0}"),
        ("metrics: [acc, auroc_binary]", "metrics: [acc]"),
        ("{name: mlp}", "{name: mlp, width: 32}"),
        ("reference: early", "keep: [weights]"),
    ],
)
def test_what_changes_no_number_changes_no_fingerprint(
    make: Make, good: str, old: str, new: str
) -> None:
    text = good.replace(old, new)
    assert text != good
    names = [run.spec.fingerprint for run in make(text).runs]
    assert names == [run.spec.fingerprint for run in make().runs]


def test_the_order_of_modalities_is_part_of_the_fingerprint(make: Make, good: str) -> None:
    turned = make(good.replace("  toy: {}", "  toy: {modalities: [y, x]}"))
    assert _first(turned).fingerprint != _first(make()).fingerprint


def test_copied_specs_are_as_good_as_fresh_ones(make: Make) -> None:
    for run in make().runs:
        fresh = RunSpec.parse(json.loads(run.spec.model_dump_json()))
        assert fresh == run.spec
        assert fresh.fingerprint == run.spec.fingerprint
        assert PlannedRun.parse(json.loads(run.model_dump_json())) == run


def test_a_row_may_read_modalities_of_its_own(make: Make, good: str) -> None:
    text = good.replace(
        "model: early_fusion\n", "model: early_fusion\n    modalities: {toy: [y]}\n"
    )
    found = make(text)
    spec = _first(found)
    assert spec.components[0].modalities == ("y",)
    assert list(spec.encoders) == ["y"]
    assert _first(found, "prior").components[0].modalities == ("x", "y")


@pytest.mark.parametrize(
    ("modalities", "problem"),
    [
        ("{toy: [z]}", "modalities.toy.0: unknown modality 'z'"),
        ("{tie: [x]}", "modalities.tie: unknown dataset 'tie'"),
        ("{toy: [x, x]}", "'x' is named twice"),
    ],
)
def test_modalities_of_a_row_are_checked(
    make: Make, good: str, modalities: str, problem: str
) -> None:
    line = f"model: early_fusion\n    modalities: {modalities}\n"
    with pytest.raises(ManifestError, match=problem):
        make(good.replace("model: early_fusion\n", line))


def test_a_variant_may_train_other_tasks(
    load: Callable[[str], Manifest], good: str, context: DataContext
) -> None:
    fewer = "variants: {released: {datasets: {toy: {tasks: [colour]}}}}\nreference: early"
    manifest = load(good.replace("reference: early", fewer))
    described = expand(manifest, Request(context)).runs
    released = expand(manifest, Request(context, variant="released")).runs
    assert {run.spec.components[0].tasks for run in described} == {("yes", "colour", "tags")}
    assert {run.spec.components[0].tasks for run in released} == {("colour",)}
    columns = {column for _, column in expand(manifest, Request(context, variant="released")).cells}
    assert columns == {"toy/colour/acc"}
    with pytest.raises(ManifestError, match=r"released.datasets.toy.tasks.0: unknown task 'color'"):
        load(good.replace("reference: early", fewer.replace("[colour]", "[color]")))
