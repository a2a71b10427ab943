"""Global options, exit codes, and what the program says when it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from benchmark import __version__
from benchmark.cli import _console
from benchmark.cli import app as app_module
from benchmark.cli import list as list_module
from benchmark.core.errors import ManifestError, StoreError, UsageError

HEAVY = ("torch", "torchvision", "timm", "pandas", "sklearn", "scipy", "xgboost", "pyarrow")
#: Runs the command line as the console script does, then tells what it loaded.
PROBE = """
import json, sys
from benchmark.cli.app import main
try:
    main()
finally:
    sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(autouse=True)
def normal_verbosity(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave no verbosity behind."""
    monkeypatch.delenv("MMBENCH_DEBUG", raising=False)
    yield
    _console.set_verbosity(0)


def leave(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run ``main`` and return the exit code."""
    monkeypatch.setattr(sys, "argv", ["mmbench", *words])
    with pytest.raises(SystemExit) as left:
        app_module.main()
    code = left.value.code
    return int(code) if isinstance(code, int | str) else 0


def fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let ``mmbench list`` raise."""

    def raises(*_: object) -> None:
        raise error

    monkeypatch.setattr(list_module, "list_tables", raises)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such thing", "try another"), 2),
        (ManifestError(["a.yaml:1: one", "a.yaml:2: two"]), 4),
        (StoreError("cannot write"), 1),
        (ZeroDivisionError("by zero"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    fail(monkeypatch, error)
    assert leave(monkeypatch, "list") == code


def test_an_error_is_told_with_its_remedy_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(monkeypatch, UsageError("no such thing", "try another"))
    leave(monkeypatch, "list")
    assert capsys.readouterr() == ("", "error: no such thing\n  try another\n")


def test_every_problem_of_a_manifest_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(monkeypatch, ManifestError(["a.yaml:1: one", "a.yaml:2: two"]))
    leave(monkeypatch, "list")
    assert capsys.readouterr().err == "error: a.yaml:1: one\na.yaml:2: two\n"


def test_a_crash_says_how_to_get_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(monkeypatch, ZeroDivisionError("by zero"))
    leave(monkeypatch, "list")
    error = capsys.readouterr().err
    assert error.startswith("crashed: ZeroDivisionError: by zero\n")
    assert "MMBENCH_DEBUG=1" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("how", ["flag", "flag behind", "environment"])
def test_tracebacks_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    fail(monkeypatch, UsageError("no such thing"))
    if how == "environment":
        monkeypatch.setenv("MMBENCH_DEBUG", "1")
    words = {"flag": ["-v", "list"], "flag behind": ["list", "-v"]}.get(how, ["list"])
    assert leave(monkeypatch, *words) == 2
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "error: no such thing" in error


@pytest.mark.parametrize("words", [["--nonsense"], ["nonsense"], ["list", "nonsense"]])
def test_usage_errors(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    assert leave(monkeypatch, *words) == 2


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"mmbench {__version__}\n"


def test_help_documents_exit_codes_and_hides_the_worker() -> None:
    result = CliRunner().invoke(app_module.app, ["--help"], terminal_width=200)
    for code in ("0 ok", "1 crash", "2 usage", "3 some runs failed", "130 interrupted"):
        assert code in " ".join(result.output.split())
    assert "worker" not in result.output


def test_quiet_silences_remarks_only(capsys: pytest.CaptureFixture[str]) -> None:
    _console.set_verbosity(-1)
    _console.say("remark")
    _console.emit("data")
    _console.complain(UsageError("bad"))
    assert capsys.readouterr() == ("data\n", "error: bad\n")


def test_columns_align_and_the_last_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    _console.emit_columns(("a", "b"), [("long", "x" * 300), ("c", "")])
    assert capsys.readouterr().out.splitlines() == ["a     b", "long  " + "x" * 300, "c"]


def loaded(*words: str, **environment: str) -> list[str]:
    """Return the modules that a command line loads, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROBE, *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stderr.splitlines()[-1])
    assert "benchmark.cli.app" in modules
    return [str(one) for one in modules]


@pytest.mark.parametrize(
    "words",
    [["--help"], ["list"], ["list", "models"], ["list", "metrics"], ["show", "m4oe/table7"]],
    ids=" ".join,
)
def test_looking_around_loads_nothing_heavy(words: list[str]) -> None:
    assert not set(HEAVY) & set(loaded(*words))


def test_completion_loads_nothing_heavy_and_knows_the_tables() -> None:
    typed = {"_MMBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "mmbench show m4oe/"}
    probe = "import sys; sys.argv[0] = 'mmbench'\n" + PROBE
    done = subprocess.run(
        [sys.executable, "-P", "-c", probe],
        capture_output=True,
        text=True,
        env={**os.environ, **typed, "COMP_CWORD": "2"},
        timeout=60,
        check=False,
    )
    assert "m4oe/table7" in done.stdout.split()
    assert not set(HEAVY) & set(json.loads(done.stderr.splitlines()[-1]))
