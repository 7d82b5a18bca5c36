"""What is wrong with a setting and what it must be: in words, derived from its type, so that a limit has one home."""

from __future__ import annotations

import difflib
import re
from typing import Any, Final

import msgspec
from msgspec import inspect

PATTERNS: Final = {
    "^(en|es|de)$": 'one of "en", "es", "de"',
    "^([0-9A-F]{2}:){5}[0-9A-F]{2}$": 'a Bluetooth address in capital letters, like "C0:FF:EE:00:00:42"',
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": 'a day, like "2026-03-31"',
}
"""The patterns of our types, for people."""

_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`(?: - at `\$\.?([^`]*)`)?")
_MISSING: Final = re.compile(r"Object missing required field `([^`]*)`(?: - at `\$\.?([^`]*)`)?")
_AT: Final = re.compile(r"^(.*?)(?: - at `\$\.?([^`]*)`)?$")


def sentence(problem: str, raw: dict[str, Any], struct: type[msgspec.Struct]) -> str:
    """The sentence for msgspec's *problem* with *raw*, which was to be a *struct*."""
    unknown, missing = _UNKNOWN.match(problem), _MISSING.match(problem)
    if unknown:
        key, section = unknown.group(1), unknown.group(2) or ""
        known = _known(struct, section)
        close = difflib.get_close_matches(key, known, n=1)
        hint = f'Did you mean "{close[0]}"?' if close else f"Known keys there: {', '.join(known)}."
        return f'"{_path(section, key)}" is not a setting. {hint}'
    if missing:
        path = _path(missing.group(2) or "", missing.group(1))
        return f"{path} is missing; it must be {wanted(struct, path)}."
    match = _AT.match(problem)
    what, path = (match.group(1), match.group(2) or "") if match else (problem, "")
    value: Any = raw
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    must = wanted(struct, path)
    if must and isinstance(value, (bool, int, float, str)):
        return f"{path} is {_shown(value)}; it must be {must}."
    if must:
        return f"{path} must be {must}."
    return f"{path or 'the file'}: {what[0].lower()}{what[1:]}."


def wanted(struct: type[msgspec.Struct], path: str) -> str:
    """What the setting at *path* ("section.key") of *struct* must be; empty if there is no such setting."""
    told = _at(struct, path)
    return "" if told is None else _words(told, path)


def _path(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key


def _at(struct: type[msgspec.Struct], path: str) -> inspect.Type | None:
    told: inspect.Type = inspect.type_info(struct)
    for part in filter(None, re.sub(r"\[[^]]*\]", "", path).split(".")):
        if isinstance(told, inspect.VarTupleType):
            told = told.item_type
        fields = told.fields if isinstance(told, inspect.StructType) else ()
        found = next((field.type for field in fields if field.encode_name == part), None)
        if found is None:
            return None
        told = found
    return told.item_type if isinstance(told, inspect.VarTupleType) and path.endswith("]") else told


def _known(struct: type[msgspec.Struct], section: str) -> list[str]:
    told = _at(struct, section)
    return [field.encode_name for field in told.fields] if isinstance(told, inspect.StructType) else []


def _words(told: inspect.Type, path: str) -> str:
    if isinstance(told, inspect.UnionType):
        told = next(one for one in told.types if not isinstance(one, inspect.NoneType))
    match told:
        case inspect.EnumType(cls):
            return "one of " + ", ".join(f'"{one.value}"' for one in cls)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=least, le=most):
            return "a whole number" + _range(least, most)
        case inspect.FloatType(gt=above, ge=least, le=most):
            return "a number" + _range(least if above is None else above, most)
        case inspect.StrType(pattern=str(pattern)):
            return PATTERNS.get(pattern, "text in quotes")
        case inspect.StrType(min_length=least, max_length=most):
            return "text in quotes" + (f", {least or 0} to {most} characters" if most is not None else "")
        case inspect.VarTupleType():
            return f"a list: [[{path}]] before each of its entries"
        case inspect.StructType():
            return f"a section: [{path}] on a line of its own"
    return ""


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    return f" of at least {least:g}" if least is not None else ""


def _shown(value: bool | int | float | str) -> str:
    """As it stands in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return f"{value:g}"
