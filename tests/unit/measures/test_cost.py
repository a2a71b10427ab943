"""Times by a clock we set, arithmetic by formula, parameters of models that fit into no memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from benchmark.core.errors import UsageError
from benchmark.core.spec import Ref, RunSpec
from benchmark.measures import ANALYSES
from benchmark.measures import cost as cost_module
from benchmark.measures import timing as module
from benchmark.measures.config import CostConfig
from benchmark.measures.execute import carry_out
from benchmark.measures.flops import forward_flops
from benchmark.measures.timing import measured
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.config import TrainingConfig
from benchmark.training.execute import Outcome, load_data
from benchmark.training.strategies._base import Job
from benchmark.training.strategies.plain import Plain

Train = Callable[..., Any]


class _Clock:
    """Time that passes when a step is done, and not else."""

    def __init__(self, seconds: list[float]) -> None:
        self.now, self.seconds, self.done = 0.0, seconds, 0

    def perf_counter(self) -> float:
        return self.now

    def steps(self, number: int) -> Iterator[None]:
        while True:
            self.now += self.seconds[self.done]
            self.done += 1
            yield


def _timed(monkeypatch: pytest.MonkeyPatch, seconds: list[float], **how: Any) -> tuple[Any, int]:
    clock = _Clock(seconds)
    monkeypatch.setattr(module.time, "perf_counter", clock.perf_counter)
    usual = {"total": 2, "device": "cpu", "repeats": 3, "warmup": 2, "limit": 9, "budget": 100.0}
    return measured(clock.steps, **{**usual, **how}), clock.done


def test_medians_leave_out_warm_up_and_one_slow_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    found, done = _timed(monkeypatch, [90, 90, 1, 2, 50, 3, 1, 4])
    assert (found.step, found.whole) == (2.5, 5)
    assert (found.timed, found.passes, found.complete, done) == (6, 3, True, 8)


def test_long_passes_are_a_step_times_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    found, done = _timed(monkeypatch, [7, 1, 2, 3, 4, 5, 6], total=1000, limit=2, warmup=1)
    assert (found.step, found.whole, found.complete, done) == (3.5, 3500, False, 7)


def test_no_pass_is_begun_beyond_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = _timed(monkeypatch, [1, 1, 30, 30, 9, 9, 9, 9], budget=50.0)
    assert (found.passes, found.whole) == (1, 60)


def test_warm_up_longer_than_a_pass_begins_another(monkeypatch: pytest.MonkeyPatch) -> None:
    found, done = _timed(monkeypatch, [5] * 5 + [1, 1], warmup=5, repeats=1)
    assert (found.whole, done) == (2, 7)


def test_arithmetic_of_a_linear_map_and_of_attention() -> None:
    layer, x = nn.Linear(3, 5), torch.randn(7, 3)
    assert forward_flops(lambda: layer(x)) == (2 * 7 * 3 * 5, "")
    q = torch.randn(2, 4, 6, 8)
    flops, _ = forward_flops(lambda: nn.functional.scaled_dot_product_attention(q, q, q))
    assert flops == 2 * (2 * 2 * 4 * 6 * 6 * 8)


def test_arithmetic_of_layers_with_a_fused_form() -> None:
    """Eight wide, two heads, feed-forward 16, on two sequences of five: products only."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    flops, reason = forward_flops(lambda: layer(torch.randn(2, 5, 8)))
    tokens = 2 * 5
    maps = tokens * (3 * 8 * 8 + 8 * 8 + 2 * 8 * 16)
    attention = 2 * 2 * 2 * 5 * 5 * 4  # scores and mix, of two sequences and two heads 4 wide
    assert (flops, reason) == (2 * (maps + attention), "")


@pytest.mark.parametrize(("kind", "gates"), [(nn.GRU, 3), (nn.LSTM, 4), (nn.RNN, 1)])
def test_arithmetic_of_a_recurrent_layer(kind: Any, gates: int) -> None:
    layer = kind(3, 4)
    found = forward_flops(lambda: layer(torch.randn(5, 2, 3)))
    assert found == (2 * 5 * 2 * (3 + 4) * gates * 4, "")


def test_a_layer_that_cannot_be_counted_is_named() -> None:
    x = torch.randn(6, 8)
    flops, reason = forward_flops(lambda: torch.fft.rfft(x))
    assert flops is None
    assert "no formula for _fft_r2c" in reason
    flops, reason = forward_flops(lambda: torch.linalg.svd(x))
    assert flops is None
    assert "svd" in reason


def test_elementwise_work_and_norms_keep_nothing_from_being_counted() -> None:
    layer, x = nn.Linear(8, 4), torch.randn(6, 8)
    found = forward_flops(lambda: layer(nn.functional.normalize(x).relu() / x.norm(dim=1).mean()))
    assert found == (2 * 6 * 8 * 4, "")


def _count(trained: Any, **fields: Any) -> Outcome:
    part = trained.spec.components[0].model_copy(update={"data": ""})
    update = {
        "kind": "measure",
        "components": (part,),
        "analysis": ANALYSES.ref("parameters", {}),
        **fields,
    }
    return carry_out(trained.spec.model_copy(update=update), trained.context, [])


def _values(done: Outcome) -> dict[str, float | None]:
    return {row.metric: row.value for row in done.rows}


def test_parameters_are_those_of_the_trained_model(train: Train) -> None:
    trained = train()
    found = _count(trained)
    counted = trained.outcome.info["parameters"]
    assert _values(found) == {
        "parameters": counted["total"],
        "parameters_fusion": counted["fusion"],
        "parameters_encoders": counted["encoders"],
    }
    parts = found.info["parameters"]["parts"]
    assert sum(parts.values()) == counted["total"]
    # Two heads of a 4-wide code to 2 classes; a gate 8 -> 4 -> 2.
    assert (parts["heads"], parts["gate"]) == (2 * (4 * 2 + 2), 8 * 4 + 4 + 4 * 2 + 2)


def test_models_of_any_size_are_counted(train: Train) -> None:
    wide = 1_000_000
    trained = train()
    encoders = {name: Ref(name="mlp", config={"width": wide, "hidden": [wide]}) for name in "ab"}
    found = _values(_count(trained, encoders=encoders))
    assert found["parameters_encoders"] == 2 * (3 * wide + wide + wide * wide + wide)


def _cost_spec(trained: Any, device: str = "cpu", **settings: Any) -> RunSpec:
    given = {"repeats": 2, "warmup": 1, "max_steps": 3, **settings}
    config = ANALYSES.config("cost").parse(given).model_dump(mode="json")
    update = {"kind": "measure", "analysis": ANALYSES.ref("cost", config), "device": device}
    spec: RunSpec = trained.spec.model_copy(update=update)
    return spec


def test_costs_say_how_they_were_taken(train: Train) -> None:
    trained = train()
    done = carry_out(_cost_spec(trained), trained.context, [])
    rows = {row.metric: row for row in done.rows}
    batch, epoch = rows["train_seconds_batch"].value, rows["train_seconds_epoch"].value
    assert batch is not None
    assert epoch is not None
    assert 0 < batch < epoch
    # 168 training samples make 6 steps of 32, of which 3 are timed.
    assert epoch == pytest.approx(6 * batch)
    how = rows["train_seconds_epoch"].reason
    assert "1 CPU thread, fp32" in how
    assert "median of 2 passes over 3 steps of training of 32 samples after 1 for warm-up" in how
    assert "all are the median one times their number" in how
    assert "over 2 forward passes of 32 samples" in rows["inference_seconds_pass"].reason
    assert rows["peak_memory"].value is None
    assert "torch keeps no peak of memory on cpu" in rows["peak_memory"].reason
    assert {row.dataset for row in done.rows} == {"planted"}
    assert {row.task for row in done.rows} == {""}
    assert done.predictions is None
    assert done.info["device_name"]


def test_arithmetic_is_that_of_the_model_per_sample(train: Train) -> None:
    trained = train()
    done = carry_out(_cost_spec(trained), trained.context, [])
    value = next(row.value for row in done.rows if row.metric == "gflops")
    encoder, head, gate = 3 * 8 + 8 * 4, 4 * 2, 8 * 4 + 4 * 2
    mix = 2 * 2  # the weighted sum over two experts and two classes
    assert value == pytest.approx(2 * (2 * encoder + 2 * head + gate + mix) / 1e9)


def test_a_measurement_for_another_device_is_refused(train: Train) -> None:
    trained = train()
    with pytest.raises(UsageError, match="measures on cuda, this worker has cpu"):
        carry_out(_cost_spec(trained, "cuda"), trained.context, [])


def test_a_control_has_no_steps_to_time(train: Train) -> None:
    trained = train()
    spec = replace_strategy(_cost_spec(trained))
    with pytest.raises(UsageError, match="'fit' does not train by steps"):
        carry_out(spec, replace(trained.context), [])


def replace_strategy(spec: RunSpec) -> RunSpec:
    return spec.model_copy(update={"strategy": Ref(name="fit"), "model": Ref(name="prior")})


def test_on_a_gpu_the_peak_of_its_memory_is_read(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calls are those of torch.cuda; the steps themselves are done on the CPU here."""
    trained = train()
    calls: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: calls.append("synchronize"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: calls.append("reset"))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**29)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Some GPU")
    job = Job(
        trained.spec,
        load_data(trained.spec, trained.context),
        "cpu",
        Checkpoint(None, "", 0),
        lambda *_: None,
    )
    trainer = Plain(TrainingConfig(epochs=1)).make_trainer(job)
    settings = CostConfig(repeats=2, warmup=1, max_steps=3)
    work = cost_module._Work(trainer, trainer.val, settings, "cuda:0", 1, 0.0)
    rows = {row["metric"]: row for row in work.training()}
    assert rows["peak_memory"]["value"] == 1.5
    assert rows["train_seconds_batch"]["reason"].startswith("Some GPU, 1 CPU thread, fp32: median")
    # Before the first and after each of the steps of the warm-up and of two passes.
    assert calls == ["reset", *["synchronize"] * (2 + 4 + 4)]


@pytest.mark.gpu
def test_costs_on_a_gpu(train: Train) -> None:
    trained = train()
    context = replace(trained.context, device="cuda:0")
    done = carry_out(_cost_spec(trained, "cuda"), context, [])
    values = _values(done)
    assert all(value is not None and value > 0 for value in values.values())
