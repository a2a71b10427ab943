"""Find plug-ins, import them and add what they offer; a broken one is named and left out."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import ModuleType

from benchmark.core.registry import Entry, Registry
from benchmark.core.sources import file_hash, neighbours, source_hash
from benchmark.datasets import DATASETS
from benchmark.losses import LOSSES, LossInfo
from benchmark.metrics import METRICS, MetricInfo
from benchmark.models import MODELS
from benchmark.models.encoders import ENCODERS
from benchmark.plugins import Kind, Registration, registration

REGISTRIES: dict[Kind, Registry] = {
    "model": MODELS,
    "dataset": DATASETS,
    "metric": METRICS,
    "encoder": ENCODERS,
    "loss": LOSSES,
}
GROUPS: dict[Kind, str] = {
    "model": "mmbench.models",
    "dataset": "mmbench.datasets",
    "metric": "mmbench.metrics",
    "encoder": "mmbench.encoders",
    "loss": "mmbench.losses",
}
_ENTRIES: dict[Kind, type[Entry]] = {"metric": MetricInfo, "loss": LossInfo}


#: Hexadecimal digits of a code's hash that are a whole number in every file format.
_DIGITS = 12


class _Broken(Exception):
    """Why a plug-in cannot be used."""


def plugin_files(files: Iterable[str | Path] = ()) -> tuple[Path, ...]:
    """Return the files given and those of ``MMBENCH_PLUGINS``, absolute, each once."""
    named = os.environ.get("MMBENCH_PLUGINS", "").split(os.pathsep)
    paths = [Path(one).expanduser().resolve() for one in (*files, *named) if str(one)]
    return tuple(dict.fromkeys(paths))


def load_plugins(files: Iterable[str | Path] = ()) -> list[str]:
    """Add everything that plug-ins offer to the registries; calling it again does no harm.

    Built-in names stay what they are, and of two plug-ins the first one keeps a name.

    Args:
        files: Python files, besides those of ``MMBENCH_PLUGINS`` and installed packages.

    Returns:
        What a user should know, one line each: plug-ins left out and why, names already taken.
    """
    remarks: list[str] = []
    for path in plugin_files(files):
        with _leaving_out(str(path), remarks):
            remarks += _add_all(_from_file(path))
    for kind, group in GROUPS.items():
        for point in metadata.entry_points(group=group):
            origin = _distribution(point)
            with _leaving_out(f"{point.name} of {origin}", remarks):
                remarks += _add_all([_from_entry_point(kind, point, origin)])
    return remarks


def offered_by(path: Path) -> list[Registration]:
    """Return what is registered from a file that has been loaded."""
    origin = str(path.resolve())
    return [
        Registration(kind, name, registry.entry(name))
        for kind, registry in REGISTRIES.items()
        for name in registry
        if registry.entry(name).origin == origin
    ]


@contextmanager
def _leaving_out(where: str, remarks: list[str]) -> Iterator[None]:
    try:
        yield
    except _Broken as error:
        remarks.append(f"plug-in {where} is left out: {error}")
    # A plug-in may raise anything while it is imported, and may even call sys.exit.
    except (Exception, SystemExit) as error:
        remarks.append(f"plug-in {where} is left out: {type(error).__name__}: {error}")


def _from_file(path: Path) -> list[Registration]:
    if not path.is_file():
        raise _Broken("there is no such file")
    module = _module(path)
    source = file_hash(path)
    _check_neighbours(path)
    found = [one for thing in vars(module).values() if (one := _own(thing, module))]
    if not found:
        raise _Broken("it registers nothing; decorate a class with @register_model, for example")
    # The same class may be bound to two names.
    unique = {(one.kind, one.name): one for one in found}.values()
    return [_named_by_code(one, source, str(path)) for one in unique]


def _check_neighbours(path: Path) -> None:
    """The hash covers the files beside a plug-in, so it must have imported those."""
    for name, file in neighbours(path).items():
        imported = getattr(sys.modules.get(name), "__file__", None)
        if imported and Path(imported).resolve() != file:
            raise _Broken(f"it imports {imported} instead of {file.name} beside it; rename that")


def _own(thing: object, module: ModuleType) -> Registration | None:
    """Return the registration of a thing defined in ``module``, not one imported into it."""
    own = getattr(thing, "__module__", None) == module.__name__
    return registration(thing) if own else None


def _module(path: Path) -> ModuleType:
    """Execute a file as a module of its own name; imports of files beside it work."""
    text = path.read_bytes()
    name = f"mmbench_plugin_{path.stem}_{hashlib.sha256(str(path).encode() + text).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    if str(path.parent) not in sys.path:
        # Last, so that nothing beside the file hides an installed package.
        sys.path.append(str(path.parent))
    module = ModuleType(name)
    module.__file__, module.__package__ = str(path), ""
    sys.modules[name] = module
    try:
        # Compiled from the bytes read here: a cached .pyc could be older than the file.
        exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _from_entry_point(kind: Kind, point: metadata.EntryPoint, origin: str) -> Registration:
    thing = point.load()
    noted = registration(thing)
    entry = noted.entry if noted and noted.kind == kind else thing
    wanted = _ENTRIES.get(kind, Entry)
    if not isinstance(entry, wanted):
        raise _Broken(
            f"{point.value} is neither decorated with @register_{kind} nor a {wanted.__name__}"
        )
    source = source_hash(entry.target.partition(":")[0])
    return _named_by_code(Registration(kind, point.name, entry), source, origin)


def _named_by_code(found: Registration, source: str, origin: str) -> Registration:
    """Return a registration that knows its code and where it is from.

    Metrics stand in result rows by their version. A plug-in has none of its own: its code gives
    one, so that values of other code are computed again from stored predictions.
    """
    entry = replace(found.entry, source=source, origin=origin)
    if found.kind == "metric":
        entry = replace(entry, result_version=int(source[:_DIGITS], 16))
    return replace(found, entry=entry)


def _distribution(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _add_all(found: Iterable[Registration]) -> list[str]:
    return [remark for one in found if (remark := _add(one))]


def _add(new: Registration) -> str:
    registry = REGISTRIES[new.kind]
    if new.name in registry:
        there = registry.entry(new.name)
        if there.origin != new.entry.origin:
            whose = f"of {there.origin}" if there.origin else "built in"
            return (
                f"plug-in {new.entry.origin}: {new.kind} {new.name!r} is already there "
                f"({whose}) and stays; give yours another name"
            )
        registry.remove(new.name)
    registry.add(new.name, new.entry)
    return ""
