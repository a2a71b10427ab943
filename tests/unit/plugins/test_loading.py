"""Plug-ins are found, added, named when broken, and told apart by their code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets import DATASETS
from benchmark.metrics import METRICS
from benchmark.metrics.evaluate import evaluate, metric_info
from benchmark.models import MODELS
from benchmark.plugins import Entry, registration
from benchmark.plugins.loading import load_plugins, offered_by, plugin_files

pytestmark = pytest.mark.usefixtures("own_registries")

METRIC = '''
"""A metric."""
from benchmark.plugins import register_metric

@register_metric("error", kinds=("binary",), higher_is_better=False, label="Error")
def error(y_true, y_score):
    """Share of wrong decisions."""
    return float(((y_score >= 0.5) != y_true).mean())
'''
MODEL = '''
from benchmark.plugins import Model, ModelConfig, register_model

class MineConfig(ModelConfig):
    width: int = 4

@register_model("mine", config=MineConfig, summary="of mine")
class Mine(Model):
    """A model.

    More.
    """
    def forward(self, batch): ...
'''
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file


def test_a_metric_is_added_and_computed(write: Write) -> None:
    path = write("mine.py", METRIC)
    assert load_plugins([path]) == []
    info = metric_info("error")
    assert (info.label, info.kinds, info.higher_is_better) == ("Error", ("binary",), False)
    assert info.summary == "Share of wrong decisions"
    assert info.origin == str(path)
    assert evaluate("error", "binary", [0, 1, 1, 0], [0.9, 0.8, 0.2, 0.1]).value == 0.5
    assert [(one.kind, one.name) for one in offered_by(path)] == [("metric", "error")]


def test_a_model_is_added_with_its_config(write: Write) -> None:
    assert load_plugins([write("mine.py", MODEL)]) == []
    assert MODELS.config("mine").parse({}).width == 4
    assert MODELS.load("mine").__name__ == "Mine"
    entry = MODELS.entry("mine")
    assert (entry.family, entry.summary) == ("model", "of mine")
    assert registration(MODELS.load("mine")) is not None


def test_what_a_file_imports_is_not_what_it_offers(write: Write) -> None:
    write("first.py", METRIC)
    second = write("second.py", "from first import error\n")
    (remark,) = load_plugins([second])
    assert remark.endswith(
        "it registers nothing; decorate a class with @register_model, for example"
    )


def test_a_derived_class_is_not_registered_by_its_base(write: Write) -> None:
    text = MODEL + "\nclass Derived(Mine):\n    pass\n"
    path = write("mine.py", text)
    assert load_plugins([path]) == []
    assert [one.entry.target.partition(":")[2] for one in offered_by(path)] == ["Mine"]


def test_built_in_names_stay(write: Write) -> None:
    before = METRICS.entry("acc")
    path = write("mine.py", METRIC.replace('"error"', '"acc"'))
    assert load_plugins([path]) == [
        f"plug-in {path}: metric 'acc' is already there (built in) and stays; "
        "give yours another name"
    ]
    assert METRICS.entry("acc") is before


def test_the_first_of_two_plugins_keeps_a_name(write: Write) -> None:
    first, second = write("a/mine.py", METRIC), write("b/mine.py", METRIC + "\nx = 1\n")
    (remark,) = load_plugins([first, second])
    assert f"metric 'error' is already there (of {first}) and stays" in remark
    assert METRICS.entry("error").origin == str(first)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def (:\n", "SyntaxError: invalid syntax"),
        ("import no_such_thing\n", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("x = 1\n", "it registers nothing; decorate a class"),
        (
            "from benchmark.plugins import register_dataset\n"
            "@register_dataset('d')\nclass D: ...\n",
            r"must derive from benchmark\.plugins\.Dataset",
        ),
        (METRIC.replace('"error"', '"two words"'), "'two words' is no usable name"),
        (METRIC.replace('("binary",)', "()"), "must be a function with at least one task kind"),
        ("from . import x\n", "ImportError: attempted relative import"),
    ],
)
def test_a_broken_plugin_is_named_and_left_out(write: Write, text: str, reason: str) -> None:
    bad, good = write("bad.py", text), write("good.py", METRIC)
    (remark,) = load_plugins([bad, good])
    assert remark.startswith(f"plug-in {bad} is left out: ")
    assert re.search(reason, remark)
    assert "error" in METRICS


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (remark,) = load_plugins([tmp_path / "no.py"])
    assert remark == f"plug-in {tmp_path / 'no.py'} is left out: there is no such file"


def test_loading_twice_changes_nothing_an_edit_does(write: Write) -> None:
    path = write("mine.py", METRIC)
    load_plugins([path, path])
    first = METRICS.entry("error")
    assert load_plugins([path]) == []
    assert METRICS.entry("error") == first
    path.write_text(METRIC.replace("# ", "") + "\n# a remark\n")
    load_plugins([path])
    assert METRICS.entry("error").source == first.source
    path.write_text(METRIC.replace("0.5", "0.7"))
    assert load_plugins([path]) == []
    assert METRICS.entry("error").source != first.source
    assert evaluate("error", "binary", [1], [0.6]).value == 1.0


def test_files_beside_a_plugin_can_be_imported(write: Write) -> None:
    write("a/limits_of_mine.py", "LIMIT = 0.5\n")
    text = METRIC.replace('"""A metric."""', "from limits_of_mine import LIMIT")
    path = write("a/mine.py", text.replace("0.5", "LIMIT"))
    assert load_plugins([path]) == []
    before = METRICS.entry("error").source
    write("a/limits_of_mine.py", "LIMIT = 0.6\n")
    load_plugins([path])
    assert METRICS.entry("error").source != before


def test_another_file_of_the_same_name_is_not_imported_by_mistake(write: Write) -> None:
    for folder in "cd":
        write(f"{folder}/helper_of_two.py", f"LIMIT = '{folder}'\n")
        write(f"{folder}/mine.py", "import helper_of_two\n" + METRIC.replace("error", folder))
    first, second = (
        write(f"{folder}/mine.py", "import helper_of_two\n" + METRIC) for folder in "cd"
    )
    (remark,) = load_plugins([first, second])
    assert remark.startswith(f"plug-in {second} is left out: it imports {first.parent}")
    assert remark.endswith("instead of helper_of_two.py beside it; rename that")


def test_files_come_from_the_environment_too(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = write("one.py", METRIC), write("two.py", METRIC)
    monkeypatch.setenv("MMBENCH_PLUGINS", os.pathsep.join([str(one), "", str(two)]))
    assert plugin_files([two]) == (two, one)
    assert plugin_files([os.path.relpath(one)]) == (one, two)


def _package(folder: Path, entry_points: str) -> Path:
    site = folder / "site"
    (site / "toyplug").mkdir(parents=True)
    (site / "toyplug" / "__init__.py").write_text("")
    (site / "toyplug" / "metric.py").write_text(METRIC)
    (site / "toyplug" / "light.py").write_text(
        "from benchmark.plugins import Entry\n"
        "SLOW = Entry('toyplug.slow:Slow', 'toyplug.slow:Config', 'slow to import', 'model')\n"
    )
    (site / "toyplug" / "slow.py").write_text("raise SystemExit('imported too early')\n")
    info = site / "toyplug-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toyplug\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(entry_points)
    return site


def _entry_points(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.syspath_prepend(str(_package(tmp_path, text)))
    remarks = load_plugins()
    for name in [name for name in sys.modules if name.partition(".")[0] == "toyplug"]:
        monkeypatch.delitem(sys.modules, name)
    return remarks


def test_installed_packages_offer_entry_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[mmbench.metrics]\nwrongs = toyplug.metric:error\n"
    text += "[mmbench.models]\nslow = toyplug.light:SLOW\n"
    assert _entry_points(text, tmp_path, monkeypatch) == []
    assert metric_info("wrongs").origin == "toyplug 1.2"
    slow = MODELS.entry("slow")
    assert (slow.summary, slow.origin) == ("slow to import", "toyplug 1.2")
    assert re.fullmatch("[0-9a-f]{16}", slow.source)


def test_broken_entry_points_are_named_with_their_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[mmbench.models]\nbad = toyplug.slow:Slow\n"
    text += "[mmbench.datasets]\nwrong = toyplug.metric:error\n"
    text += "[mmbench.metrics]\nprior = toyplug.light:SLOW\n"
    assert _entry_points(text, tmp_path, monkeypatch) == [
        "plug-in bad of toyplug 1.2 is left out: SystemExit: imported too early",
        "plug-in wrong of toyplug 1.2 is left out: toyplug.metric:error is neither decorated with "
        "@register_dataset nor a Entry",
        "plug-in prior of toyplug 1.2 is left out: toyplug.light:SLOW is neither decorated with "
        "@register_metric nor a MetricInfo",
    ]
    assert "wrong" not in DATASETS


def test_plugins_load_without_torch(write: Write) -> None:
    path = write("mine.py", METRIC)
    code = (
        "import sys; from benchmark.plugins.loading import load_plugins\n"
        f"assert load_plugins([{str(path)!r}]) == []\n"
        "sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_everything_promised_can_be_imported() -> None:
    import benchmark.plugins as facade

    assert all(getattr(facade, name) is not None for name in facade.__all__)
    assert Entry is facade.Entry
    with pytest.raises(AttributeError, match="has no attribute 'Mudel'"):
        _ = facade.Mudel
