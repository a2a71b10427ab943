"""Low-rank multimodal fusion: the product of all modalities, its weights in factored form.

Paper: Liu et al., "Efficient low-rank multimodal fusion with modality-specific factors" (ACL
2018), section 3.2. Releases: github.com/Justin1904/Low-rank-Multimodal-Fusion; MultiBench and
github.com/Raina-Xin/I2MoE (``fusion_models/lrtf.py``), which call it LRTF.

Stated: a 1 appended to each modality's vector, factors of every modality, their product, the sum
over ranks.
Inferred from the releases: learned weights of the ranks and a bias, Xavier-normal factors, a
perceptron behind the fused vector (64-128-C in I2MoE, linear in MultiBench: ``hidden: []``). A
missing modality is a zero vector, so that the product keeps its lower-order terms, which the
constant 1 is there for.
Mended: in I2MoE and MultiBench factors, rank weights and bias are no parameters on a GPU and stay
as they were drawn; here they are learned (``trainable_factors: true``). ``false`` is the release.
The releases draw factors so small that a product of six modalities is of order 1e-5 and nothing is
learned; here the constant 1 starts with weight 1 (``init: unit``). ``xavier`` is the release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.low_rank import LowRankProduct
from benchmark.models.layers.mlp import hidden_layers
from benchmark.models.lrmf.config import LRMFConfig


class LRMF(FusionModel):
    """``logits = head(MLP(z))``, ``z = sum_r w_r prod_m ([1; E_m(x_m)] F_m^r) + b``.

    Parameters without encoders, for hidden widths (K,) and one task of C logits:
    ``R H sum_m (D_m + 1) + R + H + (H + 1) K + (K + 1) C``; with ``trainable_factors: false`` only
    ``(H + 1) K + (K + 1) C``.

    Args:
        problem: One dataset.
        encoders: Vector encoders, of any widths D_m.
        config: Rank, widths, whether factors are learned.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: LRMFConfig
    ) -> None:
        super().__init__(problem, encoders)
        widths = [encoders[name].width for name in self.names]
        self.fusion = LowRankProduct(
            widths, config.rank, config.width, config.trainable_factors, config.init
        )
        self.joint = hidden_layers(config.width, config.hidden, config.dropout, "relu")
        self.heads = TaskHeads(config.hidden[-1] if config.hidden else config.width, problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, D_m) vectors; the latent is what the heads read."""
        latent = self.joint(self.fusion(codes))
        return Fused(self.heads(latent), latent)
