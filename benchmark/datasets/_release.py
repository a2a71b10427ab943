"""Where a release is: a folder that is given, or a miniature written by a generator.

A given folder is ``--data NAME=PATH``, or one of the release's official folder names in
``MMBENCH_DATA``. A generated one lies in the cache and is written when it is first read. Its root
holds the file :data:`MARKER`, by which it is known as synthetic wherever it is moved to; the true
factors behind it lie beside it in ``<root>.truth``, where no loader looks.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from benchmark.core.atomic import TEMP_PREFIX, is_stale_temp, new_folder, write_text
from benchmark.core.errors import DataNotAvailable
from benchmark.core.locks import exclusive
from benchmark.core.result import Release, Source
from benchmark.core.spec import canonical_json
from benchmark.datasets._base import DataContext, DatasetConfig, Progress, silent
from benchmark.datasets.synthetic import GENERATORS, load_generator

MARKER = "MMBENCH-SYNTHETIC.json"
#: Tells whether a folder holds the complete release, and what it holds in words.
Completeness = Callable[[Path], tuple[Literal["real", "partial"], str]]


class ReleaseConfig(DatasetConfig):
    """Options of a loader that reads a release from files.

    Attributes:
        broken: What a corrupt or missing file does: ``fail``, or ``skip`` its samples and count
            them.
        synthetic_size: Size of a generated release, usually patients.
        synthetic_seed: Of a generated release.
    """

    broken: Literal["fail", "skip"] = "fail"
    synthetic_size: int = Field(default=240, ge=1)
    synthetic_seed: int = Field(default=0, ge=0)

    def generator_options(self) -> dict[str, Any]:
        """Return what the generator is told besides size and seed; plain JSON values."""
        return {}


@dataclass(frozen=True)
class Recipe:
    """What makes a generated release what it is.

    Attributes:
        generator: Name in ``GENERATORS``.
        version: Of the generator.
        size: Usually patients.
        seed: Of everything drawn.
        options: What the generator is told besides.
    """

    generator: str
    version: int
    size: int
    seed: int
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, config: ReleaseConfig) -> Recipe:
        """Return the recipe that a loader's options mean."""
        return cls(
            generator=name,
            version=load_generator(name).GENERATOR_VERSION,
            size=config.synthetic_size,
            seed=config.synthetic_seed,
            options=config.generator_options(),
        )

    @property
    def key(self) -> str:
        """SHA-256: the fingerprint of the data, known before any of it is written."""
        return hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()

    def write(self, root: Path) -> None:
        """Write the release and its truth; both appear whole or not at all.

        Raises:
            StoreError: A folder with files is there already, or the disk refuses.
        """
        generator = load_generator(self.generator)
        # The truth is in place before the release that it belongs to.
        with new_folder(root) as release, new_folder(truth_folder(root)) as truth:
            generator.write_release(release, truth, self.size, self.seed, **self.options)
            text = {"synthetic": True, **asdict(self), "fingerprint": self.key}
            write_text(release / MARKER, json.dumps(text, indent=2) + "\n")


@dataclass(frozen=True)
class Found:
    """A release that a loader can read.

    Attributes:
        name: The dataset.
        root: Its folder; of a generated release it may not be there before :meth:`ready`.
        source: ``real``, ``partial`` or ``synthetic``.
        size: What a given folder holds, in words.
        recipe: What makes a release in the cache; None for a given folder.
        locks: Folder of the cache's locks.
    """

    name: str
    root: Path
    source: Source
    size: str = ""
    recipe: Recipe | None = None
    locks: Path = Path()

    @property
    def is_there(self) -> bool:
        """Whether :meth:`ready` has nothing left to write."""
        return self.recipe is None or (self.root / MARKER).is_file()

    def ready(self, progress: Progress = silent) -> Path:
        """Return the root, after writing it where it is generated and not there yet."""
        if self.recipe is None or self.is_there:
            return self.root
        what = f"a miniature release of {self.name}"
        lock = self.locks / f"{self.root.name}.lock"
        with exclusive(lock, lambda: progress(f"{what}: another process writes it", 0, 1)):
            if not self.is_there:
                progress(f"{what}: writing", 0, 1)
                _clear(self.root)
                self.recipe.write(self.root)
                progress(f"{what}: written", 1, 1)
        return self.root

    def fingerprint(self, content: Callable[[], str]) -> str:
        """Return the data's fingerprint.

        Args:
            content: Hashes the files of a given folder; not called for a generated release, which
                its recipe names.
        """
        return content() if self.recipe is None else self.recipe.key

    def release(
        self,
        title: str,
        version: str,
        cohort: str,
        terms: str,
        content: Callable[[], str],
        credentialed: bool = False,
    ) -> Release:
        """Return the record of the release; of a generated one it says so.

        Args:
            title: Official name.
            version: Of the real release.
            cohort: Rows taken, in words.
            terms: Licence or terms of use of the real release.
            content: See :meth:`fingerprint`.
            credentialed: Sample-level rows of the real release must not leave the cache.
        """
        made = self.source == "synthetic"
        if self.recipe is not None:
            version = f"generator {self.recipe.version}"
        return Release(
            id=f"{title} (generated miniature)" if made else title,
            version="generated" if made and self.recipe is None else version,
            cohort=cohort,
            source=self.source,
            fingerprint=self.fingerprint(content),
            credentialed=credentialed and not made,
            terms="generated values, free to use" if made else terms,
        )


def locate(
    name: str,
    folders: Sequence[str],
    config: ReleaseConfig,
    context: DataContext,
    complete: Completeness,
    generated: bool = True,
) -> Found:
    """Find the release a loader shall read, without writing anything.

    ``--data NAME=PATH`` comes before ``MMBENCH_DATA``; source ``auto`` takes a given folder that
    is complete, a partial one if it was named by ``--data NAME=PATH`` or the context allows it,
    and else generates; a folder in ``MMBENCH_DATA`` that lacks what the loader needs is passed by.

    Args:
        name: Registry name of the dataset.
        folders: Official folder names of the release, the usual one first.
        config: Options of the loader.
        context: Folders and source.
        complete: Is asked about a given folder that no generator wrote; may raise DataNotAvailable
            where the folder lacks what the loader needs.
        generated: Whether the generator can write what these options ask for.

    Raises:
        DataNotAvailable: Nothing of the source asked for; names the folders searched.
    """
    given = _given(name, folders, context)
    if given is not None and _usable(name, given, context, complete):
        source, size = _kind(given, complete)
        if _taken(source, name, context):
            return Found(name, given, source, size)
        if context.source in ("real", "partial"):
            raise DataNotAvailable(
                f"{name} has no {context.source} form here: {given} is {source}"
                + (f" ({size})" if size else ""),
                f"use --source {source}, or point --data {name}=PATH at another folder",
            )
    if context.source in ("real", "partial") or not generated or name not in GENERATORS:
        raise _nowhere(name, folders, context, generated and name in GENERATORS)
    recipe = Recipe.of(name, config)
    cache = context.paths.cache
    root = cache / "data" / "synthetic" / f"{name}-{recipe.key[:16]}"
    return Found(name, root, "synthetic", recipe=recipe, locks=cache / "locks")


def is_synthetic(root: Path) -> bool:
    """Tell whether a generator wrote a folder, or one of those it lies in."""
    there = root.resolve()
    return any((folder / MARKER).is_file() for folder in (there, *there.parents))


def truth_folder(root: Path) -> Path:
    """Return where the true factors of a generated release are."""
    return root.with_name(f"{root.name}.truth")


def _given(name: str, folders: Sequence[str], context: DataContext) -> Path | None:
    named = context.paths.releases.get(name)
    if named is not None:
        if not named.is_dir():
            raise DataNotAvailable(f"--data {name}={named}: there is no such folder")
        return named
    root = context.paths.data
    places = [root / folder for folder in folders] if root else []
    return next((place for place in places if place.is_dir()), None)


def _kind(root: Path, complete: Completeness) -> tuple[Source, str]:
    return ("synthetic", "") if is_synthetic(root) else complete(root)


def _usable(name: str, given: Path, context: DataContext, complete: Completeness) -> bool:
    """Tell whether a folder can be read; one that was asked for by name or source has to be."""
    if name in context.paths.releases or context.source in ("real", "partial"):
        return True
    try:
        _kind(given, complete)
    except DataNotAvailable:
        return False
    return True


def _taken(source: Source, name: str, context: DataContext) -> bool:
    if context.source != "auto":
        return source == context.source
    return source != "partial" or context.partial or name in context.paths.releases


def _nowhere(
    name: str, folders: Sequence[str], context: DataContext, generator: bool
) -> DataNotAvailable:
    data = context.paths.data
    names = " or ".join(repr(folder) for folder in folders)
    where = f"no folder {names} in {data}" if data else "no data folder is set"
    hints = [
        f"put the release into {names} below "
        + (f"{data}" if data else "a folder and set MMBENCH_DATA to it"),
        f"or use --data {name}=PATH",
    ]
    if generator:
        hints.append("or --source auto or synthetic, which generates a miniature")
    return DataNotAvailable(f"{name} is not here: {where}", ", ".join(hints))


def _clear(root: Path) -> None:
    """Remove what killed processes left: half a release, or one half of the two renames."""
    dead = [one for one in root.parent.glob(f"{TEMP_PREFIX}*") if is_stale_temp(one)]
    for folder in (root, truth_folder(root), *dead):
        if folder.is_dir():
            shutil.rmtree(folder)
