"""Dataclasses to plain values that JSON holds, and back with every type checked.

What comes back may be from a damaged or hostile file: what does not fit is a StateError.
"""

import types
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from vmm.contracts import StateError

BYTES = "base64"
"""The key of what stands for a byte string."""


def to_plain(value: object) -> Any:
    """Give a value as numbers, words, lists and mappings."""
    if is_dataclass(value):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, (bytes, bytearray)):
        return {BYTES: b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    assert value is None or isinstance(value, (int, str)), f"{value!r} is not plain"
    return value


def unpack(value: Any) -> Any:
    """Give plain values with their byte strings made again."""
    if isinstance(value, dict):
        if set(value) == {BYTES}:
            try:
                return b64decode(value[BYTES], validate=True)
            except (ValueError, TypeError):
                raise StateError("a byte string is damaged") from None
        return {key: unpack(item) for key, item in value.items()}
    return [unpack(item) for item in value] if isinstance(value, list) else value


def from_plain(kind: Any, value: Any, where: str) -> Any:
    """Give a value of a type from what `to_plain` gave; `where` is for the complaint."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        rest = [part for part in get_args(kind) if part is not type(None)]
        if value is None and len(rest) < len(get_args(kind)):
            return None
        return from_plain(rest[0], value, where)
    if origin is tuple:
        item = get_args(kind)[0]
        _check(isinstance(value, list), where)
        return tuple(from_plain(item, part, where) for part in value)
    if is_dataclass(kind):
        return _make(kind, value, where)
    _check(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)), where)
    return value


def _make(kind: Any, value: Any, where: str) -> Any:
    names = {item.name for item in fields(kind)}
    _check(isinstance(value, dict) and set(value) == names, where)
    hints = get_type_hints(kind)
    return kind(**{
        name: from_plain(hints[name], value[name], f"{where}.{name}") for name in names
    })  # fmt: skip


def _check(is_right: bool, where: str) -> None:
    if not is_right:
        raise StateError(f"{where} is not what it should be")
