"""A model tuned to its own site: FAQs are question and answer pairs that nobody has to label.

The only file that trains; it imports torch, sentence_transformers and what their trainer needs inside functions only.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.content.corpus import read_corpus
from indexer.content.passages import Splitter, passages_of
from indexer.documents import Passage, PassageKind
from indexer.errors import ContentError, ModelError
from indexer.files import sync_file, sync_folder, write_file
from indexer.model.files import DEFAULT_MODEL, ModelFiles, find_model
from indexer.model.sentence_transformer import load_sentence_transformer, prompt_of, quiet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Progress = Callable[[int, int], None]

NOTE = "tuning.json"
_FEWEST_PAIRS = 30
# A smaller gain of the mean reciprocal rank is within the chance of a few dozen held-out questions.
_LEAST_GAIN = 0.01
_HELD_OUT_SHARE = 0.15
_BATCH = 32
# Three times the usual rate: a site gives a few dozen steps at most, and half of the way is taken back below.
_LEARNING_RATE = 6e-5
_SCALE = 20.0
# How far to go from the original weights (0) to the tuned ones (1): between them lies a model that has learnt the
# site's words and forgotten less of everybody else's (Wortsman et al. 2022, "Robust fine-tuning", WiSE-FT).
_TUNED_SHARE = 0.5


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningReport:
    """What tuning did.

    Attributes:
        model, fingerprint: of the model that was tuned.
        seed: decides what is held out, the order of training and its noise.
        pairs: of texts, to train on.
        held_out: questions of the entries that took no part in training while it was validated.
        before, after: mean reciprocal rank of the held-out entries' answers among all texts, each by its own
            questions, with the original and with the tuned model.
        kept: whether the tuned model was written; only if `after` is higher than `before` by 0.01 or more.
        seconds: wall time.
    """

    model: str
    fingerprint: str
    seed: int
    pairs: int
    held_out: int
    before: float
    after: float
    kept: bool
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def tune_model(
    content: Path, folder: Path, *, model: str = DEFAULT_MODEL, seed: int = 0, progress: Progress | None = None
) -> TuningReport:
    """Tune a model on a content folder, and write it if entries it was not tuned on are found better than before.

    Args:
        content: folder (or one file) of articles and FAQ lists.
        folder: where the tuned model goes; a model tuned earlier is replaced.
        model: name or folder of a sentence-transformers model to begin with.
        seed: the same seed, content, model and number of threads give the same weights.
        progress: called with (training steps so far, training steps to do).

    Raises:
        ContentError: the content is missing, unreadable, or too little to learn from.
        ModelError: the model is missing, damaged or cannot be trained, or something else stands at `folder`.
    """
    corpus = read_corpus(content)
    # Texts stay whole here: the model's own window cuts them off.
    uncut = Splitter(sys.maxsize, lambda texts: [len(text) for text in texts])
    passages = [p for document in corpus.documents for p in passages_of(document, uncut, document.lang or "en")]
    return tune_passages(passages, folder, model=model, seed=seed, source=str(content), progress=progress)


def tune_passages(
    passages: Sequence[Passage],
    folder: Path,
    *,
    model: str = DEFAULT_MODEL,
    seed: int = 0,
    source: str = "content",
    progress: Progress | None = None,
) -> TuningReport:
    """Tune on passages that are at hand already; otherwise as `tune_model`, with `source` named in errors."""
    started = time.perf_counter()
    pairs = training_pairs(passages)
    if len(pairs) < _FEWEST_PAIRS:
        raise ContentError(
            source,
            f"gives {len(pairs)} pairs of question and answer, heading and paragraph; "
            f"tuning needs {_FEWEST_PAIRS} or more; index with the model as it is",
        )
    files = find_model(model)
    _check_target(folder, files)
    held_out = _hold_out(passages, pairs, seed)
    asked = [pair for pair in pairs if pair.passage in held_out and pair.text == passages[pair.passage].text]
    remaining = [pair for pair in pairs if pair.passage not in held_out]
    count = _Steps(progress, -(-len(remaining) // _BATCH), -(-len(pairs) // _BATCH))
    texts = list(dict.fromkeys(passage.text for passage in passages if passage.text))
    before = _mean_reciprocal_rank(load_sentence_transformer(files.folder), asked, texts)
    after = _mean_reciprocal_rank(_tuned(files, remaining, seed, count), asked, texts)
    kept = after - before >= _LEAST_GAIN
    if kept:
        tuned = _tuned(files, pairs, seed, count)
    report = TuningReport(
        model=files.name,
        fingerprint=files.fingerprint,
        seed=seed,
        pairs=len(pairs),
        held_out=len(asked),
        before=before,
        after=after,
        kept=kept,
        seconds=round(time.perf_counter() - started, 3),
    )
    if kept:
        _write(tuned, report, folder)
    return report


def training_pairs(passages: Iterable[Passage]) -> list[Pair]:
    """Every pair once: question and answer, other phrasing and answer, other phrasing and question, headings and text.

    >>> from indexer.documents import Passage, PassageKind
    >>> faq = Passage(passage_id="a/b", kind=PassageKind.FAQ, document_id="a", document_title="A",
    ...               question="Why?", alternates=("How come?",), text="So.")
    >>> [(pair.query, pair.text) for pair in training_pairs([faq])]
    [('Why?', 'So.'), ('How come?', 'So.'), ('How come?', 'Why?')]
    """
    pairs: dict[tuple[str, str], Pair] = {}
    for number, passage in enumerate(passages):
        found: list[tuple[str, str]] = []
        headings = " - ".join(filter(None, (passage.document_title, *passage.heading_path)))
        found.append((passage.question or headings, passage.text))
        for alternate in passage.alternates:
            found += [(alternate, passage.text), (alternate, passage.question)]
        for query, text in found:
            if query and text and query.casefold() != text.casefold():  # else there is nothing to learn
                pairs.setdefault((query, text), Pair(number, query, text))
    return list(pairs.values())


def _hold_out(passages: Sequence[Passage], pairs: Sequence[Pair], seed: int) -> set[int]:
    """Numbers of the passages to validate on: of FAQ entries if there are any, else of paragraphs."""
    found = {pair.passage for pair in pairs if pair.text == passages[pair.passage].text}
    entries = {number for number in found if passages[number].kind is PassageKind.FAQ}
    candidates = sorted(entries or found)
    return set(random.Random(seed).sample(candidates, max(1, round(_HELD_OUT_SHARE * len(candidates)))))


def _mean_reciprocal_rank(model: SentenceTransformer, asked: Sequence[Pair], texts: Sequence[str]) -> float:
    """How high the text of each pair comes among all texts by its query, in (0, 1]."""
    options: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False, "batch_size": _BATCH}
    with quiet():
        scores = model.encode_query([pair.query for pair in asked], **options) @ (
            model.encode_document(list(texts), **options).T
        )
    place = {text: column for column, text in enumerate(texts)}
    own = scores[np.arange(len(asked)), [place[pair.text] for pair in asked]]
    # Equal scores count as better: a model that finds everything alike must not look perfect.
    ranks = (scores >= own[:, None]).sum(axis=1)
    return float((1 / ranks).mean())


class _Steps:
    """Adds up the steps of both trainings for `Progress`."""

    def __init__(self, progress: Progress | None, *expected: int) -> None:
        self._progress, self._total, self._done = progress, sum(expected), 0

    def advance(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done))


def _tuned(files: ModelFiles, pairs: Sequence[Pair], seed: int, steps: _Steps) -> SentenceTransformer:
    """The model after one epoch on these pairs, its weights averaged with the original ones."""
    model = load_sentence_transformer(files.folder)
    original = {name: values.clone() for name, values in model.state_dict().items()}
    _train(model, pairs, seed, steps)
    tuned = model.state_dict()
    for name, values in original.items():
        if values.is_floating_point():
            tuned[name] = values.lerp(tuned[name], _TUNED_SHARE)
    model.load_state_dict(tuned)
    return model.eval()


def _train(model: SentenceTransformer, pairs: Sequence[Pair], seed: int, steps: _Steps) -> None:
    """One epoch in which every query must find its own text among those of its batch."""
    try:
        with quiet():
            import torch
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
            steps.advance()

    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):  # one short epoch gains nothing by it, and attention takes half the time
            part.p = 0.0
    columns = {"query": [pair.query for pair in pairs], "text": [pair.text for pair in pairs]}
    prompts = {"query": prompt_of(model, "query"), "text": prompt_of(model, "document", "passage")}
    with quiet(), tempfile.TemporaryDirectory() as unused:
        trainer = Trainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                output_dir=unused,
                num_train_epochs=1,
                per_device_train_batch_size=_BATCH,
                learning_rate=_LEARNING_RATE,
                batch_sampler=BatchSamplers.NO_DUPLICATES,  # else a text could be its own negative
                prompts={column: prompt for column, prompt in prompts.items() if prompt} or None,
                seed=seed,
                use_cpu=True,
                dataloader_pin_memory=False,
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            # Named here: else datasets 5 pickles pyarrow 26's types to name it, which fails. Nothing is cached by name.
            train_dataset=Dataset(InMemoryTable.from_pydict(columns), fingerprint="pairs"),
            loss=MultipleNegativesRankingLoss(model, scale=_SCALE),
            callbacks=[Advance()],
        )
        trainer.remove_callback(PrinterCallback)  # it writes to standard output, which is for the report
        trainer.train()


def _check_target(folder: Path, base: ModelFiles) -> None:
    """Refuse, before the work, to write over what `faq tune` has not written."""
    if folder.resolve() == base.folder.resolve():
        raise ModelError(f"{folder} is the model to begin with; give another folder for the tuned one")
    if folder.exists() and not (folder.is_dir() and ((folder / NOTE).is_file() or not any(folder.iterdir()))):
        raise ModelError(f"{folder} is there already and is no model that `faq tune` wrote; give another folder")


def _write(model: SentenceTransformer, report: TuningReport, folder: Path) -> None:
    """Write the model aside and rename it, so that it is whole or not there."""
    folder = folder.absolute()
    aside, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    for path in (aside, old):
        shutil.rmtree(path, ignore_errors=True)
    aside.mkdir(parents=True)
    with quiet():
        model.save_pretrained(str(aside), create_model_card=False)
    for path in aside.rglob("*"):
        if path.is_file():
            sync_file(path)
    write_file(aside / NOTE, (json.dumps(report.to_dict(), indent=1) + "\n").encode())
    if folder.exists():
        os.replace(folder, old)
    os.replace(aside, folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
