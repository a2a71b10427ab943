"""Ship manifests and printed tables inside the wheel; everything else is in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("manifests", "tables")


class BuildWithTables(build_py):
    """Copy the folders to ``benchmark/_shipped``, where ``benchmark.core.paths`` looks."""

    def run(self) -> None:
        """Build the package, then add the folders (an editable install reads the checkout)."""
        super().run()
        if self.editable_mode:
            return
        for source in _shipped():
            target = Path(self.build_lib, "benchmark", "_shipped", source)
            self.mkpath(str(target.parent))
            self.copy_file(str(source), str(target))


def _shipped() -> list[Path]:
    found = (path for folder in FOLDERS for path in sorted(Path(folder).rglob("*.yaml")))
    return [path for path in found if "rendered" not in path.parts]


setup(cmdclass={"build_py": BuildWithTables})
