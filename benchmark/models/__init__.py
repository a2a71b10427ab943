"""Registered models and controls. Names map to strings; torch is imported when one is used."""

from __future__ import annotations

from benchmark.core.registry import Entry, Registry


def _model(name: str, cls: str, summary: str, version: int = 1) -> Entry:
    return Entry(
        target=f"benchmark.models.{name}.model:{cls}",
        config=f"benchmark.models.{name}.config:{cls}Config",
        summary=summary,
        family="model",
        result_version=version,
    )


def _control(name: str, cls: str, summary: str) -> Entry:
    return Entry(
        target=f"benchmark.models.controls.{name}:{cls}",
        config=f"benchmark.models.controls.config:{cls}Config",
        summary=summary,
        family="control",
    )


MODELS = Registry(
    "model",
    {
        # Version 2: other modalities' encoders are not built first, which moved the random stream.
        "unimodal": _model("unimodal", "Unimodal", "encoder of one modality, linear head", 2),
        "early_fusion": _model("early_fusion", "EarlyFusion", "encoded modalities concatenated"),
        "late_fusion": _model("late_fusion", "LateFusion", "mean of one prediction per modality"),
        "joint_transformer": _model(
            "joint_transformer", "JointTransformer", "self-attention over all modalities' tokens"
        ),
        "lrmf": _model(
            "lrmf", "LRMF", "low-rank weights on the product of all modalities", version=2
        ),
        "early_fusion_transformer": _model(
            "early_fusion_transformer",
            "EarlyFusionTransformer",
            "patches joined feature by feature, narrow transformer (EF of I2MoE)",
        ),
        "late_fusion_transformer": _model(
            "late_fusion_transformer",
            "LateFusionTransformer",
            "every number of every token is a token (LF of I2MoE)",
        ),
        "switch_gate": _model(
            "switch_gate", "SwitchGate", "joint-token transformer with top-1 experts"
        ),
        "moepp": _model(
            "moepp", "MoEPP", "joint-token transformer with copy, constant and zero experts"
        ),
        # Versions 2 and 3: the experts draw their dropout in another way.
        "i2moe": _model("i2moe", "I2MoE", "interaction experts around any fusion model", 3),
        "interpretcc": _model("interpretcc", "InterpretCC", "a hard gate per modality, perceptron"),
        "tensor_fusion": _model(
            "tensor_fusion", "TensorFusion", "outer product of all modalities, perceptron"
        ),
        "mult": _model("mult", "MulT", "every modality attends to every other one's tokens"),
        "mirai": _model("mirai", "Mirai", "views conditioned on what they are, a transformer"),
        "asymmirai": _model(
            "asymmirai", "AsymMirai", "peaks of the difference of two breasts' feature maps"
        ),
        "eyemost": _model("eyemost", "EyeMoSt", "evidence of every modality, fused as Student's t"),
        "eyestar": _model("eyestar", "EyeStar", "an encoder per modality, concatenated"),
        "evif": _model("evif", "EVIF", "fusion transformer between bounds of mutual information"),
        "fuller": _model("fuller", "Fuller", "fusion block whose gradients are calibrated"),
        "aide": _model("aide", "AIDE", "every modality attends to all others, concatenated"),
        "multimodn": _model(
            "multimodn", "MultiModN", "a state goes through the modalities, decoded after each"
        ),
        "m4oe": _model("m4oe", "M4oE", "soft experts within modalities, between them and per task"),
        "soft_moe": _model(
            "soft_moe", "MultimodalSoftMoE", "one soft mixture of experts over all tokens"
        ),
        # Version 2: k follows validation losses, not whatever selects epochs.
        "adamv_moe": _model(
            "adamv_moe", "AdaMVMoE", "shared sparse experts, a router and a k of every task", 2
        ),
        "fuse_moe": _model(
            "fuse_moe", "FuseMoE", "sparse experts with a Laplace gate over modality features"
        ),
        # Fitted outside the training loop like a control, though it is a paper's method.
        "haim": Entry(
            target="benchmark.models.haim.model:HAIM",
            config="benchmark.models.haim.config:HAIMConfig",
            summary="statistics and vectors of all modalities, boosted trees on a searched grid",
            family="control",
        ),
        "prior": _control("prior", "Prior", "class frequencies or mean of the training rows"),
        "ridge_logistic": _control(
            "ridge_logistic", "RidgeLogistic", "L2 logistic regression on flat features"
        ),
        "ridge_regression": _control(
            "ridge_regression", "RidgeRegression", "L2 linear regression on flat features"
        ),
        "ridge_cox": _control("ridge_cox", "RidgeCox", "L2 Cox regression on flat features"),
        "pca_ridge_cox": _control(
            "pca_ridge_cox", "PCARidgeCox", "L2 Cox regression on 30 components per modality"
        ),
        "clinical_only": _control(
            "clinical_only", "ClinicalOnly", "L2 regression on one modality, such as age and sex"
        ),
        "given_score": _control(
            "given_score", "GivenScore", "a score the data comes with, such as APACHE IVa"
        ),
        "boosting": _control("boosting", "Boosting", "gradient-boosted trees on flat features"),
        "boosting_cox": _control(
            "boosting_cox", "BoostingCox", "gradient-boosted Cox trees on flat features"
        ),
        "best_single": _control(
            "best_single", "BestSingle", "the single modality that is best on validation"
        ),
    },
)
