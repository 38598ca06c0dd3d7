"""Trains a sentence-transformers model on pairs of texts; the only file that trains."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.errors import ModelError
from indexer.model.files import ModelFiles
from indexer.model.sentence_transformer import prompt_of, quiet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 32
# Three times the usual rate: a site gives a few dozen steps at most, and half of the way is taken back below.
_LEARNING_RATE = 6e-5
_SCALE = 20.0
# How far to go from the original weights (0) to the tuned ones (1): between them lies a model that has learnt the
# site's words and forgotten less of everybody else's (Wortsman et al. 2022, "Robust fine-tuning", WiSE-FT).
TUNED_SHARE = 0.5


_ARGUMENTS: dict[str, Any] = {
    "num_train_epochs": 1, "per_device_train_batch_size": BATCH, "use_cpu": True, "dataloader_pin_memory": False,
    "save_strategy": "no", "logging_strategy": "no", "report_to": "none", "disable_tqdm": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts which belong together.

    Attributes:
        passage: number of the passage that both come from.
        query: a question, another phrasing, or title and headings.
        text: what the query should find.
    """

    passage: int
    query: str
    text: str


def tuned(
    files: ModelFiles, pairs: Sequence[Pair], seed: int, advance: Callable[[], None], *, share: float = TUNED_SHARE
) -> SentenceTransformer:
    """The model after one epoch on these pairs, its weights averaged with the original ones.

    Args:
        files: of the model to begin with.
        pairs: to train on.
        seed: of the order and of the noise.
        advance: called after each training step.
        share: how far to go from the original weights (0) to the trained ones (1).
    """
    model = files.load()
    original = {name: values.clone() for name, values in model.state_dict().items()}
    _switch_dropout_off(model)
    _train(model, pairs, seed, advance)
    weights = model.state_dict()
    for name, values in original.items():
        if values.is_floating_point():
            weights[name] = values.lerp(weights[name], share)
    model.load_state_dict(weights)
    return model.eval()


def mean_reciprocal_rank(model: SentenceTransformer, asked: Sequence[Pair], texts: Sequence[str]) -> float:
    """How high the text of each pair comes among all texts by its query, in (0, 1]."""
    options: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False, "batch_size": BATCH}
    with quiet():
        scores = model.encode_query([pair.query for pair in asked], **options) @ (
            model.encode_document(list(texts), **options).T
        )
    place = {text: column for column, text in enumerate(texts)}
    own = scores[np.arange(len(asked)), [place[pair.text] for pair in asked]]
    # Equal scores count as better: a model that finds everything alike must not look perfect.
    ranks = (scores >= own[:, None]).sum(axis=1)
    return float((1 / ranks).mean())


def _switch_dropout_off(model: SentenceTransformer) -> None:
    """One short epoch gains nothing by it, and attention takes half the time."""
    import torch

    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0


def _train(model: SentenceTransformer, pairs: Sequence[Pair], seed: int, advance: Callable[[], None]) -> None:
    """One epoch in which every query must find its own text among those of its batch."""
    try:
        with quiet():
            from datasets import Dataset
            from datasets.table import InMemoryTable
            from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
            from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
            from sentence_transformers.sentence_transformer.training_args import BatchSamplers
            from transformers import PrinterCallback, TrainerCallback
    except ImportError as error:
        raise ModelError(f"tuning needs the extra: pip install 'semantic-faq-search[models]' ({error})") from error

    class Trainer(SentenceTransformerTrainer):  # type: ignore[misc]  # has no types in reach of this check
        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            """None: the model card would ask a hub about the base model."""

    class Advance(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: object, **__: object) -> None:
            advance()

    columns = {"query": [pair.query for pair in pairs], "text": [pair.text for pair in pairs]}
    prompts = {"query": prompt_of(model, "query"), "text": prompt_of(model, "document", "passage")}
    with quiet(), tempfile.TemporaryDirectory() as unused:
        trainer = Trainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                output_dir=unused,
                learning_rate=_LEARNING_RATE,
                batch_sampler=BatchSamplers.NO_DUPLICATES,  # else a text could be its own negative
                prompts={column: prompt for column, prompt in prompts.items() if prompt} or None,
                seed=seed,
                **_ARGUMENTS,
            ),
            # Named here: else datasets 5 pickles pyarrow 26's types to name it, which fails. Nothing is cached by name.
            train_dataset=Dataset(InMemoryTable.from_pydict(columns), fingerprint="pairs"),
            loss=MultipleNegativesRankingLoss(model, scale=_SCALE),
            callbacks=[Advance()],
        )
        trainer.remove_callback(PrinterCallback)  # it writes to standard output, which is for the report
        trainer.train()


def save_model(model: SentenceTransformer, folder: Path) -> None:
    """Write a model into an empty folder, as sentence-transformers reads it."""
    with quiet():
        model.save_pretrained(str(folder), create_model_card=False)
