"""Questions to passages: search in Python, over HTTP and in the terminal."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search_api.highlight import Highlight
    from search_api.searcher import Answered, Hit, MatchedBy, Searcher, SearchResult

__all__ = [
    "Answered",
    "Highlight",
    "Hit",
    "MatchedBy",
    "SearchResult",
    "Searcher",
]

# Each name is imported when it is first used: a program that only searches need not load what builds.
_HOMES = {
    "Highlight": "search_api.highlight",
    "Answered": "search_api.searcher",
    "Hit": "search_api.searcher",
    "MatchedBy": "search_api.searcher",
    "Searcher": "search_api.searcher",
    "SearchResult": "search_api.searcher",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
