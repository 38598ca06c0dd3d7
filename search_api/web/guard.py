"""Stands before every request: whom it asks, size limits, security headers, a log without questions, no tracebacks."""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.web.hosts import AllowedHosts
from search_api.web.problems import problem, problem_of

logger = logging.getLogger("faq.access")

# 2,000 characters of question are at most 24,000 bytes once percent-encoded.
MAX_URL_BYTES = 32 * 1024
MAX_BODY_BYTES = 64 * 1024
# Load balancers and containers ask these by an address that nobody could list beforehand.
_PROBED = ("/health", "/ready")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Swagger UI sets style attributes and draws its icons from data: addresses.
_DOCS_CSP = _CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' data:"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address holds what the visitor typed
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_RAW_HEADERS = Headers(SECURITY_HEADERS).raw
_RAW_DOCS_HEADERS = Headers(SECURITY_HEADERS | {"Content-Security-Policy": _DOCS_CSP}).raw


class _BodyTooLargeError(Exception):
    pass


class Guard:
    """ASGI middleware around the whole app.

    Args:
        app: the application.
        hosts: the names by which it may be asked.
        root_path: path prefix under which a reverse proxy serves it.
    """

    def __init__(self, app: ASGIApp, hosts: AllowedHosts, root_path: str = "") -> None:
        self._app = app
        self._hosts = hosts
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._settle(scope)
        started = time.perf_counter()
        status = 0
        received = 0

        async def guarded_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise _BodyTooLargeError
            return message

        async def guarded_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                docs = scope["path"].endswith("/docs")
                message["headers"] = [*message["headers"], *(_RAW_DOCS_HEADERS if docs else _RAW_HEADERS)]
            await send(message)

        try:
            if (refusal := self._refusal(scope)) is not None:
                await refusal(scope, receive, guarded_send)
            else:
                await self._app(scope, guarded_receive, guarded_send)
        except asyncio.CancelledError:  # the server ends, and has waited for long enough
            if not status:
                await _ending()(scope, receive, guarded_send)
        except Exception as error:
            if status:  # the answer has begun; all that is left is to end it
                raise
            # What FastAPI makes of a body that is too large is one that it cannot parse.
            response = _too_large() if received > MAX_BODY_BYTES else problem_of(error)
            await response(scope, receive, guarded_send)
        # The route's pattern, never the address itself: that holds questions.
        route = getattr(scope.get("route"), "path", "-")
        milliseconds = (time.perf_counter() - started) * 1000
        logger.info("%s %s %d %.1f ms", scope["method"], route, status, milliseconds)

    def _settle(self, scope: Scope) -> None:
        """Put the path below the prefix, and leave out what is not answered."""
        if self._root_path:
            scope["root_path"] = self._root_path
            if not f"{scope['path']}/".startswith(f"{self._root_path}/"):  # the proxy has taken it off
                scope["path"] = self._root_path + scope["path"]
        # Files are small and sent whole: a range that cannot be read would get an answer in plain text.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"range"]

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """The answer to what the app is not to be asked, None for what it is."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if not self._hosts.allow(hosts, probe=scope["path"].endswith(_PROBED)):
            return _wrong_host()
        if len(scope["query_string"]) + len(scope["path"]) > MAX_URL_BYTES:
            detail = f"the address is longer than {MAX_URL_BYTES // 1024} KiB; ask a shorter question"
            return problem(HTTPStatus.REQUEST_URI_TOO_LONG, "url_too_long", detail)
        return _too_large() if _declared_length(scope) > MAX_BODY_BYTES else None


def _wrong_host() -> ASGIApp:
    detail = "this service is not known by the name that the request's Host header has; see --allowed-hosts"
    return problem(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", detail)


def _ending() -> ASGIApp:
    detail = "the service is being stopped; ask again in a moment"
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "stopping", detail, headers={"Retry-After": "5"})


def _too_large() -> ASGIApp:
    return problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        f"the body is larger than {MAX_BODY_BYTES // 1024} KiB",
        headers={"Connection": "close"},
    )


def _declared_length(scope: Scope) -> int:
    declared = dict(scope["headers"]).get(b"content-length", b"")
    return int(declared) if declared.isdigit() and len(declared) < 20 else 0
