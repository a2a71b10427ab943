"""Plug-ins in commands, bundles and workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.core.errors import ManifestError, UnknownNameError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.result import RunResult
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.execution import worker
from benchmark.execution.bundle import Bundle
from benchmark.execution.options import SuperviseOptions, make_bundle
from benchmark.execution.sources import check_plugins, is_stale, run_sources
from benchmark.manifest.expand import expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.selection import Request
from benchmark.metrics import METRICS
from benchmark.models import MODELS
from benchmark.plugins.loading import load_plugins
from benchmark.store.runs import RunStore
from benchmark.training.execute import ExecutionContext, execute

pytestmark = pytest.mark.usefixtures("own_registries")

MODEL = '''
from benchmark.plugins import Control, register_model

@register_model("mine", summary="a control of mine")
class Mine(Control):
    """Mine."""
'''
METRIC = '''
from benchmark.plugins import register_metric

@register_metric("error", kinds=("binary",))
def error(y_true, y_score):
    """Share of wrong decisions."""
    return 0.0
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MODEL + METRIC)
    return path


def spec_of(ref: Ref) -> RunSpec:
    component = ComponentSpec(
        dataset="wdbc", loader=Ref(name="wdbc"), modalities=("mean",), tasks=("d",), data="x"
    )
    return RunSpec(components=(component,), model=ref, strategy=Ref(name="fit"), split=SplitSpec())


def mmbench(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


def test_list_shows_them(plugin: Path) -> None:
    code, out, err = mmbench("list", "models", "--plugin", str(plugin), "--json")
    assert (code, err) == (0, "")
    (mine,) = [row for row in json.loads(out) if row["name"] == "mine"]
    assert (mine["family"], mine["summary"]) == ("control", "a control of mine")


def test_a_broken_one_is_named_and_the_list_is_whole(tmp_path: Path, plugin: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("1 / 0\n")
    code, out, err = mmbench(
        "list", "metrics", "--plugin", str(bad), "--plugin", str(plugin), "--plain"
    )
    assert code == 0
    assert {"acc", "error"} <= set(out.split())
    assert err == f"warning: plug-in {bad} is left out: ZeroDivisionError: division by zero\n"


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    code, _, err = mmbench("list", "models", "--plugin", str(tmp_path / "no.py"))
    assert code == 2
    assert "--plugin" in err


def test_tables_are_listed_without_looking_at_plugins(
    plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMBENCH_PLUGINS", str(plugin))
    assert mmbench("list", "--plain")[0] == 0
    assert "error" not in METRICS
    assert "error" in mmbench("list", "metrics", "--plain")[1].split()


def test_the_bundle_carries_them_to_every_worker(plugin: Path, paths: Paths) -> None:
    options = SuperviseOptions(paths=paths, plugins=(str(plugin),))
    bundle = make_bundle([], options, "cpu")
    assert bundle.plugins == (str(plugin),)
    path = paths.cache / "bundle.json"
    path.parent.mkdir(parents=True)
    path.write_text(bundle.model_dump_json())
    assert worker.main(path) == 0
    assert "mine" in MODELS


def test_bundles_without_the_field_can_be_read(paths: Paths) -> None:
    assert Bundle.parse({"cache": str(paths.cache), "runs": []}).plugins == ()


def test_the_code_is_part_of_the_fingerprint(plugin: Path) -> None:
    load_plugins([plugin])
    first = spec_of(MODELS.ref("mine", {}))
    assert first.model.source == MODELS.entry("mine").source != ""
    assert run_sources(first)["model mine"] == first.model.source
    assert not is_stale(first, {"provenance": {"sources": run_sources(first)}})
    plugin.write_text(MODEL + "    n = 1\n" + METRIC)
    load_plugins([plugin])
    assert spec_of(MODELS.ref("mine", {})).fingerprint != first.fingerprint


def test_a_run_planned_with_other_code_is_refused(plugin: Path) -> None:
    load_plugins([plugin])
    spec = spec_of(MODELS.ref("mine", {}))
    check_plugins(spec)
    plugin.write_text(MODEL + "    n = 1\n" + METRIC)
    load_plugins([plugin])
    with pytest.raises(UsageError, match="code of model 'mine' has changed since the run was"):
        check_plugins(spec)
    MODELS.remove("mine")
    with pytest.raises(UnknownNameError, match="unknown model 'mine'"):
        check_plugins(spec)


PARTS = """
from math import prod
from torch import nn
from benchmark.plugins import Encoder, Frozen, Loss, register_encoder, register_loss

class SquashConfig(Frozen):
    width: int = 6

@register_encoder("squash", config=SquashConfig, gives="vector", summary="one layer")
class Squash(Encoder):
    output = "vector"

    def __init__(self, modality, config):
        super().__init__()
        self.width = config.width
        self.layer = nn.Linear(prod(modality.shape), config.width)

    def forward(self, data):
        return self.layer(data.values.flatten(1)).tanh()

@register_loss("hinge", summary="hinge")
class Hinge(Loss):
    kinds = ("binary",)

    def __init__(self, task, config, train_targets):
        super().__init__(task)
        self.n_outputs = 1

    def forward(self, logits, target):
        known = target >= 0
        if not known.any():
            return logits[:0].sum()
        return (1 - (2 * target[known] - 1) * logits[known, 0]).clamp(min=0).mean()

    def scores(self, logits):
        return logits[:, 0].sigmoid()
"""
TABLE = """\
schema_version: 1
id: my/parts
title: Parts of mine
datasets:
  wdbc: {modalities: [mean, worst], tasks: [diagnosis]}
columns:
  - {dataset: wdbc, task: diagnosis, metrics: [acc, error]}
settings:
  encoders: {"*": {name: squash, width: 5}}
  losses: {"*": {name: hinge}}
  training: {epochs: 2, batch_size: 128, selection: {metric: SELECTION}}
  split: {kind: ratio}
rows:
  - {key: early, label: Early fusion, model: early_fusion}
sources:
  settings: "ours: a test"
"""


@pytest.fixture
def table(tmp_path: Path) -> list[str]:
    """A table of an encoder, a loss and a metric of somebody's own, with the plug-ins it needs."""
    parts, metric, table = (tmp_path / name for name in ("parts.py", "metric.py", "table.yaml"))
    parts.write_text(PARTS)
    wrong = "return float(((y_score >= 0.5) != y_true).mean())"
    metric.write_text(METRIC.replace("return 0.0", wrong))
    table.write_text(TABLE.replace("SELECTION", "loss"))
    return [str(table), "--plugin", str(parts), "--plugin", str(metric)]


def _spec(table: list[str], paths: Paths) -> RunSpec:
    path, *plugins = table
    load_plugins([Path(one) for one in plugins[1::2]])
    (run,) = expand(load_manifest(Path(path)), Request(DataContext(paths))).runs
    return run.spec


def test_encoders_and_losses_are_listed_checked_and_named_by_their_code(
    table: list[str], paths: Paths
) -> None:
    spec = _spec(table, paths)
    refs = (*spec.encoders.values(), *spec.losses.values())
    assert {ref.name for ref in refs} == {"squash", "hinge"}
    assert all(ref.source for ref in refs)
    check_plugins(spec)
    listed = json.loads(mmbench("list", "encoders", *table[1:], "--json")[1])
    assert [row["family"] for row in listed if row["name"] == "squash"] == ["vector"]
    Path(table[2]).write_text(PARTS.replace(".tanh()", ".sigmoid()"))
    assert _spec(table, paths).fingerprint != spec.fingerprint
    with pytest.raises(UsageError, match="code of encoder 'squash' has changed"):
        check_plugins(spec)


def test_a_loss_that_does_not_fit_is_found_before_any_work(table: list[str], paths: Paths) -> None:
    Path(table[2]).write_text(PARTS.replace('("binary",)', '("multiclass",)'))
    with pytest.raises(ManifestError) as raised:
        _spec(table, paths)
    assert (
        "loss 'hinge' is for multiclass tasks, 'diagnosis' is binary (use bce, cross_entropy"
        in str(raised.value)
    )


@pytest.mark.parametrize("change", ["gives='vectors'", "kinds"])
def test_what_cannot_be_registered_is_named(change: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    text = PARTS.replace('gives="vector"', change) if "=" in change else PARTS
    path.write_text(text.replace('    kinds = ("binary",)\n', "") if change == "kinds" else text)
    (remark,) = load_plugins([path])
    assert ("not 'vector', 'tokens' or 'any'" in remark) == ("=" in change)
    assert ("must name the task kinds it is for" in remark) == (change == "kinds")


def test_a_run_trains_with_them_and_a_changed_metric_is_computed_again(
    table: list[str], paths: Paths
) -> None:
    words = [*table, "--cache", str(paths.cache)]
    path = table[0]
    load_plugins([table[2], table[4]])
    (run,) = expand(load_manifest(Path(path)), Request(DataContext(paths))).runs
    store = RunStore(paths.cache)
    outcome = execute(run.spec, ExecutionContext(paths, "auto", "cpu", None, lambda *facts: None))
    result = RunResult(spec=run.spec, status="ok", rows=outcome.rows, info=outcome.info)
    store.write(result, predictions=outcome.predictions)

    def error() -> float:
        found = json.loads(mmbench("report", *words, "--json")[1])
        return float(found["rows"][0]["cells"]["wdbc/diagnosis/error"]["mean"])

    first = error()
    assert 0 <= first < 0.5
    metric = Path(table[4])
    metric.write_text(metric.read_text().replace("return float(", "return 1.0 - float("))
    assert error() == pytest.approx(1 - first)


def test_a_metric_that_selects_is_part_of_what_names_a_run(table: list[str], paths: Paths) -> None:
    plain = _spec(table, paths)
    assert plain.strategy.source == ""
    Path(table[0]).write_text(TABLE.replace("SELECTION", "error"))
    chosen = _spec(table, paths)
    assert chosen.strategy.source == METRICS.entry("error").source != ""
    check_plugins(chosen)
    metric = Path(table[4])
    metric.write_text(metric.read_text().replace("return float(", "return 1.0 - float("))
    assert _spec(table, paths).fingerprint != chosen.fingerprint
    with pytest.raises(UsageError, match="code of strategy 'plain' has changed"):
        check_plugins(chosen)
