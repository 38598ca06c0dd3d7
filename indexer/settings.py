"""Every option in one place: defaults, then the site's `faq.toml`, then `FAQ_*` variables, then flags."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from indexer.errors import SettingsError

SITE_FILE: Final = "faq.toml"
DEFAULT_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"
ENV_PREFIX: Final = "FAQ_"
_BUILDS: Final = ("index", "watch")


def _setting(default: Any, description: str, commands: tuple[str, ...], *, section: str = "", **limits: Any) -> Any:
    """A field of `Settings`.

    Args:
        default: its value where nobody sets it.
        description: the help text, and the README's.
        commands: the `faq` commands that have it as a flag.
        section: where it stands in `faq.toml`; "" for what belongs to the machine.
        limits: as for `pydantic.Field`.
    """
    extra: dict[str, Any] = {"commands": list(commands), "section": section}
    return Field(default, description=description, json_schema_extra=extra, **limits)


class Settings(BaseSettings):
    """What can be set; a value given here goes before one of the environment.

    >>> Settings(high=0.9).high, Settings().with_site({"high": 0.7}).high
    (0.9, 0.7)

    Raises:
        SettingsError: names the setting, what is wrong with it and what is allowed.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    index: Path = _setting(
        Path(".faq-index"), "Index folder.", (*_BUILDS, "search", "serve", "status", "verify", "rollback")
    )
    model: str = _setting(
        DEFAULT_MODEL,
        "Name or folder of a sentence-transformers model; its prompts are honoured.",
        (*_BUILDS, "serve", "evaluate", "tune"),
        section="index",
    )
    questions: Path | None = _setting(
        None,
        "Folder of labelled questions of this site (BEIR layout), to fit the confidence on.",
        (*_BUILDS, "serve"),
        section="index",
    )
    keep: int = _setting(3, "How many earlier generations to keep.", _BUILDS, ge=1)
    max_removed: float = _setting(
        0.5, "Refuse if more than this share of the passages would be gone.", _BUILDS, section="index", ge=0, le=1
    )
    min_p1: float | None = _setting(
        None, "Refuse if a smaller share of questions is answered first.", _BUILDS, section="index", ge=0, le=1
    )
    high: float = _setting(
        0.8,
        "Confidence from which a question counts as answered.",
        ("search", "serve", "evaluate"),
        section="verdict",
        ge=0,
        le=1,
    )
    partial: float = _setting(
        0.25,
        "Confidence below which there is no good answer.",
        ("search", "serve", "evaluate"),
        section="verdict",
        ge=0,
        le=1,
    )
    host: str = _setting("127.0.0.1", "Address to listen on.", ("serve",))
    port: int = _setting(8000, "Port; 0 takes a free one.", ("serve",), ge=0, le=65535)
    root_path: str = _setting("", "Path prefix of a reverse proxy.", ("serve",))
    workers: int = _setting(1, "How many processes answer, each with the whole model.", ("serve",), ge=1)
    queue: int = _setting(64, "How many searches run and wait at once; more are told 503.", ("serve",), ge=1)
    content: Path | None = _setting(None, "Folder that POST /index/rebuild indexes.", ("serve",))
    # Not a flag, which every user of the machine could read.
    admin_key: str = Field("", description="Whoever has this key may rebuild over HTTP.", repr=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_reason(error, given=values)) from None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.partial > self.high:
            raise ValueError(f"partial is {self.partial} with high {self.high}; 0 <= partial <= high <= 1 is needed")
        return self

    def with_site(self, site: Mapping[str, Any]) -> Self:
        """These settings over those of a site: what was given or stands in the environment stays.

        Args:
            site: from `read_site_settings`, or of a generation.

        Raises:
            SettingsError: together they do not make sense.
        """
        known = {name: value for name, value in site.items() if name in type(self).model_fields}
        return type(self)(**{**known, **{name: getattr(self, name) for name in self.model_fields_set}})

    def environment(self) -> dict[str, str]:
        """The variables that give a child process what was set here, the key left out."""
        names = self.model_fields_set - {"admin_key"}
        return {
            f"{ENV_PREFIX}{name.upper()}": str(getattr(self, name)) for name in names if getattr(self, name) is not None
        }


def commands_of(field: FieldInfo) -> tuple[str, ...]:
    """The `faq` commands that have a setting as a flag."""
    extra = field.json_schema_extra
    return tuple(map(str, extra["commands"])) if isinstance(extra, dict) else ()  # type: ignore[arg-type]


def section_of(field: FieldInfo) -> str:
    """Where a setting stands in `faq.toml`, "" for nowhere."""
    extra = field.json_schema_extra
    return str(extra["section"]) if isinstance(extra, dict) else ""


def read_site_settings(folder: Path) -> dict[str, Any]:
    """What a content folder's `faq.toml` sets, by name of the setting; nothing where there is no such file.

    Raises:
        SettingsError: the file cannot be read, or a key or value is wrong; names the file, the line and what is meant.
    """
    path = folder / SITE_FILE
    if not path.is_file():
        return {}
    try:
        text = path.read_text("utf-8-sig")
        sections = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be opened: {error.strerror}; check its permissions") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:  # also what tomllib says of a number of 5,000 digits
        line = re.search(r"at line (\d+)", str(error))
        raise SettingsError(f"{path}{f':{line[1]}' if line else ''}: is not TOML: {error}") from error
    known: dict[str, dict[str, FieldInfo]] = {}
    for name, field in Settings.model_fields.items():
        if section := section_of(field):
            known.setdefault(section, {})[name] = field
    found: dict[str, Any] = {}
    for section, values in sections.items():
        if section not in known or not isinstance(values, dict):
            what = f"[{section}]" if isinstance(values, dict) else section
            meant = _meant(section, known, "[{}]")
            raise SettingsError(f"{path}:{_line(text, '', section)}: {what} is no section of this file; {meant}")
        for name, value in values.items():
            where = f"{path}:{_line(text, section, name)}: [{section}] {name}"
            if (known_field := known[section].get(name)) is None:
                raise SettingsError(f"{where} is no setting; {_meant(name, known[section], '{}')}")
            try:
                kind: Any = Annotated[known_field.annotation, known_field]
                found[name] = TypeAdapter(kind).validate_python(value)
            except ValidationError as error:
                raise SettingsError(f"{where} {_message(error.errors()[0])}") from None
    return {name: _from_folder(folder, name, value) for name, value in found.items()}


def of_serving(site: Mapping[str, Any]) -> dict[str, Any]:
    """Of a site's settings those that answering needs: they are kept in the generation."""
    return {name: value for name, value in site.items() if "search" in commands_of(Settings.model_fields[name])}


def _from_folder(folder: Path, name: str, value: Any) -> Any:
    """A path in the file is meant from the folder it stands in; a model may be a path or a name."""
    if name == "questions":
        return folder / value
    return str(folder / value) if name == "model" and (folder / value).is_dir() else value


def _line(text: str, section: str, name: str) -> int:
    """The line in which a section or a key stands, 1-based; 1 where it is written in a way of its own."""
    at = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(r"\s*\[\s*[\"']?([\w-]+)[\"']?\s*\]", line):
            at = header[1]
            if not section and at == name:
                return number
        elif at == section and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]", line):
            return number
    return 1


def _meant(name: str, known: Mapping[str, object], spelled: str) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"{spelled.format(near[0])} is meant?"
    return f"there are {', '.join(spelled.format(each) for each in known)}"


def _message(error: Any) -> str:
    """Pydantic's own words in ours; they name the limit and never the value."""
    message = str(error["msg"]).removeprefix("Value error, ")
    return message.replace("Input should be", "must be").replace("String should", "must")


def _reason(error: ValidationError, given: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return _message(first)
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        return f"{name} is no setting; {_meant(name, Settings.model_fields, '{}')}"
    return f"{name if name in given else ENV_PREFIX + name.upper()} {_message(first)}"
