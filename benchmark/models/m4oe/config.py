"""Settings of M4oE; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]


class M4oEConfig(ModelConfig):
    """Settings of M4oE.

    Attributes:
        width: D; None takes the encoders' common width, else tokens are mapped to D linearly.
        msoe: What stands for each modality in front of the final blocks: its ``mixture`` (MSoE),
            ``nothing`` (the ablation without MSoE), or its encoder's ``tokens``.
        mtoe: ``tasks``: one slot per task (MToE); ``shared``: one soft mixture for all tasks, with
            neither task vectors nor regulariser (the ablation without MToE).
        msoe_depth: Blocks per modality.
        mtoe_depth: Blocks over the tokens of all modalities; the last one keeps tasks apart.
        final_depth: Blocks over the pooled rows of a task, shared by the tasks.
        msoe_experts: Experts of every MSoE layer.
        mtoe_experts: n, experts of every MToE layer.
        final_experts: Experts of every final layer.
        msoe_slots: Slots per expert there.
        final_slots: Slots per expert there.
        heads: Attention heads of all blocks; a divisor of D.
        hidden: Inner width of every expert; None is 4 D.
        alpha: Weight of the mutual-information term; 0 leaves it out.
        mi_unit: What stands for a modality in it: every ``token`` alone, or the whole ``modality``.
        mi_reduction: ``sum`` over the batch, as released; the weight then grows with the batch and
            shrinks with the number of micro-batches it is cut into. ``mean`` does neither.
        task_residual: Whether the last MToE block adds its input to each task's output.
        normalize_slot_inputs: Whether slots average tokens of length 1.
        readout: Which row of the final blocks is read: the ``task`` row, or the ``mean`` of all.
        head: Two linear maps per task, with nothing (``linear``) or a ``gelu`` between them.
        dense: Modality whose tokens segmentation tasks are read off; needs an image encoder.
    """

    encoder_output: ClassVar[Literal["vector", "tokens"]] = "tokens"

    width: Count | None = None
    msoe: Literal["mixture", "nothing", "tokens"] = "mixture"
    mtoe: Literal["tasks", "shared"] = "tasks"
    msoe_depth: Count = 2
    mtoe_depth: Count = 1
    final_depth: Count = 2
    msoe_experts: Count = 32
    mtoe_experts: Count = 128
    final_experts: Count = 16
    msoe_slots: Count = 1
    final_slots: Count = 1
    heads: Count = 8
    hidden: Count | None = None
    alpha: float = Field(default=0.05, ge=0, allow_inf_nan=False)
    mi_unit: Literal["token", "modality"] = "token"
    mi_reduction: Literal["sum", "mean"] = "sum"
    task_residual: bool = True
    normalize_slot_inputs: bool = True
    readout: Literal["task", "mean"] = "task"
    head: Literal["linear", "gelu"] = "linear"
    dense: str | None = None
