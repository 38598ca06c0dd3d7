"""A file that can no longer be read keeps its earlier passages until it can be read, is gone or is dropped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import ContentError
from indexer.report import BuildReport
from tests.conftest import SmallSite

BAD = b"binary \x00"


def texts(site: SmallSite) -> set[str]:
    return {passage.text for passage in site.store.load().passages.all()}


def stale(site: SmallSite) -> tuple[str, ...]:
    return site.store.load().manifest.stale


@pytest.fixture
def two(site: SmallSite) -> SmallSite:
    site.write("a.md", "# A\n\nThe first words.\n")
    site.write("below/b.md", "# B\n\nThe second words.\n")
    site.build()
    return site


def unreadable_bytes(folder: Path) -> None:
    (folder / "b.md").write_bytes(BAD)


def a_link_out(folder: Path) -> None:
    outside = folder.parent.parent / "outside.md"
    outside.write_text("Other words.")
    (folder / "b.md").unlink()
    (folder / "b.md").symlink_to(outside)


def a_pipe(folder: Path) -> None:
    (folder / "b.md").unlink()
    os.mkfifo(folder / "b.md")


def too_large(folder: Path) -> None:
    with (folder / "b.md").open("ab") as file:
        file.truncate(21 * 2**20)


def a_folder_that_leads_nowhere(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")


@pytest.mark.parametrize("harm", [unreadable_bytes, a_link_out, a_pipe, too_large, a_folder_that_leads_nowhere])
def test_what_cannot_be_read_any_more_keeps_its_passages(two: SmallSite, harm: Callable[[Path], None]) -> None:
    harm(two.content / "below")
    two.write("c.md", "Third words.")
    for published in (True, False):  # and once more: it stays so, and is said again
        report = two.build()
        assert report.published is published
        assert [error.path.partition("/")[0] for error in report.stale] == ["below"]
        assert report.skipped == ()
        assert texts(two) == {"The first words.", "The second words.", "Third words."}
        assert stale(two) == ("below/b.md",)
    assert report.to_dict()["stale"][0]["path"].startswith("below")


def test_only_the_mark_changes(two: SmallSite) -> None:
    unreadable_bytes(two.content / "below")
    report = two.build()
    assert (report.published, report.embedded, stale(two)) == (True, 0, ("below/b.md",))
    assert report.review is not None
    assert report.review.passages is not None
    assert not report.review.passages.removed


def test_all_unreadable_is_all_stale(two: SmallSite) -> None:
    for path in ("a.md", "below/b.md"):
        (two.content / path).write_bytes(BAD)
    two.build()
    assert stale(two) == ("a.md", "below/b.md")
    assert texts(two) == {"The first words.", "The second words."}


def test_it_is_so_in_a_full_build_and_after_a_change_of_the_code(
    two: SmallSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable_bytes(two.content / "below")
    build_index(two.content, two.index, encoder=two.encoder, full=True)
    assert stale(two) == ("below/b.md",)
    for room in ("build", "earlier"):
        monkeypatch.setattr(f"indexer.{room}.code_fingerprint", lambda: "a later version")
    assert len(two.build().stale) == 1
    assert texts(two) == {"The first words.", "The second words."}


def repaired(site: SmallSite) -> BuildReport:
    site.write("below/b.md", "# B\n\nThe second words.\n")
    return site.build()


def changed(site: SmallSite) -> BuildReport:
    site.write("below/b.md", "# B\n\nThe other words.\n")
    return site.build()


def removed(site: SmallSite) -> BuildReport:
    (site.content / "below" / "b.md").unlink()
    return site.build()


def dropped(site: SmallSite) -> BuildReport:
    return build_index(site.content, site.index, encoder=site.encoder, drop_unreadable=True)


def under_another_name(site: SmallSite) -> BuildReport:
    """What takes its id takes its place."""
    site.write("below/b.txt", "The other words.")
    return site.build()


@pytest.mark.parametrize(
    ("end", "left", "skipped"),
    [
        (repaired, "The second words.", 0),
        (changed, "The other words.", 0),
        (removed, None, 0),
        (dropped, None, 1),
        (under_another_name, "The other words.", 1),
    ],
)
def test_how_it_ends(two: SmallSite, end: Callable[[SmallSite], BuildReport], left: str | None, skipped: int) -> None:
    unreadable_bytes(two.content / "below")
    two.build()
    report = end(two)
    assert (report.published, report.stale, len(report.skipped), stale(two)) == (True, (), skipped, ())
    assert texts(two) == {"The first words."} | ({left} if left else set())


def test_a_wrong_row_costs_that_row_and_says_so_each_time(site: SmallSite) -> None:
    site.write("faq.csv", "question,answer\nWhen?,Now.\nWhere?,\nWho?,You.\n")
    for published in (True, False):
        report = site.build()
        assert (report.published, report.faq_entries, report.stale) == (published, 2, ())
        assert [(row.path, row.line) for row in report.skipped_rows] == [("faq.csv", 3)]
    assert 'no answer to "Where?"' in report.to_dict()["skipped_rows"][0]["reason"]


def test_content_inside_the_index_is_refused_and_an_index_inside_the_content_left_out(site: SmallSite) -> None:
    site.write("a.md", "Words.")
    for content in (site.content, site.content / "a.md"):
        with pytest.raises(ContentError, match="stands inside the index folder"):
            build_index(content, site.content, encoder=site.encoder)
    inside = site.content / "index"
    for published in (True, False):
        report = build_index(site.content, inside, encoder=site.encoder)
        assert (report.published, report.documents) == (published, 1)
        assert [str(error) for error in report.skipped] == ["index: is a search index, which is no content"]
