"""Labelled questions: what is read, and how a faulty file is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.errors import DatasetError
from indexer.labelled import LabelledQuestions, json_lines

QUERIES = '{"_id": "q1", "text": "Why?"}\n{"_id": "q2", "text": "How?", "metadata": {}}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\ta/b\t2\nq1\ta/c\t1\nq2\ta/b\t0\n"
UNANSWERABLE = '{"_id": "u1", "text": "Which tractor?", "near_miss": false}\n'
Files = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Writes a data set, sound but for the files given; None leaves a file out."""

    def write(**replaced: str | bytes | None) -> Path:
        sound = {"queries": QUERIES, "qrels": QRELS, "unanswerable": UNANSWERABLE}
        names = {"queries": "queries.jsonl", "qrels": "qrels/test.tsv", "unanswerable": "queries_unanswerable.jsonl"}
        for key, content in (sound | replaced).items():
            path = tmp_path / names[key]
            path.parent.mkdir(exist_ok=True)
            if content is not None:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


def test_questions_and_judgements_are_read(files: Files) -> None:
    assert LabelledQuestions.read(files()) == LabelledQuestions(
        queries={"q1": "Why?", "q2": "How?"},
        qrels={"q1": {"a/b": 2, "a/c": 1}},  # a grade of 0 says that it does not answer
        unanswerable={"u1": "Which tractor?"},
    )


def test_several_folders_are_read_as_one_whatever_ids_they_share(files: Files) -> None:
    folder = files()
    both = LabelledQuestions.read(folder, folder)
    assert both.queries == {"1/q1": "Why?", "1/q2": "How?", "2/q1": "Why?", "2/q2": "How?"}
    assert both.qrels == {"1/q1": {"a/b": 2, "a/c": 1}, "2/q1": {"a/b": 2, "a/c": 1}}
    assert both.unanswerable == {"1/u1": "Which tractor?", "2/u1": "Which tractor?"}


def test_sentences_that_answer_are_read(files: Files) -> None:
    folder = files()
    (folder / "sentences.jsonl").write_text(
        '{"query_id": "q1", "passage_id": "a/b", "sentences": ["So.", "Thus."]}\n'
        '{"query_id": "q1", "passage_id": "a/c", "sentences": ["Then."]}\n'
    )
    assert LabelledQuestions.read(folder).sentences == {"q1": {"a/b": ("So.", "Thus."), "a/c": ("Then.",)}}
    assert LabelledQuestions.read(folder, folder).sentences.keys() == {"1/q1", "2/q1"}


@pytest.mark.parametrize("row", ['{"query_id": "q1"}', '{"query_id": "q1", "passage_id": "a/b", "sentences": "So."}'])
def test_bad_sentences_are_named_with_file_and_line(files: Files, row: str) -> None:
    folder = files()
    (folder / "sentences.jsonl").write_text(f"\n{row}\n")
    with pytest.raises(DatasetError, match=r"sentences\.jsonl:2: \w+: must be as in"):
        LabelledQuestions.read(folder)


def test_unanswerable_questions_may_be_missing(files: Files) -> None:
    assert LabelledQuestions.read(files(unanswerable=None)).unanswerable == {}


@pytest.mark.parametrize(
    ("queries", "qrels"),
    [
        (QUERIES.replace("\n", "\r\n"), QRELS.replace("\n", "\r\n")),
        (f"\n{QUERIES}\n\n", f"{QRELS}\n  \n"),
        (QUERIES.rstrip("\n"), QRELS.removeprefix("query-id\tcorpus-id\tscore\n")),
        (QUERIES, QRELS.replace("0\n", "-1\n")),
    ],
    ids=["CRLF", "blank lines", "no header, no last newline", "negative grade"],
)
def test_spellings_of_the_same_files(files: Files, queries: str, qrels: str) -> None:
    assert LabelledQuestions.read(files(queries=queries, qrels=qrels)) == LabelledQuestions.read(files())


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_signs_that_python_takes_for_a_line_end_do_not_end_a_json_line(files: Files, sign: str) -> None:
    text = f"Why{sign}not?"
    row = json.dumps({"_id": "q1", "text": text}, ensure_ascii=False)
    assert LabelledQuestions.read(files(queries=row, qrels="")).queries == {"q1": "Why not?"}  # as a visitor's


GOOD = '{"_id": "q1", "text": "Why?"}\n'
BAD_ROWS = {
    "not JSON": "{",
    "cut off": '{"_id": "q2", "te',
    "a list": '["q2", "How?"]',
    "a number": "7",
    "no id": '{"text": "How?"}',
    "no text": '{"_id": "q2"}',
    "an empty text": '{"_id": "q2", "text": " "}',
    "an id that is a number": '{"_id": 2, "text": "How?"}',
    "a text that is null": '{"_id": "q2", "text": null}',
    "deep nesting": "[" * 100_000,
}


@pytest.mark.parametrize("row", BAD_ROWS.values(), ids=BAD_ROWS)
@pytest.mark.parametrize("name", ["queries", "unanswerable"])
def test_a_bad_question_is_named_with_file_and_line(files: Files, name: str, row: str) -> None:
    expected = {"queries": r"/queries\.jsonl:2: ", "unanswerable": r"/queries_unanswerable\.jsonl:2: "}[name]
    with pytest.raises(DatasetError, match=expected):
        LabelledQuestions.read(files(**{name: f"{GOOD}{row}\n"}))


@pytest.mark.parametrize(
    "row",
    ["q1\ta/b", "q1\ta/b\t1\t1", "q1 0 a/b 1", "q1\ta/b\ta", "q1\ta/b\t", "q1\ta/b\t1.5", "q1\ta/b\t²", "q1\ta/b\t--5"],
)
def test_a_bad_judgement_is_named_with_file_and_line(files: Files, row: str) -> None:
    with pytest.raises(DatasetError, match=r"/qrels/test\.tsv:3: must be query id, passage id and a whole number"):
        LabelledQuestions.read(files(qrels=f"query-id\tcorpus-id\tscore\nq1\ta/b\t1\n{row}\n"))


def test_a_judgement_of_no_question_is_named_with_file_and_line(files: Files) -> None:
    with pytest.raises(DatasetError, match=r"/qrels/test\.tsv:2: no query in queries\.jsonl has the id 'q9'"):
        LabelledQuestions.read(files(qrels="q1\ta/b\t1\nq9\ta/b\t1\n"))


@pytest.mark.parametrize(("name", "path"), [("queries", "queries.jsonl"), ("qrels", "qrels/test.tsv")])
def test_a_missing_file_is_named(files: Files, name: str, path: str) -> None:
    with pytest.raises(DatasetError, match=f"/{path} cannot be read: No such file"):
        LabelledQuestions.read(files(**{name: None}))


@pytest.mark.parametrize("name", ["queries", "qrels", "unanswerable"])
def test_a_file_in_another_encoding_is_named(files: Files, name: str) -> None:
    with pytest.raises(DatasetError, match=r"is not UTF-8 \(byte 3\)"):
        LabelledQuestions.read(files(**{name: b"caf\xe9\n"}))


def test_json_lines_come_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text('{"a": 1}\n\n{"b": "é"}\n', "utf-8")
    assert list(json_lines(path)) == [(f"{path}:1", {"a": 1}), (f"{path}:3", {"b": "é"})]


def test_judged_passages_are_checked_against_those_that_exist(files: Files) -> None:
    questions = LabelledQuestions.read(files())
    questions.check(["a/b", "a/c", "a/d"])
    with pytest.raises(DatasetError, match="1 judged passages are not in the index, such as 'a/c'"):
        questions.check(iter(["a/b"]))
    with pytest.raises(DatasetError, match=r"2 judged passages are not .*'a/b'.*correct the qrels"):
        questions.check([])
