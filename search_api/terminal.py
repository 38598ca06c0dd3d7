"""What the `faq` command prints: for people with colours where there are any, or JSON for programs."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich import progress as rich_progress
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from indexer.documents import FaqEntry
from indexer.errors import reason_of
from indexer.printable import CONTROL, printable, printable_lines
from indexer.progress import Progress

if TYPE_CHECKING:
    from indexer.content.corpus import Corpus
    from indexer.errors import ContentError
    from indexer.report import BuildReport
    from indexer.review.review import Review
    from indexer.store.inventory import Inventory
    from search_api.evaluation.evaluation import Evaluation
    from search_api.evaluation.sites import SitesEvaluation
    from search_api.searcher import Hit, SearchResult

_SHOWN = 10

# No emoji: `:key:` in a text stays what its author wrote.
out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def shown(value: object) -> str:
    """What others wrote, as a part of what is printed: no markup in it counts, control characters are shown."""
    return escape(printable(str(value)))


def error(reason: object, label: str = "[bold red]faq:[/]") -> None:
    """One line to stderr."""
    err.print(f"{label} {shown(reason)}", soft_wrap=True)


def usage_error(problem: Any) -> int:
    """Say how the command is used and what was wrong; the exit code.

    Args:
        problem: typer's own exception, whose class it does not show to others.
    """
    if type(problem).__name__ != "NoArgsIsHelpError":  # the help is printed then already
        if context := getattr(problem, "ctx", None):
            err.print(shown(context.get_usage()), soft_wrap=True)
            err.print(f"Try '{shown(context.command_path)} --help' for help.", style="dim", soft_wrap=True)
        error(problem.format_message())
    return int(problem.exit_code)


def defect(problem: BaseException) -> None:
    """One line about an exception that nobody foresaw: what, and where."""
    place = traceback.extract_tb(problem.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    error(f"a defect of this program, please report it: {reason_of(problem)} ({where})")


@contextmanager
def progress(label: str, *, quiet: bool) -> Iterator[Progress]:
    """A bar that tells what is done and how long the rest takes; none in a pipe."""
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_json(value: Any) -> None:
    """JSON to stdout, every character escaped that would act in a terminal or that its encoding lacks."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    # All of them stand in strings but the line feeds, and these are escaped there already.
    lines = (CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", line) for line in text.split("\n"))
    sys.stdout.write("\n".join(lines) + "\n")


def print_inventory(inventory: Inventory) -> None:
    """A line for each generation, and for each damage."""
    # Plain lines, not a drawn table: in a narrow terminal or a pipe that would cut off names and reasons.
    out.print(
        f"[bold]  {'number':<7} {'published at':<21} {'passages':>8} {'MB':>8}  {'state':<8} model[/]", soft_wrap=True
    )
    for state in inventory.generations:
        verdict = f"[{'red' if state.damage else 'green'}]{state.state:<8}[/]"
        out.print(
            f"{'→' if state.current else ' '} {state.number:<7} {shown(state.published_at or 'unknown'):<21} "
            f"{state.passages:>8,} {state.size_bytes / 1e6:>8.1f}  {verdict} {shown(state.model or 'unknown')}",
            soft_wrap=True,
        )
        if state.damage:
            out.print(f"    [red]{shown(state.damage)}[/]", soft_wrap=True)
        elif state.current:
            out.print(f"    {state.promise}", soft_wrap=True)
    for damage in (inventory.pointer, *(model.damage for model in inventory.models)):
        if damage:
            error(damage, "[yellow]warning[/]")


def print_verdicts(inventory: Inventory) -> None:
    """Whether each generation, each model and the pointer are sound."""
    checked = [(f"generation {state.number}", state.state, state.damage) for state in inventory.generations]
    checked += [(f"model {model.folder} {model.model}".rstrip(), "damaged", model.damage) for model in inventory.models]
    if inventory.pointer:
        checked.append(("pointer", "damaged", inventory.pointer))
    for name, state, damage in checked:
        verdict = f"[bold red]{state}[/] {shown(damage)}" if damage else "[green]sound[/]"
        out.print(f"{shown(name)}: {verdict}", soft_wrap=True)


def print_build(report: BuildReport, index: Path) -> None:
    """What a build did, and its review."""
    _print_skipped(report.skipped, report.skipped_rows)
    for stale in report.stale:
        error(stale, "[bold red]cannot be read any more; its earlier passages stay[/]")
    if report.model_advice:
        error(report.model_advice, "[yellow]advice:[/]")
    reason = f": {report.model_reason}" if report.model_reason else ""
    fitted = (
        f"fitted on {report.calibrated_on:,} labelled questions" if report.calibrated_on else "not fitted on this site"
    )
    state = "Refused; still" if report.refused else "Published" if report.published else "Nothing changed; still"
    colour = "red" if report.refused else "green"
    out.print(
        f"[bold {colour}]{state} generation {report.generation or 'none'}[/] in {shown(str(index))}\n"
        f"  {report.documents:,} documents, {report.passages:,} passages "
        f"({report.paragraphs:,} paragraphs, {report.faq_entries:,} FAQ entries)\n"
        f"  {report.embedded:,} texts embedded, {report.reused:,} reused, "
        f"{len(report.skipped):,} files and {len(report.skipped_rows):,} rows skipped, {len(report.stale):,} stale\n"
        f"  model {shown(report.model + reason)}\n"
        f"  confidence {fitted}\n"
        f"  {report.seconds:.1f} s, {report.size_bytes / 1e6:.1f} MB",
        soft_wrap=True,
    )
    if report.review is not None:
        _print_review(report.review)


def _print_skipped(files: Sequence[ContentError], rows: Sequence[ContentError]) -> None:
    for skipped in (*files, *rows):
        error(skipped, "[yellow]skipped[/]")


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
        asked = questions.faq - questions.not_re_asked
        part = f" of {questions.faq_entries:,}" if asked < questions.faq_entries else ""
        rest = ", nothing near the others changed" if questions.not_re_asked else ""
        out.print(
            f"  {questions.labelled:,} labelled and {asked:,}{part} FAQ questions asked{rest}: {p1}", soft_wrap=True
        )
        if questions.not_compared and passages is not None:
            out.print(f"  not compared: {shown(questions.not_compared)}", soft_wrap=True)
        for name, changes in (
            ("answered by another passage first", questions.changed),
            ("newly right first", questions.newly_right),
            ("newly wrong first", questions.newly_wrong),
        ):
            _print_names(name, [f"{c.question}: {c.before or 'nothing'} → {c.after or 'nothing'}" for c in changes])
    if review.not_asked and review.findings:
        out.print(f"  {review.not_asked}")
    _print_names("things to mend", [f"{f.kind}: {', '.join(f.places[:3])}: {f.advice}" for f in review.findings])


def _print_names(label: str, names: Sequence[str]) -> None:
    """A count and the first ten names; nothing for none."""
    if not names:
        return
    out.print(f"  [bold]{len(names):,}[/] {label}", soft_wrap=True)
    for name in names[:_SHOWN]:
        out.print(f"    {shown(name)}", soft_wrap=True)
    if len(names) > _SHOWN:
        out.print(f"    and {len(names) - _SHOWN:,} more")


_VERDICTS = {
    "high": "[bold green]Answered[/]",
    "partial": "[bold yellow]This may help[/]",
    "none": "[bold red]No good answer here[/]; the closest passages:",
}


def print_result(result: SearchResult) -> None:
    """The hits, the answering sentence marked."""
    out.print(f"{_VERDICTS[result.answered.value]} [dim](confidence {result.confidence:.0%})[/]")
    for number, hit in enumerate(result.hits, 1):
        passage = hit.passage
        title = passage.question or " › ".join(passage.heading_path) or passage.document_title
        out.print()
        out.print(Text.assemble((f"{number}. ", "dim"), (printable(title), "bold"), (f"  {hit.score:.3f}", "dim")))
        out.print(Padding(_marked(hit), (0, 0, 0, 3)))
        source = printable(f"{passage.document_title} · {passage.url or passage.passage_id}")
        out.print(Padding(Text(source, "dim"), (0, 0, 0, 3)))
    if result.related:
        out.print("\n[bold]You may also have meant[/]")
        for passage in result.related:
            out.print(Text(f"   {printable(passage.question)}"))


def print_evaluation(report: Evaluation) -> None:
    """The figures beside the baselines, and the worst questions."""
    from search_api.evaluation.metrics import METRICS

    table = Table(title=f"{shown(report.dataset)}: {report.queries:,} questions", title_justify="left")
    table.add_column("", no_wrap=True)
    for metric in METRICS:
        table.add_column(metric, no_wrap=True)
    for name, values in (("this engine", report.metrics), *report.baselines.items()):
        table.add_row(name, *(f"{values[metric]:.3f}" for metric in METRICS))
    for name, end in (("95% from", 0), ("95% to", 1)):
        table.add_row(name, *(f"{report.intervals[metric][end]:.3f}" for metric in METRICS), style="dim")
    out.print(table)
    if report.no_answer is not None:
        for name, value in report.to_dict()["no_answer"].items():
            out.print(f"  {name:<24} {_figure(value)}")
    if report.sentence is not None:
        out.print(f"  {'sentence':<24} {report.sentence:.3f}")
    if report.misses:
        out.print("\n[bold]Worst questions[/]")
    for miss in report.misses:
        place = f"came {miss.rank}." if miss.rank else "not among the first 100"
        out.print(f"  {shown(miss.question)}", soft_wrap=True)
        out.print(f"    [red]found[/]  {shown(miss.found)} [dim](confidence {miss.confidence:.0%})[/]", soft_wrap=True)
        out.print(f"    [green]wanted[/] {shown(miss.expected[0])} [dim]({place})[/]", soft_wrap=True)


def print_sites(report: SitesEvaluation) -> None:
    """The figures of each site, and their means."""
    columns = {
        "asked": "queries", "near": "near_misses", "P@1": "p1", "nDCG@10": "ndcg10", "AUROC": "auroc", "ECE": "ece",
        "high": "high", "right": "high_right", "near\nhigh": "near_miss_high", "right\nnone": "right_none",
    }  # fmt: skip
    title = f"{shown(report.dataset)}: {len(report.sites)} sites"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("entries", no_wrap=True)
    for name in columns:
        table.add_column(name, no_wrap=True)
    for site in report.sites:
        table.add_row(f"{site.entries} #{site.draw}", *(_figure(getattr(site.figures, f)) for f in columns.values()))
    table.add_row("mean", *(_figure(report.mean[field]) for field in columns.values()), style="bold")
    out.print(table)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}" if value <= 1 else f"{value:,.0f}"


def print_corpus(corpus: Corpus) -> None:
    """Each document with its paragraphs and FAQ entries, and what is skipped."""
    for document in corpus.documents:
        entries = sum(isinstance(block, FaqEntry) for block in document.blocks)
        counts = f"{len(document.blocks) - entries} paragraphs, {entries} FAQ entries"
        out.print(f"[bold]{shown(document.title)}[/] [dim]{shown(document.path)}: {counts}[/]", soft_wrap=True)
        for block in document.blocks:
            if isinstance(block, FaqEntry):
                out.print(f"  [cyan]?[/] {shown(block.question)}", soft_wrap=True)
            else:
                path = " › ".join(block.heading_path)
                text = block.text[:70].replace("\n", " ")
                out.print(f"  [dim]¶[/] {shown(path)}: {shown(text)}…", soft_wrap=True)
    _print_skipped(corpus.skipped, corpus.skipped_rows)


def _marked(hit: Hit) -> Text:
    text, start, end = hit.passage.text, 0, 0
    if hit.highlight:
        start, end = hit.highlight.start, hit.highlight.end
    parts = (text[:start], text[start:end], text[end:])
    before, answer, after = (printable_lines(part.expandtabs(4)) for part in parts)
    return Text.assemble(before, (answer, "green"), after)
