"""Every number of the search that was chosen by measuring, measured again; prints tables.

    make refit                                   the project's own questions for tuning
    FAQ_DATASETS=folder make refit               and every data set in a folder
    python -m tests.fitting.refit DATASET ...    and these data sets; with --write the verdict fitted on them is kept

A data set is a folder in the BEIR layout, as for `faq evaluate`. Figures in the comments of the code are means of
nDCG@10 over the own questions for tuning and eleven public sets, at most 100 questions of each: banking77, clapnq-dev,
clinc150, conditionalqa-govuk, counselchat-dev-story2faq, counselchat-dev-title2answer, covid-similarity-en,
hint3-sofmattress, quebec-covid-faq-fr, rasa-sara-faq and stackfaq. That took 17 minutes on two busy cores. All of them
were in view when the numbers were chosen, so what fits them best is no proof for others.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from indexer.model.encoder import Encoder
from indexer.model.query_cache import QueryCache
from indexer.model_choice import stored_encoder
from indexer.settings import DEFAULT_MODEL
from indexer.store.index_store import IndexStore
from tests.fitting.labelled_sets import LabelledSet, index_sets
from tests.fitting.near_duplicates import count_near_duplicates
from tests.fitting.rankings import OrderComparison
from tests.fitting.variants import ranking_sweeps
from tests.fitting.verdict import ask_sites, print_fit

_SEED = 0


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path, help="folders in the BEIR layout")
    parser.add_argument("--cap", type=int, default=100, help="questions of each kind asked of a set, at most")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--only", default="", help="only numbers whose name has this in it, such as Weights")
    parser.add_argument("--write", action="store_true", help="put the fitted VerdictModel into the package")
    chosen = parser.parse_args()
    folders = chosen.datasets or _datasets_of_environment()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        encoder = QueryCache(stored_encoder(IndexStore(Path(scratch) / "model"), chosen.model), remembered=1_000_000)
        sets = []
        for one in index_sets(folders, Path(scratch), encoder, cap=chosen.cap, seed=_SEED):
            sets.append(one)
            size, asked, unanswerable = len(one.passage_ids), len(one.queries), len(one.unanswerable)
            print(f"{one.name}: {size} passages, {asked} questions, {unanswerable} without an answer", flush=True)
        refit(sets, encoder, only=chosen.only)
        if folders and chosen.only in "VerdictModel, Confidence":
            print_fit(list(ask_sites(folders, encoder, Path(scratch) / "sites")), encoder.name, write=chosen.write)
    print(f"{(time.perf_counter() - started) / 60:.0f} minutes")


def refit(sets: list[LabelledSet], encoder: Encoder, *, only: str = "") -> None:
    """Print a table for each number whose name has `only` in it; a star marks the present value."""
    print("\nEach mean is over the sets; ± is one standard error, every question compared with itself.\n", flush=True)
    if chosen := [sweep for sweep in ranking_sweeps() if only in sweep.name]:
        orders = OrderComparison(sets, encoder)
        for sweep in chosen:
            print(orders.report(sweep), flush=True)
    if only in "lint.NEAR_DUPLICATE":
        print(count_near_duplicates(sets), flush=True)


def _datasets_of_environment() -> list[Path]:
    folder = os.environ.get("FAQ_DATASETS")
    return sorted(path.parent for path in Path(folder).glob("*/corpus.jsonl")) if folder else []


if __name__ == "__main__":
    main()
