"""The `faq` command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from indexer.errors import FaqError

if TYPE_CHECKING:
    from indexer.build import BuildReport
    from indexer.review import Review
    from search_api.evaluation import Evaluation
    from search_api.searcher import Hit, Searcher, SearchResult

app = typer.Typer(
    name="faq",
    help="Semantic search over articles and FAQ lists: index a content folder, ask questions, serve the search page.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

Index = Annotated[Path, typer.Option("--index", "-i", envvar="FAQ_INDEX", help="Index folder.")]
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
_SHOWN = 10


def main() -> None:
    """Run the command; an error is one clear line and exit code 1."""
    try:
        app()
    except FaqError as error:
        _err.print(f"[bold red]faq:[/] {escape(str(error))}", soft_wrap=True)
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
    model: Annotated[str, typer.Option(help="Name or folder of a sentence-transformers model.")] = "",
    questions: Questions = None,
    full: Annotated[bool, typer.Option("--full", help="Embed everything anew, and publish in any case.")] = False,
    keep: Annotated[int, typer.Option(min=1, help="How many earlier generations to keep.")] = 3,
    max_removed: Annotated[
        float, typer.Option(min=0, max=1, help="Refuse if more than this share of the passages would be gone.")
    ] = 0.5,
    min_p1: Annotated[
        float | None, typer.Option(min=0, max=1, help="Refuse if a smaller share of questions is answered first.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Publish whatever the report says.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report as an HTML page, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Index a content folder and publish the result; on any error the published index stays as it was."""
    from indexer.build import build_index
    from indexer.errors import PublicationRefusedError
    from indexer.gate import Gate
    from indexer.labelled import LabelledQuestions
    from indexer.model import DEFAULT_MODEL

    labelled = LabelledQuestions.read(questions) if questions else None
    if report is not None and (report.is_dir() or not report.parent.is_dir()):
        raise FaqError(f"--report {report}: must name a file in a folder that exists")
    gate = Gate(max_removed=max_removed, min_p1=min_p1, force=force)
    refused: PublicationRefusedError | None = None
    with _progress("Embedding", quiet=as_json) as advance:
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
        _print_json(built.to_dict())
    else:
        _print_build(built, index)
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
        _print_json(result_json(result))
    else:
        _print_result(result)


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
    model: Annotated[str, typer.Option(help="Name or folder of the model that it indexes with.")] = "",
    high: High = 0.8,
    partial: Partial = 0.25,
) -> None:
    """Serve the search page and the API; new generations are taken up while it runs.

    With a key in the environment variable FAQ_ADMIN_KEY, POST /index/rebuild rebuilds the index for whoever sends that
    key as a bearer token.
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
    model: Annotated[str, typer.Option(help="Name or folder of a sentence-transformers model.")] = "",
    questions: Questions = None,
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
            build=lambda: index(content, index_folder, model=model, questions=questions),
            failed=lambda error: _err.print(f"[bold red]faq:[/] {escape(str(error))}", soft_wrap=True),
        )


@app.command()
def status(index: Index = _DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """List the generations on disk, which of them is published, and whether each is sound."""
    from indexer.index_store import IndexStore
    from indexer.inventory import take_inventory

    inventory = take_inventory(IndexStore(index))
    if as_json:
        _print_json(inventory.to_dict())
        return
    # Plain lines, not a drawn table: in a narrow terminal or a pipe that would cut off names and reasons.
    _out.print(
        f"[bold]  {'number':<7} {'published at':<21} {'passages':>8} {'MB':>8}  {'state':<8} model[/]", soft_wrap=True
    )
    for state in inventory.generations:
        verdict = "[red]damaged[/] " if state.damage else "[green]sound[/]   "
        _out.print(
            f"{'→' if state.current else ' '} {state.number:<7} {escape(state.published_at or 'unknown'):<21} "
            f"{state.passages:>8,} {state.size_bytes / 1e6:>8.1f}  {verdict} {escape(state.model or 'unknown')}",
            soft_wrap=True,
        )
        if state.damage:
            _out.print(f"    [red]{escape(state.damage)}[/]", soft_wrap=True)
    if inventory.pointer:
        _err.print(f"[yellow]warning[/] {escape(inventory.pointer)}", soft_wrap=True)


@app.command()
def verify(index: Index = _DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """Check every file of every generation and every exported model; fails if anything is damaged."""
    from indexer.index_store import IndexStore
    from indexer.inventory import take_inventory

    inventory = take_inventory(IndexStore(index))
    if as_json:
        _print_json(inventory.to_dict())
    else:
        checked = [(f"generation {state.number}", state.damage) for state in inventory.generations]
        checked += [(f"model {state.folder} {state.model}".rstrip(), state.damage) for state in inventory.models]
        for name, damage in [*checked, *([("pointer", inventory.pointer)] if inventory.pointer else [])]:
            verdict = f"[bold red]damaged[/] {escape(damage)}" if damage else "[green]sound[/]"
            _out.print(f"{escape(name)}: {verdict}", soft_wrap=True)
    if not inventory.sound:
        raise typer.Exit(1)


@app.command()
def rollback(
    number: Annotated[str | None, typer.Argument(help="Generation; default: the one before the current one.")] = None,
    index: Index = _DEFAULT_INDEX,
) -> None:
    """Publish an earlier generation again; a running server takes it up, and nothing is removed."""
    from indexer.index_store import IndexStore

    chosen = IndexStore(index).rollback(number)
    _out.print(f"[bold green]Generation {chosen} is published again[/] in {escape(str(index))}", soft_wrap=True)


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
    from indexer.model import DEFAULT_MODEL
    from search_api import evaluation

    if (dataset is None) == (index is None) or (index is None) != (questions is None):
        raise FaqError("give either a data set, or an index and its questions: --index DIR --questions DIR")
    if tune and dataset is None:
        raise FaqError("--tune needs a data set; for an index, tune with `faq tune` and index with that model")
    if dataset is not None:
        with _progress("Tuning and embedding" if tune else "Embedding", quiet=as_json) as advance:
            report = evaluation.evaluate_dataset(dataset, model or DEFAULT_MODEL, tune=tune, progress=advance)
    else:
        assert index is not None
        assert questions is not None
        report = evaluation.evaluate(
            _open(index, high, partial), LabelledQuestions.read(questions), questions.resolve().name
        )
    if as_json:
        _print_json(report.to_dict())
    else:
        _print_evaluation(report)
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
    from indexer.model import DEFAULT_MODEL
    from indexer.model_tuning import tune_model

    with _progress("Training", quiet=as_json) as advance:
        report = tune_model(content, to, model=model or DEFAULT_MODEL, seed=seed, progress=advance)
    if as_json:
        _print_json(report.to_dict())
        return
    verdict = (
        f"[bold green]Tuned model written[/] to {escape(str(to))}; index with it: "
        f"faq index {escape(str(content))} --model {escape(str(to))}"
        if report.kept
        else "[bold yellow]Nothing written[/]: tuning does not help on this content; keep the model as it is"
    )
    _out.print(
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

    from indexer.corpus import read_corpus
    from indexer.documents import FaqEntry

    corpus = read_corpus(content)
    if as_json:
        documents = [asdict(document) for document in corpus.documents]
        for document, plain in zip(corpus.documents, documents, strict=True):
            for block, fields in zip(document.blocks, plain["blocks"], strict=True):
                fields["kind"] = "faq" if isinstance(block, FaqEntry) else "paragraph"
        skipped = [{"path": e.path, "line": e.line, "reason": e.reason} for e in corpus.skipped]
        _print_json({"documents": documents, "skipped": skipped})
        return
    for document in corpus.documents:
        entries = sum(isinstance(block, FaqEntry) for block in document.blocks)
        counts = f"{len(document.blocks) - entries} paragraphs, {entries} FAQ entries"
        _out.print(f"[bold]{escape(document.title)}[/] [dim]{escape(document.path)}: {counts}[/]", soft_wrap=True)
        for block in document.blocks:
            if isinstance(block, FaqEntry):
                _out.print(f"  [cyan]?[/] {escape(block.question)}", soft_wrap=True)
            else:
                path = " › ".join(block.heading_path)
                _out.print(f"  [dim]¶[/] {escape(path)}: {escape(block.text[:70])}…", soft_wrap=True)
    for error in corpus.skipped:
        _err.print(f"[yellow]skipped[/] {escape(str(error))}", soft_wrap=True)


def _open(index: Path, high: float, partial: float) -> Searcher:
    from search_api.searcher import Searcher, Thresholds

    searcher = Searcher.open(index, thresholds=Thresholds(high, partial))
    if searcher.problem:
        number = searcher.generation.manifest.generation
        _err.print(f"[yellow]answering from generation {number}[/] {escape(searcher.problem)}", soft_wrap=True)
    return searcher


@contextmanager
def _progress(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True, disable=quiet or not _err.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _print_build(report: BuildReport, index: Path) -> None:
    for error in report.skipped:
        _err.print(f"[yellow]skipped[/] {escape(str(error))}", soft_wrap=True)
    fitted = (
        f"fitted on {report.calibrated_on:,} labelled questions" if report.calibrated_on else "not fitted on this site"
    )
    state = "Refused; still" if report.refused else "Published" if report.published else "Nothing changed; still"
    colour = "red" if report.refused else "green"
    _out.print(
        f"[bold {colour}]{state} generation {report.generation or 'none'}[/] in {escape(str(index))}\n"
        f"  {report.documents:,} documents, {report.passages:,} passages "
        f"({report.paragraphs:,} paragraphs, {report.faq_entries:,} FAQ entries)\n"
        f"  {report.embedded:,} texts embedded, {report.reused:,} reused, {len(report.skipped):,} files skipped\n"
        f"  confidence {fitted}\n"
        f"  {report.seconds:.1f} s, {report.size_bytes / 1e6:.1f} MB",
        soft_wrap=True,
    )
    if report.review is not None:
        _print_review(report.review)


def _print_review(review: Review) -> None:
    if (passages := review.passages) is not None:
        moved = [f"{origin} → {key}" for origin, key in passages.moved]
        _print_names("passages added", passages.added)
        _print_names("passages changed", passages.changed)
        _print_names("passages moved", moved)
        _print_names("passages removed", passages.removed)
    if (questions := review.questions) is not None and (questions.labelled or questions.faq):
        p1 = (
            f"[bold]{questions.p1:.1%}[/] of the {'labelled' if questions.labelled else 'FAQ'} questions answered first"
        )
        part = f" of {questions.faq_entries:,}" if questions.faq < questions.faq_entries else ""
        _out.print(
            f"  {questions.labelled:,} labelled and {questions.faq:,}{part} FAQ questions asked: {p1}", soft_wrap=True
        )
        if questions.not_compared and passages is not None:
            _out.print(f"  not compared: {escape(questions.not_compared)}", soft_wrap=True)
        for name, changes in (
            ("answered by another passage first", questions.changed),
            ("won (right first now)", questions.won),
            ("lost (right first before)", questions.lost),
        ):
            _print_names(name, [f"{c.question}: {c.before or 'nothing'} → {c.after or 'nothing'}" for c in changes])
    if review.not_asked and review.findings:
        _out.print(f"  {review.not_asked}")
    _print_names("things to mend", [f"{f.kind}: {', '.join(f.places[:3])}: {f.advice}" for f in review.findings])


def _print_names(label: str, names: Sequence[str]) -> None:
    """A count and the first ten names; nothing for none."""
    if not names:
        return
    _out.print(f"  [bold]{len(names):,}[/] {label}", soft_wrap=True)
    for name in names[:_SHOWN]:
        _out.print(Text(f"    {name}"), soft_wrap=True)
    if len(names) > _SHOWN:
        _out.print(f"    and {len(names) - _SHOWN:,} more")


def _write_report(report: BuildReport, path: Path) -> None:
    from indexer.report_page import report_page

    try:
        path.write_text(report_page(report), "utf-8")
    except OSError as error:
        raise FaqError(f"--report {path}: cannot be written ({error.strerror})") from error


_VERDICTS = {
    "high": "[bold green]Answered[/]",
    "partial": "[bold yellow]This may help[/]",
    "none": "[bold red]No good answer here[/]; the closest passages:",
}


def _print_result(result: SearchResult) -> None:
    _out.print(f"{_VERDICTS[result.answered.value]} [dim](confidence {result.confidence:.0%})[/]")
    for number, hit in enumerate(result.hits, 1):
        passage = hit.passage
        title = passage.question or " › ".join(passage.heading_path) or passage.document_title
        _out.print()
        _out.print(Text.assemble((f"{number}. ", "dim"), (title, "bold"), (f"  {hit.score:.3f}", "dim")))
        _out.print(Padding(_marked(hit), (0, 0, 0, 3)))
        _out.print(
            Padding(Text(f"{passage.document_title} · {passage.url or passage.passage_id}", "dim"), (0, 0, 0, 3))
        )
    if result.related:
        _out.print("\n[bold]You may also have meant[/]")
        for passage in result.related:
            _out.print(Text(f"   {passage.question}"))


def _print_evaluation(report: Evaluation) -> None:
    from search_api.evaluation import METRICS

    table = Table(title=f"{escape(report.dataset)}: {report.queries:,} questions", title_justify="left")
    table.add_column("", no_wrap=True)
    for metric in METRICS:
        table.add_column(metric, no_wrap=True)
    for name, values in (("this engine", report.metrics), *report.baselines.items()):
        table.add_row(name, *(f"{values[metric]:.3f}" for metric in METRICS))
    for name, end in (("95% from", 0), ("95% to", 1)):
        table.add_row(name, *(f"{report.intervals[metric][end]:.3f}" for metric in METRICS), style="dim")
    _out.print(table)
    if report.tuning is not None:
        about = ", ".join(f"{name} {value}" for name, value in report.tuning.items())
        _out.print(f"  [dim]tuning: {escape(about)}[/]", soft_wrap=True)
    if report.no_answer is not None:
        for name, value in report.to_dict()["no_answer"].items():
            _out.print(f"  {name:<24} {value:.3f}")
    if report.misses:
        _out.print("\n[bold]Worst questions[/]")
    for miss in report.misses:
        place = f"came {miss.rank}." if miss.rank else "not among the first 100"
        _out.print(f"  {escape(miss.question)}", soft_wrap=True)
        _out.print(
            f"    [red]found[/]  {escape(miss.found)} [dim](confidence {miss.confidence:.0%})[/]", soft_wrap=True
        )
        _out.print(f"    [green]wanted[/] {escape(miss.expected[0])} [dim]({place})[/]", soft_wrap=True)


def _marked(hit: Hit) -> Text:
    text = Text(hit.passage.text)
    if hit.highlight:
        text.stylize("green", hit.highlight.start, hit.highlight.end)
    return text


if __name__ == "__main__":
    main()
