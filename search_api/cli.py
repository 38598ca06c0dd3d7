"""The `faq` command."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from indexer.errors import FaqError
from search_api import terminal

if TYPE_CHECKING:
    from indexer.build import BuildReport
    from search_api.searcher import Searcher

app = typer.Typer(
    name="faq",
    help="Semantic search over articles and FAQ lists: index a content folder, ask questions, serve the search page.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Index = Annotated[Path, typer.Option("--index", "-i", envvar="FAQ_INDEX", help="Index folder.")]
Model = Annotated[str, typer.Option(envvar="FAQ_MODEL", help="Name or folder of a sentence-transformers model.")]
Keep = Annotated[int, typer.Option(envvar="FAQ_KEEP", min=1, help="How many earlier generations to keep.")]
MaxRemoved = Annotated[
    float,
    typer.Option(
        envvar="FAQ_MAX_REMOVED", min=0, max=1, help="Refuse if more than this share of the passages would be gone."
    ),
]
MinP1 = Annotated[
    float | None,
    typer.Option(envvar="FAQ_MIN_P1", min=0, max=1, help="Refuse if a smaller share of questions is answered first."),
]
Questions = Annotated[
    Path | None,
    typer.Option(envvar="FAQ_QUESTIONS", help="Folder of labelled questions of this site, to fit the confidence on."),
]
High = Annotated[
    float, typer.Option(envvar="FAQ_HIGH", min=0, max=1, help="Confidence from which a question counts as answered.")
]
Partial = Annotated[
    float, typer.Option(envvar="FAQ_PARTIAL", min=0, max=1, help="Confidence below which there is no good answer.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_DEFAULT_INDEX = Path(".faq-index")


def main() -> None:
    """Run the command; an error is one clear line and exit code 1."""
    try:
        app()
    except FaqError as error:
        terminal.error(error)
        sys.exit(1)
    except BrokenPipeError:  # the reader of a pipe has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def index(
    content: Annotated[Path, typer.Argument(help="Folder (or one file) of articles and FAQ lists.")],
    index: Index = _DEFAULT_INDEX,
    model: Model = "",
    questions: Questions = None,
    full: Annotated[bool, typer.Option("--full", help="Embed everything anew, and publish in any case.")] = False,
    keep: Keep = 3,
    max_removed: MaxRemoved = 0.5,
    min_p1: MinP1 = None,
    force: Annotated[bool, typer.Option("--force", help="Publish whatever the report says.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report as an HTML page, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Index a content folder and publish the result; on any error the published index stays as it was."""
    from indexer.build import build_index
    from indexer.errors import PublicationRefusedError
    from indexer.labelled import LabelledQuestions
    from indexer.model.files import DEFAULT_MODEL
    from indexer.review.gate import Gate

    labelled = LabelledQuestions.read(questions) if questions else None
    if report is not None and (report.is_dir() or not report.parent.is_dir()):
        raise FaqError(f"--report {report}: must name a file in a folder that exists")
    gate = Gate(max_removed=max_removed, min_p1=min_p1, force=force)
    refused: PublicationRefusedError | None = None
    with terminal.progress("Embedding", quiet=as_json) as advance:
        try:
            built = build_index(
                content, index, model=model or DEFAULT_MODEL, questions=labelled, full=full, keep=keep, gate=gate,
                progress=advance,
            )  # fmt: skip
        except PublicationRefusedError as error:
            refused, built = error, error.report
    if report is not None:  # before anything is printed: the reader of a pipe may have enough
        _write_report(built, report)
    if as_json:
        terminal.print_json(built.to_dict())
    else:
        terminal.print_build(built, index)
    if refused is not None:
        raise refused


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="What you want to know, in your own words.")],
    index: Index = _DEFAULT_INDEX,
    k: Annotated[int, typer.Option("-k", "--limit", help="How many hits.")] = 5,
    offset: Annotated[int, typer.Option(help="How many of the best hits to pass over.")] = 0,
    tag: Annotated[str | None, typer.Option(help="Only passages with this tag.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only `paragraph` or only `faq`.")] = None,
    high: High = 0.8,
    partial: Partial = 0.25,
    as_json: AsJson = False,
) -> None:
    """Find the passages that answer a question."""
    from search_api.results import result_json

    result = _open(index, high, partial).search(question, k, offset=offset, tag=tag, kind=kind)
    if as_json:
        terminal.print_json(result_json(result))
    else:
        terminal.print_result(result)


@app.command()
def serve(
    index: Index = _DEFAULT_INDEX,
    host: Annotated[str, typer.Option(envvar="FAQ_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="FAQ_PORT", min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    root_path: Annotated[str, typer.Option(envvar="FAQ_ROOT_PATH", help="Path prefix of a reverse proxy.")] = "",
    queue: Annotated[
        int, typer.Option(envvar="FAQ_QUEUE", min=1, help="How many searches run and wait at once; more are told 503.")
    ] = 64,
    workers: Annotated[
        int, typer.Option(envvar="FAQ_WORKERS", min=1, help="How many processes answer, each with the whole model.")
    ] = 1,
    content: Annotated[
        Path | None, typer.Option(envvar="FAQ_CONTENT", help="Folder that POST /index/rebuild indexes.")
    ] = None,
    questions: Questions = None,
    model: Model = "",
    high: High = 0.8,
    partial: Partial = 0.25,
) -> None:
    """Serve the search page and the API; new generations are taken up while it runs.

    With a key in the environment variable FAQ_ADMIN_KEY, POST /index/rebuild rebuilds the index for whoever sends that
    key as a bearer token. FAQ_KEEP, FAQ_MAX_REMOVED and FAQ_MIN_P1 count there as for `faq index`.
    """
    from search_api.rebuilder import Rebuilder
    from search_api.searcher import Thresholds
    from search_api.web.server import run

    run(
        index,
        host=host,
        port=port,
        root_path=root_path,
        queue=queue,
        workers=workers,
        # Not an option, which every user of the machine could read; taken out, so that no child inherits it.
        admin_key=os.environ.pop("FAQ_ADMIN_KEY", ""),
        rebuilder=Rebuilder.of(content, index, model=model, questions=questions) if content else None,
        thresholds=Thresholds(high, partial),
    )


@app.command()
def watch(
    content: Annotated[Path, typer.Argument(help="Folder (or one file) of articles and FAQ lists.")],
    index_folder: Index = _DEFAULT_INDEX,
    model: Model = "",
    questions: Questions = None,
    keep: Keep = 3,
    max_removed: MaxRemoved = 0.5,
    min_p1: MinP1 = None,
) -> None:
    """Index a content folder at once and after every change in it, until interrupted; an error ends nothing."""
    import signal

    from search_api.watch import watch

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        watch(
            content,
            index_folder,
            questions,
            build=lambda: index(
                content,
                index_folder,
                model=model,
                questions=questions,
                keep=keep,
                max_removed=max_removed,
                min_p1=min_p1,
            ),
            failed=lambda error: terminal.error(error),
        )


@app.command()
def status(index: Index = _DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """List the generations on disk, which of them is published, and whether each is sound."""
    from indexer.store.index_store import IndexStore
    from indexer.store.inventory import take_inventory

    inventory = take_inventory(IndexStore(index))
    if as_json:
        terminal.print_json(inventory.to_dict())
        return
    terminal.print_inventory(inventory)


@app.command()
def verify(index: Index = _DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """Check every file of every generation and every exported model; fails if anything is damaged."""
    from indexer.store.index_store import IndexStore
    from indexer.store.inventory import take_inventory

    inventory = take_inventory(IndexStore(index))
    if as_json:
        terminal.print_json(inventory.to_dict())
    else:
        terminal.print_verdicts(inventory)
    if not inventory.sound:
        raise typer.Exit(1)


@app.command()
def rollback(
    number: Annotated[str | None, typer.Argument(help="Generation; default: the one before the current one.")] = None,
    index: Index = _DEFAULT_INDEX,
) -> None:
    """Publish an earlier generation again; a running server takes it up, and nothing is removed."""
    from indexer.store.index_store import IndexStore

    chosen = IndexStore(index).rollback(number)
    terminal.out.print(f"[bold green]Generation {chosen} is published again[/] in {escape(str(index))}", soft_wrap=True)


@app.command()
def evaluate(
    dataset: Annotated[
        Path | None, typer.Argument(help="Folder in the BEIR layout, with its own corpus.jsonl.")
    ] = None,
    index: Annotated[Path | None, typer.Option("--index", "-i", help="Evaluate this index instead.")] = None,
    questions: Annotated[Path | None, typer.Option(help="Labelled questions for --index.")] = None,
    model: Annotated[str, typer.Option(help="Name or folder of a model to index the data set with.")] = "",
    tune: Annotated[bool, typer.Option("--tune", help="Tune the model on the data set's corpus first.")] = False,
    high: High = 0.8,
    partial: Partial = 0.25,
    min_ndcg: Annotated[float | None, typer.Option(min=0, max=1, help="Fail below this nDCG@10.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure on labelled questions, beside what usual engines would reach on the same passages."""
    from indexer.labelled import LabelledQuestions
    from indexer.model.files import DEFAULT_MODEL
    from search_api import evaluation

    if (dataset is None) == (index is None) or (index is None) != (questions is None):
        raise FaqError("give either a data set, or an index and its questions: --index DIR --questions DIR")
    if tune and dataset is None:
        raise FaqError("--tune needs a data set; for an index, tune with `faq tune` and index with that model")
    if dataset is not None:
        with terminal.progress("Tuning and embedding" if tune else "Embedding", quiet=as_json) as advance:
            report = evaluation.evaluate_dataset(dataset, model or DEFAULT_MODEL, tune=tune, progress=advance)
    else:
        assert index is not None
        assert questions is not None
        report = evaluation.evaluate(
            _open(index, high, partial), LabelledQuestions.read(questions), questions.resolve().name
        )
    if as_json:
        terminal.print_json(report.to_dict())
    else:
        terminal.print_evaluation(report)
    if min_ndcg is not None and report.metrics["nDCG@10"] < min_ndcg:
        raise FaqError(f"nDCG@10 is {report.metrics['nDCG@10']:.3f}, below --min-ndcg {min_ndcg}")


@app.command()
def tune(
    content: Annotated[Path, typer.Argument(help="Folder (or one file) of articles and FAQ lists.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the tuned model.")],
    model: Annotated[str, typer.Option(help="Name or folder of the model to begin with.")] = "",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same model.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Tune a model to a content folder; written only if it finds entries it was not tuned on better than before."""
    from indexer.model.files import DEFAULT_MODEL
    from indexer.model.tuning import tune_model

    with terminal.progress("Training", quiet=as_json) as advance:
        report = tune_model(content, to, model=model or DEFAULT_MODEL, seed=seed, progress=advance)
    if as_json:
        terminal.print_json(report.to_dict())
        return
    verdict = (
        f"[bold green]Tuned model written[/] to {escape(str(to))}; index with it: "
        f"faq index {escape(str(content))} --model {escape(str(to))}"
        if report.kept
        else "[bold yellow]Nothing written[/]: tuning does not help on this content; keep the model as it is"
    )
    terminal.out.print(
        f"{verdict}\n"
        f"  {report.held_out:,} questions held out of training: "
        f"MRR {report.before:.3f} before, {report.after:.3f} after\n"
        f"  {report.pairs:,} pairs, {report.seconds:.1f} s",
        soft_wrap=True,
    )


@app.command()
def read(
    content: Annotated[Path, typer.Argument(help="Folder (or one file) of articles and FAQ lists.")],
    as_json: AsJson = False,
) -> None:
    """Show how content is understood, without indexing it: its paragraphs, its FAQ entries, what is skipped."""
    from dataclasses import asdict

    from indexer.content.corpus import read_corpus
    from indexer.documents import FaqEntry

    corpus = read_corpus(content)
    if as_json:
        documents = [asdict(document) for document in corpus.documents]
        for document, plain in zip(corpus.documents, documents, strict=True):
            for block, fields in zip(document.blocks, plain["blocks"], strict=True):
                fields["kind"] = "faq" if isinstance(block, FaqEntry) else "paragraph"
        skipped = [{"path": e.path, "line": e.line, "reason": e.reason} for e in corpus.skipped]
        terminal.print_json({"documents": documents, "skipped": skipped})
        return
    for document in corpus.documents:
        entries = sum(isinstance(block, FaqEntry) for block in document.blocks)
        counts = f"{len(document.blocks) - entries} paragraphs, {entries} FAQ entries"
        terminal.out.print(
            f"[bold]{escape(document.title)}[/] [dim]{escape(document.path)}: {counts}[/]", soft_wrap=True
        )
        for block in document.blocks:
            if isinstance(block, FaqEntry):
                terminal.out.print(f"  [cyan]?[/] {escape(block.question)}", soft_wrap=True)
            else:
                path = " › ".join(block.heading_path)
                terminal.out.print(f"  [dim]¶[/] {escape(path)}: {escape(block.text[:70])}…", soft_wrap=True)
    for error in corpus.skipped:
        terminal.error(error, "[yellow]skipped[/]")


def _open(index: Path, high: float, partial: float) -> Searcher:
    from search_api.searcher import Searcher, Thresholds

    searcher = Searcher.open(index, thresholds=Thresholds(high, partial))
    if searcher.problem:
        number = searcher.generation.manifest.generation
        terminal.error(searcher.problem, f"[yellow]answering from generation {number}[/]")
    return searcher


def _write_report(report: BuildReport, path: Path) -> None:
    from indexer.report_page import report_page

    try:
        path.write_text(report_page(report), "utf-8")
    except OSError as error:
        raise FaqError(f"--report {path}: cannot be written ({error.strerror})") from error


if __name__ == "__main__":
    main()
