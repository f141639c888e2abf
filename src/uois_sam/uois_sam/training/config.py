"""Training settings from a YAML file with the fields of the settings dataclasses."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from uois_sam.errors import InputError

S = TypeVar("S")


def read_settings(path: Path | None, defaults: S) -> S:
    """The defaults with the values of a file in their place; the defaults themselves where there is no file.

    Args:
        path: YAML with field names; fields that are dataclasses are mappings themselves.
        defaults: a dataclass instance; each value must be of its default's type.

    Raises:
        InputError: the file is missing or no YAML, a name is unknown, or a value is of another type or out of
            range.
    """
    if path is None:
        return defaults
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    try:
        return _filled(defaults, {} if content is None else content, "")
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _filled(defaults: S, values: Any, prefix: str) -> S:
    if not isinstance(values, dict):
        raise InputError(
            f"{prefix.rstrip('.') or 'the file'} holds a {type(values).__name__}; wanted names and values"
        )
    known = [f.name for f in fields(defaults)]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise InputError(f"unknown setting {prefix}{name}; known are {', '.join(prefix + k for k in known)}")
    return replace(
        defaults,  # type: ignore[type-var]
        **{name: _value(getattr(defaults, name), value, f"{prefix}{name}") for name, value in values.items()},
    )


def _value(default: Any, value: Any, name: str) -> Any:
    if is_dataclass(default):
        return _filled(default, value, f"{name}.")
    if isinstance(default, float):
        return _number(value, name)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(_number(each, name) for each in value)
    if type(value) is not type(default):
        raise InputError(f"{name} is {value!r}; wanted {_KINDS[type(default)]}")
    return value


def _number(value: Any, name: str) -> float:
    try:
        number = float(value) if type(value) in (int, float, str) else math.nan  # YAML reads 1e-3 as text
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name} is {value!r}; wanted a number")
    return number


_KINDS = {bool: "true or false", int: "a whole number", str: "text", tuple: "a list of numbers"}
