"""What on an HTML page is not content: navigation, page furniture, controls."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

_NEVER_CONTENT = frozenset({
    "head", "script", "style", "template", "noscript", "nav", "svg", "canvas", "iframe", "object", "embed", "audio",
    "video", "map", "input", "select", "option", "textarea", "datalist", "progress", "dialog", "-comment", "-doctype",
})  # fmt: skip
_ROLES = frozenset(
    ["navigation", "banner", "contentinfo", "search", "menu", "menubar", "toolbar", "tablist", "dialog", "alertdialog"]
)
_NAMES = re.compile(
    r"""^(?:
    (?:site|page|main|global|top|side|bottom|local|primary|secondary|skip|breadcrumb|footer|header|doc|post|article)?[-_]*
        (?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|toc|pagination|pager|footer|foot)
        (?:[-_]?(?:bar|container|wrapper|links?|list|menu|contents?|nav|left|right|main))?
    | table-?of-?contents | local-toc | contents | topic-contents | skip-?(?:link|nav|to-\w+).*
    | (?:social|share)(?:[-_]\w++)*+ | cookie[-_]?\w*
    | edit-?(?:link|page|this-page)? | page-?meta | (?:site|page)-(?:header|banner) | masthead | screen-reader-skip
    | headerlink | anchor-?link
    | self-link | hash-link | footnote-(?:ref|backref|reference|definition-label) | gutter | linenos?(?:div)? | lineno
    | copy-?(?:button|btn) | back-?to-?top | backlinks?
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
_ADMONITIONS = frozenset({
    "note", "tip", "hint", "info", "important", "warning", "caution", "danger", "attention", "error", "see-also",
    "seealso",
})  # fmt: skip
_LINK_SIGNS = frozenset({"#", "¶", "§", "🔗", "↩", "↩︎", "^"})


def names_of(attributes: dict[str, str | None]) -> list[str]:
    """The id and the classes of an element."""
    return [*(attributes.get("class") or "").split(), *((attributes.get("id") or "").split())]


def is_boilerplate(node: LexborNode, tag: str, attributes: dict[str, str | None]) -> bool:
    """Whether an element, with all that is in it, is furniture of the page and not its content."""
    if tag in _NEVER_CONTENT:
        return True
    if tag in ("body", "main", "html", "details"):
        return False
    if tag == "footer" or (tag == "header" and _parent_tag(node) == "body"):
        return True
    if tag == "a" and node.text(deep=True, strip=True) in _LINK_SIGNS:
        return True
    if not attributes:
        return False
    if (attributes.get("role") or "") in _ROLES:
        return True
    if attributes.get("aria-hidden") == "true" and tag in ("span", "i", "a", "div", "img"):
        return True
    names = names_of(attributes)
    if "admonition-title" in names and node.text(deep=True, strip=True).lower() in _ADMONITIONS:
        return True
    if any(_NAMES.match(name) for name in names):
        # A heading may carry such a name too ("contents", "navigation"): it is judged by what stands below it.
        return tag not in ("h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "body", "main") and not (
            tag == "div" and node.css_first("h1") is not None
        )
    return False


def _parent_tag(node: LexborNode) -> str:
    parent = node.parent
    return (parent.tag or "") if parent is not None else ""
