"""The `faq` command."""

from __future__ import annotations

import sys

from search_api.interrupt import expect_interrupt

if __name__ == "__main__" or (sys.argv and sys.argv[0].endswith("/faq")):  # not whoever else imports this
    expect_interrupt()  # before what takes long to import

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.errors import STALE_EXIT_CODE, FaqError, SettingsError
from indexer.settings import Settings
from indexer.site_file import read_site_settings
from search_api import terminal
from search_api.command import open_searcher, run_command
from search_api.evaluate_command import evaluate
from search_api.options import AsJson, with_settings

if TYPE_CHECKING:
    from indexer.report import BuildReport
    from indexer.store.inventory import Inventory

app = typer.Typer(
    name="faq",
    help="Semantic search over articles and FAQ lists: index a content folder, ask questions, serve the search page.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Content = Annotated[Path, typer.Argument(help="Folder (or one file) of articles and FAQ lists.")]


def main() -> None:
    """Run the command; an error is one clear line and exit code 1, Ctrl-C one line and exit code 130."""
    run_command(app)


@app.command()
@with_settings
def index(
    content: Content,
    settings: Settings,
    full: Annotated[bool, typer.Option("--full", help="Embed everything anew, and publish in any case.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Publish whatever the report says.")] = False,
    drop_unreadable: Annotated[
        bool, typer.Option("--drop-unreadable", help="Leave out what can no longer be read, instead of keeping it.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report as an HTML page, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Index a content folder and publish the result; on any error the published index stays as it was.

    A file that can no longer be read keeps its earlier passages; it is named, and the exit code is 3.
    """
    if report is not None and (report.is_dir() or not report.parent.is_dir()):
        raise FaqError(f"--report {report}: must name a file in a folder that exists")
    built = _build(
        content, settings, full=full, force=force, drop_unreadable=drop_unreadable, page=report, as_json=as_json
    )
    if built.stale:
        raise typer.Exit(STALE_EXIT_CODE)


@app.command()
@with_settings
def search(
    question: Annotated[str, typer.Argument(help="What you want to know, in your own words.")],
    settings: Settings,
    k: Annotated[int, typer.Option("-k", "--limit", help="How many hits.")] = 5,
    offset: Annotated[int, typer.Option(help="How many of the best hits to pass over.")] = 0,
    tag: Annotated[str | None, typer.Option(help="Only passages with this tag.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only `paragraph` or only `faq`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find the passages that answer a question."""
    from search_api.results import result_json

    result = open_searcher(settings).search(question, k, offset=offset, tag=tag, kind=kind)
    if as_json:
        terminal.print_json(result_json(result))
    else:
        terminal.print_result(result)


@app.command()
@with_settings
def serve(settings: Settings) -> None:
    """Serve the search page and the API; new generations are taken up while it runs.

    With a key in the environment variable FAQ_ADMIN_KEY, POST /index/rebuild rebuilds the index for whoever sends that
    key as a bearer token. FAQ_KEEP, FAQ_MAX_REMOVED and FAQ_MIN_P1 count there as for `faq index`.
    """
    from search_api.web.server import run

    run(settings)


@app.command()
@with_settings
def watch(content: Content, settings: Settings) -> None:
    """Index a content folder at once and after every change in it, until interrupted; an error ends nothing."""
    import signal

    from search_api.watch import watch

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        watch(
            content,
            settings.index,
            _questions(content, settings),
            build=lambda: _build(content, settings),
            failed=lambda error: terminal.error(error),
        )


@app.command()
@with_settings
def status(settings: Settings, as_json: AsJson = False) -> None:
    """List the generations on disk, which of them is published, and whether each is sound."""
    inventory = _inventory(settings)
    if as_json:
        terminal.print_json(inventory.to_dict())
    else:
        terminal.print_inventory(inventory)


@app.command()
@with_settings
def verify(settings: Settings, as_json: AsJson = False) -> None:
    """Check every file of every generation and every exported model; fails if anything is damaged."""
    inventory = _inventory(settings)
    if as_json:
        terminal.print_json(inventory.to_dict())
    else:
        terminal.print_verdicts(inventory)
    if not inventory.sound:
        raise typer.Exit(1)


@app.command()
@with_settings
def rollback(
    settings: Settings,
    number: Annotated[str | None, typer.Argument(help="Generation; default: the one before the current one.")] = None,
) -> None:
    """Publish an earlier generation again; a running server takes it up, and nothing is removed."""
    from indexer.store.index_store import IndexStore

    chosen = IndexStore(settings.index).rollback(number)
    where = terminal.shown(settings.index)
    terminal.out.print(f"[bold green]Generation {chosen} is published again[/] in {where}", soft_wrap=True)


app.command()(with_settings(evaluate))


@app.command()
def read(content: Content, as_json: AsJson = False) -> None:
    """Show how content is understood, without indexing it: its paragraphs, its FAQ entries, what is skipped."""
    from indexer.content.corpus import read_corpus

    corpus = read_corpus(content)
    if as_json:
        terminal.print_json(corpus.to_dict())
    else:
        terminal.print_corpus(corpus)


def _build(
    content: Path,
    settings: Settings,
    *,
    full: bool = False,
    force: bool = False,
    drop_unreadable: bool = False,
    page: Path | None = None,
    as_json: bool = False,
) -> BuildReport:
    from indexer.build import build_index
    from indexer.report import PublicationRefusedError

    refused: PublicationRefusedError | None = None
    with terminal.progress("Embedding", quiet=as_json) as advance:
        try:
            report = build_index(
                content,
                settings.index,
                settings=settings,
                full=full,
                force=force,
                drop_unreadable=drop_unreadable,
                progress=advance,
            )
        except PublicationRefusedError as error:
            refused, report = error, error.report
    if page is not None:  # before anything is printed: the reader of a pipe may have enough
        from indexer.report_page import write_report_page

        write_report_page(report, page)
    if as_json:
        terminal.print_json(report.to_dict())
    else:
        terminal.print_build(report, settings.index)
    if refused is not None:
        raise refused
    return report


def _questions(content: Path, settings: Settings) -> tuple[Path, ...]:
    """The labelled questions that a build will ask; a site's file that is wrong is for the build to name."""
    with suppress(SettingsError):
        return settings.with_site(read_site_settings(content)).questions
    return settings.questions


def _inventory(settings: Settings) -> Inventory:
    from indexer.store.index_store import IndexStore
    from indexer.store.inventory import take_inventory

    return take_inventory(IndexStore(settings.index))


if __name__ == "__main__":
    main()
