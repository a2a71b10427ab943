"""EyeMoSt: every modality predicts a normal-inverse-gamma; their Student's t are fused.

Paper: Zou et al., "Reliable multimodality eye disease screening via mixture of Student's t
distributions" (MICCAI 2023), as a baseline of M4oE (ICLR 2025), Tables 11 and 14; its supplement
reads "teacher-student" into the name. Code: github.com/Cocofeat/EyeMoSt.

Stated (M4oE): one set of heads per task; with MToE, the routing comes before the fusion.
Stated (EyeMoSt): per modality the likelihood of a normal-inverse-gamma and 0.01 times cross-entropy
times evidence, for the fusion the likelihood of Student's t and 0.5 times cross-entropy; EyeMoSt+
adds 10 times a hinge (``hinge``) on the fused confidence.
Inferred from the code: four perceptrons of 64 hidden units, their ranges, the fusion with the base
of smaller degrees of freedom. Inferred: likelihoods are of one-hot labels, averaged over classes;
evidence is averaged over classes; confidence is the probability of the true class. More than two
modalities are fused one after the other. The locations are the logits. A segmentation reads the
tokens of its image by a dense head, after MToE if there is one.
The run's task loss on them, cross-entropy in the tables, stands where the fused cross-entropy does;
all other terms are divided by its weight of 0.5, so that the whole is twice the printed sum, a
factor that Adam does not see.
Mended: a missing modality does not take part; a sample without any gets a learned location.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.eyemost.config import EyeMoStConfig
from benchmark.models.layers.dense_head import DenseHeads
from benchmark.models.layers.evidential import NIG, NIGHead, StudentT, fuse_students
from benchmark.models.layers.heads import task_outputs
from benchmark.models.layers.label_loss import check_classes, class_nll, mean_over, one_hot
from benchmark.models.layers.modality_routing import ModalityRouting, Routed
from benchmark.models.layers.tokens import summary


class EyeMoSt(Model):
    """``NIG_m = head_{t,m}(E_m(x_m))``, ``St = fuse(St_1, ..., St_M)``, logits are its locations.

    With MToE, a head reads the mean of the tokens that its task has of its modality.

    Args:
        problem: One dataset with tasks of classes.
        encoders: Encoders of any widths; vectors, or tokens where ``maps`` or ``dense`` say so.
        config: Heads, weights of the terms, experts, what is read as tokens.

    Raises:
        UsageError: A task has no classes, a segmentation has no tokens to read, or widths do not
            fit MToE.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: EyeMoStConfig
    ) -> None:
        super().__init__(problem, encoders)
        check_classes(problem, "eyemost")
        self.config = config
        self.names = [modality.name for modality in problem.only.modalities]
        self.numbers = {task.name: number for number, task in enumerate(problem.only.tasks)}
        self.tasks = task_outputs(problem, dense=True)
        own = [encoders[name] for name in self.names]
        widths, width = [one.width for one in own], None
        self.routing = None
        if config.mtoe is not None:
            self.routing = ModalityRouting(own, len(self.numbers), config.width, config.mtoe)
            width = self.routing.width
            widths = [width] * len(own)
        self.evidence = nn.ModuleList(
            nn.ModuleList(NIGHead(one, config.hidden, count) for one in widths)
            for count in self.tasks.values()
        )
        self.nothing = nn.ParameterList(
            nn.Parameter(torch.zeros(count)) for count in self.tasks.values()
        )
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), ``info["student"][task]`` the fused t.

        Those of a segmentation are (B, C, H, W).
        """
        codes = [self.encode(batch, name) for name in self.names]
        routed = None if self.routing is None else self.routing(codes, batch.observed)
        fused: dict[str, StudentT] = {}
        losses: dict[str, Tensor] = {} if routed is None else dict(routed.losses)
        for number, task in enumerate(self.tasks):
            vectors = self._vectors(codes, routed, task)
            own = [head(one) for head, one in zip(self._heads(number), vectors, strict=True)]
            fused[task] = self._fuse(own, batch.observed, self.nothing[number])
            if task in batch.targets:
                losses |= self._terms(task, own, fused[task], batch)
        logits = {task: one.loc for task, one in fused.items()}
        logits |= self._segment(codes, routed)
        return Output(logits, losses, {"student": fused})

    def _vectors(self, codes: Sequence[Tensor], routed: Routed | None, task: str) -> list[Tensor]:
        """Return what the heads of a task read of each modality, (B, D_m)."""
        if routed is not None:
            return list(routed.vectors(self.numbers[task]).unbind(dim=1))
        named = zip(codes, self.names, strict=True)
        return [summary(code, self.encoder(name)) for code, name in named]

    def _segment(self, codes: Sequence[Tensor], routed: Routed | None) -> dict[str, Tensor]:
        """Return the logits of segmentation tasks."""
        image = self.dense_heads.number
        maps = [
            codes[image] if routed is None else routed.map(self.numbers[task], image)
            for task in self.dense_heads.outputs
        ]
        return self.dense_heads.each(maps)

    def _heads(self, task: int) -> Sequence[NIGHead]:
        heads: Sequence[NIGHead] = self.evidence[task]  # type: ignore[assignment]
        return heads

    @staticmethod
    def _fuse(own: Sequence[NIG], observed: Tensor, nothing: Tensor) -> StudentT:
        """Fuse the modalities that each sample has, in their order."""
        loc = nothing.to(own[0].gamma.dtype).expand_as(own[0].gamma)
        # Where a sample has nothing only the location is read; 4 and 1 are a wide, proper t.
        fused = StudentT(torch.full_like(loc, 4), loc, torch.ones_like(loc))
        found = torch.zeros_like(observed[:, 0])
        for m, one in enumerate(own):
            student = one.student()
            both = fuse_students(fused, student).where(found, student)
            fused = both.where(observed[:, m], fused)
            found = found | observed[:, m]
        return fused

    def _terms(
        self, task: str, own: Sequence[NIG], fused: StudentT, batch: Batch
    ) -> dict[str, Tensor]:
        """Return the terms beside the fused cross-entropy, over its weight; scalars."""
        target = batch.targets[task]
        labels, known = one_hot(target, fused.loc.shape[1]).to(fused.loc.dtype), target >= 0
        alone = []
        for m, one in enumerate(own):
            wrong = class_nll(one.gamma, target) * one.evidence().mean(dim=1)
            each = one.nll(labels).mean(dim=1) + self.config.evidence * wrong
            alone.append(mean_over(each, known & batch.observed[:, m]))
        seen = known & batch.observed.any(dim=1)
        terms = {
            f"nig:{task}": torch.stack(alone).sum(),
            f"student:{task}": mean_over(fused.nll(labels).mean(dim=1), seen),
        }
        if self.config.hinge:
            hinge = confidence_hinge([one.gamma for one in own], fused.loc, target, batch.observed)
            terms[f"hinge:{task}"] = self.config.hinge * hinge
        return {name: term / self.config.cross_entropy for name, term in terms.items()}


def confidence_hinge(
    own: Sequence[Tensor], fused: Tensor, target: Tensor, observed: Tensor
) -> Tensor:
    """Return by how much modalities that are right are surer than their fusion, a scalar.

    ``max(0, p_m(y) - p(y))`` summed over modalities whose most likely class is the label, averaged
    over the labelled samples that have each.

    Args:
        own: Logits (B, C) of each of M modalities.
        fused: Logits (B, C).
        target: (B,) int64 class; -1 is unlabelled.
        observed: (B, M) bool.
    """
    sure = (-class_nll(fused, target)).exp()
    terms = []
    for m, logits in enumerate(own):
        one = logits.shape[1] == 1
        guess = (logits[:, 0] > 0).long() if one else logits.argmax(dim=1)
        excess = ((-class_nll(logits, target)).exp() - sure).clamp(min=0)
        right = torch.where(guess == target, excess, torch.zeros_like(excess))
        terms.append(mean_over(right, observed[:, m] & (target >= 0)))
    return torch.stack(terms).sum()
