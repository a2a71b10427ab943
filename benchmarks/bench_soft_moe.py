"""Soft mixture of experts: batched products against a loop over experts.

python benchmarks/bench_soft_moe.py [--experts N] [--tokens L] [--batch B] [--width D] [--repeat R]

Each variant runs in a process of its own, forward and backward, after one warm-up; the best of R
times is printed, and the largest resident memory of the process (on CUDA the largest allocation).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch
from torch import Tensor, nn

from benchmark.models.layers.soft_moe import SoftMoE, SoftRouter, normalised


class Loop(nn.Module):
    """The same layer with a list of perceptrons, one after another."""

    def __init__(self, width: int, experts: int, slots: int, hidden: int) -> None:
        super().__init__()
        self.router = SoftRouter(width, experts, slots)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
            for _ in range(experts)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        routing = self.router(tokens)
        unit = normalised(tokens)
        total = torch.zeros_like(tokens)
        for a, expert in enumerate(self.experts):
            slots = routing.dispatch[:, :, a].transpose(1, 2) @ unit  # (B, p, D)
            total = total + routing.combine[:, :, a] @ expert(slots)
        return total


def measure(name: str, args: argparse.Namespace) -> dict[str, float]:
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sizes = (args.width, args.experts, args.slots, 4 * args.width)
    with torch.device(device):
        layer = SoftMoE(*sizes) if name == "batched" else Loop(*sizes)
        tokens = torch.randn(args.batch, args.tokens, args.width)
    times: dict[str, list[float]] = {"forward": [], "both": []}
    for _ in range(1 + args.repeat):
        layer.zero_grad(set_to_none=True)
        start = _now(device)
        loss = layer(tokens).square().mean()
        middle = _now(device)
        loss.backward()
        times["forward"].append(middle - start)
        times["both"].append(_now(device) - start)
    if device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {**{key: min(found[1:]) for key, found in times.items()}, "peak": peak}


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (
        ("width", 768),
        ("experts", 128),
        ("slots", 1),
        ("tokens", 394),
        ("batch", 2),
        ("repeat", 3),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--variant", choices=["batched", "loop"])
    args = parser.parse_args()
    if args.variant:
        print(json.dumps(measure(args.variant, args)))
        return
    found = {}
    for name in ("batched", "loop"):
        command = [sys.executable, __file__, *sys.argv[1:], "--variant", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[name] = json.loads(done.stdout)
        one = found[name]
        print(
            f"{name:8} forward {one['forward']:7.3f} s  with backward {one['both']:7.3f} s  "
            f"peak {one['peak']:5.1f} GiB"
        )
    for key in ("forward", "both"):
        print(f"loop / batched, {key}: {found['loop'][key] / found['batched'][key]:.2f}")


if __name__ == "__main__":
    main()
