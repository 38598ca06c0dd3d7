"""Results as plain JSON values: the one shape that HTTP, the terminal's ``--json`` and documentation share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from indexer.documents import Passage

if TYPE_CHECKING:
    from search_api.searcher import Hit, SearchResult


def passage_json(passage: Passage) -> dict[str, Any]:
    """A passage as the API returns it."""
    return {
        "passage_id": passage.passage_id,
        "kind": passage.kind.value,
        "document": _document(passage),
        "url": passage.url or None,
        "heading": passage.heading_path[-1] if passage.heading_path else None,
        "heading_path": list(passage.heading_path),
        "question": passage.question or None,
        "alternates": list(passage.alternates),
        "text": passage.text,
        "tags": list(passage.tags),
        "lang": passage.lang,
    }


def document_json(passages: list[Passage]) -> dict[str, Any]:
    """A document with all its passages (at least one) as the API returns it."""
    first = passages[0]
    return _document(first) | {
        "tags": sorted({tag for passage in passages for tag in passage.tags}),
        "lang": first.lang,
        "updated": first.updated or None,
        "passages": [passage_json(passage) for passage in passages],
    }


def result_json(result: SearchResult) -> dict[str, Any]:
    """A search result as the API returns it."""
    return {
        "query": result.query,
        "answered": result.answered.value,
        "confidence": result.confidence,
        "hits": [_hit(hit) for hit in result.hits],
        "related": [
            {"passage_id": p.passage_id, "question": p.question, "document": _document(p)} for p in result.related
        ],
        "total": result.total,
        "generation": result.generation,
        "processing_time_ms": result.processing_time_ms,
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return passage_json(hit.passage) | {
        "score": hit.score,
        "matched": {"by": hit.matched_by.value, "text": hit.matched_text},
        "highlight": {"start": hit.highlight.start, "end": hit.highlight.end} if hit.highlight else None,
    }


def _document(passage: Passage) -> dict[str, Any]:
    return {"id": passage.document_id, "title": passage.document_title, "url": passage.document_url or None}
