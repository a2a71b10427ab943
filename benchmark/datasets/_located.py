"""What loaders of releases with a generator have in common: finding the folder and naming it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from benchmark.core.result import Release
from benchmark.datasets._base import AttritionStep, DataContext, Dataset, Progress, silent
from benchmark.datasets._release import Found


class Located(Dataset):
    """A dataset whose release is given as a folder or written by a generator.

    Attributes:
        steps: From all records to the samples taken, where the constructor learns them.
    """

    steps: tuple[AttritionStep, ...] = ()

    @classmethod
    @abstractmethod
    def find(cls, config: Any, context: DataContext) -> Found:
        """Find the folder; DataNotAvailable where there is none of the source asked for."""

    @classmethod
    @abstractmethod
    def describe_release(cls, config: Any, context: DataContext, found: Found) -> Release:
        """Return the record of the release; of a generated one without looking at its files."""

    @classmethod
    def probe(cls, config: Any, context: DataContext) -> Release:
        """Find the release and hash what makes it what it is."""
        return cls.describe_release(config, context, cls.find(config, context))

    @classmethod
    def prepare(
        cls, config: Any, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Write a generated release; the files of a given one are read as they are."""
        cls.find(config, context).ready(progress)

    @classmethod
    def is_prepared(cls, config: Any, context: DataContext) -> bool:
        """Tell whether there is a release to read."""
        return cls.find(config, context).is_there

    @classmethod
    def attrition(cls, config: Any, context: DataContext) -> tuple[AttritionStep, ...]:
        """Read the release and return the steps; none before it is prepared."""
        return cls(config, context).steps if cls.is_prepared(config, context) else ()
