"""Every option in one place: defaults, then the site's `faq.toml`, then `FAQ_*` variables, then flags."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from indexer.errors import SettingsError

SITE_FILE: Final = "faq.toml"
DEFAULT_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"
MULTILINGUAL_MODEL: Final = "multilingual"
AUTO_MODEL: Final = "auto"
ENV_PREFIX: Final = "FAQ_"
_PATHS: Final = (Path, Path | None, tuple[Path, ...])
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


def _as_folders(value: Any) -> Any:
    """One folder, several, or several in one text as in PATH."""
    if isinstance(value, str):
        return tuple(value.split(os.pathsep))
    return (value,) if isinstance(value, Path) else value


class Settings(BaseSettings):
    """What can be set; a value given here goes before one of the environment.

    Whoever answers questions takes `with_site`, which also sees that `partial` is never above `high`.

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
        AUTO_MODEL,
        "`auto` (by the content's language), `multilingual`, or name or folder of a sentence-transformers model.",
        (*_BUILDS, "serve", "evaluate"),
        section="index",
    )
    questions: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_as_folders)] = _setting(
        (),
        "Folder of labelled questions of this site (BEIR layout), to fit the confidence on; may be given again.",
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
    high: float | None = _setting(
        None,
        "Confidence from which a question counts as answered; by default one from which on 5% are wrong at most.",
        ("search", "serve", "evaluate"),
        section="verdict",
        ge=0,
        le=1,
    )
    partial: float = _setting(
        0.12,
        "Confidence below which there is no good answer.",
        ("search", "serve", "evaluate"),
        section="verdict",
        ge=0,
        le=1,
    )
    host: str = _setting("127.0.0.1", "Address to listen on.", ("serve",))
    port: int = _setting(8000, "Port; 0 takes a free one.", ("serve",), ge=0, le=65535)
    allowed_hosts: str = _setting(
        "",
        "Names by which it may be reached, `*.example.org` and `*` among them; by default those of --host.",
        ("serve",),
    )
    root_path: str = _setting("", "Path prefix of a reverse proxy.", ("serve",))
    grace: float = _setting(
        10, "Seconds within which it ends when told to, whatever a client does.", ("serve",), ge=1, le=3600
    )
    workers: int = _setting(1, "How many processes answer, each with the whole model.", ("serve",), ge=1)
    queue: int = _setting(64, "How many searches run and wait at once; more are told 503.", ("serve",), ge=1)
    content: Path | None = _setting(None, "Folder that POST /index/rebuild indexes.", ("serve",))
    # Not a flag, which every user of the machine could read.
    admin_key: str = Field("", description="Whoever has this key may rebuild over HTTP.", repr=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            loc = error.errors()[0]["loc"]
            raise SettingsError(_reason(error, given=values), str(loc[0]) if loc else "") from None

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse bytes of the environment that are no text; only paths and the key may be any bytes."""
        kind = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, str) and info.field_name != "admin_key" and kind not in _PATHS:
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("is not UTF-8; give it as UTF-8 text") from None
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if {"high", "partial"} <= self.model_fields_set and (problem := crossed(vars(self))):
            raise ValueError(problem)
        return self

    def with_site(self, site: Mapping[str, Any]) -> Self:
        """These settings over those of a site: what was given or stands in the environment stays.

        Where `high` and `partial` then cross, the one that was given moves the other.

        Args:
            site: from `read_site_settings`, or of a generation.
        """
        given = {name: getattr(self, name) for name in self.model_fields_set}
        values = {name: value for name, value in site.items() if name not in given}
        high, partial = values.get("high", self.high), values.get("partial", self.partial)
        if high is not None and partial > high:
            values |= {"high": partial} if "partial" in given else {"partial": high}
        return self.model_copy(update=values)

    def environment(self) -> dict[str, str]:
        """The variables that give a child process what was set here, the key left out."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"admin_key"}}
        return {f"{ENV_PREFIX}{name.upper()}": _as_text(value) for name, value in given.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return os.pathsep.join(map(str, value))
    return "" if value is None else str(value)


def commands_of(field: FieldInfo) -> tuple[str, ...]:
    """The `faq` commands that have a setting as a flag."""
    extra = field.json_schema_extra
    return tuple(map(str, extra["commands"])) if isinstance(extra, dict) else ()  # type: ignore[arg-type]


def section_of(field: FieldInfo) -> str:
    """Where a setting stands in `faq.toml`, "" for nowhere."""
    extra = field.json_schema_extra
    return str(extra["section"]) if isinstance(extra, dict) else ""


FIELDS: Final = Settings.model_fields


def of_serving(site: Mapping[str, Any]) -> dict[str, Any]:
    """Of a site's settings those that answering needs: they are kept in the generation."""
    return {
        name: value
        for name, value in site.items()
        if name in FIELDS and section_of(FIELDS[name]) and "search" in commands_of(FIELDS[name])
    }


def checked_of_serving(value: object) -> dict[str, Any]:
    """What a generation has of a site's settings; names that this version does not know are left out.

    Raises:
        ValueError: it is no such thing.
    """
    if not isinstance(value, dict):
        raise ValueError("the site's settings are no object")
    found = {name: adapter_of(name).validate_python(each, strict=True) for name, each in of_serving(value).items()}
    if problem := crossed(found):
        raise ValueError(problem)
    return found


def adapter_of(name: str) -> TypeAdapter[Any]:
    """Checks values of a setting."""
    field = FIELDS[name]
    kind: Any = Annotated[field.annotation, field]
    return TypeAdapter(kind)


def crossed(site: Mapping[str, Any]) -> str:
    """What is wrong with thresholds, the defaults where they are not set; "" if nothing is."""
    high, partial = (site.get(name, FIELDS[name].default) for name in ("high", "partial"))
    if high is None or partial <= high:
        return ""
    return f"partial is {partial} with high {high}; 0 <= partial <= high <= 1 is needed"


def shown_name(name: str) -> str:
    """A name as it can stand in one line of a message."""
    return name if name.isprintable() and len(name) <= 80 else json.dumps(name[:80])


def meant(name: str, known: Iterable[str], listed: str) -> str:
    """What to write instead of a name that is not known: the one it resembles, else the list of them."""
    near = get_close_matches(name[:80], list(known), n=1)
    return f"{near[0]} is meant?" if near else f"there are {listed}"


def message_of(error: Any) -> str:
    """Pydantic's own words in ours; they name the limit and never the value."""
    message = str(error["msg"]).removeprefix("Value error, ")
    return message.replace("Input should be", "must be").replace("String should", "must")


def _reason(error: ValidationError, given: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return message_of(first)
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        return f"{shown_name(name)} is no setting; {meant(name, FIELDS, ', '.join(FIELDS))}"
    return f"{name if name in given else ENV_PREFIX + name.upper()} {message_of(first)}"
