"""HTML as the parser of pages can take it: it needs the square of the time for what no page has."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from selectolax.lexbor import LexborHTMLParser

_MARKUP = re.compile(
    r"<(?:(?P<comment>!--)|(?P<other>[!?]|/[^a-z])|(?P<end>/?)(?P<name>[a-z][^\s/>]*+))", re.IGNORECASE
)
_COMMENT_END = re.compile(r"(?<=<!--)-?>|--!?>")
_ATTRIBUTE = r"(?P<names>[^>=]*+)=\s*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^\s>]*+)"
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_FIELDS = re.compile(rf"(?:{_ATTRIBUTE})*+(?P<last>[^>=]*+)>")
_RAW = frozenset(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"])
# What holds nothing, and what the parser closes by itself, where the next one starts or what they stand in ends.
_SHALLOW = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
    "a", "body", "button", "colgroup", "dd", "dt", "form", "frameset", "head", "html", "li", "nobr",
    "option", "p", "rb", "rp", "rt", "rtc", "tbody", "tfoot", "thead", "tr",
})  # fmt: skip
_CELLS = frozenset(["caption", "td", "th"])
# An end tag does not reach beyond these, and formatting does not leave those of them that mark it off.
_MARKERS = _CELLS | {"applet", "marquee", "object", "template"}
_SCOPES = _MARKERS | {"math", "select", "svg", "table"}
# The end tag of any other element does not reach beyond these.
_SPECIAL = _SCOPES | {
    "address", "article", "aside", "blockquote", "center", "details", "dir", "div", "dl", "fieldset", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "listing", "main", "menu", "nav",
    "noscript", "ol", "pre", "section", "summary", "ul",
}  # fmt: skip
# Until they are closed, the parser opens these again in every block.
_FORMATTING = frozenset(["b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"])
_FORMATTING_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_FORMATTING))})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_SAME_AGAIN = 3
_DEEPEST = 2000
_MOST_ATTRIBUTES = 500
_OPENED_AGAIN = 300_000
# Of so little the parser can make nothing that takes long.
_FEW_TAGS, _SHORT = 1000, 50_000


def parse_html(html: str) -> LexborHTMLParser:
    """The tree of a page.

    Raises:
        RecursionError: its elements are nested thousands deep.
    """
    if len(html) < _SHORT and html.count("<") < _FEW_TAGS:
        return LexborHTMLParser(html)
    return LexborHTMLParser(_Source(html).sound())


class _Source:
    """Walks over the tags of a page as the parser would, to see how much it would make of them.

    Args:
        html: the page.
    """

    def __init__(self, html: str) -> None:
        self._html = html
        self._open: list[str] = []
        self._counts: Counter[str] = Counter()
        self._scopes = 0
        self._steps = 0
        # By name the formatting that is open: how it is written, and in how many scopes it stands.
        self._formatting: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        self._written: Counter[str] = Counter()
        self._styles = 0
        self._opened_again = 0
        self._dropped: list[tuple[int, int]] = []

    def sound(self) -> str:
        """The page without attributes by the hundred and without formatting that is opened again without end.

        Raises:
            RecursionError: elements are nested thousands deep.
        """
        self._walk()
        parts, place = [], 0
        for start, end in self._dropped:
            parts.append(self._html[place:start])
            place = end
        html = "".join([*parts, self._html[place:]])
        return _FORMATTING_TAG.sub("", html) if self._opened_again > _OPENED_AGAIN else html

    def _walk(self) -> None:
        html, place = self._html, 0
        while found := _MARKUP.search(html, place):
            name = (found["name"] or "").lower()
            if not name:
                place = self._behind_comment(found)
            elif fields := _FIELDS.match(html, found.end()):
                place = fields.end()
                if found["end"]:
                    self._end(name)
                else:
                    self._start(name, fields)
                    place = self._behind_raw_text(name, place)
            else:
                return  # a tag that does not end swallows all behind it

    def _behind_comment(self, found: re.Match[str]) -> int:
        if found["comment"]:
            end = _COMMENT_END.search(self._html, found.end())
            return end.end() if end else len(self._html)
        return self._html.find(">", found.end() - 1) + 1 or len(self._html)

    def _behind_raw_text(self, name: str, place: int) -> int:
        if name not in _RAW or self._counts["svg"] or self._counts["math"]:
            return place
        end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(self._html, place)
        return end.start() if end else len(self._html)

    def _start(self, name: str, fields: re.Match[str]) -> None:
        self._opened_again += self._styles
        if fields.end() - fields.start() > _MOST_ATTRIBUTES or (name in ("body", "html") and self._counts[name]):
            self._drop_attributes(name, fields)
        if name in ("body", "html"):
            self._counts[name] += 1
        elif name in _FORMATTING:
            written = f"{name} {fields[0]}"
            self._formatting[name].append((written, self._scopes))
            self._written[written] += 1
            self._styles += self._written[written] <= _SAME_AGAIN
        elif name in _CELLS or name == "tr":
            self._cell(name)
        elif name not in _SHALLOW and not (fields[0].endswith("/>") and (self._counts["svg"] or self._counts["math"])):
            self._push(name)

    def _cell(self, name: str) -> None:
        """A cell closes the one before it, and is none outside a table."""
        scope = next((each for each in reversed(self._open) if self._step() and each in _SCOPES), "")
        if scope in _CELLS:
            self._end(scope)
            scope = "table"
        if scope == "table" and name in _CELLS:
            self._push(name)

    def _push(self, name: str) -> None:
        self._open.append(name)
        self._counts[name] += 1
        self._scopes += name in _SCOPES
        if len(self._open) > _DEEPEST:
            raise RecursionError("HTML elements are nested too deeply")

    def _end(self, name: str) -> None:
        if name in _FORMATTING:
            if (opened := self._formatting[name]) and opened[-1][1] == self._scopes:
                self._forget(name)
            return
        if name in ("body", "html") or not self._counts[name]:
            return
        stops = frozenset() if name in _SCOPES else _SCOPES if name in _SPECIAL else _SPECIAL
        place = len(self._open) - 1
        while self._open[place] != name:
            if self._open[place] in stops:
                return
            self._step()
            place -= 1
        for closed in reversed(self._open[place:]):
            self._counts[closed] -= 1
            if closed in _MARKERS:
                for each in _FORMATTING:
                    while (opened := self._formatting[each]) and opened[-1][1] >= self._scopes:
                        self._forget(each)
            self._scopes -= closed in _SCOPES
        del self._open[place:]

    def _forget(self, name: str) -> None:
        written, _ = self._formatting[name].pop()
        self._written[written] -= 1
        self._styles -= self._written[written] < _SAME_AGAIN

    def _step(self) -> bool:
        self._steps += 1
        if self._steps > 4 * len(self._html) + 1_000_000:
            raise RecursionError("HTML elements are nested too deeply")
        return True

    def _drop_attributes(self, name: str, fields: re.Match[str]) -> None:
        """Leave out the attributes of a tag with hundreds, and of further tags for the page, which gets them all."""
        count = len(fields["last"].split()) + sum(
            len(each["names"].split()) for each in _ATTRIBUTES.finditer(self._html, fields.start(), fields.end())
        )
        if count > _MOST_ATTRIBUTES or (name in ("body", "html") and self._counts[name] > _SAME_AGAIN):
            self._dropped.append((fields.start(), fields.end() - 1))
