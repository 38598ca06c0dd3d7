"""Flags of the `faq` command, made from `Settings`: name, variable, help text, default and limits stand there once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container
from functools import wraps
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from pydantic.fields import FieldInfo

from indexer.errors import SettingsError
from indexer.settings import ENV_PREFIX, Settings, commands_of

_SHORT = {"index": "-i"}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def with_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags that `Settings` lists for it, in place of its parameter `settings`.

    The command gets all settings: those flags that were used over the environment.
    """
    command = function.__name__
    fields = {name: field for name, field in Settings.model_fields.items() if command in commands_of(field)}
    hints = get_type_hints(function, include_extras=True)
    flags = {name: _flag(name, field) for name, field in fields.items()}

    @wraps(function)
    def run(**given: Any) -> None:
        used = {name: value for name in fields if (value := given.pop(name)) not in (None, "", [])}
        function(settings=_settings(used, fields), **given)

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "settings":
            keyword = inspect.Parameter.KEYWORD_ONLY
            parameters += [inspect.Parameter(name, keyword, default=None, annotation=flags[name]) for name in fields]
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name]))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _settings(used: dict[str, Any], fields: Container[str]) -> Settings:
    """The flags that were used over the environment; a wrong variable that the command does not need is not heeded."""
    while True:
        try:
            return Settings(**used)
        except SettingsError as error:
            name = error.setting
            if not name or name in fields or name in used or name not in Settings.model_fields:
                raise
            used = {**used, name: Settings.model_fields[name].default}


def _flag(name: str, field: FieldInfo) -> Any:
    """The annotation of one flag, not set by default: then the environment or the site decides."""
    kind: Any = next((each for each in get_args(field.annotation) if each is not type(None)), field.annotation)
    limits: dict[str, Any] = {
        flag: getattr(limit, bound)
        for limit in field.metadata
        for flag, bound in (("min", "ge"), ("max", "le"))
        if hasattr(limit, bound)
    }
    default = "" if field.default in (None, "", ()) else f"; default {field.default}"
    option = typer.Option(
        f"--{name.replace('_', '-')}",
        *([_SHORT[name]] if name in _SHORT else []),
        help=f"{field.description} ({ENV_PREFIX}{name.upper()}{default})",
        show_default=False,
        **limits,
    )
    return Annotated[list[kind] | None if get_origin(field.annotation) is tuple else kind | None, option]
