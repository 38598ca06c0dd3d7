"""What headings and lines say: does this one ask, is that one called FAQ, in the languages FAQ pages are written in."""

from __future__ import annotations

import re

# What an editor writes below a question to have it found in other words: "Also asked: … | … | …".
ALSO_ASKED = re.compile(r"also asked:(?P<phrasings>[^\n]*)(?:\n|\Z)", re.IGNORECASE)

_FAQ = re.compile(
    r"""
    faq | \bf\.a\.q\b | (?<!\w)q\s?(?:&|and|/|\+)\s?as?\b | \bfoire\saux\squestions\b
    | \b(?:frequently|commonly|often)[\s-]+(?:asked|encountered)\b | \bquestions?\s(?:and|&)\sanswers?\b
    | \b(?:common|frequent|popular|typical|general|top)\s(?:[\w/-]+\s)?questions?\b
    | \bquestions\s(?:people|users|we)\s\w+
    | \bpreguntas?\s(?:m[aá]s\s)?(?:frecuentes?|comunes|habituales|generales)\b | \bpreguntas\sy\srespuestas\b
    | \bquestions\s(?:les\splus\s)?(?:fr[eé]quentes|courantes|fr[eé]quemment\spos[eé]es)\b
    | \bquestions\s(?:et|/)\sr[eé]ponses\b
    | \b(?:h[aä]ufig|oft)\w*\s(?:gestellte\w*\s)?fragen\b | \bfragen\s(?:und|&)\santworten\b
    | \b(?:domande|perguntas)\s(?:pi[uù]\s|mais\s)?(?:frequenti|frequentes|comuni|comuns)\b
    | \bperguntas\se\srespostas\b | \bdomande\se\srisposte\b | \bveelgestelde\svragen\b | \bofte\sstillede\b
    | \bvanliga\sfr[aå]gor\b | \bnajcz[eę][sś]ciej\szadawane\b | \bчасто\sзадаваемые\b | \bвопросы\sи\sответы\b
    | \bчастые\sвопросы\b
    | 常见问题 | 常見問題 | 常见问答 | 常見問答 | 问答 | よくある(?:ご)?質問
    | 자주\s?묻는\s?질문 | 자주\s하는\s질문 | الأسئلة\sالشائعة
    """,
    re.IGNORECASE | re.VERBOSE,
)

_BEHIND_QUESTION = "\"'”’»›)]】）*_`.!…"
_ASKS_INSIDE = re.compile(r"[?？؟][\"'”’»)）]*\s+\S|^\s*¿|？")
_INTERROGATIVE = re.compile(
    r"""
    (?:how|what|what's|whats|why|where|when|who|whose|which|can|could|do|does|did|is|isn't|are|aren't|am|should|shall
        |will|would|may|must|has|have|was|were)\b
    | (?:c[oó]mo|qu[eé]|por\squ[eé]|cu[aá]l(?:es)?|cu[aá]ndo|cu[aá]nt[oa]s?|d[oó]nde|qui[eé]n|puedo|es\sposible)\b
    | (?:comment|pourquoi|quel(?:le)?s?|quand|o[uù]|combien|puis-je|est-ce|qu['’]est-ce|qui|que\s|dois-je|peut-on)\b
    | (?:wie|was|warum|wieso|weshalb|wo|wann|wer|welche[rsnm]?|kann|k[oö]nnen|muss|gibt\ses|darf|soll(?:te)?|ist|sind
        |wof[uü]r)\b
    | (?:come|perch[eé]|cosa|quando|quanto|dove|chi|posso|quale|quali|como|por\sque|onde|quem|qual|quais)\b
    | 如何 | 怎么 | 怎樣 | 怎样 | 为什么 | 為什麼 | 什么 | 是否 | 能否 | 可以 | どう | なぜ | なに | 何
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HAN_QUESTION = re.compile(r"吗$|嗎$|呢$|ですか$|ますか$|怎么办$|如何|怎么|怎样|为什么|是什么|什么是|哪些|哪里|是否")

_SECTION_NAMES = re.compile(
    r"""^(?:
    (?:table\sof\s)?contents? | toc | index | overview | introduction | intro | preface
    | about(?:\sth(?:is|e)\s(?:faq|document|page|site))?
    | see\salso | further\s(?:reading|information|help|questions)
    | (?:more|additional|other|related)\s(?:information|resources|reading|questions|links|help|topics|articles|faqs?)
    | (?:useful\s|external\s)?links | references? | resources | bibliography | footnotes? | notes?
    | license|licence | copyright | credits | acknowledg?e?ments? | authors? | author\sand\scopyright | contributors?
    | change\s?log | history
    | conclusion | summary | what(?:'|’)?s\snext | next\ssteps | contact(?:\sus)? | support | feedback
    | need\s(?:more\s)?help | get(?:ting)?\shelp
    | (?:still\s)?(?:have\s)?(?:more\s|other\s|any\s|further\s)*questions | name | description | synopsis
    | tabla\sde\scontenidos? | [ií]ndice | contenido | introducci[oó]n | v[eé]ase\stambi[eé]n | enlaces | referencias
    | licencia | contacto
    | table\sdes\smati[eè]res | sommaire | voir\saussi | liens | r[eé]f[eé]rences | licence | inhalt(?:sverzeichnis)?
    | einleitung | einf[uü]hrung | siehe\sauch
    | 目录 | 目錄 | 目次 | 参考 | 参考资料 | 参考文献 | 简介 | 介绍 | 前言 | 关于 | 相关链接 | はじめに | 関連リンク
    )$""",
    re.IGNORECASE | re.VERBOSE,
)

_NUMBER = (
    r"(?:(?:\d{1,3}(?:\.\d{1,3}){0,3}[.):、]?|[A-Za-z][.)]|[ivxIVX]{1,5}[.)])(?=\s)"
    r"|\d{1,3}[.)、](?=\S)(?!\d)|\[\d{1,3}(?:\.\d{1,3})*\]|\(\d{1,3}\)|#\d{1,3}[.:)]?(?=\s)|[①-⑳])\s*"
)
_NUMBERED = re.compile(rf"^\s*{_NUMBER}")
_QUESTION_MARK = re.compile(
    r"^\s*(?:\[?(?:q(?:uestion)?|frage|pregunta|pergunta|domanda)\s?[-.#]?\s?\d{0,3}(?:\.\d{1,3})?\]?\s*[:.)：、–—-]"
    r"|(?:q|f)\s?\d{1,3}\b[.:)]?|(?:问题?|問題?|質問)\s?\d{0,3}\s?[:：])(?=\s|[¿\w\"“'`])\s*",
    re.IGNORECASE,
)
_LONE_MARK = re.compile(r"^\s*[PF]\s?\d{0,3}\s?[:.]\s+")
_ANSWER_MARK = re.compile(
    r"^\s*(?:(?:a(?:nswer|ns)?|antwort|respuesta|r[eé]ponse|resposta|risposta)\s?\d{0,3}(?:\.\d{1,3})?\s*[:：)]"
    r"|a\d{0,3}\.(?=\s)|ans\.(?=\s)|r\s?\d{0,3}\s*[:.](?=\s)|答(?:案)?\s?\d{0,3}\s?[:：]|回答\s?[:：])\s*",
    re.IGNORECASE,
)
_ANSWER_INSIDE = re.compile(
    r"(?<=[?？.!…”\")])\s+(?:A(?:nswer|ns)?\d{0,3}\s?[:.]|R\s?:|Antwort:|Respuesta:|答\s?[:：])\s+(?=\S)"
)
_TOGGLE = re.compile(
    r"^(?:(?:(?:click\s(?:here\s)?to\s)?(?:show|view|see|reveal|expand|open|toggle)\s?(?:the\s|me\s)?)?(?:answers?|solutions?|details?|explanation|more|hint)"
    r"|click\sto\s(?:expand|view|open)|"
    r"(?:la\s)?(?:respuesta|r[eé]ponse|soluci[oó]n)|antwort|ver\s(?:la\s)?respuesta|答案|查看答案|点击查看答案|解答|答え)[.:!…]*$",
    re.IGNORECASE,
)


def asks(text: str) -> bool:
    """Whether a line is written as a question.

    >>> [asks(line) for line in ("Why spaces? I prefer tabs", "料金はいくらですか？", "Obtaining a copy")]
    [True, True, False]
    """
    return ends_asking(text) or bool(_ASKS_INSIDE.search(text))


def ends_asking(text: str) -> bool:
    """Whether a line ends with a question mark.

    >>> ends_asking("Press '?' for help"), ends_asking("Is it (still) free?")
    (False, True)
    """
    return text.rstrip().rstrip(_BEHIND_QUESTION).rstrip().endswith(("?", "？", "؟"))


def sounds_like_question(text: str) -> bool:
    """Whether a line asks, with or without its question mark.

    >>> sounds_like_question("How to set your default account"), sounds_like_question("Default accounts")
    (True, False)
    """
    bare = without_number(text)
    return asks(bare) or bool(_INTERROGATIVE.match(bare) or _HAN_QUESTION.search(bare))


def is_faq_name(text: str) -> bool:
    """Whether a title, heading or file name announces frequently asked questions.

    >>> [is_faq_name(name) for name in ("Redux FAQ: General", "perlfaq2", "Häufige Fragen", "How to ask")]
    [True, True, True, False]
    """
    return bool(_FAQ.search(text))


def is_section_name(text: str) -> bool:
    """Whether a heading is one that stands in many documents and asks nothing, as "See also"."""
    return bool(_SECTION_NAMES.match(without_number(text).strip(" :.?!*_…")))


def is_toggle(text: str) -> bool:
    """Whether a line only opens the answer below it, as "Show answer"."""
    return bool(_TOGGLE.match(text.strip()))


def is_numbered(text: str) -> bool:
    """Whether a line starts with a number of its own, as "3." or "[1.2]"."""
    return bool(_NUMBERED.match(text))


def without_number(text: str) -> str:
    """A heading or question without the number in front of it.

    >>> without_number("12. Is it safe?"), without_number("(3) Is it?"), without_number("1984 was a book")
    ('Is it safe?', 'Is it?', '1984 was a book')
    """
    return _NUMBERED.sub("", text, count=1) or text


def is_marked_question(text: str) -> bool:
    """Whether a line starts with "Q:" or the like."""
    return bool(_QUESTION_MARK.match(text) or (_LONE_MARK.match(text) and asks(text)))


def is_marked_answer(text: str) -> bool:
    """Whether a line starts with "A:" or the like."""
    return bool(_ANSWER_MARK.match(text))


def without_question_mark(text: str) -> str:
    """A question without its "Q:" and its number.

    >>> without_question_mark("Q: 3. Is it?"), without_question_mark("**Q.** Is it?")
    ('Is it?', 'Is it?')
    """
    bare = re.sub(r"^\W*\*\*\s*(q[.:]?)\s*\*\*\W*", r"\1 ", text, flags=re.IGNORECASE)
    bare = without_number(bare).strip()
    unmarked = _QUESTION_MARK.sub("", bare, count=1)
    if unmarked == bare and asks(bare):
        unmarked = _LONE_MARK.sub("", bare, count=1)
    return without_number(unmarked).strip() or text.strip()


def without_answer_mark(text: str) -> str:
    """An answer without its "A:".

    >>> without_answer_mark("Answer: Yes."), without_answer_mark("A day.")
    ('Yes.', 'A day.')
    """
    return _ANSWER_MARK.sub("", text, count=1)


def split_answer(text: str) -> tuple[str, str]:
    """A marked question and the marked answer behind it on the same line, "" if there is none.

    >>> split_answer("Q: Is it? A: Yes.")
    ('Q: Is it?', 'Yes.')
    """
    found = _ANSWER_INSIDE.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")
