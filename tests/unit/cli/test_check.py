"""``mmbench check`` finds what is wrong and says so in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.checks._base import Check, NotChecked, Verdict, describe, expect, run_checks
from benchmark.cli.check import check_all
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.core.paths import Paths

pytestmark = pytest.mark.usefixtures("own_registries")

MODEL = """
import torch
from torch import nn
from benchmark.plugins import Model, ModelConfig, Output, TaskHeads, register_model

class MineConfig(ModelConfig):
    width: int = 8

@register_model("mine", config=MineConfig)
class Mine(Model):
    def __init__(self, problem, encoders, config):
        super().__init__(problem, encoders)
        self.names = [one.name for one in problem.only.modalities]
        self.missing = nn.ParameterList(torch.zeros(8) for _ in self.names)
        self.heads = TaskHeads(8 * len(self.names), problem)
        #INIT

    def forward(self, batch):
        codes = []
        for m, name in enumerate(self.names):
            code = self.encode(batch, name)
            codes.append(torch.where(batch.observed[:, m, None], code, self.missing[m]))
        joined = torch.cat(codes, dim=1)
        #JOINED
        return Output(self.heads(joined))
"""
#: Change of the model, check that must fail, what is said.
FAULTS = {
    "required": (
        "width: int = 8",
        "width: int",
        "it can be built",
        "its config does not accept its defaults: width: Field required",
    ),
    "shape": (
        "return Output(self.heads(joined))",
        "return Output({'type': self.heads(joined)['type']})",
        "logits have the right shape",
        r"logits have shapes \{'type': \(8, 3\)\} instead of",
    ),
    "no output": (
        "return Output(self.heads(joined))",
        "return self.heads(joined)",
        "logits have the right shape",
        "forward gives a dict, not an Output",
    ),
    "unused": (
        "#INIT",
        "self.unused = nn.Linear(2, 2)",
        "every parameter gets a gradient",
        r"these parameters get no gradient: unused\.weight, unused\.bias",
    ),
    "batch statistics": (
        "#JOINED",
        "joined = joined - joined.mean(dim=0)",
        "samples do not see each other",
        "changing one sample changes the scores of others",
    ),
    "batch norm": (
        "#JOINED",
        "joined = nn.functional.batch_norm(joined, None, None, training=True)",
        "it trains on a batch of one",
        r"ValueError: Expected more than 1 value per channel.*\(.*mine\.py:\d+\)",
    ),
    "nan where missing": (
        "#JOINED",
        "joined = joined / batch.observed.sum(1, keepdim=True).ne(0)",
        "a modality may be missing everywhere",
        "the loss is not finite where nobody has keys",
    ),
    "random": (
        "#JOINED",
        "joined = joined + 0.1 * torch.randn_like(joined)",
        "evaluation repeats",
        "two evaluations of 'type' differ",
    ),
    "hidden state": (
        "#JOINED",
        "self.n = getattr(self, 'n', 0) + 1; joined = joined * self.n",
        "evaluation repeats",
        "two evaluations of 'type' differ",
    ),
    "outside state": (
        "#INIT",
        "self.scale = float(torch.rand(()))"
        "\n        self.heads.requires_grad_(True); Mine.n = getattr(Mine, 'n', 0) + 1"
        "\n        self.scale = self.n",
        "state survives a round trip",
        r"a model scores otherwise after load_state_dict\(state_dict\(\)\)",
    ),
    "own seed": (
        "#INIT",
        "import random; nn.init.constant_(self.missing[0], random.random())",
        "equal seeds build equal models",
        r"built twice from one seed, these differ: missing\.0",
    ),
    "reads missing rows": (
        "code = self.encode(batch, name)",
        "code = self.encoders[name](batch.inputs[name])",
        "what stands in missing rows is never read",
        "",
    ),
    "ignores a modality": (
        "codes.append(torch.where(batch.observed[:, m, None], code, self.missing[m]))",
        "codes.append(torch.where(batch.observed[:, m, None], code, self.missing[m]) * (m != 2))",
        "observed values and flags matter",
        "modality 'a.c' is not read",
    ),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write_file(text: str) -> str:
        path = tmp_path / "mine.py"
        path.write_text(text)
        return str(path)

    return write_file


def verdicts(subject: str, paths: Paths, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Check one thing; what is said by the name of each check that failed."""
    held = check_all([subject], {}, paths, as_json=True)
    (checked,) = json.loads(capsys.readouterr().out)
    assert held == checked["holds"]
    found = [one for one in checked["verdicts"] if one["status"] == "failed"]
    assert held == (not found)
    assert all(one["remedy"] for one in found)
    return {one["check"]: one["text"] for one in found}


def test_a_good_model_passes(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdicts(write(MODEL), paths, capsys) == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_model_is_told_what_is_wrong(
    fault: str, write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, check, said = FAULTS[fault]
    if fault == "outside state":
        text = MODEL.replace(old, new).replace("#JOINED", "joined = joined * self.scale")
    else:
        text = MODEL.replace(old, new)
    assert text != MODEL
    failed = verdicts(write(text), paths, capsys)
    assert check in failed, failed
    assert re.search(said, failed[check]), failed[check]


DATASET = """
import hashlib
import numpy as np, pandas as pd
from benchmark.plugins import (
    Component, Modality, Release, Task, VectorDataset, register_dataset)

@register_dataset("blobs")
class Blobs(VectorDataset):
    def __init__(self, config, context):
        super().__init__(config, context)
        self.component, self.release = self.describe(config), self.probe(config, context)
        rng = np.random.default_rng(0)
        label = rng.integers(0, 2, 60)
        self.values = {m: rng.normal(size=(60, 3)) + label[:, None] for m in "ab"}
        ids = [str(i) for i in range(60)]
        self.samples = pd.DataFrame({"sample_id": ids, "group_id": ids,
            "observed:a": rng.random(60) < 0.8, "observed:b": True,
            "target:label": label.astype(float)})

    @classmethod
    def probe(cls, config, context):
        return Release(id="Blobs", version="1", source="real", terms="none",
                       fingerprint=hashlib.sha256(b"1").hexdigest())

    @classmethod
    def describe(cls, config):
        return Component(dataset="blobs", tasks=(Task(name="label", kind="binary",
            classes=("no", "yes")),),
            modalities=tuple(Modality(name=m, kind="vector", shape=(3,)) for m in "ab"))
"""
DATASET_FAULTS = {
    "name": ('dataset="blobs"', 'dataset="other"', "describe and probe", "is called 'other'"),
    "source": ('source="real"', 'source="synthetic"', "family tells", "the release says synthetic"),
    "ids": ('"group_id": ids', '"group_id": range(60)', "samples table", "holds something that is"),
    "twice": ('"sample_id": ids', '"sample_id": "a"', "samples table", "sample_id occurs twice"),
    "flags": ('"observed:b": True', '"observed:b": 1', "samples table", "is int64, not bool"),
    "column": ('"target:label"', '"label"', "targets are", "columns are missing: target:label"),
    "class": ("rng.integers(0, 2, 60)", "rng.integers(0, 1, 60)", "targets are", "class yes"),
    "range": ("label.astype(float)", "label + 1.0", "targets are", r"labels \[2.0\] outside 0..1"),
    "shape": ("shape=(3,)", "shape=(4,)", "tensors fit", "shape"),
    "random": ("default_rng(0)", "default_rng()", "loading twice", "differ"),
    "leak": (
        "    @classmethod\n    def probe",
        "    def fit(self, rows):\n        return super().fit(np.arange(60))\n\n"
        "    @classmethod\n    def probe",
        "fit reads training rows only",
        "of training rows depends on other rows: a leak",
    ),
    "order": (
        "    @classmethod\n    def probe",
        "    def control_features(self, rows, fitted):\n"
        "        return super().control_features(np.sort(rows), fitted)\n\n"
        "    @classmethod\n    def probe",
        "rows come back",
        "ignore the order of rows",
    ),
}


def test_a_good_dataset_passes(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdicts(write(DATASET), paths, capsys) == {}


@pytest.mark.parametrize("fault", DATASET_FAULTS)
def test_a_faulty_dataset_is_told_what_is_wrong(
    fault: str, write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, check, said = DATASET_FAULTS[fault]
    assert old in DATASET
    failed = verdicts(write(DATASET.replace(old, new, 1)), paths, capsys)
    texts = [text for name, text in failed.items() if check in name]
    assert texts, failed
    assert re.search(said, texts[0]), texts


METRIC = """
import numpy as np
from benchmark.plugins import Undefined, register_metric

@register_metric("error", kinds=("binary",), higher_is_better=False)
def error(y_true, y_score):
    "Share of wrong decisions."
    if not len(y_true):
        raise Undefined("no labelled samples")
    return float(np.mean((y_score >= 0.5) != y_true))
"""
METRIC_FAULTS = {
    "direction": ("higher_is_better=False", "higher_is_better=True", "perfect", "best bound is 1"),
    "bounds": ("np.mean(", "np.sum(", "values stay within", "outside 0.0 to 1.0"),
    "order": ("float(np.mean(", "float(y_true[0]) + 0 * float(np.mean(", "the order", "becomes"),
    "nan": (
        "not len(y_true):",
        "len(y_true) < 2:\n        return float('nan')",
        "small",
        "give nan",
    ),
    "silent": ('    "Share of wrong decisions."\n', "", "it is described", "no summary"),
}


def test_a_good_metric_passes(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdicts(write(METRIC), paths, capsys) == {}


@pytest.mark.parametrize("fault", METRIC_FAULTS)
def test_a_faulty_metric_is_told_what_is_wrong(
    fault: str, write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, check, said = METRIC_FAULTS[fault]
    assert old in METRIC
    failed = verdicts(write(METRIC.replace(old, new, 1)), paths, capsys)
    texts = [text for name, text in failed.items() if check in name]
    assert texts, failed
    assert re.search(said, texts[0]), texts


def test_lines_for_people(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(METRIC.replace("False", "True"))
    assert not check_all([path], {}, paths, as_json=False)
    text = capsys.readouterr().out
    assert text.startswith(f"metric error ({path})\n  ok           it is described\n")
    assert "  FAILED       perfect scores reach the best bound\n" in text
    assert "→ state bounds and higher_is_better as they are\n" in text
    assert text.endswith("5 ok, 1 failed\n")


def test_what_cannot_be_checked_is_refused(write: Callable[[str], str], paths: Paths) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model or dataset or .* 'early_fusoin'"):
        check_all(["early_fusoin"], {}, paths, as_json=False)
    with pytest.raises(UsageError, match="is left out: ZeroDivisionError"):
        check_all([write("1 / 0")], {}, paths, as_json=False)
    with pytest.raises(UsageError, match="metric 'acc' is already there"):
        check_all([write(METRIC.replace('"error"', '"acc"'))], {}, paths, as_json=False)


def test_verdicts() -> None:
    def passes(_: int) -> None: ...

    def fails(number: int) -> None:
        expect(number > 1, "too small")

    def cannot(_: int) -> None:
        raise NotChecked("no data")

    def crashes(_: int) -> None:
        raise KeyError("x")

    checks = [Check(one.__name__, one, "mend it") for one in (passes, fails, cannot, crashes)]
    found = list(run_checks(1, checks))
    assert found[:3] == [
        Verdict("passes", "ok"),
        Verdict("fails", "failed", "too small", "mend it"),
        Verdict("cannot", "not checked", "no data"),
    ]
    assert found[3].status == "failed"
    assert re.fullmatch(r"KeyError: 'x' \(.*test_check\.py:\d+\)", found[3].text)
    assert describe(ValueError("x")) == "ValueError: x"


CONTROL = """
import numpy as np
from benchmark.plugins import Control, ControlConfig, DataError, register_model

class MeanConfig(ControlConfig):
    kinds = ("regression", "survival")

@register_model("mean", config=MeanConfig, summary="nearest of two means")
class Mean(Control):
    def __init__(self, component, config, seed):
        super().__init__(component, config, seed)
        self.name = component.modalities[0].name

    def fit(self, train, val):
        self.centre = {}
        for task in self.component.tasks:
            y = train.targets[task.name]
            known = np.isfinite(y.reshape(len(y), -1)).all(axis=1)
            if not known.any():
                raise DataError(f"task {task.name!r} has no label")
            self.centre[task.name] = float(np.nanmean(train.features[self.name][known]))

    def predict(self, data):
        x = np.nan_to_num(data.features[self.name]).mean(axis=1)
        return {name: x - centre for name, centre in self.centre.items()}
"""
CONTROL_FAULTS = {
    "kinds": ("super().__init__(component, config, seed)", "self.component = component",
              "it can be built", "it takes a binary task, which its config's kinds do not name"),
    "shape": ("x - centre for", "(x - centre)[:, None] for", "scores have the form", r"\(90, 1\)"),
    "type": ("x - centre for", "(x - centre).astype('float32') for", "scores have the form",
             "float32"),
    "names": ("{name: x", "{name.upper(): x", "scores have the form", "gives no scores of the"),
    "random": ("x - centre for", "x - centre + np.random.rand() for", "equal seeds", "differ"),
    "unlabelled": ("[self.name][known]", "[self.name]", "unlabelled training rows",
                   "training rows of a regression task without a label change the scores"),
    "peeking": ("x - centre for", "x - centre + np.isnan(data.targets[name]).sum() for",
                "predictions do not look", "without the targets of a regression task"),
    "statistics": (".mean(axis=1)", ".mean(axis=1); x = x - x.mean()", "a row is scored by itself",
                   "a row of a regression task alone scores otherwise"),
    "nan": ("np.nan_to_num(data.features[self.name])", "data.features[self.name]",
            "nothing observed", "a regression sample without any modality scores NaN"),
    "writes": ("np.nan_to_num(data.features[self.name])",
               "np.nan_to_num(data.features[self.name], copy=False)", "data is left as it is",
               "changes the arrays it is given"),
    "silent": ("                raise DataError(f\"task {task.name!r} has no label\")",
               "                known[:] = True", "a task without labels",
               "it is fitted to a regression task of which no training row is labelled"),
}  # fmt: skip


def test_a_good_control_passes(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdicts(write(CONTROL), paths, capsys) == {}


@pytest.mark.parametrize("fault", CONTROL_FAULTS)
def test_a_faulty_control_is_told_what_is_wrong(
    fault: str, write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    _find_fault(CONTROL, CONTROL_FAULTS[fault], write, verdicts, paths, capsys)


LOSS = """
import torch
from benchmark.plugins import Frozen, Loss, register_loss

class PowerConfig(Frozen):
    power: float = 2.0

@register_loss("power", config=PowerConfig, summary="power of the error")
class Power(Loss):
    kinds = ("regression",)

    def __init__(self, task, config, train_targets):
        super().__init__(task)
        self.n_outputs, self.power = 1, config.power

    def forward(self, logits, target):
        known = target.isfinite()
        if not known.any():
            return logits[:0].sum()
        return ((logits[known, 0] - target[known]).abs() ** self.power).mean()

    def scores(self, logits):
        return logits[:, 0]
"""
LOSS_FAULTS = {
    "outputs": ("1, config.power", "0, config.power", "it can be built", "n_outputs of a regressi"),
    "sign": ("return ((logits", "return -((logits", "the metric rises", "end in mae"),
    "score sign": ("return logits[:, 0]", "return -logits[:, 0]", "the metric rises", "end in mae"),
    "upwards": (".mean()", ".mean().detach() + 0 * logits.sum()", "the metric rises",
                "60 steps on a regression task do not lower the loss"),
    "unlabelled": (".mean()", ".sum() / len(target)", "unlabelled samples", "change the loss"),
    "empty": ("        if not known.any():\n            return logits[:0].sum()\n", "",
              "finite scalar", "with no labelled sample gives a loss of nan"),
    "no graph": ("return logits[:0].sum()", "return torch.zeros(())", "finite scalar",
                 "gives a loss without a gradient"),
    "vector": (".mean()", "", "finite scalar", r"gives a loss of shape \(1,\)"),
    "overflow": (".abs()", ".abs().exp()", "extreme logits", "not finite"),
}  # fmt: skip


def test_a_good_loss_passes(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdicts(write(LOSS), paths, capsys) == {}


@pytest.mark.parametrize("fault", LOSS_FAULTS)
def test_a_faulty_loss_is_told_what_is_wrong(
    fault: str, write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    _find_fault(LOSS, LOSS_FAULTS[fault], write, verdicts, paths, capsys)


ENCODER = """
from math import prod
import torch
from torch import nn
from benchmark.plugins import Encoder, Frozen, register_encoder

class SquashConfig(Frozen):
    width: int = 6

@register_encoder("squash", config=SquashConfig, gives="vector", summary="one layer")
class Squash(Encoder):
    output = "vector"

    def __init__(self, modality, config):
        super().__init__()
        self.width = config.width
        self.layer = nn.Linear(prod(modality.shape), config.width)
        #INIT

    def forward(self, data):
        return self.layer(data.values.flatten(1)).tanh()
"""
ENCODER_FAULTS = {
    "shape": (".tanh()", ".tanh()[:, None]", "codes have the shape", r"shape \(5, 1, 6\), it tell"),
    "output": ('output = "vector"', 'output = "tokens"', "codes have the shape",
               "it says it gives tokens of a vector"),
    "unused": ("#INIT", "self.unused = nn.Linear(2, 2)", "every parameter",
               r"these parameters get no gradient: unused\.weight"),
    "batch": (".tanh()", ".softmax(dim=0)", "samples do not see", "alone is encoded otherwise"),
    "random": (".tanh()", ".tanh() + torch.rand(())", "samples do not see", "evaluations of a vec"),
    "blind": ("data.values.flatten(1)", "0 * data.values.flatten(1)", "values matter",
              "other values of a vector"),
    "nothing fits": ("super().__init__()", "super().__init__()\n        from benchmark.core.errors "
                     "import UsageError\n        raise UsageError('no')", "it can be built",
                     "it takes none of these"),
}  # fmt: skip


def test_a_good_encoder_passes(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdicts(write(ENCODER), paths, capsys) == {}


@pytest.mark.parametrize("fault", ENCODER_FAULTS)
def test_a_faulty_encoder_is_told_what_is_wrong(
    fault: str, write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    _find_fault(ENCODER, ENCODER_FAULTS[fault], write, verdicts, paths, capsys)


def _find_fault(
    text: str,
    fault: tuple[str, str, str, str],
    write: Callable[[str], str],
    check: Callable[..., dict[str, str]],
    *more: object,
) -> None:
    old, new, name, said = fault
    assert old in text
    failed = check(write(text.replace(old, new, 1)), *more)
    texts = [told for one, told in failed.items() if name in one]
    assert texts, failed
    assert re.search(said, texts[0]), texts


def test_what_cannot_be_built_is_said_once(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(MODEL.replace("width: int = 8", "width: int"))
    assert list(verdicts(path, paths, capsys)) == ["it can be built"]
    check_all([path], {}, paths, as_json=False)
    text = capsys.readouterr().out
    assert text.count("Field required") == 1
    assert "not checked  evaluation repeats\n               see above: it can be built\n" in text


def test_a_dataset_that_cannot_be_read_is_said_once(
    write: Callable[[str], str], paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(DATASET.replace("rng = np", "raise OSError('no disk')\n        rng = np"))
    assert list(verdicts(path, paths, capsys)) == ["it can be read"]


def test_what_is_no_subject_is_told_apart(tmp_path: Path, paths: Paths) -> None:
    with pytest.raises(UsageError, match=r"table\.yaml is a table\nmmbench validate table\.yaml"):
        check_all(["table.yaml"], {}, paths, as_json=False)
    with pytest.raises(UsageError, match="is no Python file"):
        check_all([str(tmp_path)], {}, paths, as_json=False)
