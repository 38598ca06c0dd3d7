"""The web application, made by a factory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.rebuilder import Rebuilder
from search_api.web.guard import Guard
from search_api.web.hosts import AllowedHosts, path_prefix
from search_api.web.rebuild import check_key, rebuild_router
from search_api.web.routes import SEARCH, router
from search_api.web.search_queue import SearchQueue

# For files and documents; each has memory of its own, which it keeps.
_THREADS = 8
_STATIC = Path(__file__).parent / "static"
_DESCRIPTION = """
Ask a question in your own words; get the passage of the site's articles and FAQ lists that answers it, or an honest
`"answered": "none"`. Every failure is a problem document (RFC 9457). Nothing that is asked is logged.
"""


class _Application(FastAPI):
    """FastAPI's routes inside the `Guard` alone, which answers every failure."""

    def __init__(self, *, hosts: AllowedHosts, prefix: str, **options: Any) -> None:
        super().__init__(**options)
        self._hosts, self._prefix = hosts, prefix

    def build_middleware_stack(self) -> ASGIApp:
        """What FastAPI puts around its routes, less what the `Guard` does in its place."""
        return Guard(AsyncExitStackMiddleware(self.router), self._hosts, self._prefix)


class _Files(StaticFiles):
    """Files, of which a client that reads slowly makes the server hold little."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """The file, or that it is unchanged."""
        response = super().file_response(*arguments, **options)
        if isinstance(response, FileResponse):
            response.chunk_size = 16 * 1024
        return response


def create_app(live: LiveIndex, settings: Settings | None = None, *, rebuilder: Rebuilder | None = None) -> FastAPI:
    """The application around one live index.

    Args:
        live: not started yet; the application starts and stops it.
        settings: names it may be asked by, path prefix, length of the queue, key to rebuild; default: those of the
            environment.
        rebuilder: what rebuilds for whoever has the key, None without a content folder.

    Raises:
        FaqError: the key can be guessed.
        SettingsError: a variable of the environment, a name or the path prefix is wrong.
    """
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        await run_in_threadpool(live.start)
        yield
        if rebuilder is not None:
            await rebuilder.stop()
        await run_in_threadpool(live.stop)

    app = _Application(
        title="Semantic FAQ search",
        description=_DESCRIPTION,
        version=version("semantic-faq-search"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Traces would hold addresses, and with them what visitors type.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        # A redirect would repeat whatever host the request named.
        redirect_slashes=False,
        routes=[SEARCH],
        hosts=AllowedHosts(settings),
        prefix=path_prefix(settings.root_path),
    )
    app.state.live = live
    app.state.queue = SearchQueue(settings.queue)
    app.include_router(router)
    if settings.admin_key:
        check_key(settings.admin_key)
        app.include_router(rebuild_router(settings.admin_key, rebuilder))
    for address, name in (("/", "index.html"), ("/read", "read.html"), ("/docs", "docs.html")):
        app.add_api_route(address, _page(name), include_in_schema=False, response_class=FileResponse)
    app.mount("/static", _Files(directory=_STATIC), name="static")
    # Swagger UI out of an installed package: the documentation works without any other host.
    app.mount("/swagger", _Files(directory=str(files("fastapi_offline") / "static")), name="swagger")
    return app


def _page(name: str) -> Callable[[], Awaitable[FileResponse]]:
    async def page() -> FileResponse:
        return FileResponse(_STATIC / name, headers={"Cache-Control": "no-cache"})

    return page
