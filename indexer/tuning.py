"""A model tuned to its own site: FAQs are question and answer pairs that nobody has to label."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from indexer.content.corpus import read_corpus
from indexer.content.languages import text_by_language
from indexer.content.passages import Splitter, passages_of
from indexer.documents import Passage, PassageKind
from indexer.errors import ContentError, ModelError
from indexer.files import real_path, replacing_folder, write_file
from indexer.model.files import TUNING_NOTE, ModelFiles, find_model
from indexer.model.training import BATCH, TUNED_SHARE, Pair, mean_reciprocal_rank, save_model, tuned
from indexer.model_choice import choose_model
from indexer.progress import Progress
from indexer.settings import DEFAULT_MODEL

_FEWEST_PAIRS = 30
# A smaller gain of the mean reciprocal rank is within the chance of a few dozen held-out questions.
_LEAST_GAIN = 0.01
_HELD_OUT_SHARE = 0.15


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
    content: Path,
    folder: Path,
    *,
    model: str = DEFAULT_MODEL,
    seed: int = 0,
    share: float = TUNED_SHARE,
    progress: Progress | None = None,
) -> TuningReport:
    """Tune a model on a content folder, and write it if entries it was not tuned on are found better than before.

    Args:
        content: folder (or one file) of articles and FAQ lists.
        folder: where the tuned model goes; a model tuned earlier is replaced.
        model: name or folder of a sentence-transformers model to begin with, or `auto`.
        seed: the same seed, content, model and number of threads give the same weights.
        share: how far to go from the original weights (0) to the trained ones (1).
        progress: called with (training steps so far, training steps to do).

    Raises:
        ContentError: the content is missing, unreadable, or too little to learn from.
        ModelError: the model is missing, damaged or cannot be trained, or something else stands at `folder`.
    """
    corpus = read_corpus(content)
    model = choose_model(model, text_by_language(corpus.documents)).model
    # Texts stay whole here: the model's own window cuts them off.
    uncut = Splitter(sys.maxsize, lambda texts: [len(text) for text in texts])
    passages = [p for document in corpus.documents for p in passages_of(document, uncut, document.lang or "en")]
    return tune_passages(passages, folder, model=model, seed=seed, share=share, source=str(content), progress=progress)


def tune_passages(
    passages: Sequence[Passage],
    folder: Path,
    *,
    model: str = DEFAULT_MODEL,
    seed: int = 0,
    share: float = TUNED_SHARE,
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
    count = _Steps(progress, -(-len(remaining) // BATCH), -(-len(pairs) // BATCH))
    texts = list(dict.fromkeys(passage.text for passage in passages if passage.text))
    before = mean_reciprocal_rank(files.load(), asked, texts)
    after = mean_reciprocal_rank(tuned(files, remaining, seed, count.advance, share=share), asked, texts)
    kept = after - before >= _LEAST_GAIN
    if kept:
        model_tuned = tuned(files, pairs, seed, count.advance, share=share)
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
        with replacing_folder(folder.absolute()) as aside:
            save_model(model_tuned, aside)
            write_file(aside / TUNING_NOTE, (json.dumps(report.to_dict(), indent=1) + "\n").encode())
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


class _Steps:
    """Adds up the steps of both trainings for the caller."""

    def __init__(self, progress: Progress | None, *expected: int) -> None:
        self._progress, self._total, self._done = progress, sum(expected), 0

    def advance(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done))


def _check_target(folder: Path, base: ModelFiles) -> None:
    """Refuse, before the work, to write over what `faq tune` has not written."""
    if real_path(folder) == real_path(base.folder):
        raise ModelError(f"{folder} is the model to begin with; give another folder for the tuned one")
    if folder.exists() and not (folder.is_dir() and ((folder / TUNING_NOTE).is_file() or not any(folder.iterdir()))):
        raise ModelError(f"{folder} is there already and is no model that `faq tune` wrote; give another folder")
