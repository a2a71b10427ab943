"""Plug-ins in commands, bundles and workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.execution import worker
from benchmark.execution.bundle import Bundle
from benchmark.execution.options import SuperviseOptions, make_bundle
from benchmark.execution.sources import check_plugins, is_stale, run_sources
from benchmark.metrics import METRICS
from benchmark.models import MODELS
from benchmark.plugins.loading import load_plugins

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
