"""Questions to passages: search in Python, over HTTP and in the terminal."""

from search_api.highlight import Highlight
from search_api.searcher import Answered, Hit, MatchedBy, Searcher, SearchResult, Thresholds

__all__ = ["Answered", "Highlight", "Hit", "MatchedBy", "SearchResult", "Searcher", "Thresholds"]
