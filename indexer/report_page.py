"""A build's report as one HTML page that needs nothing else: no script, no font, no other address."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from indexer.errors import FaqError
from indexer.report import BuildReport


def write_report_page(report: BuildReport, path: Path) -> None:
    """Write the page to a file.

    Raises:
        FaqError: it cannot be written.
    """
    try:
        path.write_text(report_page(report), "utf-8", "backslashreplace")
    except OSError as error:
        raise FaqError(f"--report {path}: cannot be written ({error.strerror})") from error


def report_page(report: BuildReport) -> str:
    """The page; every word of the content is escaped."""
    environment = Environment(
        loader=PackageLoader("indexer"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(report=report, review=report.review)
