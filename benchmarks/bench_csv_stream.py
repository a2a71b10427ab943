"""Reading a big event table: rows per second and peak memory beside a chunked pandas reader.

    MMBENCH_MEMORY=1 python benchmarks/bench_csv_stream.py chartevents.csv.gz [--rows 50000000]

The table is enlarged on disk, copy by copy, each with stays of its own (about 0.3 GB per 50 million
rows, below --scratch). ``decompress`` only does that, ``stream_csv`` keeps nine vital signs,
``pandas`` does the same in chunks, and ``prepare`` goes all the way to arrays in order of stay and
time, within the cap of MMBENCH_MEMORY. Each runs in a process of its own, in turn, so that noise of
the machine meets all of them; ratios are of medians.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ITEMS = (220045, 220179, 220180, 220181, 220210, 220277, 220739, 223900, 223901)
COLUMNS = ("stay_id", "charttime", "itemid", "valuenum", "valueuom")
FULL_RELEASE_ROWS = 313_645_063  # chartevents of MIMIC-IV 2.2
READERS = ("decompress", "stream_csv", "prepare", "pandas")


def enlarge(source: Path, target: Path, rows: int) -> int:
    """Repeat a table with other stays until there are at least ``rows``; return how many."""
    import polars as pl
    from isal import igzip

    table = pl.read_csv(source, infer_schema=False)
    stay = pl.col("stay_id").cast(pl.Int64) % 10**7
    times = -(-rows // len(table))
    with igzip.open(target, "wb", compresslevel=1) as file:
        for k in range(times):
            # A prime step keeps eight digits and makes stays of two copies differ.
            copy = table.with_columns(stay_id=(stay + 7919 * k) % 10**7 + 3 * 10**7)
            file.write(copy.write_csv(include_header=k == 0).encode())
    return times * len(table)


def decompress(path: Path) -> int:
    from isal import igzip

    with igzip.open(path, "rb") as file:
        while file.read(2**22):
            pass
    return 0


def stream(path: Path) -> int:
    import polars as pl

    from benchmark.datasets._csv_stream import stream_csv

    kinds = (pl.Int64, pl.String, pl.Int32, pl.Float64, pl.String)
    pieces = stream_csv(path, dict(zip(COLUMNS, kinds, strict=True)), pl.col("itemid").is_in(ITEMS))
    return sum(len(piece.frame) for piece in pieces)


def prepare(path: Path) -> int:
    import polars as pl

    from benchmark.datasets.icu.extract import extract
    from benchmark.datasets.icu.partitions import memory_cap, read_events, write_events

    def keep(rows: pl.DataFrame) -> pl.DataFrame:
        known = rows.filter(pl.col("itemid").is_in(ITEMS) & pl.col("valuenum").is_not_null())
        time = pl.col("charttime").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
        minutes = (time - pl.datetime(2100, 1, 1)).dt.total_minutes()
        return known.select(stay="stay_id", minutes=minutes, name=pl.col("itemid").cast(pl.String),
                            value="valuenum")  # fmt: skip

    kinds = (pl.Int64, pl.String, pl.Int32, pl.Float64, pl.String)
    columns = dict(zip(COLUMNS, kinds, strict=True))
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        state = extract(path, columns, keep, Path(folder, "parts"))
        parts = [Path(folder, "parts", name) for name in state.parts]
        stays = pl.concat([pl.read_parquet(part, columns=["stay"]).unique() for part in parts])
        keys = stays["stay"].unique().sort().to_numpy()
        told: list[int] = []
        write_events(parts, Path(folder, "events"), keys, [str(one) for one in ITEMS],
                     memory_cap(), lambda _what, _done, total: told.append(total))  # fmt: skip
        events, _ = read_events(Path(folder, "events"))
        print(f"prepare: {told[0]} partitions", file=sys.stderr)
        return len(events.minutes)


def pandas_chunks(path: Path) -> int:
    import pandas as pd

    chunks = pd.read_csv(path, usecols=list(COLUMNS), chunksize=1_000_000)
    return sum(int(chunk["itemid"].isin(ITEMS).sum()) for chunk in chunks)


def timed(reader: str, path: Path) -> tuple[float, float, int]:
    """Return seconds, peak memory in MB and kept rows of one reader in a fresh process."""
    command = [sys.executable, __file__, str(path), "--reader", reader]
    seconds, peak, kept = subprocess.check_output(command, text=True).split()
    return float(seconds), float(peak), int(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--scratch", type=Path, help="where the enlarged table is written")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--enlarge-to", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.enlarge_to:
        print(enlarge(given.table, given.enlarge_to, given.rows))
        return
    if given.reader:
        run = {"decompress": decompress, "stream_csv": stream, "prepare": prepare,
               "pandas": pandas_chunks}  # fmt: skip
        start = time.perf_counter()
        kept = run[given.reader](given.table)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(time.perf_counter() - start, peak, kept)
        return
    with tempfile.TemporaryDirectory(dir=given.scratch) as folder:
        big = Path(folder, "big.csv.gz")
        # A process starts with its parent's peak memory, so that of this one has to stay small.
        copy = [sys.executable, __file__, str(given.table), "--rows", str(given.rows)]
        rows = int(subprocess.check_output([*copy, "--enlarge-to", str(big)], text=True))
        found = {reader: [] for reader in READERS}
        for _ in range(given.repeats):
            for reader in READERS:
                found[reader].append(timed(reader, big))
    report(rows, found)


def report(rows: int, found: dict[str, list[tuple[float, float, int]]]) -> None:
    seconds = {reader: median(one[0] for one in runs) for reader, runs in found.items()}
    for reader, runs in found.items():
        peak = max(one[1] for one in runs)
        rate = rows / seconds[reader]
        print(
            f"{reader:11} {seconds[reader]:7.1f} s  {rate / 1e6:6.2f} M rows/s  "
            f"peak {peak:6.0f} MB  kept {runs[0][2]:,}"
        )
    print(f"{rows:,} rows")
    for ours in ("stream_csv", "prepare"):
        took = seconds[ours]
        whole = FULL_RELEASE_ROWS / rows * took / 60
        print(
            f"{ours:11} {seconds['pandas'] / took:.2f} times as fast as pandas; "
            f"{seconds['decompress'] / took:.2f} of the decompression bound; "
            f"{FULL_RELEASE_ROWS:,} rows would take {whole:.1f} min"
        )


if __name__ == "__main__":
    main()
