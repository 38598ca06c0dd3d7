"""Failures as problem details: one shape, no echo of what was sent, no traceback."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from indexer.errors import FaqError, IndexStoreError, ModelError, NotFoundError, QueryError

logger = logging.getLogger("faq")
MEDIA_TYPE = "application/problem+json"
# RFC 9110's names, which not every Python version has.
_TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}


def problem(
    status: HTTPStatus, code: str, detail: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A failure as RFC 9457 has it."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status.value, status.phrase),
        "status": status.value,
        "code": code,
        "detail": detail,
        "field": field,
    }
    return JSONResponse(body, status.value, dict(headers or {}), media_type=MEDIA_TYPE)


class RefusedError(Exception):
    """A request is refused; takes what `problem` takes."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        self.response = problem(status, code, detail, headers=headers)
        super().__init__(detail)


def problem_of(error: Exception) -> JSONResponse:
    """The answer to an error."""
    match error:
        case RefusedError():
            return error.response
        case RequestValidationError():
            return _invalid_request(error)
        case HTTPException():
            return _http(error)
        case FaqError():
            return _faq_error(error)
        case ClientDisconnect():
            return problem(HTTPStatus.BAD_REQUEST, "left", "whoever asked is gone")
        case _:
            return _fault(error)


def _invalid_request(error: RequestValidationError) -> JSONResponse:
    first: dict[str, Any] = dict(error.errors()[0])
    place = [str(part) for part in first.get("loc", ()) if part not in ("query", "body", "path")]
    if first.get("type") == "json_invalid":
        return problem(HTTPStatus.BAD_REQUEST, "invalid_json", "the body is not valid JSON")
    field = ".".join(place)[:100].encode("ascii", "replace").decode() or None
    if first.get("type") == "extra_forbidden":  # its name may be anything, also what a visitor typed
        detail = "request body: one of its names is no parameter of this endpoint; /docs lists them"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter", detail)
    if first.get("type") == "missing":
        detail = "is required"
    elif not field:
        detail = "must be a JSON object, sent with Content-Type: application/json"
    else:
        # pydantic's own message names the limit and never the value
        detail = (
            str(first.get("msg", "is not valid")).replace("Input should be", "must be").replace("String should", "must")
        )
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter", f"{field or 'request body'}: {detail}", field=field
    )


def _http(error: HTTPException) -> JSONResponse:
    status = HTTPStatus(error.status_code)
    details = {
        HTTPStatus.NOT_FOUND: "there is nothing at this address; /docs lists what there is",
        HTTPStatus.METHOD_NOT_ALLOWED: "this address does not answer that method; /docs lists what there is",
    }
    return problem(
        status,
        _TITLES.get(status.value, status.phrase).lower().replace(" ", "_"),
        details.get(status, "the request could not be read"),
        headers=error.headers,
    )


def _faq_error(error: FaqError) -> JSONResponse:
    match error:
        case QueryError():
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter", str(error), field=error.field)
        case NotFoundError():
            return problem(HTTPStatus.NOT_FOUND, "not_found", str(error))
        case IndexStoreError() | ModelError():
            # The message may hold a path of this machine; that is for its owner's log, not for visitors.
            logger.error("%s", error)
            detail = "the search index is not ready; try again in a moment"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", detail, headers={"Retry-After": "5"})
        case _:
            return _fault(error)


def _fault(error: Exception) -> JSONResponse:
    """Answer to an error nobody expected, which is logged without anything a visitor typed."""
    # Only the kind and the place: a message or a traceback's values could hold what a visitor typed.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown place"
    logger.error("%s at %s", type(error).__name__, where)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "something went wrong here; it has been logged")
