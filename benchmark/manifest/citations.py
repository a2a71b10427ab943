"""What to cite for papers, models and datasets: ``tables/citations.yaml``, as BibTeX."""

from __future__ import annotations

from functools import cache
from typing import Literal, Self

from pydantic import ConfigDict, ValidationError, model_validator

from benchmark.core.errors import ManifestError
from benchmark.core.paths import shipped
from benchmark.core.problem import Frozen


class Work(Frozen):
    """A publication or release; fields are BibTeX's, those not known are left out."""

    type: Literal["article", "inproceedings", "misc"]
    author: str = ""
    title: str
    booktitle: str = ""
    journal: str = ""
    series: str = ""
    volume: int | None = None
    pages: str = ""
    publisher: str = ""
    year: int | None = None
    doi: str = ""
    url: str = ""
    note: str = ""

    def bibtex(self, key: str) -> str:
        """Return an entry; the title keeps its capitals."""
        values = {name: value for name, value in self.model_dump().items() if value}
        kind = values.pop("type")
        lines = [f"  {name} = {{{_escape(name, value)}}}," for name, value in values.items()]
        return "\n".join([f"@{kind}{{{key},", *lines, "}"])


class Source(Frozen):
    """What a model or dataset has to cite.

    Attributes:
        cite: Keys of papers and works.
        none: Why there is nothing to cite; set unless ``cite`` is.
        terms: Licence or terms of use of a dataset.
    """

    cite: tuple[str, ...] = ()
    none: str = ""
    terms: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.cite) == bool(self.none):
            raise ValueError("give either 'cite' or 'none'")
        return self


class Citations(Frozen):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1]
    papers: dict[str, Work]
    models: dict[str, Source]
    datasets: dict[str, Source]
    works: dict[str, Work]

    @model_validator(mode="after")
    def _keys_exist(self) -> Self:
        if twice := sorted(self.papers.keys() & self.works.keys()):
            raise ValueError(f"both papers and works are called {', '.join(twice)}")
        for name, source in (*self.models.items(), *self.datasets.items()):
            if unknown := [key for key in source.cite if key not in {**self.papers, **self.works}]:
                raise ValueError(f"{name} cites {unknown[0]!r}, which is nowhere described")
        return self

    def bibtex(self, key: str) -> str:
        """Return the entry of a paper or work."""
        return {**self.works, **self.papers}[key].bibtex(key)


@cache
def citations() -> Citations:
    """Read the file; ManifestError with every problem if it does not hold."""
    from benchmark.manifest.yaml_reader import read_yaml

    path = shipped("tables") / "citations.yaml"
    document = read_yaml(path)
    if document.problems:
        raise ManifestError(str(problem) for problem in document.problems)
    try:
        return Citations.parse(document.value)
    except ValidationError as error:
        raise ManifestError(
            f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        ) from error


def _escape(name: str, value: object) -> str:
    text = str(value)
    if name in ("url", "doi"):
        return text
    for character in "&%#_":
        text = text.replace(character, f"\\{character}")
    return f"{{{text}}}" if name == "title" else text
