"""What is indexed and asked: the demonstration content, synthetic content of any size, questions that never repeat."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from indexer.content.corpus import read_corpus
from indexer.documents import FaqEntry

ROOT = Path(__file__).parents[2]
ARTICLES = ROOT / "corpus" / "articles"
_QUESTIONS = ROOT / "corpus" / "questions"
_PER_FILE = 50


def write_content(folder: Path, passages: int | None) -> None:
    """Write a content folder.

    Args:
        folder: made; must not exist.
        passages: how many synthetic ones; None for the demonstration content.
    """
    if passages is None:
        shutil.copytree(ARTICLES, folder)
        return
    texts = sentences()
    chosen = random.Random(0)
    folder.mkdir(parents=True)
    for first in range(0, passages, _PER_FILE):
        lines = [f"# Article {first // _PER_FILE}"]
        for number in range(first, min(first + _PER_FILE, passages)):
            lines += [f"## Part {number}", " ".join(chosen.sample(texts, 4))]
        (folder / f"article-{first // _PER_FILE:05}.md").write_text("\n\n".join(lines) + "\n", "utf-8")


def sentences() -> list[str]:
    """Those of the demonstration content, roughly."""
    return [
        sentence.strip(" .") + "."
        for document in read_corpus(ARTICLES).documents
        for block in document.blocks
        for sentence in (block.answer if isinstance(block, FaqEntry) else block.text).split(". ")
    ]


def edit(folder: Path) -> None:
    """Change one passage."""
    path = min(folder.iterdir())
    path.write_text(path.read_text("utf-8") + "\n## One more\n\nThis paragraph was not here before.\n", "utf-8")


def questions() -> Iterator[str]:
    """Without end, no two the same: those kept for measuring, then two of them with words exchanged."""
    asked = [
        json.loads(line)["text"]
        for kind in ("holdout", "tuning")
        for line in (_QUESTIONS / kind / "queries.jsonl").read_text("utf-8").splitlines()
    ]
    yield from asked
    chosen = random.Random(1)
    for number in itertools.count():
        one, other = (question.split() for question in chosen.sample(asked, 2))
        one[chosen.randrange(len(one))] = chosen.choice(other)
        yield f"{' '.join(one)} {number}"
