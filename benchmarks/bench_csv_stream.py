"""Reading a big event table: rows per second and peak memory beside a chunked pandas reader.

    python benchmarks/bench_csv_stream.py chartevents.csv.gz [--rows 50000000] [--repeats 3]

The table is enlarged by repeating its rows. Each reader keeps nine vital signs and runs in a
process of its own, in turn, so that noise of the machine meets all of them; ratios are of medians.
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
READERS = ("decompress", "stream_csv", "pandas")


def enlarge(source: Path, target: Path, rows: int) -> int:
    """Repeat a table's rows until there are at least ``rows``; return how many there are."""
    from isal import igzip

    with igzip.open(source, "rb") as file:
        header, body = file.readline(), file.read()
    times = -(-rows // body.count(b"\n"))
    with igzip.open(target, "wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(times):
            file.write(body)
    return times * body.count(b"\n")


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
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reader:
        start = time.perf_counter()
        kept = {"decompress": decompress, "stream_csv": stream, "pandas": pandas_chunks}[
            given.reader
        ](given.table)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(time.perf_counter() - start, peak, kept)
        return
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder, "big.csv.gz")
        rows = enlarge(given.table, big, given.rows)
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
    ours = seconds["stream_csv"]
    print(f"{rows:,} rows; pandas / stream_csv {seconds['pandas'] / ours:.2f}")
    print(f"share of the decompression bound {seconds['decompress'] / ours:.2f}")
    print(f"{FULL_RELEASE_ROWS:,} rows would take {FULL_RELEASE_ROWS / rows * ours / 60:.1f} min")


if __name__ == "__main__":
    main()
