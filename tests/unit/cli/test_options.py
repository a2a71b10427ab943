"""Several values after one option, and the readers of what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from benchmark.cli import _options
from benchmark.cli._options import (
    DatasetsOption,
    DeviceOption,
    FoldsOption,
    JobsOption,
    OnlyOption,
    ProfileOption,
    SetOption,
    TableCommand,
    TablesArgument,
    assignments,
    data_folders,
    split_commas,
)
from benchmark.core.errors import UnknownNameError, UsageError

LISTS = {"--datasets", "--folds", "--set"}


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``quickstart`` and ``table7`` the only tables."""
    monkeypatch.setattr(_options, "_names_a_table", {"quickstart", "table7"}.__contains__)


def repeat(*words: str) -> list[str]:
    """Call with the lists above."""
    return _options.repeat_options(list(words), LISTS, "mmbench run")


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("--datasets a b", "--datasets a --datasets b"),
        ("--datasets a --datasets b", "--datasets a --datasets b"),
        ("--datasets a,b", "--datasets a,b"),
        ("table7 --datasets a b --force", "table7 --datasets a --datasets b --force"),
        ("--profile demo table7 --folds 0 1-2", "--profile demo table7 --folds 0 --folds 1-2"),
        ("--datasets=a table7", "--datasets=a table7"),
        ("--datasets a -- quickstart", "--datasets a -- quickstart"),
        ("-j 2 --folds 0 -v", "-j 2 --folds 0 -v"),
        ("", ""),
    ],
)
def test_lists_take_several_values(typed: str, parsed: str) -> None:
    assert repeat(*typed.split()) == parsed.split()


def test_a_swallowed_table_is_an_error_that_shows_the_right_order() -> None:
    with pytest.raises(UsageError) as caught:
        repeat("--datasets", "wdbc", "quickstart", "--force")
    assert (
        caught.value.message == "'quickstart' was read as a value of --datasets, and it is a table"
    )
    assert caught.value.hint == ("put tables first: mmbench run quickstart --datasets wdbc --force")
    assert caught.value.exit_code == 2


def test_several_swallowed_tables_all_move() -> None:
    with pytest.raises(UsageError, match=r"mmbench run quickstart table7 --folds 1$"):
        repeat("--folds", "1", "quickstart", "table7")


def test_the_right_order_is_quoted_for_the_shell() -> None:
    with pytest.raises(UsageError, match=r"run table7 --set 'note=two words'$"):
        repeat("--set", "note=two words", "table7")


@pytest.mark.parametrize("typed", ["--datasets", "--datasets --force", "--folds 1 --datasets"])
def test_a_list_needs_a_value(typed: str) -> None:
    with pytest.raises(UsageError, match="--datasets needs at least one value"):
        repeat(*typed.split())


def parse(*words: str) -> dict[str, Any]:
    """Parse with a command that has options of every form."""
    app, seen = typer.Typer(), {}

    @app.command(cls=TableCommand)
    def run(
        tables: TablesArgument = None,
        datasets: DatasetsOption = None,
        folds: FoldsOption = None,
        settings: SetOption = None,
        only: OnlyOption = None,
        profile: ProfileOption = "auto",
        device: DeviceOption = "auto",
        jobs: JobsOption = None,
    ) -> None:
        seen.update(locals())

    result = CliRunner().invoke(app, list(words))
    if result.exit_code:
        raise ValueError(result.output)
    return seen


def test_a_command_gets_every_value() -> None:
    seen = parse(
        "quickstart", "table7", "--datasets", "embed", "rsna", "--folds", "0-2", "4", "-j3"
    )
    assert seen["tables"] == ["quickstart", "table7"]
    assert seen["datasets"] == ["embed", "rsna"]
    assert seen["folds"] == ["0-2", "4"]
    assert seen["jobs"] == 3


def test_values_with_commas_and_dashes_survive() -> None:
    seen = parse("--set", "config.hidden=[64, 32]", "shift=-1", "--only", "oom", "timeout")
    assert seen["settings"] == ["config.hidden=[64, 32]", "shift=-1"]
    assert seen["only"] == ["oom", "timeout"]


def test_wrong_choices_are_refused() -> None:
    assert parse("--only", "oom,error")["only"] == ["oom", "error"]
    with pytest.raises(ValueError, match="'broken' is none of failed"):
        parse("--only", "oom", "broken")


@pytest.mark.parametrize("device", ["auto", "cpu", "mps", "cuda", "cuda:12"])
def test_devices(device: str) -> None:
    assert parse("--device", device)["device"] == device


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CPU", "cpu "])
def test_no_devices(device: str) -> None:
    with pytest.raises(ValueError, match="none of auto, cpu, cuda"):
        parse("--device", device)


def test_commas_are_split_and_blanks_dropped() -> None:
    assert split_commas(["a,b", " c ", ",", ""]) == ["a", "b", "c"]


def test_data_folders(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    root, releases = data_folders([str(tmp_path), f"wdbc={tmp_path / 'one'}"])
    assert root == tmp_path
    assert releases == {"wdbc": tmp_path / "one"}
    assert data_folders([]) == (None, {})


def test_data_folders_must_exist_once_and_be_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        data_folders([str(tmp_path / "nowhere")])
    with pytest.raises(UsageError, match="two folders of releases"):
        data_folders([str(tmp_path), str(tmp_path)])
    with pytest.raises(UnknownNameError, match="did you mean 'wdbc'"):
        data_folders([f"wdcb={tmp_path}"])


def test_assignments() -> None:
    assert assignments(["a.b=1", "c=x=y", "d="]) == {"a.b": "1", "c": "x=y", "d": ""}
    with pytest.raises(UsageError, match=r"'a\.b' is not of the form"):
        assignments(["a.b"])
    with pytest.raises(UsageError, match="gives a twice: '1' and '2'"):
        assignments(["a=1", "a=2"])
