"""One table that uses every feature, and the comparison with the files of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.render.table import (
    Column,
    Difference,
    Measured,
    Printed,
    Row,
    Table,
    Text,
    Verdict,
)

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer ``pytest tests/golden --update-golden``."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check of a text against a file of this folder."""
    update = request.config.getoption("--update-golden", default=False)

    def check(name: str, text: str) -> None:
        path = HERE / name
        if update:
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8"), (
            f"{name} differs; if that is meant: pytest tests/golden --update-golden"
        )

    return check


@pytest.fixture
def table() -> Table:
    """Measured, printed, vector, text and empty cells; groups, marks, notes, warnings."""
    return Table(
        id="suite/quickstart",
        title="Two modalities, α_1 & Δ: 100 % café",
        columns=(
            Column("wdbc/acc", "accuracy", "WDBC: diagnosis", True, "real"),
            Column("wdbc/auroc", "AUROC", "WDBC: diagnosis", True, "real"),
            Column("risk/auroc", "AUROC", "EMBED: risk, 1 year", True, "synthetic"),
            Column("risk/paper", "paper", "EMBED: risk, 1 year", True),
            Column("share", "share of A, B"),
            Column("data", "trained on"),
        ),
        rows=(
            Row(
                "prior",
                "Prior [class shares]",
                {
                    "wdbc/acc": Measured(0.6274, None, 1, 1),
                    "wdbc/auroc": Measured(0.5, 0.0, 5, 5, units=5),
                    "risk/auroc": Measured(
                        None, None, 0, 5, reason="one class in test", undefined=5
                    ),
                    "data": Text("labels & nothing else"),
                },
                "Controls",
            ),
            Row(
                "logistic",
                "Logistic regression, ℓ₂",
                {
                    "wdbc/acc": Measured(0.9123, 0.01349, 5, 5, mark="second", units=5),
                    "wdbc/auroc": Measured(
                        mean=0.97449,
                        std=0.0071,
                        n=4,
                        planned=5,
                        reason="timeout in fold 4 after 3600 s, see log_4",
                        units=4,
                    ),
                    "risk/auroc": Measured(0.79, 0.0304, 5, 5, mark="second", units=5),
                    "risk/paper": Printed(0.769, 0.039, "0.769", "0.039", flags=("underline",)),
                    "data": Text("α = 0.1, ‖w‖² ≥ 0"),
                },
                "Controls",
            ),
            Row(
                "ours",
                "M4oE + MToE",
                {
                    "wdbc/acc": Measured(0.95, 0.0004, 5, 5, mark="best", units=5),
                    "wdbc/auroc": Measured(
                        None, None, 0, 5, reason="out of memory: raise --set batch_size=8"
                    ),
                    "risk/auroc": Measured(0.7914, 0.03, 5, 5, mark="best", units=5),
                    "risk/paper": Printed(0.79, 0.03, "0.790", "0.030", flags=("bold",)),
                    "share": Printed(None, vector=("0.537", "0.463")),
                    "data": Text("50 % of {A, B}"),
                },
                "Mixtures of experts",
            ),
            Row(
                "other",
                "I²MoE #2 <gate|x>",
                {
                    "risk/paper": Printed(0.8, None, "0.80"),
                    "share": Printed(None, note="washed out in the scan"),
                },
                "Mixtures of experts",
            ),
        ),
        caption=(
            "Mean ± standard deviation (ddof 1) over 5 folds.",
            "Data: wdbc real data, embed SYNTHETIC data.",
            "Bold is the best mean of a column, underlined the second best.",
        ),
        notes=("Tuned on “validation” only – never on test.", "p < 0.05 * against $2^k$ rows~"),
        warnings=("embed: SYNTHETIC data; not comparable with printed numbers.",),
        facts={"variant": "default", "profile": "demo", "part": "test", "std_over": "5 folds"},
    )


@pytest.fixture
def beside() -> Table:
    """A measured table with the paper's numbers behind it: every verdict, method and gap."""
    column = Column("embed/risk/auroc_binary", "AUROC", "embed: risk", True, "real")
    lines = {
        "one": (
            Printed(76.9, 3.9, "76.9", "3.9"),
            Measured(77.3, 1.2, 5, 5, digits=1, units=5),
            Difference(0.4, -1.1, 1.9, "welch", "percent", 1),
            Verdict("agrees"),
        ),
        "two": (
            Printed(79.0, None, "79.0"),
            Measured(61.25, 1.2, 5, 5, digits=1, units=5),
            Difference(-17.75, -21.0, -14.5, "prediction", "percent", 1),
            Verdict("differs"),
        ),
        "three": (
            Printed(50.0, None, "50.0"),
            Measured(50.02, None, 1, 1, digits=1, units=1),
            Difference(0.02, unit="percent", digits=1),
            Verdict("inconclusive", "a single run, so there is no interval"),
        ),
        "four": (
            Printed(None),
            Measured(None, None, 0, 5),
            None,
            Verdict("not comparable", "the printed number is lost"),
        ),
    }
    heads = [Column("paper", "Paper"), Column("ours", "Ours")]
    heads += [Column("difference", "Ours - paper (95 %)"), Column("verdict", "Verdict")]
    keys = [head.key for head in heads]
    rows = []
    for name, line in lines.items():
        cells = {key: cell for key, cell in zip(keys, line, strict=True) if cell is not None}
        rows.append(Row(f"{name}|{column.key}", "embed: risk, AUROC", cells, f"Method {name}"))
    against = Table(
        id="m4oe/table99/against_paper",
        title="paper against measured",
        columns=tuple(heads),
        rows=tuple(rows),
        caption=("Verdicts: 1 agrees, 1 differs, 1 inconclusive, 1 not comparable.",),
        stub="Cell",
    )
    return Table(
        id="m4oe/table99",
        title="A table of a paper",
        columns=(column,),
        rows=(Row("one", "Method one", {column.key: Measured(0.773, 0.012, 5, 5, units=5)}),),
        further={"against_paper": against},
    )
