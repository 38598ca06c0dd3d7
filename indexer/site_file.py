"""A site's `faq.toml`: what its owner sets, or which line of it is wrong and what is meant."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from indexer.errors import SettingsError
from indexer.files import expanded
from indexer.settings import (
    AUTO_MODEL,
    FIELDS,
    MULTILINGUAL_MODEL,
    SITE_FILE,
    adapter_of,
    crossed,
    meant,
    message_of,
    section_of,
    shown_name,
)

# By section of `faq.toml` the settings that may stand there.
_SECTIONS: Final = {
    section: [name for name, field in FIELDS.items() if section_of(field) == section]
    for section in dict.fromkeys(filter(None, map(section_of, FIELDS.values())))
}


def read_site_settings(folder: Path) -> dict[str, Any]:
    """What a content folder's `faq.toml` sets, by name of the setting; nothing where there is no such file.

    Raises:
        SettingsError: the file cannot be read, or a key or value is wrong; names the file, the line and what is meant.
    """
    path = folder / SITE_FILE
    if not os.path.lexists(path):
        return {}
    try:
        if not path.is_file():
            raise SettingsError(f"{path}: is not a regular file")
        text = path.read_text("utf-8-sig")
        sections = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be opened: {error.strerror}; check its permissions") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:  # also what tomllib says of a number of 5,000 digits
        line = re.search(r"at line (\d+)", str(error))
        raise SettingsError(f"{path}{f':{line[1]}' if line else ''}: is not TOML: {error}") from error
    found: dict[str, Any] = {}
    for section, values in sections.items():
        where = f"{path}{_line(text, '', section)}"
        if section not in _SECTIONS:
            known = ", ".join(f"[{name}]" for name in _SECTIONS)
            raise SettingsError(f"{where}: {shown_name(section)} is no section; {meant(section, _SECTIONS, known)}")
        if not isinstance(values, dict):
            raise SettingsError(f"{where}: {section} is a section; write [{section}] once, its settings below it")
        for name, value in values.items():
            where = f"{path}{_line(text, section, name)}: [{section}] {shown_name(name)}"
            if name not in _SECTIONS[section]:
                known = ", ".join(_SECTIONS[section])
                raise SettingsError(f"{where} is no setting; {meant(name, _SECTIONS[section], known)}")
            try:
                found[name] = adapter_of(name).validate_python(value, strict=name != "questions")
            except ValidationError as error:
                raise SettingsError(f"{where} {message_of(error.errors()[0])}") from None
            if value == "":
                raise SettingsError(f"{where} is empty; give a value or take the line out")
    if problem := crossed(found):
        last = "high" if "high" in found else "partial"
        raise SettingsError(f"{path}{_line(text, 'verdict', last)}: [verdict] {problem}")
    return {name: _from_folder(folder, name, value) for name, value in found.items()}


def _from_folder(folder: Path, name: str, value: Any) -> Any:
    """A path in the file is meant from the folder it stands in; a model may be a path or a name."""
    if name == "questions":
        return tuple(folder / expanded(each) for each in value)
    if name != "model" or value in (AUTO_MODEL, MULTILINGUAL_MODEL):
        return value
    return str(folder / value) if (folder / value).is_dir() else value


def _line(text: str, section: str, name: str) -> str:
    """``:`` and the line in which a section or a key stands, 1-based; "" where it is written in a way of its own."""
    at, dotted = "", rf"{re.escape(section)}\s*\.\s*"
    key = rf"[\"']?{re.escape(name)}[\"']?\s*[.=]"
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(r"\s*\[+\s*[\"']?([\w-]+)", line):
            at = header[1]
            if not section and at == name:
                return f":{number}"
        elif re.match(rf"\s*{'' if at == section else dotted}{key}", line):
            return f":{number}"
    return ""
