"""Habits of the code that no linter checks."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import benchmark
from benchmark.core.paths import checkout
from benchmark.models import MODELS

PACKAGE = Path(benchmark.__file__).parent
ROOT = PACKAGE.parent
MODEL_LABELS = ("stated", "inferred", "mended")
LONGEST_FUNCTION = 80
LONGEST_FILE = 500
DOCUMENTED = 0.95
#: Folders of one person's machine, and names by which machines and registries are reached.
MACHINE = re.compile(r"/(?:home|root|Users|work|tmp|opt|mnt|scratch)/\w|https?://\d+\.|file:///")
TEXTS = {".py", ".yaml", ".yml", ".md", ".toml", ".txt", ".cff", ""}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def files() -> dict[str, Path]:
    """Every Python file of the package by its path inside it."""
    return {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree(path: Path) -> ast.Module:
    """Parse a file once."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def public(path: Path) -> Iterator[tuple[str, Definition]]:
    """Yield public classes, functions and methods, not those inside private ones."""
    yield from _public(tree(path), "")


def _public(node: ast.AST, prefix: str) -> Iterator[tuple[str, Definition]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from _public(child, f"{prefix}{child.name}.")


def overrides(name: str, node: Definition, path: Path) -> bool:
    """Tell whether a method stands in a class with bases, whose docstring it may inherit."""
    owner = name.rpartition(".")[0]
    if not owner or isinstance(node, ast.ClassDef):
        return False
    found = dict(public(path))[owner]
    return isinstance(found, ast.ClassDef) and bool(found.bases)


@cache
def bases() -> dict[str, tuple[str, ...]]:
    """Bases of every class defined in models/, by class name."""
    found = {}
    for path in _model_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name] = tuple(ast.unparse(base).split("[")[0] for base in node.bases)
    return found


def depth(name: str) -> int:
    """Concrete ancestors of a class that are defined in models/; the contracts are free.

    A contract is a class of a ``_base.py``; ``Model`` and ``Encoder`` are, so a model class
    counts one and a class derived from it two.
    """
    above = [base for base in bases().get(name, ()) if base in bases() and base not in contracts()]
    return 1 + max((depth(base) for base in above), default=0)


@cache
def contracts() -> frozenset[str]:
    """Classes every model, control or encoder derives from."""
    shared = [path for path in _model_files() if path.name in ("_base.py", "_config.py")]
    return frozenset(
        node.name for path in shared for node in tree(path).body if isinstance(node, ast.ClassDef)
    )


def _model_files() -> list[Path]:
    return [path for name, path in files().items() if name.startswith("models/")]


def _model_modules() -> list[str]:
    entries = [MODELS.entry(name) for name in MODELS]
    return [one.target.partition(":")[0] for one in entries if one.family == "model"]


def _ids(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("module", _model_modules())
def test_a_model_says_what_it_took_from_where(module: str) -> None:
    path = ROOT / (module.replace(".", "/") + ".py")
    docstring = (ast.get_docstring(tree(path)) or "").lower()
    lacking = [label for label in MODEL_LABELS if label not in docstring]
    assert not lacking, f"docstring of {module} has no part {lacking}"


def test_one_model_family_per_file() -> None:
    assert len(set(_model_modules())) == len(_model_modules())


@pytest.mark.parametrize("path", _model_files(), ids=_ids)
def test_models_swallow_no_arguments(path: Path) -> None:
    swallowing = [one.name for one in functions(path) if one.args.kwarg]
    assert not swallowing, f"**kwargs hides misspelt settings: {swallowing}"


def test_model_classes_are_composed_not_derived() -> None:
    deep = {name: depth(name) for name in bases() if depth(name) > 2}
    assert not deep


def test_functions_are_short() -> None:
    long = [
        f"{name}:{one.lineno} {one.name} has {length(one)} lines"
        for name, path in files().items()
        for one in functions(path)
        if length(one) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_files_are_short() -> None:
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in files().items()}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}


def test_public_things_are_documented() -> None:
    found = [(name, one, path) for path in files().values() for name, one in public(path)]
    lacking = [
        f"{_ids(path)}:{one.lineno} {name}"
        for name, one, path in found
        if not ast.get_docstring(one) and not overrides(name, one, path)
    ]
    assert len(lacking) <= (1 - DOCUMENTED) * len(found), "\n".join(lacking)


def test_every_module_says_what_it_is() -> None:
    assert not [name for name, path in files().items() if not ast.get_docstring(tree(path))]


def test_no_machine_is_named() -> None:
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in _tracked()
        if path.suffix in TEXTS and path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if MACHINE.search(line)
    ]
    assert not named, "\n".join(named)


def test_tests_are_not_an_afterthought(record_property: pytest.RecordProperty) -> None:
    code = sum(len(path.read_text("utf-8").splitlines()) for path in files().values())
    tests = sum(len(path.read_text("utf-8").splitlines()) for path in _tests())
    record_property("test lines per code line", f"{tests / code:.2f}")
    assert tests > 0.4 * code, f"{tests} lines of tests for {code} lines of code"


def _tests() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def _tracked() -> list[Path]:
    if not checkout() or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]
