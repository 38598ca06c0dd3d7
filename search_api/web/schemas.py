"""The API's data as OpenAPI describes it. `search_api.results` makes the values; a test holds the two together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from indexer.question import MAX_QUESTION_CHARS
from search_api.searcher import MAX_LIMIT

Kind = Literal["paragraph", "faq"]
Question = Annotated[
    str,
    Field(
        description="What the visitor wants to know, in their own words.",
        max_length=MAX_QUESTION_CHARS,
        examples=["my husband won't see a counsellor, what now?"],
    ),
]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many hits to return.")]
Offset = Annotated[int, Field(ge=0, le=1_000_000, description="How many of the best hits to pass over.")]
Tag = Annotated[str | None, Field(max_length=200, description="Only passages with this tag.", examples=["couples"])]
KindFilter = Annotated[Kind | None, Field(description="Only paragraphs, or only FAQ entries.")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchParameters(BaseModel):
    """A question and its options; in an address other names may stand beside them, such as a campaign's."""

    q: Question
    limit: Limit = 5
    offset: Offset = 0
    tag: Tag = None
    kind: KindFilter = None


class SearchRequest(SearchParameters):
    """A question and its options."""

    model_config = ConfigDict(extra="forbid")


class DocumentRef(_Model):
    """Where a passage comes from."""

    id: str = Field(examples=["partner-refuses-therapy"])
    title: str = Field(examples=["Partner refuses therapy"])
    url: str | None = Field(description="Where the document is published, if known.")


class PassageOut(_Model):
    """A paragraph, or one FAQ entry."""

    passage_id: str = Field(examples=["partner-refuses-therapy/going-on-your-own"])
    kind: Kind
    document: DocumentRef
    url: str | None = Field(description="Link to the passage's own place, if known.")
    heading: str | None = Field(description="The nearest heading above it.", examples=["Going on your own"])
    heading_path: list[str] = Field(description="All headings above it, outermost first.")
    question: str | None = Field(description="The FAQ question; null for a paragraph.")
    alternates: list[str] = Field(description="Other phrasings of the question, or questions that a paragraph answers.")
    text: str = Field(description="The paragraph or the answer.")
    tags: list[str]
    lang: str = Field(description="ISO 639-1 code.", examples=["en"])


class Matched(_Model):
    """The text of the passage that was nearest to the question."""

    by: Literal["question", "alternate", "answer", "question_answer", "paragraph"]
    text: str


class HighlightOut(_Model):
    """The sentence that answers: offsets into `text`, in Unicode code points."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class HitOut(PassageOut):
    """A passage found, the best first."""

    score: float = Field(description="Higher is better; comparable within one result only.")
    matched: Matched
    highlight: HighlightOut | None


class RelatedQuestion(_Model):
    """A question of the content that the visitor may have meant."""

    passage_id: str
    question: str
    document: DocumentRef


class SearchResponse(_Model):
    """The passages that answer a question best, and whether the first one does."""

    query: str = Field(description="The question as it was searched.")
    answered: Literal["high", "partial", "none"] = Field(description="Whether the best hit answers the question.")
    confidence: float = Field(ge=0, le=1, description="Probability that it does.")
    hits: list[HitOut]
    related: list[RelatedQuestion]
    total: int = Field(description="How many hits paging can reach.")
    generation: str = Field(description="Number of the index generation that answered.", examples=["000001"])
    processing_time_ms: float


class DocumentOut(DocumentRef):
    """A document with all its passages in reading order."""

    tags: list[str]
    lang: str
    updated: str | None = Field(description="ISO 8601 date.")
    passages: list[PassageOut]


class ModelOut(_Model):
    """The embedding model."""

    name: str
    fingerprint: str
    dimensions: int


class TagCount(_Model):
    """How many passages have a tag."""

    tag: str
    passages: int


class IndexOut(_Model):
    """What is being served."""

    generation: str
    published_at: str
    documents: int
    passages: int
    stale: list[str] = Field(
        description="Content files that could not be read when this was built: what is found of them is older."
    )
    kinds: dict[str, int]
    model: ModelOut
    tags: list[TagCount]
    examples: list[str] = Field(description="A few questions of the content, to show what can be asked.")


class Health(_Model):
    """The process is alive."""

    status: Literal["alive"]


class Ready(_Model):
    """Whether questions are answered. `degraded`: from an older generation than the newest one."""

    status: Literal["ready", "degraded", "unavailable"]
    generation: str | None
    reason: str | None = Field(description="What is wrong, unless ready.")


class RebuildRequest(_Model):
    """How to rebuild."""

    full: bool = Field(default=False, description="Embed everything anew, also what did not change.")


class RebuildJob(_Model):
    """A rebuild that was asked for."""

    job: str = Field(description="Its id.", examples=["5f1c0a7e9d3b2468"])
    status: Literal["running", "done", "failed"]
    started_at: str = Field(description="ISO 8601, UTC.", examples=["2026-01-31T12:00:00Z"])
    seconds: float | None = Field(description="How long it took; null while it runs.")
    report: dict[str, Any] | None = Field(description="What `faq index --json` printed.")
    error: str | None = Field(description="Why it failed; the index is then as it was.")


class Problem(BaseModel):
    """Every failure has this shape (RFC 9457, application/problem+json)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    code: str = Field(description="Stable name of the failure.", examples=["invalid_parameter"])
    detail: str = Field(description="What was wrong and what is allowed.", examples=["limit: must be 100 or less"])
    field: str | None = Field(description="The parameter it is about.", examples=["limit"])
