"""Settings of the encoders; torch-free."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from benchmark.core.problem import Frozen

Width = Annotated[int, Field(ge=1)]


class MLPEncoderConfig(Frozen):
    """Settings of the multilayer perceptron.

    Attributes:
        width: D, length of the vector it gives.
        hidden: Widths of the hidden layers; none makes the encoder one linear map.
        dropout: After every hidden activation.
        activation: Between layers.
    """

    width: Width = 32
    hidden: tuple[Width, ...] = (64,)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    activation: Literal["relu", "gelu", "tanh"] = "relu"


class TextVectorEncoderConfig(MLPEncoderConfig):
    """Settings of the text-vector encoder: those of a perceptron behind a layer norm.

    Attributes:
        dropout: After every hidden activation.
        input_dropout: On the normalised vector.
    """

    dropout: float = Field(default=0.25, ge=0, lt=1)
    input_dropout: float = Field(default=0.0, ge=0, lt=1)


class PatchEncoderConfig(Frozen):
    """Settings of the patch embedding.

    Attributes:
        width: D, width of a token.
        patches: P, number of tokens.
    """

    width: Width = 32
    patches: Width = 4


class MaxoutEncoderConfig(PatchEncoderConfig):
    """Settings of the maxout network.

    Attributes:
        patches: P; read only where tokens are wanted.
        hidden: Units of every maxout layer.
        pieces: Linear pieces per unit.
        dropout: After every maxout layer.
    """

    hidden: tuple[Width, ...] = Field(default=(512, 512), min_length=1)
    pieces: Width = 2
    dropout: float = Field(default=0.3, ge=0, lt=1)


class GRUEncoderConfig(PatchEncoderConfig):
    """Settings of the recurrent network.

    Attributes:
        width: D; also the length of the state where a vector is wanted.
        patches: P; read only where tokens are wanted.
        hidden: Length of the state where tokens are wanted.
    """

    hidden: Width = 256


class GridTransformerEncoderConfig(Frozen):
    """Settings of the transformer over the steps of a series.

    Attributes:
        width: D.
        layers: L.
        heads: Attention heads; a divisor of D.
        dropout: Probability of every dropout.
        pool: What a vector is, where one is wanted: the ``mean`` of the valid steps, or a ``class``
            token in front of them.
    """

    width: Width = 32
    layers: Width = 1
    heads: Width = 4
    dropout: float = Field(default=0.1, ge=0, lt=1)
    pool: Literal["mean", "class"] = "mean"


class EventTransformerEncoderConfig(Frozen):
    """Settings of the transformer over coded events.

    Attributes:
        width: D.
        layers: L.
        heads: Attention heads; a divisor of D.
        tokens: P, queries that read the events; used only where tokens are wanted.
        period: Longest period of the sinusoids of time, in hours.
        dropout: Probability of every dropout.
    """

    width: Width = 32
    layers: Width = 1
    heads: Width = 4
    tokens: Width = 4
    period: float = Field(default=96.0, gt=2, allow_inf_nan=False)
    dropout: float = Field(default=0.1, ge=0, lt=1)


class MTANDEncoderConfig(Frozen):
    """Settings of multi-time attention.

    Attributes:
        width: D.
        points: K, reference points, evenly from 0 to ``hours``.
        hours: Length of the window; times are divided by it.
        heads: H, time embeddings, each with an attention of its own.
        time_width: d_r, numbers of a time embedding: one linear, the others sines.
        key_width: d_k, what queries and keys are mapped to.
        dropout: Of attention weights.
    """

    width: Width = 32
    points: Width = 24
    hours: float = Field(default=24.0, gt=0, allow_inf_nan=False)
    heads: Width = 2
    time_width: Annotated[int, Field(ge=2)] = 16
    key_width: Width = 16
    dropout: float = Field(default=0.0, ge=0, lt=1)


class CNN3DEncoderConfig(PatchEncoderConfig):
    """Settings of the convolutions over a volume.

    Attributes:
        patches: P; read only where tokens are wanted.
        channels: Of the three blocks; the last one ends in D channels.
        dropout: Of whole channels, after every block.
    """

    channels: tuple[Width, Width, Width] = (32, 64, 128)
    dropout: float = Field(default=0.2, ge=0, lt=1)


class ImageEncoderConfig(Frozen):
    """Settings of every image network.

    Attributes:
        image_size: Side that images are resized to; None takes them as they are stored.
    """

    image_size: int | None = Field(default=None, ge=8)


class ViTEncoderConfig(ImageEncoderConfig):
    """Settings of the vision transformer.

    Attributes:
        arch: Name in timm: width 192, 384 or 768, patches of 16 pixels.
        depth: Blocks; None is all 12.
        pool: What a vector is, where one is wanted: the ``class`` token, or the ``mean`` of all
            other tokens.
        pretrained: File of timm's weights in MMBENCH_WEIGHTS; position embeddings are brought to
            the input size, blocks beyond ``depth`` left out. None starts from random weights.
    """

    arch: Literal["vit_tiny_patch16_224", "vit_small_patch16_224", "vit_base_patch16_224"] = (
        "vit_base_patch16_224"
    )
    depth: int | None = Field(default=None, ge=1)
    pool: Literal["class", "mean"] = "class"
    pretrained: str | None = None


class ResNetEncoderConfig(ImageEncoderConfig):
    """Settings of the residual network.

    Attributes:
        arch: Name in timm; vectors and tokens have width 512, of ``resnet50`` 2048.
        pool: What a vector is, where one is wanted: mean or largest value over positions.
        pretrained: File of timm's or torchvision's weights in MMBENCH_WEIGHTS; None starts from
            random weights.
    """

    arch: Literal["resnet18", "resnet34", "resnet50"] = "resnet18"
    pool: Literal["mean", "max"] = "mean"
    pretrained: str | None = None


class VGGEncoderConfig(PatchEncoderConfig):
    """Settings of the frozen VGG-11.

    Attributes:
        patches: P; read only where tokens are wanted.
        hidden: F, width of the linear layer.
        dropout: After every activation of the convolutions.
        pretrained: File of torchvision's weights in MMBENCH_WEIGHTS; None starts from random
            weights, which stay as they are.
    """

    hidden: Width = 1024
    dropout: float = Field(default=0.2, ge=0, lt=1)
    pretrained: str | None = None


class SmallCNNEncoderConfig(ImageEncoderConfig):
    """Settings of the small convolutional network.

    Attributes:
        width: D.
        channels: Of its three convolutions.
        pool: What a vector is, where one is wanted: mean or largest value over positions.
    """

    width: Width = 64
    channels: tuple[Width, Width, Width] = (8, 16, 32)
    pool: Literal["mean", "max"] = "mean"
