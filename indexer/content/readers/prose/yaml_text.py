"""YAML as plain values, safely: no tags that build objects, no aliases that unfold into gigabytes."""

from __future__ import annotations

from typing import Any

import yaml

from indexer.errors import ContentError

# What PyYAML raises besides its own errors for tags that do not fit, such as "!!int" with nothing behind it.
_UNFIT = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
# What aliases and merges may make of a text: as much again some times over, and so many characters for a short one.
_UNFOLDED_TIMES = 3
_UNFOLDED_FREE = 100_000
_LONGEST_NUMBER = 100


def _number(loader: Any, node: yaml.ScalarNode) -> Any:
    """A number; digits by the hundred and sixty-based ones without end are text."""
    if len(node.value) > _LONGEST_NUMBER:
        return loader.construct_scalar(node)
    return loader.construct_yaml_int(node) if node.tag.endswith(":int") else loader.construct_yaml_float(node)


def _plain(loader: Any, suffix: str, node: yaml.Node) -> Any:
    """An unknown tag's value, as the text or the collection it is."""
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return None


def _plain_loader(base: type[Any]) -> Any:
    loader: Any = type("PlainLoader", (base,), {})
    loader.add_multi_constructor("!", _plain)
    for kind in ("int", "float"):
        loader.add_constructor(f"tag:yaml.org,2002:{kind}", _number)
    return loader


_LOADER = _plain_loader(yaml.SafeLoader)
# libyaml is many times as fast; but nesting without end would run over its stack, so it is for front matter only.
_FAST_LOADER = _plain_loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader))
_LONGEST_FOR_LIBYAML = 4_000


def load_yaml(path: str, text: str, *, what: str, first_line: int = 0) -> Any:
    """The plain values of a YAML text.

    Args:
        path: named in the error.
        text: one YAML document.
        what: what it is, for the error.
        first_line: lines of the file above the text.

    Raises:
        ContentError: it does not parse; with its line in the file.
    """
    try:
        loader = (_FAST_LOADER if len(text) <= _LONGEST_FOR_LIBYAML else _LOADER)(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if refused := _unfolding(root, len(text)):
            reason, node = refused
            raise ContentError(path, f"{what} has {reason}", line=first_line + node.start_mark.line + 1)
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + mark.line + 1 if mark else first_line + 1
        reason = error.problem or "invalid YAML"
        raise ContentError(
            path, f"{what} does not parse: {reason}; quote values that contain a colon or #", line=line
        ) from error
    except (yaml.YAMLError, *_UNFIT, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else f"{type(error).__name__}: {error}"
        reason = reason.partition("\n")[0]
        raise ContentError(path, f"{what} does not parse: {reason}", line=first_line + 1) from error


def _unfolding(root: yaml.Node, length: int) -> tuple[str, yaml.Node] | None:
    """What is wrong with the aliases and merges of a text, and where: they stand for far more than is written.

    Each node is weighed once, with what its aliases stand for.
    """
    limit = _UNFOLDED_FREE + _UNFOLDED_TIMES * length
    weights: dict[int, int | None] = {}
    waiting = [root]
    while waiting:
        node = waiting[-1]
        inner = _inside(node)
        if id(node) not in weights:
            weights[id(node)] = None  # open
            for each in inner:
                if weights.get(id(each), 0) is None:
                    return "an alias inside what it names; write it out", each
                if id(each) not in weights:
                    waiting.append(each)
            continue
        waiting.pop()
        if weights[id(node)] is None:
            text = len(node.value) if isinstance(node, yaml.ScalarNode) else 0
            weight = 1 + text + sum(weights[id(each)] or 0 for each in inner)
            if weight > limit:
                return f"too many aliases: they stand for more than {limit} characters; write them out", node
            weights[id(node)] = weight
    return None


def _inside(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
