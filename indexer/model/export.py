"""A sentence-transformers model to the form that serves without torch: ONNX graphs, and one tokenizer file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError
from indexer.files import hash_files, replacing_folder, sign, write_file
from indexer.model.card import CARD, TOKENIZER, TORCH_FOLDER, EncoderCard, Runtime
from indexer.model.encoder import Encoder
from indexer.model.files import ModelFiles
from indexer.model.off_topic_questions import off_topic_questions
from indexer.model.onnx_encoder import OnnxEncoder
from indexer.model.sentence_transformer import prompt_of, quiet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
_DOCUMENTS, _QUERIES = "model.onnx", "model.int8.onnx"
_WEIGHTS, _INT8_WEIGHTS = "weights.bin", "weights.int8.bin"  # named in the graphs
_MIN_PARITY = 0.99999
# Bytes of a table of tokens, such as one for a hundred languages, from which both graphs share one in float16.
_LARGE_TABLE = 100_000_000
_PARITY_TEXTS = (
    "Short.",
    "My partner won't go to counselling, what can I do on my own?",
    "Où trouver de l'aide ? ¿Cuánto cuesta? 需要多长时间？ 🙂",
    "A longer paragraph that fills a good part of the window. " * 12,
)


def export_model(model: ModelFiles, folder: Path, *, min_int8_agreement: float = 0.98) -> EncoderCard:
    """Write the model in the form that serves: ONNX graphs where it can be exported faithfully, else itself.

    A graph is encoder, pooling and normalisation in one. That of documents is float32, and its embeddings must agree
    with sentence-transformers' own (cosine >= 0.99999 on texts of every length); a model that cannot be exported so
    is kept as it is and run by torch. That of queries multiplies in int8 (`to_int8`), 1.7 times as fast; where it
    does not agree (cosine >= `min_int8_agreement`) queries take the other one.

    Args:
        model: from `find_model`.
        folder: made if missing; written aside and renamed, so it is whole or not there.
        min_int8_agreement: lowest cosine of an int8 embedding with the original on four texts.

    Raises:
        ModelError: sentence-transformers is not installed or cannot load the model.
    """
    loaded = model.load()
    card = EncoderCard(
        name=model.name,
        fingerprint=model.fingerprint,
        runtime=Runtime.TORCH,
        dim=int(loaded.get_embedding_dimension() or 0),
        max_tokens=_max_tokens(loaded),
        query_prompt=prompt_of(loaded, "query"),
        document_prompt=prompt_of(loaded, "document", "passage"),
    )
    with replacing_folder(folder) as aside:
        with quiet():
            exported = _export_onnx(loaded, card, aside, min_int8_agreement)
            if exported is None:
                loaded.save_pretrained(str(aside / TORCH_FOLDER), create_model_card=False)
        card = replace(exported or card, sha256={name: sha256 for name, (sha256, _) in hash_files(aside).items()})
        write_file(aside / CARD, sign(json.dumps(asdict(card), indent=1)))
    return card


def _export_onnx(
    model: SentenceTransformer, card: EncoderCard, folder: Path, min_int8_agreement: float
) -> EncoderCard | None:
    """Write graphs and tokenizer, or return None if this model cannot be exported faithfully."""
    import onnxruntime

    try:
        import onnx  # noqa: F401  # asked for before a minute of work
    except ImportError as error:
        raise ModelError(f"a new model needs the extra: pip install 'semantic-faq-search[models]' ({error})") from error

    backend = getattr(getattr(model, "tokenizer", None), "backend_tokenizer", None)
    modules = [type(module).__name__ for module in model]
    if backend is None or modules[:2] != ["Transformer", "Pooling"] or set(modules[2:]) - {"Dense", "Normalize"}:
        return None

    try:
        inputs = _write_graph(model, folder)
        backend.no_padding()
        backend.no_truncation()
        backend.save(str(folder / TOKENIZER))
        card = replace(card, runtime=Runtime.ONNX, inputs=inputs, document_graph=_DOCUMENTS, query_graph=_DOCUMENTS)
        exact = OnnxEncoder(folder, card)
        agreement = _agreement(exact, model)
    except (ModelError, RuntimeError, TypeError, ValueError, onnxruntime.capi.onnxruntime_pybind11_state.Fail):
        agreement = 0.0
    if agreement < _MIN_PARITY:
        for name in (_DOCUMENTS, _WEIGHTS, TOKENIZER):
            (folder / name).unlink(missing_ok=True)
        return None
    quick = replace(card, query_graph=_QUERIES)
    try:
        _write_int8(exact, folder)
        agreement = _agreement(OnnxEncoder(folder, quick), model)
    except Exception:  # whatever a graph of another shape makes the libraries raise: it is served in float32
        agreement = 0.0
    if agreement >= min_int8_agreement:
        return quick
    for name in (_QUERIES, _INT8_WEIGHTS):
        (folder / name).unlink(missing_ok=True)
    return card


def _write_graph(model: SentenceTransformer, folder: Path) -> tuple[str, ...]:
    """Write encoder, pooling and normalisation as one float32 graph, its weights beside it; the names of its inputs."""
    import onnx
    import torch

    from indexer.model.int8 import halve_tables

    class Graph(torch.nn.Module):  # type: ignore[misc]  # torch has no types in reach of this check
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            features = self.model(dict(zip(inputs, tensors, strict=True)))
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    sample = model.preprocess(list(_PARITY_TEXTS[:2]))
    inputs = tuple(name for name in ("input_ids", "attention_mask", "token_type_ids") if name in sample)
    axes = {name: {0: "batch", 1: "tokens"} for name in inputs} | {"embedding": {0: "batch"}}
    torch.onnx.export(
        Graph(),
        tuple(sample[name] for name in inputs),
        str(folder / _DOCUMENTS),
        input_names=list(inputs),
        output_names=["embedding"],
        dynamic_axes=axes,
        opset_version=18,
        dynamo=False,
    )
    # Beside the graph the weights are mapped into memory; inside it they would be there twice while it loads.
    graph = onnx.load(str(folder / _DOCUMENTS))
    halve_tables(graph.graph, least_bytes=_LARGE_TABLE)
    onnx.save_model(graph, str(folder / _DOCUMENTS), save_as_external_data=True, location=_WEIGHTS)
    return inputs


def _agreement(exported: Encoder, model: SentenceTransformer) -> float:
    """The lowest cosine of an exported model's embedding with the original's."""
    texts = list(_PARITY_TEXTS)
    options: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False}
    queries = exported.encode_query(texts) * model.encode_query(texts, **options)
    documents = exported.encode_documents(texts) * model.encode_document(texts, **options)
    return float(min(queries.sum(axis=1).min(), documents.sum(axis=1).min()))


def _write_int8(encoder: OnnxEncoder, folder: Path) -> None:
    """Write the graph of queries beside that of documents, whose file keeps the weights that stay float32."""
    import onnx
    from onnx.external_data_helper import convert_model_to_external_data

    from indexer.model.int8 import to_int8

    model = to_int8(folder / _DOCUMENTS, [encoder.query_inputs(text) for text in off_topic_questions(["en"])])
    outside = {
        tensor.name: tensor
        for tensor in onnx.load(str(folder / _DOCUMENTS), load_external_data=False).graph.initializer
    }
    for tensor in model.graph.initializer:
        if tensor.name in outside and tensor.data_type == outside[tensor.name].data_type:
            tensor.CopyFrom(outside[tensor.name])
    convert_model_to_external_data(model, location=_INT8_WEIGHTS)
    onnx.save_model(model, str(folder / _QUERIES))


def _max_tokens(model: SentenceTransformer) -> int:
    limit = model.max_seq_length
    return int(limit) if limit and limit < 1_000_000 else 512
