"""``mmbench run``: plan, look before long work, compute what the store lacks, print the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from benchmark.cli import _console
from benchmark.cli._preparing import cores, prepare_for
from benchmark.cli._progress import make_progress
from benchmark.cli._work import Asked, expansions
from benchmark.cli.plan import Wanted, make_plan, print_plan, states_of
from benchmark.cli.report import report_expansions
from benchmark.core.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_RUNS_FAILED, UsageError
from benchmark.core.paths import Paths
from benchmark.execution.devices import choose_devices
from benchmark.execution.observer import Summary
from benchmark.execution.preflight import preflight
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.expand import Expansion, unite
from benchmark.manifest.plan import PlannedRun
from benchmark.plugins.loading import plugin_files
from benchmark.store.runs import RunStore, writable

#: Lines of a remedy that are shown.
_SHOWN = 2
_RETRIED_BY_ONLY = frozenset({"timeout", "oom", "diverged"})


@dataclass(frozen=True)
class How:
    """How to work; see ``mmbench run --help``."""

    jobs: int | None = None
    timeout: float | None = None
    fail_fast: bool = False
    force: bool = False
    only: Sequence[str] = field(default=())
    dry_run: bool = False
    as_json: bool = False


def plan_tables(asked: Asked, how: How) -> None:
    """Print what :func:`run_tables` would do."""
    store = RunStore(asked.paths().cache)
    workers = len(choose_devices(asked.device, how.jobs))
    print_plan(_tables(asked, how), store, workers, _wanted(how), how.as_json)


def run_tables(asked: Asked, how: How) -> int:
    """Run tables and print them.

    Returns:
        Exit code: 0, 3 if a run of the tables has not ended ``ok`` or its data is not here, 130
        after an interruption.
    """
    if how.dry_run:
        plan_tables(asked, how)
        return EXIT_OK
    tables = _tables(asked, how)
    paths = asked.paths()
    store = RunStore(paths.cache)
    devices = choose_devices(asked.device, how.jobs)
    _announce(tables, store, len(devices), _wanted(how), paths)
    runs = _selected(tables, store, how.only)
    _prepare(runs, store, asked, how)
    summary = _compute(runs, asked, how, devices, paths)
    if not summary.interrupted:
        fmt = "json" if how.as_json else "terminal"
        report_expansions(tables, store, fmt, brief=not how.as_json)
    return _conclude(summary, tables, paths)


def _tables(asked: Asked, how: How) -> list[Expansion]:
    """Expand the tables; what was typed on the command line beats a manifest's time-out."""
    tables = expansions(asked)
    if how.timeout is None:
        return tables
    change = {"timeout": how.timeout}
    return [
        replace(table, runs=tuple(run.model_copy(update=change) for run in table.runs))
        for table in tables
    ]


def _announce(
    tables: Sequence[Expansion], store: RunStore, workers: int, wanted: Wanted, paths: Paths
) -> None:
    """Say what will be done, how long it should take, and what does not look well."""
    plan = make_plan(tables, store, workers, wanted)
    for expansion in tables:
        _console.say(
            f"{expansion.manifest.id}: {expansion.variant}, profile {expansion.profile} "
            f"({expansion.why})"
        )
        for one in expansion.unavailable:
            _console.say(f"  not available: {one.dataset}: {one.reason}")
            _console.say(f"    {one.hint}")
    totals, expected = plan["totals"], plan["estimate"]["text"]
    _console.say(
        f"{totals['cached']} cached, {totals['to_run']} to run on {workers} workers: {expected}"
    )
    if totals["given_up"]:
        _console.say(
            f"{totals['given_up']} ended in timeout or oom before and are left alone; "
            "--only timeout oom, or a wider --timeout, runs them again"
        )
    if totals["to_run"]:
        writable(paths.cache)
    for warning in preflight(paths.cache, totals["to_run"], workers).warnings:
        _console.say(f"warning: {warning}")


def _prepare(runs: Sequence[PlannedRun], store: RunStore, asked: Asked, how: How) -> None:
    """Prepare the data of runs that are to be computed, once, before workers start."""
    states = states_of(runs, store, _wanted(how))
    todo = [run for run in runs if states[run.spec.fingerprint] == "to_run"]
    prepare_for(todo, asked.paths(), asked.source, how.jobs or cores())


def _wanted(how: How) -> Wanted:
    return Wanted(force=how.force, retry=_retried(how.only))


def _selected(
    tables: Sequence[Expansion], store: RunStore, only: Sequence[str]
) -> tuple[PlannedRun, ...]:
    runs = unite(run for expansion in tables for run in expansion.runs)
    if not only:
        return runs
    statuses = store.statuses(run.spec.fingerprint for run in runs)
    wanted = _statuses(only)
    found = tuple(run for run in runs if statuses.get(run.spec.fingerprint) in wanted)
    if not found:
        raise UsageError(f"no run of these tables ended in {', '.join(sorted(wanted))}")
    # Parents are trained again if their weights are gone, whatever they ended in.
    parents = {name for run in found for name in run.spec.parents}
    return tuple(run for run in runs if run in found or run.spec.fingerprint in parents)


def _statuses(only: Sequence[str]) -> frozenset[str]:
    failed = {"diverged", "timeout", "oom", "error", "killed"}
    return frozenset(failed if "failed" in only else only)


def _retried(only: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(_statuses(only) & _RETRIED_BY_ONLY)) if only else ()


def _compute(
    runs: Sequence[PlannedRun], asked: Asked, how: How, devices: Sequence[str], paths: Paths
) -> Summary:
    options = SuperviseOptions(
        paths=paths,
        source=asked.source,
        device=_device_list(devices),
        jobs=len(devices),
        force=how.force,
        fail_fast=how.fail_fast,
        retry=frozenset(_retried(how.only)),
        plugins=tuple(str(path) for path in plugin_files(asked.plugins)),
    )
    with make_progress(_console.stderr(), _console.quiet()) as progress:
        return run_all(runs, options, progress)


def _device_list(devices: Sequence[str]) -> str:
    """``("cuda:0", "cuda:1")`` is ``cuda:0,1``; one word where all are the CPU."""
    kind = devices[0].partition(":")[0]
    if kind != "cuda":
        return kind
    return "cuda:" + ",".join(device.partition(":")[2] for device in devices)


def _conclude(summary: Summary, tables: Sequence[Expansion], paths: Paths) -> int:
    for failure in summary.failures:
        first, *remedy = failure.message.splitlines() or [""]
        _console.warn(f"{failure.status}: {failure.label}: {first}")
        for line in remedy[:_SHOWN]:
            _console.warn(f"  {line}")
        _console.warn(f"  log: {paths.cache / failure.log}")
    if summary.interrupted:
        _console.warn(
            f"interrupted with {summary.missing} runs to go; "
            "nothing finished is lost, the same command goes on"
        )
        return EXIT_INTERRUPTED
    if summary.failures or summary.missing:
        count = len(summary.failures) + summary.missing
        _console.warn(f"{count} runs have no result")
        return EXIT_RUNS_FAILED
    if lacking := dict.fromkeys(one.dataset for table in tables for one in table.unavailable):
        _console.warn(f"not complete: {', '.join(lacking)} not available")
        return EXIT_RUNS_FAILED
    return EXIT_OK
