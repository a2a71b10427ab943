"""Texts as vectors of a clinical transformer that lies in a local folder.

The folder is what ``save_pretrained`` of the transformers library writes, or a copy of a model
page's files: configuration, vocabulary, and weights as ``.safetensors`` or a ``.bin`` of which only
tensors are read. Nothing is ever fetched, and code in the folder is never run. The transformer is
frozen: a text's vector depends on the text and the folder alone, so it is computed once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.core.digests import file_digest
from benchmark.core.errors import DataError, DataNotAvailable, MMBenchError
from benchmark.core.paths import Paths
from benchmark.core.spec import canonical_json
from benchmark.core.torchvision_ops import make_importable
from benchmark.datasets._arrays import Filling, fill, open_array
from benchmark.datasets._base import DataContext, Progress, silent
from benchmark.datasets._prepared import make_once, prepared_folder

#: ``mean``: of the vectors of all chunks of as many tokens as the model takes. ``first``: the
#: vector of the first chunk only, where a chunk is as many lines as fit.
Chunks = Literal["mean", "first"]
Vectors = NDArray[np.float32]

#: Raised when vectors of equal texts and folders change.
VERSION = 1
#: Tokens per chunk, with the special ones, at most; positions of some models are counted higher.
MAX_TOKENS = 512
#: What a model is made of; anything else in its folder is not read.
_SUFFIXES = (".json", ".txt", ".model", ".safetensors", ".bin")
_ARRAY = "texts"
#: Weights that a checkpoint for masked words lacks; then the first token stands for a chunk.
_POOLER = "pooler."
#: Chunks that go through the model at a time.
_BATCH = 16


@dataclass(frozen=True)
class TextModel:
    """A folder with a transformer.

    Attributes:
        folder: Where it is.
        digest: SHA-256 over names and contents of its files.
        width: Length of its vectors.
    """

    folder: Path
    digest: str
    width: int


def find_text_model(name: str, paths: Paths) -> TextModel:
    """Return the transformer in the folder ``name`` of MMBENCH_WEIGHTS.

    Raises:
        DataNotAvailable: It is not there.
        DataError: It is no model's folder, or ``name`` leads out of MMBENCH_WEIGHTS.
    """
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise DataError(
            f"text_model: {name!r} is no name of a folder", "name a folder of MMBENCH_WEIGHTS"
        )
    remedy = (
        f"put the model's files into a folder {name!r} of MMBENCH_WEIGHTS, "
        "or set text_model: null, which takes TF-IDF"
    )
    if paths.weights is None:
        raise DataNotAvailable(
            f"no folder of weights is set, and text model {name} is needed", remedy
        )
    folder = paths.weights / name
    if not folder.is_dir():
        raise DataNotAvailable(f"text model {name} is not in {paths.weights}", remedy)
    files = sorted(one for one in folder.iterdir() if one.suffix in _SUFFIXES and one.is_file())
    _weights_file(folder)
    body = {one.name: file_digest(one, paths.cache) for one in files}
    digest = hashlib.sha256(canonical_json(body).encode()).hexdigest()
    return TextModel(folder, digest, _width(folder))


def text_vectors(
    dataset: str,
    data: str,
    ids: Sequence[str],
    texts: Sequence[str],
    model: TextModel,
    chunks: Chunks,
    context: DataContext,
    jobs: int = 1,
    progress: Progress = silent,
) -> Vectors:
    """Return one vector per text, (N, D), computed where the cache lacks them.

    An interrupted call is gone on with.

    Args:
        dataset: Whose texts.
        data: Names the texts: fingerprint of their release and of how they were chosen.
        ids: Of the texts, unique; named in errors.
        texts: The texts.
        model: The transformer.
        chunks: How texts longer than the model takes are treated.
        context: Folders.
        jobs: Processes, each with a model of its own.
        progress: Is told how many texts are done.

    Raises:
        DataError: The folder cannot be read as a model.
        MMBenchError: transformers is not installed.
    """
    folder = vectors_folder(dataset, data, model, chunks, context)
    filling = Filling(
        name=_ARRAY,
        shape=(model.width,),
        dtype="float32",
        items=texts,
        labels=ids,
        decode=partial(text_vector, model.folder, chunks),
    )

    def make(part: Path) -> None:
        _load(model.folder)  # what is wrong with the folder is said once, not of every text
        fill(part, filling, jobs, progress=progress)

    return open_array(make_once(folder, make, context, progress), _ARRAY)


def vectors_folder(
    dataset: str, data: str, model: TextModel, chunks: Chunks, context: DataContext
) -> Path:
    """Return where :func:`text_vectors` keeps what it computes; a folder when that is done."""
    options = {"model": model.digest, "chunks": chunks}
    return prepared_folder(f"{dataset}-text", data, options, VERSION, context)


def text_vector(folder: Path, chunks: Chunks, text: str) -> Vectors:
    """Return the vector of one text, (D,).

    A chunk's vector is the model's pooled output (of BERT: the first token through a layer and a
    tanh); where the folder has no weights for that layer, the last state of the first token.

    Raises:
        DataError: The folder cannot be read as a model, or gives values that are not finite.
    """
    import torch

    loaded = _load(folder)
    if chunks == "first":
        text = loaded.first_lines(text)
    tokens = loaded.tokenizer(
        text,
        truncation=True,
        max_length=loaded.length,
        return_overflowing_tokens=chunks == "mean",
        padding=True,
        return_tensors="pt",
    )
    tokens.pop("overflow_to_sample_mapping", None)
    # One chunk has no axis of chunks where no overflow is asked for.
    inputs = {name: one.reshape(-1, one.shape[-1]) for name, one in tokens.items()}
    found = []
    with torch.inference_mode():
        for start in range(0, len(inputs["input_ids"]), _BATCH):
            part = {
                name: one[start : start + _BATCH].to(loaded.device) for name, one in inputs.items()
            }
            output = loaded.network(**part)
            pooled = output.pooler_output if loaded.pooled else output.last_hidden_state[:, 0]
            found.append(pooled.float().cpu().numpy())
    vector = np.concatenate(found).mean(axis=0, dtype=np.float64).astype(np.float32)
    if not np.isfinite(vector).all():
        raise DataError(f"the model in {folder} gives values that are not finite")
    return np.asarray(vector, dtype=np.float32)


@dataclass(frozen=True)
class _Loaded:
    """A model in memory.

    Attributes:
        tokenizer: From text to tokens.
        network: From tokens to states.
        pooled: Whether its pooled output has weights of its own.
        length: Tokens per chunk, with the special ones.
        device: Where the network is.
    """

    tokenizer: Any
    network: Any
    pooled: bool
    length: int
    device: str

    def first_lines(self, text: str) -> str:
        """Return a text that fits as it is, else its first lines that together fit, as one line.

        The rule of HAIM's code, which FuseMoE's uses; a first line that does not fit alone gives
        nothing.
        """
        room = self.length - self.tokenizer.num_special_tokens_to_add()
        if len(self.tokenizer.tokenize(text)) <= room:
            return text
        taken: list[str] = []
        for line in text.split("\n"):
            room -= len(self.tokenizer.tokenize(line))
            if room < 0:
                break
            taken.append(line)
        return " ".join(taken)


@lru_cache(maxsize=1)
def _load(folder: Path) -> _Loaded:
    transformers = _library()
    import torch

    safe = _weights_file(folder).suffix == ".safetensors"
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        network, report = transformers.AutoModel.from_pretrained(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=safe,
            weights_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # the library raises many kinds for what is wrong with a folder
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise DataError(
            f"{folder} cannot be read as a model: {type(error).__name__}: {first}",
            "put the model's files there as they were released",
        ) from error
    missing = set(report["missing_keys"])
    lacking = sorted(name for name in missing if not name.startswith(_POOLER))
    if lacking or report["mismatched_keys"]:
        odd = lacking or sorted(str(one[0]) for one in report["mismatched_keys"])
        raise DataError(
            f"{folder} lacks weights of its own model: {', '.join(odd[:5])}",
            "put the model's files there as they were released",
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return _Loaded(
        tokenizer=tokenizer,
        network=network.eval().to(device),
        pooled=getattr(network, "pooler", None) is not None and not missing,
        length=min(MAX_TOKENS, tokenizer.model_max_length, _positions(network.config)),
        device=device,
    )


def _library() -> Any:
    """Return transformers, without its progress bars and chatter."""
    with suppress(MMBenchError):  # without torchvision, transformers does not import it either
        make_importable()
    try:
        import transformers
    except ImportError as error:
        raise MMBenchError(
            "transformers is not installed, and a text model needs it",
            "pip install 'mmbench[text]', or set text_model: null, which takes TF-IDF",
        ) from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers


def _positions(config: Any) -> int:
    return int(getattr(config, "max_position_embeddings", MAX_TOKENS))


def _weights_file(folder: Path) -> Path:
    """Return a file of weights, ``.safetensors`` before ``.bin``; DataError where there is none."""
    for suffix in (".safetensors", ".bin"):
        found = sorted(folder.glob(f"*{suffix}"))
        if found:
            return found[0]
    raise DataError(
        f"{folder} has no weights, neither .safetensors nor .bin",
        "put the model's files there as they were released",
    )


def _width(folder: Path) -> int:
    """Return the length of a model's vectors, as its configuration says."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
        found = next(config[name] for name in ("hidden_size", "dim", "d_model") if name in config)
        return int(found)
    except (OSError, ValueError, TypeError, StopIteration) as error:
        raise DataError(
            f"{path} does not tell the width of the model",
            "put the model's files there as they were released",
        ) from error
