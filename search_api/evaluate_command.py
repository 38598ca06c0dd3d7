"""`faq evaluate`: which of the measurements is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.errors import FaqError
from indexer.settings import Settings
from search_api import terminal
from search_api.command import open_searcher
from search_api.options import AsJson


def evaluate(
    settings: Settings,
    dataset: Annotated[
        Path | None, typer.Argument(help="Folder in the BEIR layout, with its own corpus.jsonl.")
    ] = None,
    index: Annotated[Path | None, typer.Option("--index", "-i", help="Evaluate this index instead.")] = None,
    questions: Annotated[Path | None, typer.Option(help="Labelled questions for --index.")] = None,
    sites: Annotated[
        str, typer.Option(help="Ask small sites of so many entries drawn from it instead, such as 12,50,all.")
    ] = "",
    draws: Annotated[int, typer.Option(min=1, max=100, help="How many sites of each size, with --sites.")] = 3,
    min_ndcg: Annotated[float | None, typer.Option(min=0, max=1, help="Fail below this nDCG@10.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure on labelled questions, beside what usual engines would reach on the same passages."""
    from indexer.labelled import LabelledQuestions
    from search_api.evaluation.dataset import evaluate_dataset
    from search_api.evaluation.evaluation import evaluate as evaluate_searcher

    if (dataset is None) == (index is None) or (index is None) != (questions is None):
        raise FaqError("give either a data set, or an index and its questions: --index DIR --questions DIR")
    if sites:
        if min_ndcg is not None:
            raise FaqError("--sites does not go with --min-ndcg")
        _evaluate_sites(settings, dataset, index, questions, sites=sites, draws=draws, as_json=as_json)
        return
    if dataset is not None:
        with terminal.progress("Embedding", quiet=as_json) as advance:
            report = evaluate_dataset(dataset, settings, progress=advance)
    else:
        assert index is not None
        assert questions is not None
        searcher = open_searcher(settings.model_copy(update={"index": index}))
        report = evaluate_searcher(searcher, LabelledQuestions.read(questions), questions.resolve().name)
    if as_json:
        terminal.print_json(report.to_dict())
    else:
        terminal.print_evaluation(report)
    if min_ndcg is not None and report.metrics["nDCG@10"] < min_ndcg:
        raise FaqError(f"nDCG@10 is {report.metrics['nDCG@10']:.3f}, below --min-ndcg {min_ndcg}")


def _evaluate_sites(
    settings: Settings,
    dataset: Path | None,
    index: Path | None,
    questions: Path | None,
    *,
    sites: str,
    draws: int,
    as_json: bool,
) -> None:
    from indexer.labelled import LabelledQuestions
    from search_api.evaluation.dataset import evaluate_dataset_sites, evaluate_index_sites
    from search_api.evaluation.sites import parse_sizes

    sizes = parse_sizes(sites)
    with terminal.progress("Asking sites", quiet=as_json) as advance:
        if dataset is not None:
            report = evaluate_dataset_sites(dataset, settings, sizes, draws=draws, progress=advance)
        else:
            assert index is not None
            assert questions is not None
            labelled, name = LabelledQuestions.read(questions), questions.resolve().name
            searcher = open_searcher(settings.model_copy(update={"index": index}))
            report = evaluate_index_sites(searcher, labelled, name, sizes, draws=draws, progress=advance)
    if as_json:
        terminal.print_json(report.to_dict())
    else:
        terminal.print_sites(report)
