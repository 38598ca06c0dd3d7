"""FAQ tables in CSV, TSV, JSON, JSON lines and YAML."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.content.readers.prose.text import clean, one_line
from indexer.documents import FaqEntry
from indexer.errors import ContentError
from tests.indexer.content.reading import read

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), min_size=1).filter(
    lambda text: one_line(text)
)


def entry(name: str, text: str) -> FaqEntry:
    (block,) = read(name, text).blocks
    assert isinstance(block, FaqEntry)
    return block


def test_every_column_of_a_csv_table() -> None:
    text = (
        "id;Question;Answer;Alternates;URL;Tags;Section;Lang\n"
        'late;May I come late?;"Yes;\nfive minutes.";Can I be late?|Is lateness fine?;/late;Time, Rules;Visits;en-GB\n'
    )
    document = read("visits.csv", text)

    assert document.lang == "en"
    assert document.title == "Visits"
    assert document.blocks == (
        FaqEntry(
            question="May I come late?",
            answer="Yes;\nfive minutes.",
            alternates=("Can I be late?", "Is lateness fine?"),
            heading_path=("Visits",),
            url="/late",
            tags=("time", "rules"),
            entry_id="late",
        ),
    )


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5), st.sampled_from([",", ";", "\t", "|"]))
def test_what_csv_writes_reads_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["question", "answer"])
    writer.writerows(rows)
    blocks = read("a.csv", stream.getvalue()).blocks

    assert [(block.question, one_line(block.answer)) for block in blocks if isinstance(block, FaqEntry)] == [
        (one_line(question), one_line(answer)) for question, answer in rows
    ]


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.csv", "question,reply\nx?,y\n", 1, "no column answer; found the columns question, reply"),
        ("a.csv", ",\n", 1, "no header"),
        ("a.csv", "question,answer\n\n,c\n", 3, "no question at line 3"),
        ("a.csv", "question,answer\na?,\n", 2, 'no answer to "a?" at line 2'),
        ("a.csv", "question,answer\na?,b,c\n", 2, "3 cells under 2 columns"),
        ("a.csv", 'question,answer\na?,"b\n', 2, "is no valid row"),
        ("a.csv", "question," + ",".join(map(str, range(20_000))) + ",answer,question\n", 1, '"question" stands twice'),
        ("a.jsonl", '\n\n{"question": "c?"\n', 3, "not valid JSON"),
        ("a.jsonl", '["a?", "b"]\n', 1, "line 1 is not an object"),
        ("a.json", '[{"question": "a?"}]', None, "entries[0]"),
        ("a.json", '{"faqs": [{"answer": "b"}]}', None, "no question at faqs[0]"),
        ("a.json", '{"a": 1}', None, "holds no list of entries"),
        ("a.json", "[" * 100_000, None, "nested too deeply"),
        ("a.json", '[\n{"question" "a?"}]', 2, "not valid JSON"),
        ("a.yml", "questions:\n- question: a: b\n", 2, "YAML does not parse"),
        ("a.yml", "a: 1\n", None, "holds no questions"),
        ("a.yml", "- question: a?\n", None, "entries[0]"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(name: str, text: str, line: int | None, words: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(name, text)
    assert caught.value.line == line
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "right", "wrong"),
    [
        ("a.csv", "question,answer\na?,b\n,c\nd?,e\n", ["a?", "d?"], {3: "no question at line 3"}),
        ("a.csv", "question,answer\na?,\nd?,e\n", ["d?"], {2: 'no answer to "a?" at line 2'}),
        ("a.csv", "question,answer\na?,b\nc?,d,e\nf?,g\n", ["a?", "f?"], {3: "3 cells under 2 columns"}),
        (
            "a.csv",
            'id,question,answer\n1,a?,"b\nb"\n2,c?,d\n1,e?,f\n',
            ["a?", "c?"],
            {5: 'id "1" at line 5 is also at line 2'},
        ),
        # What an open quote swallows is read anew, from the line after it.
        ("a.csv", 'question,answer\n"a?,b\nc?,"d"\n"e?,f\n', ["c?"], {2: "check the quotes", 4: "check the quotes"}),
        ("a.csv", 'question,answer\na?,"b\nb"\nc?,"d"x\n\ne?,f\n', ["a?", "e?"], {4: "check the quotes"}),
        ("a.tsv", "question\tanswer\na?\tb\n\tc\n", ["a?"], {3: "no question"}),
        (
            "a.jsonl",
            '{"question": "a?", "answer": "b"}\n{"question": "c?"\n[]\n{"question": "e?", "answer": "f"}\n',
            ["a?", "e?"],
            {2: "not valid JSON", 3: "not an object"},
        ),
        (
            "a.json",
            '{"faqs": [{"question": "a?", "answer": "b"}, {"answer": "b"}, 3, {"question": "c?", "answer": "d"}]}',
            ["a?", "c?"],
            {None: "faqs[2] is not an object"},
        ),
        ("a.yml", "- question: a?\n- question: b?\n  answer: c\n", ["b?"], {None: "entries[0]"}),
    ],
)
def test_a_row_that_is_wrong_costs_that_row_alone(
    name: str, text: str, right: list[str], wrong: dict[int | None, str]
) -> None:
    document = read(name, text)
    assert [block.question for block in document.blocks if isinstance(block, FaqEntry)] == right
    reasons = {row.line: row.reason for row in document.skipped_rows}
    assert reasons.keys() == wrong.keys()
    assert all(words in reasons[line] for line, words in wrong.items())


def test_after_many_rows_with_wrong_quotes_the_rest_is_named_and_left() -> None:
    text = "question,answer\na?,b\n" + '"c"d,e\n' * 60 + "f?,g\n"
    document = read("a.csv", text)
    assert [block.question for block in document.blocks if isinstance(block, FaqEntry)] == ["a?"]
    assert len(document.skipped_rows) == 50
    assert document.skipped_rows[-1].line == 52
    assert "nothing below is read" in document.skipped_rows[-1].reason


def test_an_entry_without_an_answer_needs_a_url() -> None:
    assert entry("a.csv", "question,answer,url\na?,,/a\n") == FaqEntry(question="a?", answer="", url="/a")


def test_cells_may_be_longer_than_the_csv_module_allows_by_default() -> None:
    assert len(entry("a.csv", f"question,answer\na?,{'x' * 200_000}\n").answer) == 200_000


def test_json_in_its_three_shapes() -> None:
    pair = {"question": "a?", "answer": "b"}
    page = {
        "@type": "FAQPage",
        "mainEntity": {"@type": "Question", "name": "a?", "acceptedAnswer": {"@type": "Answer", "text": "<p>b</p>"}},
    }
    for value in ([pair], {"entries": [pair]}, page):
        assert entry("a.json", json.dumps(value)) == FaqEntry(question="a?", answer="b")


def test_text_escaped_in_json_is_cleaned() -> None:
    assert entry("a.jsonl", '{"question": "a\\ud800?", "answer": "b\\u0000c"}') == FaqEntry(question="a?", answer="bc")


def test_microsoft_faq() -> None:
    text = """### YamlMime:FAQ
metadata:
  title: Site title
  ms.date: 07/16/2024
title: Visits
sections:
  - name: Time
    questions:
      - question: May I come **late**?
        answer: |
          Yes:

          - five minutes
"""
    document = read("visits.yml", text)

    assert (document.title, document.updated) == ("Visits", "2024-07-16")
    assert document.blocks == (
        FaqEntry(question="May I come late?", answer="Yes:\n- five minutes", heading_path=("Time",)),
    )


def test_yaml_builds_no_objects_and_unfolds_no_bombs() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 30)}]\n" for n in range(1, 10))
    with pytest.raises(ContentError, match="too many aliases"):
        read("a.yml", bomb)
    with pytest.raises(ContentError, match="does not parse"):
        read("a.yml", "- question: !!python/object/apply:os.getcwd []\n  answer: b\n")


@settings(deadline=None)
@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
