"""Where the time of one question goes, inside this engine."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from search_api.searcher import Searcher

STAGES = ("encode", "dense", "lexical", "rank", "highlight", "hits", "all")
_ASKED = 200


def split(index: Path, questions: Iterator[str]) -> dict[str, float]:
    """Median milliseconds of each stage over some questions; what HTTP adds is measured where there is HTTP.

    Words are read beside the embedding: "lexical" is how much longer they take.
    """
    searcher = Searcher.open(index)
    retriever, generation = searcher._retriever, searcher.generation
    spent: defaultdict[str, float] = defaultdict(float)

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                spent[stage] += time.perf_counter() - begun

        return run

    whole: list[dict[str, float]] = []
    with ExitStack() as stack:
        for stage, owner, name in (
            ("encode", searcher.encoder, "encode_query"),
            ("dense", generation.nearest, "search"),
            ("dense", generation.vectors, "products"),
            ("lexical", generation.lexicon, "scores"),
            ("rank", retriever, "rank"),
            ("highlight", searcher, "_highlight"),
        ):
            stack.enter_context(patch.object(owner, name, timed(stage, getattr(owner, name))))
        for question in islice(questions, _ASKED):
            spent.clear()
            begun = time.perf_counter()
            searcher.search(question)
            spent["all"] = time.perf_counter() - begun
            spent["hits"] = spent["all"] - spent["rank"] - spent["highlight"]
            spent["lexical"] = max(0.0, spent["lexical"] - spent["encode"])
            spent["rank"] -= spent["encode"] + spent["dense"] + spent["lexical"]
            whole.append(dict(spent))
    return {stage: round(median(times[stage] for times in whole) * 1000, 3) for stage in STAGES}
