"""Which source a result was computed by.

For the suite's own code it is recorded to show ``stale?`` and never part of a key; for plug-ins,
which carry no ``result_version``, it is part of the fingerprint.

A hash covers the code of a module and of the modules of the same package it imports (of a single
file: of the files beside it), but no comments, docstrings or formatting, so that editing a text
makes nothing look stale. Packages' own files are left out: they hold registries, and a further
name in one changes no result.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

_SUITE = "benchmark"
#: Name of a plug-in's file within its own hash: renaming the file changes nothing.
_FILE = "<file>"
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_Find = Callable[[str], "Path | None"]
#: Names of modules a file may import, and its code.
_Text = tuple[tuple[str, ...], str]


@cache
def source_hash(module: str) -> str:
    """Return 16 hexadecimal digits over ``module`` and everything of its package it imports.

    Args:
        module: Dotted name; it is read, not imported.

    Raises:
        ModuleNotFoundError: No source file of that name.
    """
    root = module.partition(".")[0]

    def find(name: str) -> Path | None:
        path = _path(name) if name.partition(".")[0] == root else None
        is_registry = path is not None and path.name == "__init__.py" and name != module
        return None if is_registry else path

    if find(module) is None:
        raise ModuleNotFoundError(f"no source of module {module!r}", name=module)
    return _digest(_closure(module, find, _text))


def file_hash(path: Path) -> str:
    """Return 16 hexadecimal digits over a Python file and the files beside it that it imports.

    Raises:
        OSError: The file cannot be read.
        SyntaxError: It, or one it imports, is not Python.
    """
    return _digest(_file_closure(path))


def neighbours(path: Path) -> dict[str, Path]:
    """Return the files beside a Python file that it imports, directly or not, by module name."""
    names = _file_closure(path)
    return {name: file for name in names if (file := _neighbour(path.parent, name))}


def _file_closure(path: Path) -> dict[str, str]:
    def find(name: str) -> Path | None:
        return path if name == _FILE else _neighbour(path.parent, name)

    # Not cached: a user's file may change while a process looks at it.
    return _closure(_FILE, find, _text.__wrapped__)


def _closure(module: str, find: _Find, text: Callable[[Path, str], _Text]) -> dict[str, str]:
    """Return the code of a module and of all that ``find`` finds of what it imports, by name."""
    code: dict[str, str] = {}
    open_ends = [module]
    while open_ends:
        name = open_ends.pop()
        path = find(name)
        if path is not None and name not in code:
            imported, code[name] = text(path, name)
            open_ends.extend(imported)
    return code


def _digest(code: dict[str, str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(code):
        digest.update(f"{name}\n{code[name]}\n".encode())
    return digest.hexdigest()[:16]


@cache
def _text(path: Path, module: str) -> _Text:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    imported = tuple(name for name in dict.fromkeys(_imported(tree, package)) if name != module)
    for node in ast.walk(tree):
        if isinstance(node, _Documented):
            _drop_docstring(node)
    return imported, ast.dump(tree)


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield what is imported at the top or inside functions.

    ``from package import module`` may import a module: both names are given, the finder knows.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _drop_docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> None:
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:]


@cache
def _path(module: str) -> Path | None:
    """Return the file of a module; importlib would import the packages above it to find it."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None or not spec.origin:
        return None
    origin = Path(spec.origin)
    return _file(origin.parent.parent if origin.name == "__init__.py" else origin.parent, module)


def _neighbour(folder: Path, module: str) -> Path | None:
    """Return the file of a module in ``folder``; the suite itself has versions of its own."""
    return None if module.partition(".")[0] == _SUITE else _file(folder, module)


def _file(folder: Path, module: str) -> Path | None:
    if not module:
        return None
    *above, name = module.split(".")
    place = folder.joinpath(*above)
    found = (place / f"{name}.py", place / name / "__init__.py")
    return next((path for path in found if path.is_file()), None)
