"""Which source a result was computed by: recorded to show ``stale?``, never part of a key.

A hash covers the code of a module and of the suite's modules it imports, but no comments,
docstrings or formatting, so that editing a text makes nothing look stale.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_ROOT = "benchmark"
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def source_hash(module: str) -> str:
    """Return 16 hexadecimal digits over ``module`` and everything of the suite it imports.

    Args:
        module: Dotted name; it is read, not imported.

    Raises:
        ModuleNotFoundError: No source file of that name.
    """
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(f"{name}\n{_code(name)}\n".encode())
    return digest.hexdigest()[:16]


def _closure(module: str) -> set[str]:
    found: set[str] = set()
    open_ends = [module]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends.extend(_imports(name))
    return found


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Names of the suite's modules that ``module`` imports, at its top or inside functions."""
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += _from(node.module, (alias.name for alias in node.names))
    return tuple(name for name in names if name.split(".")[0] == _ROOT and name != module)


def _from(module: str, names: Iterable[str]) -> list[str]:
    """``from package import module`` imports a module, ``from module import name`` does not."""
    submodules = [f"{module}.{name}" for name in names]
    return [module, *(name for name in submodules if name.startswith(_ROOT) and _exists(name))]


@cache
def _code(module: str) -> str:
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, _Documented):
            _drop_docstring(node)
    return ast.dump(tree)


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


def _exists(module: str) -> bool:
    try:
        return bool(_path(module))
    except ModuleNotFoundError:
        return False


@cache
def _path(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise ModuleNotFoundError(f"no source of module {module!r}", name=module)
    return Path(spec.origin)
