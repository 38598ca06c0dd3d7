"""Sentence-transformers models of a few kilobytes with random weights: of every kind that is handled differently."""

from __future__ import annotations

import string
from pathlib import Path

DIM = 32
WINDOW = 512
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", "passage", "therapy", "alone", "##ing", "##s"]


def write_tiny_models(folder: Path) -> Path:
    """Write `mean` (with prompts), `cls` (with a Dense layer) and `static` (no transformer) below a folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, StaticEmbedding, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    signs = string.ascii_lowercase + string.digits + ".,?!:;'-"
    vocabulary = {piece: row for row, piece in enumerate([*WORDS, *signs, *(f"##{sign}" for sign in signs)])}
    tokenizer = BertTokenizerFast(vocab=vocabulary, model_max_length=WINDOW)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=DIM,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=WINDOW,
    )
    bert = folder / "bert"
    BertModel(config).save_pretrained(bert)
    tokenizer.save_pretrained(bert)
    prompts = {"query": "query: ", "document": "passage: "}
    models = {
        "mean": SentenceTransformer(
            modules=[Transformer(str(bert)), Pooling(DIM, "mean")], prompts=prompts, device="cpu"
        ),
        "cls": SentenceTransformer(modules=[Transformer(str(bert)), Pooling(DIM, "cls"), Dense(DIM, 24)], device="cpu"),
        "static": SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=16)], device="cpu"),
    }
    for name, model in models.items():
        model.save_pretrained(str(folder / name), create_model_card=False)
    return folder
