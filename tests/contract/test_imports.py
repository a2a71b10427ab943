"""Imports go one way, and what must stay light does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import benchmark

ROOT = Path(benchmark.__file__).parent

_LEARNING = {
    "models",
    "models.controls",
    "models.layers",
    "datasets",
    "losses",
    "metrics",
    "splits",
    "missing",
}
_RESULTS = {"store", "manifest", "metrics"}

#: What each room may import besides core and itself, also inside functions.
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "models.layers": set(),
    "models": {"models.layers"},
    "models.controls": {"models", "models.layers", "metrics"},
    "models.haim": {"models.controls"},
    "losses": {"models.layers"},
    "metrics": set(),
    "splits": set(),
    "missing": set(),
    "datasets": {"splits", "missing"},
    "store": set(),
    "manifest": set(),
    "training": _LEARNING,
    "measures": {"training", *_LEARNING},
    "render": _RESULTS,
    "analysis": {"render", *_RESULTS},
    "plugins": _LEARNING,
    "checks": {"plugins", *_LEARNING},
    "execution": {"training", "measures", "store", "manifest", "plugins"},
    "cli": {
        "execution",
        "analysis",
        "render",
        "training",
        "measures",
        "plugins",
        "checks",
        *_RESULTS,
        *_LEARNING,
    },
}
#: Registries and configuration classes: rooms that check or hash settings may read these.
DECLARATIVE = ("__init__", "config", "_config", "_catalog")
DECLARING_ROOMS = {"training", "measures", "render", *_LEARNING}
DECLARATION_READERS = {"manifest", "execution"}
#: The loader contract, which planning needs to ask for a release.
PLANNING = {("manifest", "datasets._base")}

TORCH = {"torch", "torchvision", "timm"}
HEAVY = TORCH | {
    "pandas",
    "scipy",
    "sklearn",
    "xgboost",
    "pyarrow",
    "lifelines",
    "matplotlib",
}
TORCH_FREE = {
    "core",
    "manifest",
    "store",
    "analysis",
    "render",
    "execution",
    "datasets",
    "plugins",
    "cli",
}
#: Verbs that only look around; the others are imported when they are called.
LIGHT_VERBS = {"app", "list", "show"}


@dataclass(frozen=True)
class Import:
    """One import statement: who, what, where, and whether it happens on loading the module."""

    module: str
    target: str
    line: int
    on_load: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by dotted name without the leading ``benchmark.``."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        found[".".join(path.relative_to(ROOT).with_suffix("").parts)] = path
    return found


@cache
def imports(module: str) -> tuple[Import, ...]:
    """Every import of one module."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    return tuple(
        Import(module, target, node.lineno, on_load)
        for node, on_load in _statements(tree, on_load=True)
        for target in _targets(node)
    )


def _statements(node: ast.AST, on_load: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, on_load
        yield from _statements(child, on_load and not deferred)


def _targets(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import at line {node.lineno}"
        assert node.module is not None
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(target: str) -> str | None:
    """Resolve ``benchmark.models.MODELS`` to ``models.__init__``; None for what is not ours."""
    head, _, name = target.partition(".")
    if head != "benchmark":
        return None
    candidates = (name, f"{name}.__init__".lstrip("."), *_parents(name))
    return next((one for one in candidates if one in modules()), None)


def _parents(name: str) -> tuple[str, str]:
    parent = name.rpartition(".")[0]
    return parent, f"{parent}.__init__".lstrip(".")


def room(module: str) -> str:
    """Return the room a module is in: the longest key of MAY_IMPORT that begins its name."""
    fits = [one for one in MAY_IMPORT if module == one or module.startswith(one + ".")]
    return max(fits, key=len, default="")


def loaded_with(module: str) -> Iterator[str]:
    """Yield the packages above a module: importing ``a.b.c`` runs ``a`` and ``a.b``."""
    parts = module.split(".")[:-1]
    for end in range(len(parts) + 1):
        package = ".".join([*parts[:end], "__init__"])
        if package != module and package in modules():
            yield package


def route(module: str, heavy: set[str]) -> str:
    """Return how loading ``module`` loads one of the heavy packages; empty if it does not."""
    seen: set[str] = set()
    todo: list[tuple[str, str]] = [(module, module)]
    while todo:
        name, way = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for one in imports(name):
            if one.on_load and one.target.partition(".")[0] in heavy:
                return f"{way}:{one.line} -> {one.target}"
            target = own(one.target) if one.on_load else None
            if target:
                todo.append((target, f"{way} -> {target}"))
        todo += [(package, f"{way} -> {package}") for package in loaded_with(name)]
    return ""


def forbidden(one: Import) -> bool:
    """Tell whether an import goes against the direction."""
    target = own(one.target)
    if target is None or target == "__init__":
        return False
    here, there = room(one.module), room(target)
    if there in {here, "core"} or there in MAY_IMPORT[here]:
        return False
    declared = target.rpartition(".")[2] in DECLARATIVE and there in DECLARING_ROOMS
    return not (here in DECLARATION_READERS and declared) and (here, target) not in PLANNING


def test_every_module_is_in_a_room() -> None:
    stray = [module for module in modules() if module != "__init__" and not room(module)]
    assert not stray, f"say in MAY_IMPORT what these may import: {stray}"


def test_what_is_imported_exists() -> None:
    """Imports inside functions would otherwise fail only when called."""
    dead = [
        str(one)
        for module in modules()
        for one in imports(module)
        if one.target.startswith("benchmark.") and own(one.target) is None
    ]
    assert not dead, "\n".join(dead)


def test_imports_go_one_way() -> None:
    wrong = [
        str(one)
        for module in modules()
        if module != "__init__"
        for one in imports(module)
        if forbidden(one)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_rule_tells_wrong_from_right() -> None:
    assert forbidden(Import("core.spec", "benchmark.models.MODELS", 1, False))
    assert forbidden(Import("manifest.plan", "benchmark.training.strategies.plain", 1, False)) or (
        "training.strategies.plain" not in modules()
    )
    assert forbidden(Import("models._base", "benchmark.training.config", 1, True))
    assert forbidden(Import("store.runs", "benchmark.manifest.plan", 1, True))
    assert not forbidden(
        Import("manifest.plan", "benchmark.training.config.TrainingConfig", 1, True)
    )
    assert not forbidden(Import("cli.app", "benchmark.models.MODELS", 1, False))
    assert not forbidden(Import("models._base", "benchmark.models.layers", 1, True))
    assert forbidden(Import("models.layers.__init__", "benchmark.models.MODELS", 1, True))


def test_routes_are_found() -> None:
    assert route("models._base", TORCH), "the detector no longer sees torch where it is"
    assert route("datasets._base", HEAVY), "nor pandas"


def _torch_free() -> list[str]:
    return [
        module
        for module in modules()
        if (room(module) in TORCH_FREE and not module.startswith("execution.worker"))
        or module.rpartition(".")[2] in ("config", "_config")
    ]


@pytest.mark.parametrize("module", _torch_free())
def test_loads_without_torch(module: str) -> None:
    assert not (way := route(module, TORCH)), way


def _light() -> list[str]:
    return [
        module
        for module in modules()
        if room(module) == "core"
        or (room(module) == "cli" and (name := module.rpartition(".")[2]).startswith("_"))
        or (room(module) == "cli" and name in LIGHT_VERBS)
    ]


@pytest.mark.parametrize("module", _light())
def test_loads_without_the_scientific_stack(module: str) -> None:
    assert not (way := route(module, HEAVY)), way
