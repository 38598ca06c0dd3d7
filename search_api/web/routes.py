"""The addresses of the API."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from search_api.live_index import LiveIndex
from search_api.results import document_json, passage_json, result_json
from search_api.searcher import Searcher
from search_api.web import examples
from search_api.web.schemas import (
    DocumentOut,
    Health,
    IndexOut,
    PassageOut,
    Problem,
    Ready,
    SearchParameters,
    SearchRequest,
    SearchResponse,
)
from search_api.web.search_queue import SearchQueue

Responses = dict[int | str, dict[str, Any]]
_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
PROBLEM: dict[str, Any] = {
    "model": Problem,
    "content": {"application/problem+json": {"schema": _PROBLEM_SCHEMA, "example": examples.PROBLEM}},
}
_FOUND: Responses = {200: {"content": {"application/json": {"example": examples.SEARCH}}}}
_NOT_READY: Responses = {503: PROBLEM | {"description": "No index is loaded yet."}}
_BUSY: Responses = {503: PROBLEM | {"description": "No index is loaded yet, or too many searches are waiting."}}
_NOT_FOUND: Responses = {
    404: PROBLEM | {"description": "No such id."},
    422: PROBLEM | {"description": "The id is not valid."},
}
_INVALID: Responses = {
    400: PROBLEM | {"description": "The body is not JSON."},
    413: PROBLEM | {"description": "The body is too large."},
    414: PROBLEM | {"description": "The address is too long."},
    422: PROBLEM | {"description": "A parameter is not valid."},
}


# These are async, so that they run in the event loop: a plain function would wait for a thread, and /ready with it.
async def _live(request: Request) -> LiveIndex:
    live: LiveIndex = request.app.state.live
    return live


async def _searcher(live: Annotated[LiveIndex, Depends(_live)]) -> Searcher:
    return live.searcher()


Live = Annotated[LiveIndex, Depends(_live)]
Current = Annotated[Searcher, Depends(_searcher)]

router = APIRouter()


class _SearchRoute(APIRoute):
    """A question in the address: documented as FastAPI documents it, read without FastAPI's way to the parameters.

    That way, with its stacks and its dependencies, takes as long as all else that HTTP takes for a search.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the question and answer it."""
        if scope["method"] != "GET":
            await super().handle(scope, receive, send)  # which refuses the method
            return
        parameters = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        try:
            asked = SearchParameters.model_validate(dict(parameters))
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from None
        response = await search(Request(scope, receive), asked)
        await response(scope, receive, send)


async def search(request: Request, asked: Annotated[SearchParameters, Query()]) -> Response:
    """Find the passages that answer a question, the best first."""
    return await _answer(request, asked)


# Stands among the routes of the application itself: FastAPI looks for those of an included router twice.
SEARCH = _SearchRoute(
    "/search", search, methods=["GET"], tags=["search"], response_model=SearchResponse,
    responses=_FOUND | _INVALID | _BUSY,
)  # fmt: skip


@router.post("/search", tags=["search"], response_model=SearchResponse, responses=_FOUND | _INVALID | _BUSY)
async def search_posted(request: Request, asked: SearchRequest) -> Response:
    """The same, with the question in the body, where no log or browser history keeps it."""
    return await _answer(request, asked)


async def _answer(request: Request, asked: SearchParameters) -> Response:
    # Not by dependencies: each costs a twentieth of a millisecond.
    live: LiveIndex = request.app.state.live
    queue: SearchQueue = request.app.state.queue
    searcher = live.searcher()

    def answer() -> Response:
        result = searcher.search(asked.q, asked.limit, offset=asked.offset, tag=asked.tag, kind=asked.kind)
        return Response(to_json(result_json(result)), media_type="application/json")

    return await queue.run(answer, request.is_disconnected)


@router.get(
    "/passages/{passage_id:path}",
    tags=["content"],
    response_model=PassageOut,
    responses={200: {"content": {"application/json": {"example": examples.PASSAGE}}}} | _NOT_FOUND | _NOT_READY,
)
def passage(
    searcher: Current, passage_id: Annotated[str, Path(max_length=1000, examples=[examples.PASSAGE["passage_id"]])]
) -> JSONResponse:
    """One passage by its id, which stays the same across rebuilds while its place keeps its name."""
    return JSONResponse(passage_json(searcher.passage(passage_id)))


@router.get(
    "/documents/{document_id:path}",
    tags=["content"],
    response_model=DocumentOut,
    responses=_NOT_FOUND | _NOT_READY,
)
def document(searcher: Current, document_id: Annotated[str, Path(max_length=1000)]) -> JSONResponse:
    """One document with all its passages in reading order."""
    return JSONResponse(document_json(searcher.document(document_id)))


@router.get("/index", tags=["index"], response_model=IndexOut, responses=_NOT_READY)
def index(searcher: Current) -> JSONResponse:
    """What is being served: generation, counts, model, tags."""
    return JSONResponse(searcher.describe())


@router.get("/health", tags=["index"], response_model=Health)
async def health() -> JSONResponse:
    """Whether the process is alive."""
    return JSONResponse({"status": "alive"})


@router.get("/ready", tags=["index"], response_model=Ready, responses={503: {"model": Ready}})
async def ready(live: Live) -> JSONResponse:
    """Whether questions are answered, and from the newest generation."""
    searcher, problem = live.serving
    if searcher is None:
        body = {"status": "unavailable", "generation": None, "reason": "no index could be loaded; see the server's log"}
        return JSONResponse(body, 503, {"Retry-After": "5"})
    generation = searcher.generation.manifest.generation
    if problem:
        reason = "the newest generation could not be loaded; see the server's log"
        return JSONResponse({"status": "degraded", "generation": generation, "reason": reason})
    return JSONResponse({"status": "ready", "generation": generation, "reason": None})
