"""What must hold for every torch model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from benchmark.checks._base import Check, collector, expect, fail
from benchmark.core.batch import Batch, ModalityData, Output
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders import ENCODERS

COMPONENT = Component(
    dataset="toy",
    # Names that torch refuses for modules, since a dataset may use them.
    modalities=(
        Modality(name="keys", kind="vector", shape=(5,)),
        Modality(name="b", kind="image", shape=(1, 3, 4)),
        Modality(name="a.c", kind="vector", shape=(9,)),
    ),
    tasks=(
        Task(name="type", kind="multiclass", classes=("x", "y", "z")),
        Task(name="alive", kind="binary", classes=("no", "yes")),
    ),
)
PROBLEM = Problem(components=(COMPONENT,), outputs={"toy/type": 3, "toy/alive": 1})
#: Settings without which a built-in model cannot be built, or would be slow.
NEEDED: dict[str, dict[str, Any]] = {
    "unimodal": {"modality": "b"},
    "mirai": {"share_encoder": False, "width": 8, "embedding": 4, "heads": 2},
    "asymmirai": {"share_encoder": "none", "pairs": [["keys", "b"], ["b", "a.c"]]},
    "evif": {"heads": 2, "hidden": 16, "estimator_hidden": 4},
    "fuller": {"heads": 2, "hidden": 16},
    "aide": {"heads": 2, "hidden": 16},
    "mult": {"width": 8, "heads": 2, "layers": 2, "self_layers": 1},
    "m4oe": {"msoe_experts": 3, "mtoe_experts": 4, "final_experts": 2, "mtoe_depth": 2},
    "soft_moe": {"experts": 4},
    "adamv_moe": {"experts": 3},
    "fuse_moe": {"experts": 4, "top_k": 2, "hidden": 8, "layers": 2},
    # Few experts, so that each gets a token; gates that are open, since a shut one reads nothing.
    "switch_gate": {"experts": 3},
    "interpretcc": {"threshold": 0.0},
    "late_fusion_transformer": {"channels": 4, "hidden": 16},
    "early_fusion_transformer": {"hidden": 16},
}
_ENCODER: dict[str, tuple[str, dict[str, Any]]] = {
    "vector": ("mlp", {"width": 8}),
    "tokens": ("patch", {"width": 8, "patches": 3}),
}
_LOST = ((0,), (1,), (2,), (0, 1), (0, 1, 2))
_GARBAGE = (1e6, float("nan"), float("inf"))
#: Batches among which every parameter must get a gradient.
_BATCHES = 8

CHECKS: list[Check[ModelSubject]] = []
_check = collector(CHECKS)


@dataclass(frozen=True)
class ModelSubject:
    """A registered model.

    Attributes:
        name: Registry name.
        settings: Settings that differ from its config's defaults.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def modality(self) -> str | None:
        """The only modality the model reads, if its settings name one."""
        fields = MODELS.config(self.name).model_fields
        default = "b" if "modality" in fields and fields["modality"].is_required() else None
        chosen: str | None = self._given.get("modality", default)
        return chosen

    def build(self) -> Model:
        """Build the model from a fixed seed, in training mode."""
        config = self._config()
        torch.manual_seed(0)
        encoders = {}
        for name in config.encoded([one.name for one in COMPONENT.modalities]):
            encoder, settings = _ENCODER[config.encoder_gives(name)]
            parsed = ENCODERS.config(encoder).parse(settings)
            encoders[name] = ENCODERS.load(encoder)(COMPONENT.modality(name), parsed)
        model = MODELS.load(self.name)(PROBLEM, encoders, config)
        expect(isinstance(model, Model), f"{self.name} is no benchmark.plugins.Model")
        built: Model = model.train()
        return built

    @property
    def _given(self) -> dict[str, Any]:
        return {**NEEDED.get(self.name, {}), **self.settings}

    def _config(self) -> Any:
        given = {"modality": self.modality} if self.modality else {}
        try:
            return MODELS.config(self.name).parse({**given, **self._given})
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
            )
            fail(f"its config does not accept {self._given or 'its defaults'}: {problems}")


def make_batch(size: int = 8, seed: int = 1) -> Batch:
    """Return samples 0, 1 that have everything, 2-4 without one modality, 5 two, 6 all three."""
    generator = torch.Generator().manual_seed(seed)
    observed = torch.ones(8, 3, dtype=torch.bool)
    observed[2, 0] = observed[3, 1] = observed[4, 2] = False
    observed[5, :2] = observed[6] = False
    inputs = {
        one.name: ModalityData(
            torch.randn(8, *one.shape, generator=generator)
            * observed[:, m].reshape(-1, *[1] * len(one.shape))
        )
        for m, one in enumerate(COMPONENT.modalities)
    }
    targets = {"type": torch.arange(8) % 3, "alive": torch.arange(8) % 2}
    batch = Batch("toy", inputs, observed, targets, torch.arange(8))
    return batch.select(torch.arange(size))


@_check(
    "give every setting of the config a default, and take (problem, encoders, config)",
    gate=True,
)
def it_can_be_built(subject: ModelSubject) -> None:
    """Settings have defaults, the constructor takes what every model is given."""
    subject.build()


@_check("return Output(logits={task: (B, C)}), C = problem.n_outputs(dataset, task); see TaskHeads")
def logits_have_the_right_shape(subject: ModelSubject) -> None:
    """``(B, C)`` for every task, finite."""
    output = subject.build()(make_batch())
    expect(isinstance(output, Output), f"forward gives a {type(output).__name__}, not an Output")
    wanted = {"type": (8, 3), "alive": (8, 1)}
    shapes = {name: tuple(one.shape) for name, one in output.logits.items()}
    expect(shapes == wanted, f"logits have shapes {shapes} instead of {wanted}")
    expect(_loss(subject.build(), make_batch()).isfinite(), "the loss is not finite")


@_check("remove layers that forward does not use, or use them")
def every_parameter_gets_a_gradient(subject: ModelSubject) -> None:
    """No parameter is left out of the loss, and no gradient is infinite.

    An expert that routers choose for a few inputs only may wait for one of several batches.
    """
    model = subject.build()
    # Position tables and learned replacements start at zero, where some gradients vanish.
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    silent: list[str] = []
    for seed in range(1, 1 + _BATCHES):
        _loss(model.eval(), make_batch(seed=seed)).backward()
        grads = {name: one.grad for name, one in model.named_parameters()}
        silent = [name for name, grad in grads.items() if grad is None or not grad.any()]
        wild = [name for name, one in grads.items() if one is not None and not _finite(one)]
        expect(not wild, f"the gradients of these parameters are not finite: {', '.join(wild)}")
        if not silent:
            break
    expect(not silent, f"these parameters get no gradient: {', '.join(silent)}")


def _finite(tensor: Tensor) -> bool:
    return bool(tensor.isfinite().all())


@_check("leave no layer that mixes samples in evaluation; do not squeeze the batch axis")
def a_batch_of_one_equals_its_row_in_a_batch(subject: ModelSubject) -> None:
    """A sample's score does not depend on its batch."""
    model = subject.build().eval()
    whole = model(make_batch()).logits
    for row in range(8):
        alone = model(make_batch().select(torch.tensor([row]))).logits
        for task, logits in alone.items():
            expect(logits.shape[0] == 1, f"one sample gives {tuple(logits.shape)} logits")
            same = torch.allclose(logits[0], whole[task][row], atol=1e-5)
            expect(same, f"sample {row} alone scores {task!r} otherwise than within a batch")


@_check("batch statistics of one sample do not exist: prefer LayerNorm to BatchNorm")
def it_trains_on_a_batch_of_one(subject: ModelSubject) -> None:
    """The last batch of an epoch may hold one sample."""
    loss = _loss(subject.build(), make_batch(1))
    loss.backward()
    expect(loss.isfinite(), "the loss of one sample is not finite")


@_check("a mean or softmax over nothing is NaN: mask it, or learn a code for missing modalities")
def a_modality_may_be_missing_everywhere(subject: ModelSubject) -> None:
    """Any modality, several, or all of them, in the whole batch."""
    for lost in _LOST:
        model, batch = subject.build(), make_batch()
        observed = batch.observed.clone()
        observed[:, list(lost)] = False
        names = ", ".join(COMPONENT.modalities[m].name for m in lost)
        loss = _loss(model, replace(batch, observed=observed))
        expect(loss.isfinite(), f"the loss is not finite where nobody has {names}")
        loss.backward()
        gradients = [one.grad for one in model.parameters() if one.grad is not None]
        expect(gradients, f"nothing gets a gradient where nobody has {names}")
        finite = all(bool(one.isfinite().all()) for one in gradients)
        expect(finite, f"gradients are not finite where nobody has {names}")


@_check("turn randomness off in eval(): dropout by nn.Dropout, noise under `if self.training`")
def evaluation_repeats(subject: ModelSubject) -> None:
    """Scoring twice gives the same bits."""
    model = subject.build().eval()
    one, other = model(make_batch()).logits, model(make_batch()).logits
    for task in one:
        expect(torch.equal(one[task], other[task]), f"two evaluations of {task!r} differ")


@_check("keep everything that scores depend on in parameters or registered buffers")
def state_survives_a_round_trip(subject: ModelSubject) -> None:
    """``state_dict`` holds all that was learned."""
    model, other = subject.build().eval(), subject.build().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)
    before = torch.equal(_types(model, make_batch()), _types(other, make_batch()))
    expect(not before, "changing every parameter changes no score")
    other.load_state_dict(model.state_dict())
    same = torch.equal(_types(model, make_batch()), _types(other, make_batch()))
    expect(same, "a model scores otherwise after load_state_dict(state_dict())")


@_check("read no values of tensors in __init__, and make them with torch's own functions")
def it_is_built_without_memory(subject: ModelSubject) -> None:
    """On the meta device, where the parameters of models too large for a machine are counted."""
    with torch.device("meta"):
        model = subject.build()
    held = sorted({name for name, one in model.named_parameters() if one.device.type != "meta"})
    expect(not held, f"these parameters take memory: {', '.join(held)}")
    counts = [sum(one.numel() for one in m.parameters()) for m in (model, subject.build())]
    expect(counts[0] == counts[1], f"{counts[0]} parameters on meta, {counts[1]} in memory")


@_check("draw initial weights from torch's generator only; the caller seeds it")
def equal_seeds_build_equal_models(subject: ModelSubject) -> None:
    """Initial weights come from the run's seed."""
    one, other = subject.build().state_dict(), subject.build().state_dict()
    unequal = [name for name, value in one.items() if not torch.equal(value, other[name])]
    expect(not unequal, f"built twice from one seed, these differ: {', '.join(unequal)}")


@_check("encode by self.encode(batch, name), which leaves unobserved samples out")
def what_stands_in_missing_rows_is_never_read(subject: ModelSubject) -> None:
    """Garbage in unobserved rows changes nothing, not even as NaN times zero."""
    model, batch = subject.build().eval(), make_batch()
    clean = model(batch).logits
    for garbage in _GARBAGE:
        dirty = batch
        for m, one in enumerate(COMPONENT.modalities):
            values = batch.inputs[one.name].values.clone()
            values[~batch.observed[:, m]] = garbage
            dirty = _with(dirty, one.name, values)
        scores = model(dirty).logits
        for task in clean:
            same = torch.equal(clean[task], scores[task])
            expect(same, f"values of unobserved samples set to {garbage} change {task!r}")


@_check("read every modality of problem.only.modalities, and batch.observed")
def observed_values_and_flags_matter(subject: ModelSubject) -> None:
    """Every modality is read, and hiding one from a sample changes that sample only."""
    model, batch = subject.build().eval(), make_batch()
    before = _types(model, batch)
    for m, one in enumerate(COMPONENT.modalities):
        if subject.modality not in (None, one.name):
            continue
        moved = _types(model, _with(batch, one.name, batch.inputs[one.name].values + 1))
        expect(not torch.allclose(moved[0], before[0]), f"modality {one.name!r} is not read")
        observed = batch.observed.clone()
        observed[0, m] = False
        hidden = _types(model, replace(batch, observed=observed))
        changed = not torch.allclose(hidden[0], before[0])
        expect(changed, f"hiding modality {one.name!r} changes nothing")
        others = torch.allclose(hidden[1:], before[1:], atol=1e-5)
        expect(others, f"hiding modality {one.name!r} of one sample changes other samples")


@_check("in evaluation a sample must be scored by itself: no statistics over the batch")
def samples_do_not_see_each_other(subject: ModelSubject) -> None:
    """Changing one sample changes its score only."""
    model, batch = subject.build().eval(), make_batch()
    name = subject.modality or "b"
    values = batch.inputs[name].values.clone()
    values[0] += 5
    before, after = _types(model, batch), _types(model, _with(batch, name, values))
    expect(not torch.allclose(before[0], after[0]), f"modality {name!r} is not read")
    same = torch.allclose(before[1:], after[1:], atol=1e-5)
    expect(same, "changing one sample changes the scores of others")


def _types(model: Model, batch: Batch) -> Tensor:
    logits: Tensor = model(batch).logits["type"]
    return logits


def _with(batch: Batch, name: str, values: Tensor) -> Batch:
    return replace(batch, inputs={**batch.inputs, name: ModalityData(values)})


def _loss(model: Model, batch: Batch) -> Tensor:
    output = model(batch)
    kind = torch.nn.functional.cross_entropy(output.logits["type"], batch.targets["type"])
    alive = torch.nn.functional.binary_cross_entropy_with_logits(
        output.logits["alive"][:, 0], batch.targets["alive"].float()
    )
    loss: Tensor = kind + alive + sum(output.losses.values())
    return loss
