"""Walking a content folder: what is read, what is skipped and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.content.corpus import Corpus, read_corpus
from indexer.errors import ContentError

CONTENT = Path(__file__).parents[2] / "data" / "content"


def skipped(folder: Path) -> dict[str, str]:
    return {error.path: str(error) for error in read_corpus(folder).skipped}


def test_the_content_folder_of_the_tests() -> None:
    found = read_corpus(CONTENT)
    assert [(document.path, len(document.blocks)) for document in found.documents] == [
        ("couples/talking-at-night.txt", 4),  # 2 paragraphs, 2 entries
        ("fees.csv", 3),
        ("sleep.md", 5),  # 3 paragraphs, 2 entries
    ]
    assert found.skipped == ()


def test_every_file_that_is_not_read_is_named_with_its_reason(tmp_path: Path) -> None:
    files = {
        "binary.md": b"a\nb\x00",
        "empty.txt": b" \n",
        "FAQ": b"%PDF\x00",
        "image.png": b"\x89PNG\r\n\x1a\n\x00",
        "latin.txt": b"one\ntwo\ncaf\xe9\n",
        "links.md": b"# Contents\n\n- [a](a.md)\n",
        "utf16.csv": "question".encode("utf-16"),
        "front.md": b"---\ntitle: a: b\n---\nx\n",
        "same.md": b"One.",
        "same.txt": b"Two.",
        ".hidden.md": b"never",
    }
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.md").write_text("never")

    found = read_corpus(tmp_path)
    reasons = {error.path: (error.line, error.reason) for error in found.skipped}

    assert [document.path for document in found.documents] == ["same.md"]
    assert sorted(reasons) == sorted(set(files) - {"same.md", ".hidden.md"})
    assert reasons["binary.md"][0] == 2
    assert "zero byte" in reasons["binary.md"][1]
    assert "is empty" in reasons["empty.txt"][1]
    assert reasons["FAQ"][1].startswith("is binary")
    assert reasons["image.png"][1].startswith('unknown format ".png"; known are .md ')
    assert reasons["latin.txt"] == (3, "is not UTF-8: byte 0xe9; save it as UTF-8")
    assert "no text to search" in reasons["links.md"][1]
    assert "UTF-16" in reasons["utf16.csv"][1]
    assert reasons["front.md"][0] == 2
    assert "same.md" in reasons["same.txt"][1]


def test_encodings_that_are_declared(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b'<meta charset="iso-8859-1"><p>caf\xe9 \x93ol\xe9\x94')
    (tmp_path / "b.txt").write_bytes("\ufeffdo\u0301\r\nre\r\n".encode())
    texts = [document.blocks[0].text for document in read_corpus(tmp_path).documents]  # type: ignore[union-attr]
    assert texts == ["café “olé”", "dó re"]


@pytest.mark.parametrize("name", ["uu", "punycode", "unicode_escape", "undefined", "utf-16", "no-such"])
def test_a_declared_encoding_that_files_are_not_written_in_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.html").write_bytes(f'<meta charset="{name}">\n<p>caf'.encode() + b"\xe9")
    assert skipped(tmp_path) == {"a.html": "a.html:2: is not UTF-8: byte 0xe9; save it as UTF-8"}


def test_the_settings_at_the_top_are_no_content(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for folder in (tmp_path, tmp_path / "below"):
        (folder / "faq.toml").write_text("keep = 3\n")
    assert list(skipped(tmp_path)) == ["below/faq.toml"]


def test_files_without_suffix_are_sniffed(tmp_path: Path) -> None:
    (tmp_path / "FAQ").write_text("FAQ\n\n1. Is it?\n   Yes.\n")
    (tmp_path / "faq-page").write_text("<!DOCTYPE html><title>FAQ</title><h2>Is it?</h2><p>Yes.")
    (tmp_path / "example.org__faq").write_text("<h1>FAQ</h1><h2>Is it?</h2><p>Yes.")
    questions = [document.blocks[0].question for document in read_corpus(tmp_path).documents]  # type: ignore[union-attr]
    assert questions == ["Is it?", "Is it?", "Is it?"]


def test_links_are_followed_only_inside_the_folder(tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "below").mkdir(parents=True)
    (tmp_path / "secret.md").write_text("Secret.")
    (content / "below" / "a.md").write_text("Text.")
    (content / "b.md").symlink_to(content / "below" / "a.md")
    (content / "out.md").symlink_to(tmp_path / "secret.md")
    (content / "nowhere.md").symlink_to(tmp_path / "missing.md")
    (content / "below" / "loop").symlink_to(content)
    os.mkfifo(content / "pipe.md")

    (content / ".drafts").mkdir()
    (content / ".drafts" / "c.md").write_text("Hidden, but named.")
    (content / "c.md").symlink_to(content / ".drafts" / "c.md")
    (content / "long.md").symlink_to("n" * 1000)
    (content / "self.md").symlink_to("self.md")

    assert [document.path for document in read_corpus(content).documents] == ["below/a.md", "c.md"]
    reasons = skipped(content)
    assert sorted(reasons) == ["b.md", "below/loop", "long.md", "nowhere.md", "out.md", "pipe.md", "self.md"]
    assert "out of the content folder" in reasons["out.md"]
    assert reasons["b.md"] == "b.md: is a link to below/a.md, which is read there"
    assert "the content folder itself" in reasons["below/loop"]
    assert "leads nowhere" in reasons["long.md"]
    assert "leads nowhere" in reasons["self.md"]


def test_links_that_form_a_graph_lead_to_each_file_once(tmp_path: Path) -> None:
    levels = 40  # two ways at each: 2 ** 40 paths
    for level in range(levels):
        (tmp_path / f".{level}").mkdir()
        (tmp_path / f".{level}" / "a.md").write_text(f"Text {level}.")
    for level in range(levels - 1):
        for name in "xy":
            (tmp_path / f".{level}" / name).symlink_to(tmp_path / f".{level + 1}")
    (tmp_path / "start").symlink_to(tmp_path / ".0")
    found = read_corpus(tmp_path)
    assert len(found.documents) == levels
    assert len(found.skipped) == levels - 1  # each second way is named


def test_an_index_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Text.")
    for name in ("old", "new"):
        (tmp_path / name / "generations").mkdir(parents=True)
        (tmp_path / name / "current").write_text("000001")
        (tmp_path / name / "b.md").write_text("no text of the site")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "lock").write_text("")
    found = read_corpus(tmp_path, index=tmp_path / "empty")
    assert [document.path for document in found.documents] == ["a.md"]
    assert [str(error) for error in found.skipped] == [
        f"{name}: is a search index, which is no content" for name in ("empty", "new", "old")
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Text.")
    (tmp_path / "a.md").chmod(0)
    assert "permissions" in skipped(tmp_path)["a.md"]


def test_files_that_are_too_large(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x" * 1024 * 1024)
    (tmp_path / "b.md").write_text("x" * (1024 * 1024 + 1))
    found = read_corpus(tmp_path, max_file_bytes=1024 * 1024)
    assert [document.path for document in found.documents] == ["a.md"]
    assert [str(error) for error in found.skipped] == ["b.md: is 1 MB, more than 1 MB; split it"]


def test_a_single_file_and_a_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Text.")
    (tmp_path / "b.md").write_text("Text.")
    assert [document.path for document in read_corpus(tmp_path / "a.md").documents] == ["a.md"]
    with pytest.raises(ContentError, match="no such file or folder"):
        read_corpus(tmp_path / "missing")


def test_an_empty_folder_is_an_empty_corpus(tmp_path: Path) -> None:
    assert read_corpus(tmp_path) == Corpus((), (), {})
