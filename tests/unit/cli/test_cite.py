"""What to cite, and that nothing registered is forgotten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmark.cli.cite import cite
from benchmark.core.errors import UnknownNameError
from benchmark.core.paths import shipped
from benchmark.datasets import DATASETS
from benchmark.manifest.citations import Citations, Work, citations
from benchmark.models import MODELS


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_has_an_entry_or_says_that_it_needs_none(name: str) -> None:
    assert name in citations().models


@pytest.mark.parametrize("name", list(DATASETS))
def test_every_dataset_has_an_entry_or_says_that_it_needs_none(name: str) -> None:
    source = citations().datasets[name]
    assert source.terms or source.none


def test_every_paper_with_a_printed_table_has_an_entry() -> None:
    papers = {path.parent.name for path in shipped("tables").glob("*/*.yaml")} - {"rendered"}
    assert papers == set(citations().papers)


def test_nothing_is_listed_that_is_not_registered() -> None:
    assert set(citations().models) <= set(MODELS)
    assert set(citations().datasets) <= set(DATASETS)


def test_every_work_is_cited() -> None:
    known = citations()
    used = {key for one in (*known.models.values(), *known.datasets.values()) for key in one.cite}
    assert set(known.works) <= used


def test_entries_are_bibtex() -> None:
    work = Work(type="article", title="A & B: 100 %", author="X, Y", year=2020, url="u_v")
    assert work.bibtex("ab") == (
        "@article{ab,\n  author = {X, Y},\n  title = {{A \\& B: 100 \\%}},\n"
        "  year = {2020},\n  url = {u_v},\n}"
    )
    for key in {**citations().papers, **citations().works}:
        text = citations().bibtex(key)
        assert re.fullmatch(r"@\w+\{\w+,\n(  \w+ = \{.*\},\n)+\}", text)
        assert text.count("{") == text.count("}")


def test_a_table_cites_paper_methods_and_datasets_once(capsys: pytest.CaptureFixture[str]) -> None:
    cite(["suite/quickstart", "wdbc", "i2moe/table1"])
    text = capsys.readouterr().out
    for key in ("i2moe", "multimodal_survey", "xgboost", "wdbc"):
        assert len(re.findall(rf"^@\w+{{{key},$", text, re.MULTILINE)) == 1
    assert "% dataset wdbc: terms: CC BY 4.0 (UCI)\n" in text
    assert "% model prior: nothing to cite (the frequencies of the training rows)\n" in text
    assert "% i2moe/table1 has no manifest" in text or "@" in text


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    cite(["planted", "m4oe/table16"], as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert list(found["bibtex"]) == ["m4oe"]
    assert "NJxCpMt0sf" in found["bibtex"]["m4oe"]
    assert any("planted" in remark for remark in found["remarks"])


def test_unknown_names_are_suggested() -> None:
    message = r"unknown table, model or dataset 'wdcb'\ndid you mean 'wdbc'\?"
    with pytest.raises(UnknownNameError, match=message):
        cite(["wdcb"])


def test_broken_files_are_refused() -> None:
    good = {"schema_version": 1, "papers": {}, "models": {}, "datasets": {}, "works": {}}
    with pytest.raises(ValueError, match="cites 'nothing', which is nowhere described"):
        Citations.parse({**good, "models": {"m": {"cite": ["nothing"]}}})
    with pytest.raises(ValueError, match="give either 'cite' or 'none'"):
        Citations.parse({**good, "models": {"m": {}}})
    work = {"type": "misc", "title": "t"}
    with pytest.raises(ValueError, match="both papers and works are called x"):
        Citations.parse({**good, "papers": {"x": work}, "works": {"x": work}})


def test_a_plugin_model_is_not_blamed(
    own_registries: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    MODELS.add("mine", MODELS.entry("early_fusion"))
    cite(["mine"])
    assert "% model mine: nothing is known to cite; ask its author" in capsys.readouterr().out
