"""Seconds until `--help`, `list`, `show` answer, beside a bare interpreter in the same loop.

Usage: python benchmarks/bench_cli.py [repeats]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "bare python": ["-c", "pass"],
    "--help": ["-c", "from benchmark.cli.app import main; main()", "--help"],
    "list": ["-c", "from benchmark.cli.app import main; main()", "list"],
    "show table7": ["-c", "from benchmark.cli.app import main; main()", "show", "table7"],
}


def seconds(arguments: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats + 1):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    print(f"{'command':<12}  median s  min s   (first round dropped, {repeats} rounds)")
    for name, values in times.items():
        print(f"{name:<12}  {statistics.median(values[1:]):8.3f}  {min(values[1:]):.3f}")


if __name__ == "__main__":
    main()
