"""A build's report as one HTML page that needs nothing else: no script, no font, no other address."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from indexer.report import BuildReport


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
