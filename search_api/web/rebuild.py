"""The addresses that rebuild the index: only for whoever holds the key, and never on behalf of another site's page."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError

from indexer.errors import FaqError, NotFoundError
from search_api.rebuilder import Job, Rebuilder, RebuildRunningError
from search_api.web.problems import RefusedError
from search_api.web.routes import PROBLEM, Responses
from search_api.web.schemas import RebuildJob, RebuildRequest

MIN_KEY_CHARS = 16
_BEARER = HTTPBearer(auto_error=False, description="The key that the service was started with, FAQ_ADMIN_KEY.")
_BODY = {"requestBody": {"content": {"application/json": {"schema": RebuildRequest.model_json_schema()}}}}


def _documented(failures: dict[int, str]) -> Responses:
    return {status: PROBLEM | {"description": description} for status, description in failures.items()}


_STARTED = _documented(
    {
        400: "The body is not JSON.",
        401: "The key is missing or wrong.",
        403: "A page of another site asks.",
        409: "A rebuild is running, or no content folder is configured.",
        413: "The body is too large.",
        415: "The body is of another type than JSON.",
        422: "An option is not valid.",
    }
)


def check_key(key: str) -> None:
    """Refuse a key that can be guessed, or that no client could send.

    Raises:
        FaqError: it is too short, or holds a space or a control character.
    """
    if len(key) < MIN_KEY_CHARS:
        raise FaqError(
            f"FAQ_ADMIN_KEY has {len(key)} characters, at least {MIN_KEY_CHARS} are needed; make one with: "
            'python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    if any(char.isspace() or not char.isprintable() for char in key.encode("utf-8", "replace").decode()):
        raise FaqError("FAQ_ADMIN_KEY holds a space or a control character, which no request can carry; take it out")


def rebuild_router(key: str, rebuilder: Rebuilder | None) -> APIRouter:
    """The addresses under ``/index/rebuild``.

    Args:
        key: who sends it as a bearer token may rebuild.
        rebuilder: None if no content folder is configured; whoever asks for a rebuild is then told so.
    """
    router = APIRouter(tags=["index"], dependencies=[Security(_holder_of(key))])

    @router.post(
        "/index/rebuild",
        status_code=HTTPStatus.ACCEPTED,
        response_model=RebuildJob,
        responses=_STARTED,
        openapi_extra=_BODY,
        dependencies=[Depends(_from_here)],
    )
    async def start_rebuild(options: Annotated[RebuildRequest, Depends(_options)], request: Request) -> JSONResponse:
        """Rebuild the index from the configured content folder, in a process of its own; follow it at `Location`."""
        if rebuilder is None:
            detail = "the service was started without a content folder; start it with: faq serve --content DIR"
            raise RefusedError(HTTPStatus.CONFLICT, "no_content", detail)
        try:
            job = rebuilder.start(full=options.full)
        except RebuildRunningError as error:
            raise RefusedError(HTTPStatus.CONFLICT, "rebuild_running", str(error)) from None
        location = f"{request.scope.get('root_path', '')}/index/rebuild/{job.job}"
        return JSONResponse(_json(job), HTTPStatus.ACCEPTED, {"Location": location})

    @router.get(
        "/index/rebuild/{job}",
        response_model=RebuildJob,
        responses=_documented(
            {401: "The key is missing or wrong.", 404: "No such rebuild.", 422: "The id is not valid."}
        ),
    )
    async def show_rebuild(job: Annotated[str, Path(max_length=100)]) -> JSONResponse:
        """How a rebuild goes, or went; the last few are kept while the service runs."""
        found = rebuilder.job(job) if rebuilder else None
        if found is None:
            raise NotFoundError("no rebuild has this id; only the last few since the service was started are kept")
        return JSONResponse(_json(found))

    return router


def _holder_of(key: str) -> Callable[..., Awaitable[None]]:
    expected = key.encode("utf-8", "surrogateescape")  # the very bytes the environment held

    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]) -> None:
        token = given.credentials.encode("latin-1") if given else b""
        # Its time depends on the second argument alone.
        if not secrets.compare_digest(token, expected):
            detail = "this needs the service's key: Authorization: Bearer KEY"
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})

    return check


async def _from_here(request: Request) -> None:
    """Refuse what a browser sends for a page of another site."""
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (origin is not None and _host(origin) != request.headers.get("host")):
        raise RefusedError(HTTPStatus.FORBIDDEN, "cross_site", "a page of another site may not start a rebuild")


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


async def _options(request: Request) -> RebuildRequest:
    """The body, read by hand: a form, which any page may send, is refused even where it is empty."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if media != "application/json" and (media or body):
        detail = "the body must be empty, or a JSON object sent with Content-Type: application/json"
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    try:
        return RebuildRequest.model_validate_json(body) if body else RebuildRequest()
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None


def _json(job: Job) -> dict[str, Any]:
    return asdict(job)
