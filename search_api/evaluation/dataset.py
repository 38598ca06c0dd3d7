"""A data set in the BEIR layout to an evaluation, over a temporary index of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from indexer.build import index_passages
from indexer.content.languages import ENOUGH_CHARS, language_of_texts
from indexer.documents import Passage, PassageKind
from indexer.errors import DatasetError
from indexer.labelled import LabelledQuestions, json_lines
from indexer.model_choice import choose_model, stored_encoder
from indexer.progress import Progress
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.evaluation.evaluation import Evaluation, evaluate
from search_api.evaluation.sites import SitesEvaluation, draw_sites, evaluate_sites
from search_api.searcher import Searcher


def evaluate_dataset(folder: Path, settings: Settings, *, progress: Progress | None = None) -> Evaluation:
    """Evaluate on a folder in the BEIR layout, over a temporary index of its ``corpus.jsonl``.

    Args:
        folder: ``corpus.jsonl`` (_id, title, text and optional alternates; a title makes an entry a FAQ), and what
            `LabelledQuestions.read` reads.
        settings: the model, `auto` for one of the corpus's language, and from which confidence on a question counts
            as answered.
        progress: as for `build_index`.

    Raises:
        DatasetError, ModelError: see `LabelledQuestions.read`, `find_model`.
    """
    questions = LabelledQuestions.read(folder)
    passages = read_passages(folder / "corpus.jsonl")
    with tempfile.TemporaryDirectory() as temporary:
        store = IndexStore(Path(temporary))
        encoder = stored_encoder(store, choose_model(settings.model, _languages(passages)).model)
        index_passages(passages, store.folder, encoder, progress=progress)
        return evaluate(Searcher(store.load(), encoder, settings=settings), questions, folder.resolve().name)


def evaluate_dataset_sites(
    folder: Path, settings: Settings, sizes: Sequence[int | None], *, draws: int, progress: Progress | None = None
) -> SitesEvaluation:
    """Evaluate on sites drawn from a folder in the BEIR layout, each in a temporary index of its own.

    Args:
        folder: see `evaluate_dataset`.
        settings: likewise.
        sizes: see `draw_sites`.
        draws: likewise.
        progress: called with (sites done, sites).

    Raises:
        DatasetError, ModelError: see `LabelledQuestions.read`, `evaluate_sites`, `find_model`.
    """
    questions, passages = LabelledQuestions.read(folder), read_passages(folder / "corpus.jsonl")
    sites = list(draw_sites(passages, questions, sizes, draws=draws))
    with tempfile.TemporaryDirectory() as temporary:
        store = IndexStore(Path(temporary))
        encoder = stored_encoder(store, choose_model(settings.model, _languages(passages)).model)
        return evaluate_sites(sites, encoder, store, settings, folder.resolve().name, progress=progress)


def evaluate_index_sites(
    searcher: Searcher,
    questions: LabelledQuestions,
    name: str,
    sizes: Sequence[int | None],
    *,
    draws: int,
    progress: Progress | None = None,
) -> SitesEvaluation:
    """The same for sites drawn from an index."""
    passages = list(searcher.generation.passages.all())
    questions.check(passage.passage_id for passage in passages)
    sites = list(draw_sites(passages, questions, sizes, draws=draws))
    with tempfile.TemporaryDirectory() as temporary:
        store = IndexStore(Path(temporary))
        return evaluate_sites(sites, searcher.encoder, store, searcher.settings, name, progress=progress)


def _languages(passages: Sequence[Passage]) -> dict[str, int]:
    """How many characters there are in each language; none where there are too few to tell."""
    size = sum(len(passage.question) + len(passage.text) for passage in passages)
    return {passages[0].lang: size} if size >= ENOUGH_CHARS else {}


def read_passages(path: Path) -> list[Passage]:
    """The passages of a BEIR corpus; all are taken to be in the language most of the text is in.

    Raises:
        DatasetError: names the file and the line.
    """
    rows = list(json_lines(path))
    lang = language_of_texts(str(row.get("text", ""))[:500] for _, row in rows[:200])
    passages: dict[str, Passage] = {}
    for where, row in rows:
        key, title, text = str(row.get("_id") or ""), row.get("title") or "", row.get("text") or ""
        alternates = row.get("alternates") or []
        if not key or not isinstance(title, str) or not isinstance(text, str) or not isinstance(alternates, list):
            raise DatasetError(f"{where}: must have '_id', 'title' and 'text' as texts and 'alternates' as a list")
        if key in passages:
            raise DatasetError(f"{where}: the id {key[:80]!r} stands in another line too")
        if title or text:
            passages[key] = Passage(
                passage_id=key,
                kind=PassageKind.FAQ if title else PassageKind.PARAGRAPH,
                document_id=key,
                document_title="",
                question=title,
                alternates=tuple(map(str, alternates)),
                text=text,
                lang=lang,
            )
    if not passages:
        raise DatasetError(f"{path}: holds no passage")
    return list(passages.values())
