"""One run of the `faq` command: from its first line to its exit code, whatever happens meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import typer

from indexer.errors import FaqError, reason_of
from search_api import terminal
from search_api.interrupt import EXIT_CODE, await_interrupt, expect_interrupt
from search_api.output import guard_output

if TYPE_CHECKING:
    from indexer.settings import Settings
    from search_api.searcher import Searcher


def run_command(app: Callable[..., object]) -> NoReturn:
    """Run the command and end the process; an error is one clear line and exit code 1, Ctrl-C one and exit code 130.

    Args:
        app: of typer.
    """
    output = guard_output()
    try:
        await_interrupt()
        code = _code_of(app)
        sys.stdout.flush()
        if output.failed is not None:
            terminal.error(f"what was to be printed could not be: {reason_of(output.failed)}")
            code = code or 1
    except KeyboardInterrupt:
        code = EXIT_CODE
    if code == EXIT_CODE:
        terminal.error("interrupted")
        sys.stderr.flush()
        os._exit(code)  # threads may still be at work, and nobody waits for what they do
    expect_interrupt()  # while they end
    sys.exit(code)


def _code_of(app: Callable[..., object]) -> int:
    """Run the command; its exit code, whatever it raised told."""
    try:
        code = app(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except FaqError as error:
        terminal.error(error)
    except typer.Abort:  # how some versions of typer put Ctrl-C
        return EXIT_CODE
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        terminal.error(f"{where}{reason_of(error)}")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the panic of a library in Rust is no `Exception`
        if hasattr(error, "format_message"):  # typer's own: the command was not used as it is meant
            return terminal.usage_error(error)
        terminal.defect(error)
    return 1


def open_searcher(settings: Settings) -> Searcher:
    """A searcher over the settings' index; where another generation has to stand in, that is said.

    Raises:
        IndexMissingError, IndexDamagedError, ModelError: see `Searcher.open`.
    """
    from search_api.searcher import Searcher

    searcher = Searcher.open(settings.index, settings=settings)
    if searcher.problem:
        number = searcher.generation.manifest.generation
        terminal.error(searcher.problem, f"[yellow]answering from generation {number}[/]")
    return searcher
