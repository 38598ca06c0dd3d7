"""JSON files of ours, checked against the type of what they hold before anything uses it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

# Numbers as files may hold them.
Count = Annotated[int, Field(ge=0, lt=2**31)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
# A hash, as 64 hexadecimal digits.
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_SHOWN: Final = 200


def checked_json(kind: Any, content: bytes | str) -> Any:
    """What a JSON text holds, as a type that pydantic knows; no number, text or list is taken for another.

    Raises:
        ValueError: it is no JSON, or holds something else; says where, on one line.
    """
    try:
        return _adapter(kind).validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ascii(".".join(map(str, first["loc"])))[1:-1][:_SHOWN]
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def checked_fields(kind: type, content: bytes | str) -> dict[str, Any]:
    """The fields of a dataclass that a JSON object holds: every one has to be there, and others are left out.

    Raises:
        ValueError: see `checked_json`.
    """
    fields: dict[str, Any] = checked_json(_fields_of(kind), content)
    return fields


def format_of(content: bytes | str) -> int:
    """The number of a file's format, in its field `format`.

    Raises:
        ValueError: it has none.
    """
    return int(checked_json(_Format, content)["format"])


class _Format(TypedDict):
    format: int


@cache
def _fields_of(kind: type) -> Any:
    hints: Mapping[str, Any] = get_type_hints(kind, include_extras=True)
    return TypedDict(kind.__name__, dict(hints))  # type: ignore[operator]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
