"""`VerdictModel` fitted on sites drawn from public sets, judged on sets that were left out; and written, if asked to.

Of each set, sites of 12 and of 50 entries are drawn three times, and the whole is one more. Every set weighs the same,
and in it every site. A set is judged by a model fitted on the others, sets of the same family (the same name up to the
first hyphen) left out with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from indexer.arrays import BoolArray, DoubleArray
from indexer.build import index_passages
from indexer.generation import verdict
from indexer.generation.verdict import HitFeatures, VerdictModel
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.evaluation.dataset import read_passages
from search_api.evaluation.metrics import calibration_error
from search_api.evaluation.sites import Site, draw_sites
from search_api.searcher import Searcher

SIZES, DRAWS = (12, 50, None), 3
# Of the coefficients, against a sum of weights of 1,000 a set.
_RIDGE = 10.0
_STEPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSite:
    """One site, and what its questions found.

    Attributes:
        dataset: the set it was drawn from.
        entries: how many it has.
        features: of each question's first hit, its cosines stretched; shape (questions, features).
        right: whether that hit answers; shape (questions,).
        is_near_miss: whether nothing on the site answers; shape (questions,).
    """

    dataset: str
    entries: int
    features: DoubleArray
    right: BoolArray
    is_near_miss: BoolArray

    @property
    def is_small(self) -> bool:
        """Whether it is only a part of its set."""
        return self.entries in SIZES


def ask_sites(folders: Sequence[Path], encoder: Encoder, scratch: Path) -> Iterable[AskedSite]:
    """Draw the sites of each data set, index them and ask their questions."""
    for folder in folders:
        passages = read_passages(folder / "corpus.jsonl")
        sites = list(draw_sites(passages, LabelledQuestions.read(folder), SIZES, draws=DRAWS))
        store = IndexStore(scratch / folder.name)
        for site in sorted(sites, key=lambda one: -one.entries):
            index_passages(site.passages, store.folder, encoder, keep=1_000)
            yield _asked(folder.name, site, Searcher(store.load(), encoder, settings=Settings()))


def _asked(name: str, site: Site, searcher: Searcher) -> AskedSite:
    ids, level = [passage.passage_id for passage in site.passages], searcher.generation.confidence.level
    asked = {key: text for key, text in site.questions.queries.items() if site.questions.qrels.get(key)}
    found = searcher.rank_many([*asked.values(), *site.questions.unanswerable.values()])
    best = [ids[one.passages[0]] if len(one.passages) else "" for one in found]
    right = [first in site.questions.qrels[key] for key, first in zip(asked, best, strict=False)]
    near = len(site.questions.unanswerable)
    return AskedSite(
        dataset=name,
        entries=site.entries,
        features=np.array([one.features.stretched(level) for one in found]),
        right=np.array(right + [False] * near),
        is_near_miss=np.arange(len(found)) >= len(asked),
    )


def fit(sites: Sequence[AskedSite], provenance: dict[str, str] | None = None) -> VerdictModel:
    """Ridge logistic regression by Newton's method over standardised features."""
    counts = {name: sum(one.dataset == name for one in sites) for name in {one.dataset for one in sites}}
    weights = np.concatenate([np.full(len(s.right), 1000 / counts[s.dataset] / len(s.right)) for s in sites])
    features = np.concatenate([one.features for one in sites])
    labels = np.concatenate([one.right for one in sites]).astype(np.float64)
    means = np.average(features, axis=0, weights=weights)
    # A feature that never varies says nothing, and must not be divided by nothing.
    scales = np.maximum(np.sqrt(np.average((features - means) ** 2, axis=0, weights=weights)), 1e-3)
    design = np.column_stack(((features - means) / scales, np.ones(len(labels))))
    ridge = np.diag([_RIDGE] * features.shape[1] + [1e-6])
    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        predicted = (1 + np.tanh(design @ found / 2)) / 2
        gradient = design.T @ (weights * (labels - predicted)) - ridge @ found
        hessian = (design * (weights * predicted * (1 - predicted))[:, None]).T @ design + ridge
        found = found + np.linalg.solve(hessian, gradient)
    return VerdictModel(
        features=HitFeatures._fields,
        means=tuple(means.round(4).tolist()),
        scales=tuple(scales.round(4).tolist()),
        weights=tuple(found[:-1].round(4).tolist()),
        intercept=round(float(found[-1]), 4),
        provenance=provenance or {},
    )


def left_out(sites: Sequence[AskedSite]) -> list[tuple[AskedSite, DoubleArray]]:
    """Each site with the confidences that models fitted on other sets give to its first hits."""
    judged = []
    for family in dict.fromkeys(one.dataset.split("-")[0] for one in sites):
        model = fit([one for one in sites if one.dataset.split("-")[0] != family])
        judged += [(one, confidences(model, one)) for one in sites if one.dataset.split("-")[0] == family]
    return judged


def confidences(model: VerdictModel, site: AskedSite) -> DoubleArray:
    """What a model says of each question's first hit; shape (questions,), in [0, 1]."""
    odds = (site.features - model.means) / model.scales @ np.array(model.weights) + model.intercept
    return np.asarray((1 + np.tanh(odds / 2)) / 2, dtype=np.float64)


def figures(judged: Sequence[tuple[AskedSite, DoubleArray]], high: float, partial: float) -> dict[str, float]:
    """As `faq evaluate --sites`, the mean over the sites; see `SiteFigures`."""
    from sklearn.metrics import roc_auc_score

    rows = []
    for site, sure in judged:
        told_high, right = sure >= high, site.right
        rows.append(
            {
                "AUROC": roc_auc_score(right, sure) if 0 < right.mean() < 1 else np.nan,
                "ECE": calibration_error(sure, right),
                "high": told_high.mean(),
                "high right": right[told_high].mean() if told_high.any() else np.nan,
                "near high": told_high[site.is_near_miss].mean() if site.is_near_miss.any() else np.nan,
                "right none": (sure[right] < partial).mean() if right.any() else np.nan,
            }
        )
    return {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}


def promise(judged: Sequence[tuple[AskedSite, DoubleArray]], wrong: float = 0.05) -> float:
    """The lowest confidence from which on, in the mean of the sites, no larger share than `wrong` is wrong."""
    for high in np.arange(0.5, 0.995, 0.005):
        shares = [site.right[sure >= high].mean() for site, sure in judged if (sure >= high).any()]
        if not shares or np.mean(shares) >= 1 - wrong:
            return round(float(high), 3)
    return 1.0


def print_fit(sites: list[AskedSite], model: str, *, write: bool) -> None:
    """Print what a fit on these sites is worth; write it into the package, if asked to."""
    judged = [(site, sure) for site, sure in left_out(sites) if site.is_small]
    for name in dict.fromkeys(site.dataset for site, _ in judged):
        of_set = [(site, sure) for site, sure in judged if site.dataset == name]
        print(f"{name:<32}", {key: round(value, 3) for key, value in figures(of_set, 0.9, 0.2).items()})
    high = promise(judged)
    reached = {key: round(value, 3) for key, value in figures(judged, high, 0.2).items()}
    print(f"high from {high} on, none below 0.2:", reached)
    provenance = {
        "command": "python -m tests.fitting.refit DATASET ... --write",
        "model": model,
        "datasets": ", ".join(dict.fromkeys(site.dataset for site in sites)),
        "left out, in the mean": f"high from {high}: " + ", ".join(f"{key} {value}" for key, value in reached.items()),
    }
    fitted = fit(sites, provenance)
    print(dict(zip(fitted.features, fitted.weights, strict=True)), fitted.intercept)
    if write:
        path = Path(str(verdict.__file__)).with_name("verdict.json")
        path.write_text(json.dumps(asdict(fitted), indent=2) + "\n", "utf-8")
