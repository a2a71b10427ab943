"""I2MoE: printed counts, a plain loop over experts and masks, ablations, mask vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from benchmark.core.batch import Batch
from benchmark.core.errors import UsageError
from benchmark.models import MODELS
from benchmark.models._fusion import FusionModel
from benchmark.models.i2moe.config import I2MoEConfig
from benchmark.models.i2moe.masks import Masks
from benchmark.models.i2moe.model import I2MoE
from benchmark.models.layers.interaction import Interaction, contrast_losses, distance_losses
from benchmark.training.strategies.plain import parameter_counts

Build = Callable[..., I2MoE]
Sample = Callable[..., Batch]
Double = Callable[[Batch], Batch]
QUIET = {"name": "joint_transformer", "layers": 2, "heads": 2, "dropout": 0.0}


@pytest.mark.parametrize(
    ("m", "d", "layers", "p", "c", "h", "depth", "printed"),
    [
        (4, 256, 2, 16, 3, 256, 2, 6_696_728),  # ADNI, Table 6
        (3, 128, 2, 8, 2, 128, 2, 1_390_095),  # MIMIC
        (2, 256, 2, 16, 23, 256, 2, 4_423_008),  # IMDB
        (3, 128, 1, 4, 2, 256, 1, 673_935),  # MOSI
        (2, 256, 1, 4, 20, 256, 3, 2_352_724),  # ENRICO
    ],
)
def test_parameters_as_printed(
    build: Build,
    m: int,
    d: int,
    layers: int,
    p: int,
    c: int,
    h: int,
    depth: int,
    printed: int,
) -> None:
    fusion = {"name": "joint_transformer", "layers": layers}
    model = build("i2moe", m, d, p, c, fusion=fusion, weight_hidden=h, weight_layers=depth)
    one = build("joint_transformer", m, d, p, c, layers=layers)
    experts = m + 2
    if depth == 1:
        weighting = (m * d + 1) * experts
    else:
        weighting = (m * d + 1) * h + (depth - 2) * (h * h + h) + (h + 1) * experts
    assert parameter_counts(model)["fusion"] == printed
    assert printed == experts * parameter_counts(one)["fusion"] + weighting


def _masked(codes: list[Tensor], observed: Tensor, m: int, mask: Tensor) -> list[Tensor]:
    changed = list(codes)
    seen = observed[:, m].reshape(-1, *[1] * (mask.dim() - 1))
    changed[m] = torch.where(seen, mask, codes[m])
    return changed


def _loop(model: I2MoE, batch: Batch, seed: int) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Everything once per expert and mask, with plain fusion models.

    Returns logits by task, the interaction loss, and weights (B, E).
    """
    torch.manual_seed(seed)
    codes, observed = model.codes(batch), batch.observed
    draws = {
        m: torch.randn(len(model.experts), *code.shape, dtype=code.dtype)
        for m, code in enumerate(codes)
    }
    weights = model.weighting(codes)
    full: list[Tensor] = []
    masked: list[list[Tensor]] = []
    for e, expert in enumerate(model.experts):
        assert isinstance(expert, FusionModel)
        full.append(expert.fuse(codes, observed).logits["t"])
        masked.append(
            [
                expert.fuse(_masked(codes, observed, m, draws[m][e]), observed).logits["t"]
                for m in range(len(codes))
            ]
        )
    logits = {"t": sum(weights[:, e, None] * one for e, one in enumerate(full))}
    pairs = Interaction(
        torch.stack(full),
        torch.stack([torch.stack(one) for one in masked]),
        list(range(len(codes))),
        observed,
    )
    if full[0].shape[1] == 1:
        each = distance_losses(pairs, model.roles, model.config.synergy_reg_sign)
    else:
        each = contrast_losses(pairs, model.roles)
    return logits, model.config.interaction_weight * each.mean(), weights


FUSIONS: dict[str, dict[str, Any]] = {
    "joint_transformer": QUIET,
    "doubled": {**QUIET, "attention_skip": "doubled", "layers": 1},
    "deep": {**QUIET, "layers": 3},
    "moepp": {"name": "moepp", "heads": 2, "experts": 6, "dropout": 0.0},
    "interpretcc": {"name": "interpretcc", "dropout": 0.0, "threshold": 0.0},
    "lrmf": {"name": "lrmf", "rank": 4, "width": 6, "hidden": [5]},
}


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("outputs", [3, 1])
@pytest.mark.parametrize("missing", [(), ((1, 0), (2, 1), (3, 0), (3, 1), (3, 2))])
def test_outputs_and_gradients_are_those_of_a_plain_loop(
    build: Build,
    sample: Sample,
    double: Double,
    monkeypatch: pytest.MonkeyPatch,
    fusion: str,
    outputs: int,
    missing: tuple[tuple[int, int], ...],
) -> None:
    if fusion == "interpretcc":  # its gates' noise is drawn in another order
        monkeypatch.setattr(Tensor, "exponential_", lambda self: self.fill_(1.0))
    kind: Literal["multiclass", "regression"] = "multiclass" if outputs > 1 else "regression"
    torch.manual_seed(0)
    model = build(
        "i2moe",
        3,
        8,
        4,
        outputs,
        kind,
        fusion=FUSIONS[fusion],
        weight_hidden=7,
        weight_dropout=0.0,
        expert_init="independent",
    ).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    batch = double(sample(5, 3, missing=missing))
    logits, interaction, weights = _loop(model, batch, seed=3)
    torch.manual_seed(3)
    output = model(batch)
    assert torch.allclose(output.logits["t"], logits["t"], rtol=0, atol=1e-10)
    assert torch.allclose(output.info["weights"], weights, rtol=0, atol=1e-10)
    uneven = torch.linspace(-1, 1, logits["t"].numel()).double().view(logits["t"].shape)
    leaves = [one for one in model.parameters() if one.requires_grad]
    pairs = zip(
        torch.autograd.grad(
            (output.logits["t"] * uneven).sum() + output.losses["interaction"], leaves
        ),
        torch.autograd.grad((logits["t"] * uneven).sum() + interaction, leaves),
        strict=True,
    )
    assert torch.allclose(output.losses["interaction"], interaction, rtol=0, atol=1e-10)
    assert all(torch.allclose(one, other, rtol=0, atol=1e-10) for one, other in pairs)


def test_info_and_the_mixture(build: Build, sample: Sample) -> None:
    model = build("i2moe", 3, 8, 2, 4, fusion=QUIET).eval()
    output = model(sample(5, 3, missing=[(0, 1)]))
    info = output.info
    names = ("uniqueness:m0", "uniqueness:m1", "uniqueness:m2", "synergy", "redundancy")
    assert info["expert_names"] == names
    assert info["expert_logits"]["t"].shape == (5, 5, 4)
    assert torch.allclose(info["weights"].sum(dim=1), torch.ones(5))
    mixed = torch.einsum("be,ebc->bc", info["weights"], info["expert_logits"]["t"])
    assert torch.allclose(output.logits["t"], mixed, atol=1e-6)
    assert not output.losses


def test_experts_start_equal_or_apart(build: Build) -> None:
    shared = build("i2moe", 2, 8, 2, 3, fusion=QUIET)
    apart = build("i2moe", 2, 8, 2, 3, fusion=QUIET, expert_init="independent")
    for model, equal in ((shared, True), (apart, False)):
        first, *others = (one.layers[0].attention.query.weight for one in model.experts)
        assert all(torch.equal(first, other) == equal for other in others)
    assert shared.experts[0].layers[0].attention.query.weight.data_ptr() != (
        shared.experts[1].layers[0].attention.query.weight.data_ptr()
    )


def _passes(model: I2MoE, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Modalities that were masked in one training step."""
    seen: list[int] = []
    draw = Masks.draw

    def note(self: Masks, experts: int, m: int, code: Tensor) -> Tensor:
        seen.append(m)
        return draw(self, experts, m, code)

    monkeypatch.setattr(Masks, "draw", note)
    model.train()(batch)
    return seen


@pytest.mark.parametrize(
    ("settings", "passes", "experts"),
    [
        ({}, [0, 1, 2], 5),
        ({"interaction": "none"}, [], 5),
        ({"interaction_weight": 0.0}, [], 5),
        ({"experts": "synergy_redundancy"}, [0, 1, 2], 2),
        ({"interaction": "latent"}, [0, 1, 2], 5),
    ],
)
def test_ablations(
    build: Build,
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    passes: list[int],
    experts: int,
) -> None:
    model = build("i2moe", 3, 8, 2, 3, fusion=QUIET, **settings)
    assert _passes(model, sample(4, 3), monkeypatch) == passes
    assert len(model.experts) == experts
    assert ("interaction" in model.train()(sample(4, 3)).losses) == bool(passes)


def test_less_forward_masks_a_new_pair_per_batch(
    build: Build, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build("i2moe", 3, 8, 2, 3, fusion=QUIET, masked="pair")
    batch = sample(2, 3)
    pairs = set()
    for _ in range(20):
        with monkeypatch.context() as patched:
            pairs.add(tuple(_passes(model, batch, patched)))
    assert pairs == {(0, 1), (0, 2), (1, 2)}


@pytest.mark.parametrize("detach", [False, True])
def test_latent_contrast_with_and_without_its_graph(
    build: Build, sample: Sample, detach: bool
) -> None:
    model = build("i2moe", 2, 8, 2, 3, fusion=QUIET, interaction="latent", latent_detach=detach)
    loss = model.train()(sample(4, 2)).losses["interaction"]
    assert loss.requires_grad != detach


def test_divisor_of_two_experts(build: Build, sample: Sample) -> None:
    losses = {}
    for divisor in ("experts", "all"):
        torch.manual_seed(0)
        model = build(
            "i2moe",
            3,
            8,
            2,
            3,
            fusion=QUIET,
            experts="synergy_redundancy",
            interaction_divisor=divisor,
        )
        torch.manual_seed(1)
        losses[divisor] = float(model(sample(4, 3)).losses["interaction"].detach())
    assert losses["all"] == pytest.approx(losses["experts"] * 2 / 5)


def test_global_weights_start_even_and_are_learned(build: Build, sample: Sample) -> None:
    model = build("i2moe", 2, 8, 2, 3, fusion=QUIET, weighting="global")
    output = model(sample(3, 2))
    assert torch.allclose(output.info["weights"], torch.full((3, 4), 0.25))
    output.logits["t"].square().sum().backward()
    assert model.weighting.theta is not None
    assert model.weighting.theta.grad is not None
    counts = parameter_counts(build("joint_transformer", 2, 8, 2, 3, heads=2))["fusion"]
    assert parameter_counts(model)["fusion"] == 4 * counts + 4


def test_temperature_evens_weights_out(build: Build, sample: Sample) -> None:
    spread = []
    for temperature in (0.1, 10.0):
        torch.manual_seed(0)
        model = build("i2moe", 2, 8, 2, 3, fusion=QUIET, temperature=temperature).eval()
        spread.append(float(model(sample(9, 2)).info["weights"].std(dim=1).mean()))
    assert spread[0] > 10 * spread[1]


@pytest.mark.parametrize("grad", [True, False])
def test_gate_losses_of_the_experts(build: Build, sample: Sample, grad: bool) -> None:
    fusion = {"name": "switch_gate", "heads": 2, "experts": 3, "layers": 1}
    model = build("i2moe", 2, 8, 2, 3, fusion=fusion, gate_loss_grad=grad)
    assert model(sample(4, 2)).losses["balance"].requires_grad == grad


def test_random_masks_are_drawn_per_expert_or_shared() -> None:
    code = torch.zeros(50, 4, 8)
    torch.manual_seed(0)
    own = Masks("random", False, [(4, 8)]).draw(3, 0, code)
    assert not torch.equal(own[0], own[1])
    assert abs(float(own.mean())) < 0.05
    assert float(own.std()) == pytest.approx(1, abs=0.05)
    both = torch.corrcoef(own.flatten(1))
    assert float((both - torch.eye(3)).abs().max()) < 0.1
    shared = Masks("random", True, [(4, 8)]).draw(3, 0, code)
    assert torch.equal(shared[0], shared[2])


def test_mean_masks_are_the_mean_of_all_observed_codes_so_far() -> None:
    masks = Masks("mean", False, [(2,), (3,)])
    batches = [torch.randn(4, 2), torch.randn(3, 2)]
    flags = [torch.tensor([[True, True]] * 3 + [[False, True]]), torch.ones(3, 2).bool()]
    for batch, observed in zip(batches, flags, strict=True):
        masks.observe([batch, torch.ones(len(batch), 3)], observed)
    expected = torch.cat([batches[0][:3], batches[1]]).mean(dim=0)
    drawn = masks.draw(5, 0, torch.zeros(6, 2))
    assert torch.allclose(drawn, expected.expand(5, 6, 2), atol=1e-6)
    assert torch.allclose(masks.get_buffer("mean_0"), expected, atol=1e-6)
    assert torch.equal(masks.get_buffer("mean_1"), torch.ones(3))


def test_zero_and_mean_masks_draw_nothing(build: Build, sample: Sample) -> None:
    for mask in ("zero", "mean"):
        model = build("i2moe", 2, 8, 2, 3, fusion=QUIET, mask=mask, weight_dropout=0.0)
        torch.manual_seed(0)
        before = torch.get_rng_state()
        model.train()(sample(4, 2))
        assert torch.equal(before, torch.get_rng_state())


def test_settings_of_the_expert_are_completed_and_checked() -> None:
    config = I2MoEConfig.parse({"fusion": {"name": "moepp", "experts": 4}})
    assert config.fusion == {
        "name": "moepp",
        "layers": 2,
        "heads": 4,
        "experts": 4,
        "dropout": 0.5,
        "moepp_bug": False,
    }
    assert config.encoder_gives("x") == "tokens"
    assert I2MoEConfig.parse({"fusion": {"name": "lrmf"}}).encoder_gives("x") == "vector"
    with pytest.raises(ValidationError, match=r"fusion.expert: Extra inputs"):
        I2MoEConfig.parse({"fusion": {"name": "moepp", "expert": 4}})
    with pytest.raises(ValidationError, match=r"unknown name 'moep' \(did you mean 'moepp'"):
        I2MoEConfig.parse({"fusion": {"name": "moep"}})
    for name in ("i2moe", "late_fusion", "boosting"):
        with pytest.raises(ValidationError, match="unknown name"):
            I2MoEConfig.parse({"fusion": {"name": name}})


def test_what_says_it_is_separable_is() -> None:
    for name in MODELS:
        separable = getattr(MODELS.config(name), "separable", False)
        if MODELS.entry(name).family == "model" and name != "i2moe":
            assert issubclass(MODELS.load(name), FusionModel) == separable, name


def test_one_modality_is_refused(build: Build) -> None:
    with pytest.raises(UsageError, match="only one"):
        build("i2moe", 1, 8, 2, 3, fusion=QUIET)
