"""Splits YAML (``---``) and TOML (``+++``) front matter from a text."""

from __future__ import annotations

import re
import tomllib

from indexer.content.readers.prose.yaml_text import load_yaml
from indexer.errors import ContentError

_YAML = re.compile(r"\A\s*---[ \t]*\n(?P<fields>.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\A\s*\+\+\+[ \t]*\n(?P<fields>.*?)(?:^|\n)\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
# A name of so many parts is no name, and to read it takes the square of their number.
_TOML_NAME = re.compile(r"(?<![\w-])(?:(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+){40}")
_FIELD = re.compile(r"^[\w\"'.-]+\s*:", re.MULTILINE)


def split_front_matter(path: str, text: str) -> tuple[dict[str, object], str]:
    """The fields of the front matter and the text behind it.

    Args:
        path: named in the error.
        text: of the whole file.

    Raises:
        ContentError: the front matter does not parse; with its line in the file.
    """
    if found := _YAML.match(text):
        fields = found["fields"]
        if fields.strip() and not _FIELD.search(fields):
            return {}, text  # a rule between two paragraphs, not front matter
        return _yaml_fields(path, fields, first_line=text[: found.start("fields")].count("\n")), text[found.end() :]
    if found := _TOML.match(text):
        first_line = text[: found.start("fields")].count("\n")
        return _toml_fields(path, found["fields"], first_line=first_line), text[found.end() :]
    return {}, text


def _toml_fields(path: str, fields: str, *, first_line: int) -> dict[str, object]:
    if name := _TOML_NAME.search(fields):
        line = first_line + fields.count("\n", 0, name.start()) + 1
        raise ContentError(path, "TOML front matter has a name of more than 40 parts; shorten it", line=line)
    try:
        loaded = tomllib.loads(fields)
    except (ValueError, RecursionError) as error:
        at = re.search(r"line (\d+)", str(error))
        line = first_line + (int(at[1]) if at else 1)
        raise ContentError(path, f"TOML front matter does not parse: {error}", line=line) from error
    return loaded


def _yaml_fields(path: str, fields: str, *, first_line: int) -> dict[str, object]:
    loaded = load_yaml(path, fields, what="YAML front matter", first_line=first_line)
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ContentError(path, "YAML front matter must be `key: value` lines", line=first_line + 1)
    return {str(key): value for key, value in loaded.items()}
