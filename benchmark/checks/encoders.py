"""What must hold for every encoder, on the kinds of modality it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from benchmark.checks._base import Check, collector, expect, fail
from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder

Gives = Literal["vector", "tokens"]
_SIZE = 5
_MODALITIES = (
    Modality(name="v", kind="vector", shape=(9,)),
    Modality(name="t", kind="text", shape=(12,)),
    Modality(name="s", kind="sequence", shape=(6, 4)),
    Modality(name="i", kind="image", shape=(3, 32, 32)),
    Modality(name="g", kind="image", shape=(1, 32, 32)),
    Modality(name="x", kind="volume", shape=(1, 24, 24, 24)),
)
#: Tried with encoders that take none of the others: the values are whole numbers.
_EVENTS = Modality(name="e", kind="events", shape=(6, 9))
#: Settings under which a built-in encoder is small.
NEEDED: dict[str, dict[str, Any]] = {
    "cnn3d": {"channels": [4, 4, 4], "width": 8},
    "maxout": {"hidden": [8], "width": 8},
}

CHECKS: list[Check[EncoderSubject]] = []
_check = collector(CHECKS)


@dataclass(frozen=True)
class EncoderSubject:
    """A registered encoder.

    Attributes:
        name: Registry name.
        settings: Settings that differ from its config's defaults.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def gives(self) -> tuple[Gives, ...]:
        """What it can give, by its family."""
        either: tuple[Gives, ...] = ("vector", "tokens")
        family = ENCODERS.entry(self.name).family
        return tuple(one for one in either if family in (one, "any"))

    def build(self, modality: Modality, output: Gives) -> Encoder:
        """Build the encoder of a modality from a fixed seed, in training mode."""
        given = {**NEEDED.get(self.name, {}), **self.settings}
        config = ENCODERS.config(self.name).parse(given)
        either = {"output": output} if ENCODERS.entry(self.name).family == "any" else {}
        torch.manual_seed(0)
        encoder = ENCODERS.load(self.name)(modality, config, **either)
        expect(isinstance(encoder, Encoder), f"{self.name} is no benchmark.plugins.Encoder")
        built: Encoder = encoder.train()
        return built

    def each(self) -> Iterator[tuple[str, Encoder, ModalityData]]:
        """Yield the modalities it takes, with an encoder and values of five samples."""
        refused, taken, events = dict[str, None](), False, False
        for output in self.gives:
            for modality in (*_MODALITIES, _EVENTS):
                if modality is _EVENTS and taken and not events:
                    continue
                try:
                    encoder = self.build(modality, output)
                except UsageError as error:
                    refused[f"{modality.kind} {modality.shape}: {error.message}"] = None
                    continue
                taken, events = True, modality is _EVENTS
                yield f"a {modality.kind} {modality.shape}", encoder, data_of(modality)
        if not taken:
            fail("it takes none of these:\n" + "\n".join(refused))


def data_of(modality: Modality, seed: int = 1) -> ModalityData:
    """Return values of five samples; sequences and events have times and lengths."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(_SIZE, *modality.shape, generator=generator)
    if modality.kind not in ("sequence", "events"):
        return ModalityData(values)
    steps = modality.shape[0]
    if modality.kind == "events":
        codes = torch.randint(1, modality.shape[1], (_SIZE, steps), generator=generator)
        # Padding has to be there: it is nobody's.
        codes[0, steps // 2 :] = 0
        lengths = (codes > 0).sum(dim=1)
        return ModalityData(codes, times=torch.arange(steps).expand(_SIZE, steps).float(),
                            lengths=lengths)  # fmt: skip
    return ModalityData(
        values=values,
        times=torch.arange(steps, dtype=torch.float32).expand(_SIZE, steps).clone(),
        mask=torch.ones_like(values, dtype=torch.bool),
        lengths=torch.full((_SIZE,), steps),
    )


@_check(
    "give every setting a default, and take (modality, config); UsageError says what does not fit",
    gate=True,
)
def it_can_be_built(subject: EncoderSubject) -> None:
    """For a vector, a text, a sequence, an image or a volume."""
    expect(subject.gives, "its family says neither vector nor tokens nor any")
    next(subject.each(), None)


@_check("register it with gives='vector', 'tokens' or 'any', and set width (and tokens)")
def codes_have_the_shape_it_tells(subject: EncoderSubject) -> None:
    """``(B, width)`` for a vector, ``(B, tokens, width)`` for tokens; finite."""
    for what, encoder, data in subject.each():
        wanted: tuple[int, ...] = (_SIZE, encoder.width)
        if encoder.output == "tokens":
            wanted = (_SIZE, encoder.tokens, encoder.width)
        codes = encoder(data)
        told = f"it says it gives {encoder.output} of {what}"
        expect(encoder.output in subject.gives, f"{told}, but is registered for {subject.gives}")
        shape = tuple(codes.shape)
        expect(shape == wanted, f"codes of {what} have shape {shape}, it tells {wanted}")
        expect(codes.isfinite().all(), f"codes of {what} are not finite")


@_check("remove layers that forward does not use, or use them")
def every_parameter_gets_a_gradient(subject: EncoderSubject) -> None:
    """No parameter is left out of the codes."""
    for what, encoder, data in subject.each():
        torch.manual_seed(3)
        with torch.no_grad():
            for parameter in encoder.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        (encoder(data) ** 2).sum().backward()
        frozen = [one for one in encoder.named_parameters() if one[1].requires_grad]
        silent = [name for name, one in frozen if one.grad is None or not one.grad.any()]
        expect(not silent, f"of {what}, these parameters get no gradient: {', '.join(silent)}")


@_check("in evaluation a sample must be encoded by itself: no statistics over the batch")
def samples_do_not_see_each_other(subject: EncoderSubject) -> None:
    """A sample's code does not depend on its batch, and evaluating twice gives the same bits."""
    for what, encoder, data in subject.each():
        encoder.eval()
        whole = encoder(data)
        expect(torch.equal(whole, encoder(data)), f"two evaluations of {what} differ")
        alone = encoder(data.rows(torch.tensor([2])))
        same = torch.allclose(alone[0], whole[2], atol=1e-5)
        expect(same, f"a sample of {what} alone is encoded otherwise than within a batch")


@_check("read data.values, and keep what codes depend on in parameters or registered buffers")
def values_matter_and_state_survives(subject: EncoderSubject) -> None:
    """Other values give other codes; ``state_dict`` holds all that was learned."""
    for what, encoder, data in subject.each():
        encoder.eval()
        other = _other(data.values)
        moved = ModalityData(other, data.times, data.mask, data.lengths)
        read = not torch.allclose(_codes(encoder, data), _codes(encoder, moved))
        expect(read, f"other values of {what} give the same codes")
        state = {name: one.clone() for name, one in encoder.state_dict().items()}
        before = _codes(encoder, data)
        with torch.no_grad():
            for parameter in encoder.parameters():
                parameter.add_(0.1)
        encoder.load_state_dict(state)
        same = torch.equal(before, _codes(encoder, data))
        expect(same, f"{what} is encoded otherwise after load_state_dict(state_dict())")


def _other(values: Tensor) -> Tensor:
    """Return other numbers; other codes in the places of codes."""
    if values.is_floating_point():
        return -2 * values
    return torch.where(values > 0, values.max() + 1 - values, 0)


def _codes(encoder: Encoder, data: ModalityData) -> Tensor:
    with torch.no_grad():
        codes: Tensor = encoder(data)
    return codes
