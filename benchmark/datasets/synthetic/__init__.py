"""Generators of data with known structure.

A generator of a release is a module with ``GENERATOR_VERSION`` and ``write_release(root, truth,
size, seed, **options)``, which writes the official layout below ``root`` and the true factors
below ``truth``; both folders exist and are empty. Equal arguments give equal values. The version is
raised whenever they change.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol, cast

from benchmark.core.errors import UnknownNameError

#: Module by dataset.
GENERATORS: dict[str, str] = {
    "adni": "benchmark.datasets.synthetic.adni",
    "enrico": "benchmark.datasets.synthetic.enrico",
    "mimic_mortality": "benchmark.datasets.synthetic.mimic_mortality",
    "mimic_icu": "benchmark.datasets.synthetic.mimic",
    "mimic_mortality_raw": "benchmark.datasets.synthetic.mimic",
    "mmimdb": "benchmark.datasets.synthetic.mmimdb",
    "mosi": "benchmark.datasets.synthetic.mosi",
    "eicu": "benchmark.datasets.synthetic.eicu",
    "tcga": "benchmark.datasets.synthetic.tcga",
    "embed": "benchmark.datasets.synthetic.embed",
    "rsna": "benchmark.datasets.synthetic.rsna",
    "vindr": "benchmark.datasets.synthetic.vindr",
    "gamma": "benchmark.datasets.synthetic.gamma",
}


class Generator(Protocol):
    """What a generator's module offers."""

    GENERATOR_VERSION: int

    def write_release(self, root: Path, truth: Path, size: int, seed: int, **options: Any) -> None:
        """Write a miniature release; see the package's text."""


def load_generator(name: str) -> Generator:
    """Import the generator of a dataset; UnknownNameError where there is none."""
    if name not in GENERATORS:
        raise UnknownNameError("generator", name, GENERATORS)
    return cast("Generator", importlib.import_module(GENERATORS[name]))
