"""YAML as plain values, safely: no tags that build objects, no aliases that unfold into gigabytes."""

from __future__ import annotations

from typing import Any

import yaml

from indexer.errors import ContentError

_MAX_ALIASES = 200


class _PlainLoader(yaml.SafeLoader):
    """Safe loader that reads unknown tags as plain values and refuses alias bombs."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Count aliases: a few are convenience, hundreds are an attack."""
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > _MAX_ALIASES:
                raise yaml.constructor.ConstructorError(None, None, "too many aliases", None)
        return super().compose_node(parent, index)


def _plain(loader: _PlainLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return None


_PlainLoader.add_multi_constructor("!", _plain)


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
        return yaml.load(text, _PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + mark.line + 1 if mark else first_line + 1
        reason = error.problem or "invalid YAML"
        raise ContentError(
            path, f"{what} does not parse: {reason}; quote values that contain a colon or #", line=line
        ) from error
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise ContentError(path, f"{what} does not parse: {reason}", line=first_line + 1) from error
