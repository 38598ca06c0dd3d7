"""Sites drawn from labelled questions: a few entries as the whole site, the questions of all others near misses."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import fmean
from typing import Any

from indexer.build import index_passages
from indexer.documents import Passage
from indexer.errors import DatasetError
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.model.query_cache import QueryCache
from indexer.progress import Progress
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.evaluation.metrics import SiteFigures, judge_site
from search_api.searcher import Searcher

# Questions and earlier sites' indexes stay, so that no text is embedded twice.
_ALL = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site and what is asked of it.

    Attributes:
        entries: how many passages it has.
        draw: which of the draws of this size it is, from 1.
        passages: all it has, in the order of the data set.
        questions: those that its passages answer; unanswerable are near misses, and of the whole data set also the
            questions that nothing answers.
    """

    entries: int
    draw: int
    passages: Sequence[Passage]
    questions: LabelledQuestions


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteResult:
    """One site's figures."""

    entries: int
    draw: int
    figures: SiteFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesEvaluation:
    """The figures of all sites drawn from one data set.

    Attributes:
        dataset: name of the folder.
        sites: in the order of their size, then of their draw.
        mean: of each figure over the sites that have it.
    """

    dataset: str
    sites: tuple[SiteResult, ...]
    mean: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "dataset": self.dataset,
            "sites": [{"entries": one.entries, "draw": one.draw, **asdict(one.figures)} for one in self.sites],
            "mean": self.mean,
        }


def draw_sites(
    passages: Sequence[Passage], questions: LabelledQuestions, sizes: Sequence[int | None], *, draws: int, seed: int = 0
) -> Iterator[Site]:
    """Draw the sites.

    Of the passages that some question asks for, as many as the size are the whole site. Questions that they answer are
    answerable; of the questions whose every answer is left out, as many are near misses.

    Args:
        passages: of the data set.
        questions: about them.
        sizes: how many passages a site has; None for all of them, which is drawn once.
        draws: how many sites of each other size.
        seed: the same gives the same sites.
    """
    asked = {key: judged for key, judged in questions.qrels.items() if key in questions.queries}
    known = {label for judged in asked.values() for label in judged}
    pool = [passage.passage_id for passage in passages if passage.passage_id in known]
    for size in sizes:
        if size is None:
            yield Site(entries=len(passages), draw=1, passages=passages, questions=questions)
            continue
        if size >= len(pool):
            continue
        for draw in range(1, draws + 1):
            chance = random.Random(f"{seed} {size} {draw}")
            kept = set(chance.sample(pool, size))
            answerable = {key: judged for key, judged in asked.items() if kept.intersection(judged)}
            left_out = [key for key in asked if key not in answerable]
            near = chance.sample(left_out, min(len(left_out), len(answerable)))
            yield Site(
                entries=size,
                draw=draw,
                passages=[passage for passage in passages if passage.passage_id in kept],
                questions=LabelledQuestions(
                    queries={key: questions.queries[key] for key in answerable},
                    qrels={
                        key: {label: grade for label, grade in judged.items() if label in kept}
                        for key, judged in answerable.items()
                    },
                    unanswerable={key: questions.queries[key] for key in near},
                ),
            )


def evaluate_sites(
    sites: Sequence[Site],
    encoder: Encoder,
    store: IndexStore,
    settings: Settings,
    name: str,
    *,
    progress: Progress | None = None,
) -> SitesEvaluation:
    """Index each site by itself and ask it its questions.

    Args:
        sites: of one data set.
        encoder: each text and each question is embedded once, however many sites have it.
        store: for the indexes.
        settings: from which confidence on a question is told `high`, and below which `none`.
        name: of the data set.
        progress: called with (sites done, sites).

    Raises:
        DatasetError: there is no site, or none that is asked anything.
    """
    if not any(site.questions.qrels for site in sites):
        raise DatasetError(f"{name}: too few of its passages are asked for; draw smaller sites, or 'all'")
    encoder = QueryCache(encoder, remembered=_ALL, remembered_bytes=_ALL)
    results = []
    # The largest first: the others then find their texts embedded.
    for done, site in enumerate(sorted(sites, key=lambda site: -site.entries), 1):
        index_passages(site.passages, store.folder, encoder, keep=_ALL)
        figures = _ask(Searcher(store.load(), encoder, settings=settings), site)
        results.append(SiteResult(entries=site.entries, draw=site.draw, figures=figures))
        if progress is not None:
            progress(done, len(sites))
    results.sort(key=lambda one: (one.entries, one.draw))
    return SitesEvaluation(dataset=name, sites=tuple(results), mean=_mean([one.figures for one in results]))


def parse_sizes(text: str) -> list[int | None]:
    """Sizes of sites as they are typed.

    >>> parse_sizes("12, 50, all")
    [12, 50, None]

    Raises:
        DatasetError: one is neither a number from 2 to 1,000,000 nor "all".
    """
    sizes: list[int | None] = []
    for part in map(str.strip, text.split(",")):
        if part == "all":
            sizes.append(None)
        elif part.isascii() and part.isdigit() and len(part) <= 7 and 2 <= int(part) <= 1_000_000:
            sizes.append(int(part))
        else:
            raise DatasetError(f"--sites {part[:40]!r}: must be numbers from 2 on or 'all', such as 12,50,all")
    return sizes


def _ask(searcher: Searcher, site: Site) -> SiteFigures:
    ids = [passage.passage_id for passage in site.passages]
    curve = searcher.generation.confidence
    asked = {key: text for key, text in site.questions.queries.items() if site.questions.qrels.get(key)}
    run, confidences = {}, {}
    for key, ranked in zip(asked, searcher.rank_many(list(asked.values())), strict=True):
        run[key] = {ids[number]: float(-place) for place, number in enumerate(ranked.passages)}
        confidences[key] = curve.probability(ranked.log_odds)
    near = searcher.rank_many(list(site.questions.unanswerable.values()))
    unanswerable = [curve.probability(ranked.log_odds) for ranked in near]
    qrels = {key: site.questions.qrels[key] for key in asked}
    return judge_site(run, qrels, confidences, unanswerable, searcher.thresholds)


def _mean(figures: Sequence[SiteFigures]) -> dict[str, float | None]:
    """Of each figure over the sites that have it; None where none has."""
    mean: dict[str, float | None] = {}
    for field in fields(SiteFigures):
        values = [value for one in figures if (value := getattr(one, field.name)) is not None]
        mean[field.name] = fmean(values) if values else None
    return mean
