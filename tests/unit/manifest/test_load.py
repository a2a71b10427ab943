"""Every message about a manifest: a break in a good one, and the lines it must give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.core.errors import ManifestError
from benchmark.core.paths import shipped
from benchmark.manifest.load import load_manifest
from benchmark.manifest.schema import Manifest
from benchmark.manifest.sources import source_of

Load = Callable[[str], Manifest]
Problems = Callable[[str], list[str]]

# old text, new text, expected problems; lines are those of GOOD in conftest.py
BROKEN: dict[str, tuple[str, str, list[str]]] = {
    "version missing": (
        "schema_version: 1\n",
        "",
        ["f.yaml:1: schema_version: is missing; write 'schema_version: 1'"],
    ),
    "version newer": (
        "schema_version: 1",
        "schema_version: 2",
        ["f.yaml:1: schema_version: 2 needs a newer mmbench; this one reads up to 1"],
    ),
    "version text": (
        "schema_version: 1",
        "schema_version: one",
        ["f.yaml:1: schema_version: must be 1, not 'one'"],
    ),
    "unknown key at the top": (
        "reference: early",
        "refrence: early",
        ["f.yaml:20: refrence: unknown key (did you mean 'reference'?)"],
    ),
    "unknown key in a row": (
        "{key: prior, label: Prior, model: prior}",
        "{key: prior, label: Prior, model: prior, dataset: [toy]}",
        ["f.yaml:15: rows.prior.dataset: unknown key (did you mean 'datasets' or 'by_dataset'?)"],
    ),
    "unknown key in settings": (
        "  split: {folds: 2}",
        "  splits: {folds: 2}",
        ["f.yaml:12: settings.splits: unknown key (did you mean 'split'?)"],
    ),
    "duplicate key": (
        "title: A table that holds",
        "title: A table that holds\ntitle: Another",
        ["f.yaml:4: duplicate key 'title', first on line 3; keep one"],
    ),
    "missing key": (
        "    model: early_fusion\n",
        "",
        ["f.yaml:16: rows.early.model: is missing"],
    ),
    "wrong type": (
        "title: A table that holds",
        "title: 7",
        ["f.yaml:3: title: must be text, not 7"],
    ),
    "wrong type of seeds": (
        "seeds: [0, 1]",
        "seeds: 3",
        ["f.yaml:13: settings.seeds: must be a list, not 3"],
    ),
    "settings are a list": (
        "    settings: {config: {hidden: [8]}}",
        "    settings: [8]",
        ["f.yaml:19: rows.early.settings: must be a mapping, not [8]"],
    ),
    "bad kind": (
        "title: A table that holds",
        "title: A table that holds\nkind: result",
        ["f.yaml:4: kind: must be 'results', 'analysis' or 'cost', not 'result'"],
    ),
    "bad id": (
        "id: suite/good",
        "id: good",
        ["f.yaml:2: id: must match pattern '^[a-z0-9_]+/[a-z0-9_]+$', not 'good'"],
    ),
    "unknown model": (
        "model: early_fusion",
        "model: early_fuson",
        ["f.yaml:18: rows.early.model: unknown model 'early_fuson' (did you mean 'early_fusion'"],
    ),
    "unknown loader": (
        "  toy: {}",
        "  toy: {loader: toi}",
        ["f.yaml:5: datasets.toy.loader: unknown dataset 'toi' (did you mean 'toy'?)"],
    ),
    "unknown encoder": (
        "{name: mlp}",
        "{name: mpl}",
        [
            "f.yaml:10: settings.encoders.*.name: unknown encoder 'mpl' (did you mean 'mlp'?)"
            " [row early]"
        ],
    ),
    "no encoder": (
        '  encoders: {"*": {name: mlp}}',
        "  encoders: {x: {name: mlp}}",
        [
            "f.yaml:19: rows.early.settings.encoders.*: "
            "no encoder for 'y'; give it a 'name', or set '*'"
        ],
    ),
    "encoder gives what the model does not take": (
        "{name: mlp}",
        "{name: patch}",
        [
            "f.yaml:10: settings.encoders.*.name: encoder 'patch' gives tokens, "
            "model 'early_fusion' takes vector (use "
        ],
    ),
    "bad encoder setting": (
        "{name: mlp}",
        "{name: mlp, widht: 3}",
        ["f.yaml:10: settings.encoders.*.widht: unknown key (did you mean 'width'?) [row early]"],
    ),
    "bad encoder setting for all, seen through the entry of one": (
        '{"*": {name: mlp}}',
        '{x: {width: 3},\n     "*": {name: mlp, hidden: 5}}',
        ["f.yaml:11: settings.encoders.*.hidden: must be a list, not 5 [row early]"],
    ),
    "unknown loss": (
        "  split: {folds: 2}",
        '  split: {folds: 2}\n  losses: {"*": {name: bse}}',
        [
            "f.yaml:13: settings.losses.*.name: unknown loss 'bse'"
            " (did you mean 'mse' or 'bce'?) [row early]"
        ],
    ),
    "unknown strategy": (
        "  split: {folds: 2}",
        "  split: {folds: 2}\n  strategy: plane",
        [
            "f.yaml:13: settings.strategy: unknown strategy 'plane' (did you mean 'plain'?)"
            " [row early]"
        ],
    ),
    "unknown metric": (
        "metrics: [acc, auroc_binary]",
        "metrics: [acc, aurok_binary]",
        [
            "f.yaml:7: columns.0.metrics.1: unknown metric 'aurok_binary'"
            " (did you mean 'auroc_binary'?)"
        ],
    ),
    "metric of another kind of task": (
        "{dataset: toy, task: colour, metrics: [acc]}",
        "{dataset: toy, task: colour, metrics: [auroc_binary]}",
        [
            "f.yaml:8: columns.1.metrics.0: 'auroc_binary' is not defined for colour;"
            " for multiclass tasks: acc, auprc_ap, auprc_trapezoid, auroc_ovo_macro,"
        ],
    ),
    "metric twice": (
        "metrics: [acc, auroc_binary]",
        "metrics: [acc, acc]",
        ["f.yaml:7: columns.0.metrics.1: 'acc' of toy/yes is named twice"],
    ),
    "column of an unknown dataset": (
        "{dataset: toy, task: colour, metrics: [acc]}",
        "{dataset: tou, task: colour, metrics: [acc]}",
        ["f.yaml:8: columns.1.dataset: unknown dataset 'tou' (did you mean 'toy'?)"],
    ),
    "column of an unknown task": (
        "{dataset: toy, task: colour, metrics: [acc]}",
        "{dataset: toy, task: color, metrics: [acc]}",
        ["f.yaml:8: columns.1.task: unknown task 'color' (did you mean 'colour'?)"],
    ),
    "dataset without a column": (
        "  toy: {}",
        "  toy: {}\n  wdbc: {}",
        ["f.yaml:6: datasets.wdbc: has no column; give it one or remove it"],
    ),
    "unknown modality of a dataset": (
        "  toy: {}",
        "  toy: {modalities: [x, z]}",
        ["f.yaml:5: datasets.toy.modalities.1: unknown modality 'z' (known: x, y)"],
    ),
    "task used twice": (
        "  toy: {}",
        "  toy: {tasks: [yes, colour, yes]}",
        ["f.yaml:5: datasets.toy.tasks.2: 'yes' is named twice"],
    ),
    "unknown option": (
        "  toy: {}",
        "  toy: {options: {sise: 3}}",
        [
            "f.yaml:5: datasets.toy.options.sise: unknown key (did you mean 'size'?)",
            "f.yaml:5: datasets.toy.options.sise: has no source;"
            " add one to 'sources' for it or a block around it",
        ],
    ),
    "duplicate row key": (
        "  - key: early",
        "  - key: prior",
        [
            "f.yaml:16: rows.prior.key: 'prior' is already the key of row 1",
            "f.yaml:20: reference: unknown row 'early' (known: prior)",
            "f.yaml:19: rows.prior.settings.config.hidden: has no source;"
            " add one to 'sources' for it or a block around it",
            "f.yaml:23: sources.rows.early.settings: points at no setting"
            " (did you mean 'rows.prior.settings'",
        ],
    ),
    "row on an unknown dataset": (
        "{key: prior, label: Prior, model: prior}",
        "{key: prior, label: Prior, model: prior, datasets: [toi, toy]}",
        ["f.yaml:15: rows.prior.datasets.0: unknown dataset 'toi' (did you mean 'toy'?)"],
    ),
    "by_dataset of an unknown dataset": (
        "    settings: {config: {hidden: [8]}}",
        "    settings: {by_dataset: 1}\n    by_dataset: {toi: {}}",
        [
            "f.yaml:19: rows.early.settings.by_dataset: unknown key (",
            "f.yaml:20: rows.early.by_dataset.toi: unknown dataset 'toi' (did you mean 'toy'?)",
        ],
    ),
    "unknown model setting": (
        "{config: {hidden: [8]}}",
        "{config: {hiden: [8]}}",
        ["f.yaml:19: rows.early.settings.config.hiden: unknown key (did you mean 'hidden'?)"],
    ),
    "bad model setting": (
        "{config: {hidden: [8]}}",
        "{config: {hidden: [8, 0]}}",
        [
            "f.yaml:19: rows.early.settings.config.hidden.1:"
            " must be greater than or equal to 1, not 0"
        ],
    ),
    "missing model setting": (
        "    model: early_fusion\n    settings: {config: {hidden: [8]}}",
        "    model: unimodal\n    settings: {threads: 1}",
        ["f.yaml:19: rows.early.settings.config.modality: is missing"],
    ),
    "modality of the model": (
        "    model: early_fusion\n    settings: {config: {hidden: [8]}}",
        "    model: unimodal\n    settings: {config: {modality: z}}",
        ["f.yaml:19: rows.early.settings.config.modality: unknown modality 'z' (known: x, y)"],
    ),
    "modality that a model segments": (
        "    model: early_fusion\n    settings: {config: {hidden: [8]}}",
        "    model: eyestar\n    settings: {config: {dense: z}}",
        ["f.yaml:19: rows.early.settings.config.dense: unknown modality 'z' (known: x, y)"],
    ),
    "control of another kind of task": (
        "{key: prior, label: Prior, model: prior}",
        "{key: prior, label: Prior, model: ridge_cox}",
        [
            "f.yaml:15: rows.prior.settings: 'ridge_cox' is not for yes (binary),"
            " colour (multiclass), tags (multilabel), but for survival"
        ],
    ),
    "bad training setting": (
        "{epochs: 3, ",
        "{epochs: three, ",
        ["f.yaml:11: settings.training.epochs: must be a valid integer, not 'three' [row early]"],
    ),
    "nested training setting": (
        "{epochs: 3, ",
        "{optimizer: {lr: 0, mometum: 1}, ",
        [
            "f.yaml:11: settings.training.optimizer.lr: must be greater than 0, not 0 [row early]",
            "f.yaml:11: settings.training.optimizer.mometum: unknown key"
            " (did you mean 'momentum'?) [row early]",
        ],
    ),
    "one of several names": (
        "{epochs: 3, ",
        "{optimizer: {name: adamx}, ",
        [
            "f.yaml:11: settings.training.optimizer.name:"
            " must be 'adamw', 'adam' or 'sgd', not 'adamx' [row early]"
        ],
    ),
    "union": (
        "  split: {folds: 2}",
        "  split: {folds: 2}\n  losses: {yes: {name: bce, pos_weight: much}}",
        [
            "f.yaml:13: settings.losses.yes.pos_weight: must be 'balanced' or a valid number"
            " or a list, not 'much' [row early]"
        ],
    ),
    "selection metric unknown": (
        "{metric: acc}",
        "{metric: ac}",
        [
            "f.yaml:11: settings.training.selection.metric: unknown metric 'ac'"
            " (did you mean 'acc'?) [row early]"
        ],
    ),
    "selection metric of no task": (
        "{metric: acc}",
        "{metric: acc, task: tags}",
        [
            "f.yaml:11: settings.training.selection.metric: 'acc' is not defined for"
            " tags (multilabel) [row early]"
        ],
    ),
    "selection task unknown": (
        "{metric: acc}",
        "{metric: acc, task: taggs}",
        [
            "f.yaml:11: settings.training.selection.task: unknown task 'taggs'"
            " (did you mean 'tags'?) [row early]"
        ],
    ),
    "weight of an unknown task": (
        "{epochs: 3, ",
        "{task_weights: {yess: 2}, ",
        [
            "f.yaml:11: settings.training.task_weights.yess: unknown task 'yess'"
            " (did you mean 'yes'?) [row early]"
        ],
    ),
    "stratify task unknown": (
        "split: {folds: 2}",
        "split: {folds: 2, stratify: yess}",
        [
            "f.yaml:12: settings.split.stratify: unknown task 'yess' (did you mean 'yes'?)"
            " [row prior, early]"
        ],
    ),
    "split kind unknown": (
        "split: {folds: 2}",
        "split: {kind: holdout}",
        [
            "f.yaml:12: settings.split.kind: must be 'kfold', 'ratio', 'official' or 'files',"
            " not 'holdout' [row prior, early]"
        ],
    ),
    "seed twice": (
        "seeds: [0, 1]",
        "seeds: [0, 1, 0]",
        ["f.yaml:13: settings.seeds: names a seed twice: [0, 1, 0] [row prior, early]"],
    ),
    "no seed": (
        "seeds: [0, 1]",
        "seeds: []",
        ["f.yaml:13: settings.seeds: must not be empty, not [] [row prior, early]"],
    ),
    "missing rates of an unknown modality": (
        "seeds: [0, 1]",
        "seeds: [0, 1]\n  missing: {rates: {z: 0.5}}",
        [
            "f.yaml:14: settings.missing.rates.z: unknown modality 'z' (known: x, y)"
            " [row prior, early]"
        ],
    ),
    "encoder of an unknown modality": (
        '{"*": {name: mlp}}',
        '{"*": {name: mlp}, z: {width: 3}}',
        ["f.yaml:10: settings.encoders.z.width: unknown modality 'z' (known: x, y)"],
    ),
    "loss of an unknown task": (
        "  split: {folds: 2}",
        "  split: {folds: 2}\n  losses: {color: {name: bce}}",
        ["f.yaml:13: settings.losses.color.name: unknown task 'color' (did you mean 'colour'?)"],
    ),
    "setting that every row overrides": (
        "  split: {folds: 2}",
        "  split: {folds: 2}\n  config: {hidden: [3]}",
        [
            "f.yaml:13: settings.config.hidden: is never used:"
            " no row takes it, or every row that does overrides it"
        ],
    ),
    "control that is trained": (
        "{key: prior, label: Prior, model: prior}",
        "{key: prior, label: Prior, model: prior, settings: {training: {epochs: 2}}}",
        [
            "f.yaml:15: rows.prior.settings.training:"
            " the control 'prior' is fitted, not trained: remove 'training'",
            "f.yaml:15: rows.prior.settings.training.epochs: has no source;"
            " add one to 'sources' for it or a block around it",
        ],
    ),
    "unknown reference": (
        "reference: early",
        "reference: erly",
        ["f.yaml:20: reference: unknown row 'erly' (did you mean 'early'?)"],
    ),
    "tolerance of an unknown metric": (
        "reference: early",
        "tolerance: {default: 0.02, f1_macro: 0.1}",
        [
            "f.yaml:20: tolerance.f1_macro: unknown metric of this table 'f1_macro'"
            " (known: acc, auroc_binary, default)"
        ],
    ),
    "unknown variant": (
        "reference: early",
        "variants: {realeased: {}}",
        ["f.yaml:20: variants.realeased: the key must be 'released'"],
    ),
    "profile of papers": (
        "reference: early",
        "profiles: {demo: {}}",
        ["f.yaml:20: profiles.demo: suite/good has no profile 'demo' (it has full)"],
    ),
    "overlay of an unknown row and dataset": (
        "reference: early",
        "variants: {released: {rows: {erly: {}, early: {by_dataset: {toi: {}}}},"
        " datasets: {toi: {}}}}",
        [
            "f.yaml:20: variants.released.datasets.toi: unknown dataset 'toi'"
            " (did you mean 'toy'?)",
            "f.yaml:20: variants.released.rows.erly: unknown row 'erly' (did you mean 'early'?)",
            "f.yaml:20: variants.released.rows.early.by_dataset.toi: unknown dataset 'toi'",
        ],
    ),
    "bad setting of a variant": (
        "reference: early",
        "variants: {released: {rows: {early: {config: {hidden: no}}}}}",
        [
            "f.yaml:20: variants.released.rows.early.config.hidden: must be a list, not 'no'",
            "f.yaml:20: variants.released.rows.early.config.hidden: has no source;"
            " add one to 'sources' for it or a block around it",
        ],
    ),
    "setting without a source": (
        '  settings: "ours: small"\n',
        '  settings.training: "ours: small"\n  settings.split: "ours: two"\n',
        [
            "f.yaml:10: settings.encoders.*.name: has no source;"
            " add one to 'sources' for it or a block around it",
            "f.yaml:13: settings.seeds: has no source;"
            " add one to 'sources' for it or a block around it",
        ],
    ),
    "source of nothing": (
        "  rows.early.settings:",
        "  rows.erly.settings: 'ours: x'\n  rows.early.settings:",
        [
            "f.yaml:23: sources.rows.erly.settings: points at no setting"
            " (did you mean 'rows.early.settings'"
        ],
    ),
    "source of an unknown sort": (
        '  settings: "ours: small"',
        "  settings: somebody said so",
        [
            "f.yaml:22: sources.settings: 'somebody said so' must start with one of"
            " paper:, code:, inferred:, ours:"
        ],
    ),
    "source that says nothing": (
        '  settings: "ours: small"',
        '  settings: "paper:"',
        ["f.yaml:22: sources.settings: 'paper:' names no place or reason"],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_said_with_its_line(
    case: str, good: str, problems: Problems, request: pytest.FixtureRequest
) -> None:
    old, new, expected = BROKEN[case]
    assert good.count(old) == 1, "the case breaks nothing, or more than one thing"
    found = problems(good.replace(old, new))
    assert len(found) == len(expected), found
    for text, start in zip(sorted(found), sorted(expected), strict=True):
        assert text.startswith(start)


def test_a_good_manifest_has_no_problem(good: str, load: Load) -> None:
    manifest = load(good)
    assert [row.key for row in manifest.rows] == ["prior", "early"]
    assert [column.key for column in manifest.table_columns()] == [
        "toy/yes/acc",
        "toy/yes/auroc_binary",
        "toy/colour/acc",
    ]
    assert manifest.name == "good"


def test_all_problems_come_at_once_in_the_order_of_lines(good: str, problems: Problems) -> None:
    text = good.replace("title: A table that holds", "title: 7\ntitle: 8")
    text = text.replace("reference: early", "refrence: early\nkeep: [weight]")
    text = text.replace("model: early_fusion", "model: early_fuson")
    text = text.replace("{epochs: 3, ", "{epochs: 3, epocs: 3, ")
    lines = [int(one.split(":")[1]) for one in problems(text)]
    assert lines == sorted(lines)
    assert set(lines) >= {3, 4, 19, 21, 22}


def test_what_is_no_mapping(problems: Problems) -> None:
    assert problems("- 1\n") == ["f.yaml:1: a manifest is a mapping with 'id', 'rows', ..."]


def test_a_shipped_manifest_must_stand_at_its_id(
    good: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.manifest.load.shipped", lambda name: tmp_path / name)
    path = tmp_path / "manifests" / "suite" / "bad.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(good)
    with pytest.raises(ManifestError, match=r"2: id: 'suite/good' does not match the file's plac"):
        load_manifest(path)


def test_profiles_of_papers_and_suites(good: str, load: Load) -> None:
    assert load(good).profile_names == ("full",)
    paper = load(good.replace("id: suite/good", "id: m4oe/good"))
    assert paper.profile_names == ("paper", "demo")


def test_the_closest_source_counts(good: str, load: Load) -> None:
    text = good.replace(
        '  settings: "ours: small"', '  settings: "ours: small"\n  settings.training: "paper: A.1"'
    )
    manifest = load(text)
    assert source_of("settings.training.epochs", manifest) == "paper: A.1"
    assert source_of("settings.seeds", manifest) == "ours: small"
    assert source_of("reference", manifest) is None


@pytest.mark.parametrize("path", sorted(shipped("manifests").glob("*/[!_]*.yaml")), ids=str)
def test_shipped_manifests_hold(path: Path) -> None:
    assert load_manifest(path).id == f"{path.parent.name}/{path.stem}"
