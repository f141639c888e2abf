"""Kinds of data sets, and how one is opened by a line of text such as `ocid:PATH`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from uois_sam.datasets.published import About
from uois_sam.errors import InputError

D = TypeVar("D")


@dataclass(frozen=True)
class Kind(Generic[D]):
    """A kind of data set.

    Attributes:
        about: what a person has to know.
        open: gives the set in a folder or file, of one of `about.splits`.
    """

    about: About
    open: Callable[[Path, str], D]


def open_kind(spec: str, kinds: Mapping[str, Kind[D]], split: str = "", others: Sequence[str] = ()) -> D:
    """The data set that a line of text names.

    Args:
        spec: KIND:PATH, or KIND/SPLIT:PATH.
        kinds: by name.
        split: to open where the line names none; the kind's first where neither does.
        others: further lines that the caller would have taken.

    Raises:
        InputError: there is no such kind or split, or the path is not what the kind wants.
    """
    name, separator, path = spec.partition(":")
    name, _, given = name.partition("/")
    if name not in kinds:
        *ways, last = [*(f"{kind}:PATH" for kind in kinds), *others]
        raise InputError(f"data set {spec!r} is unknown; give {', '.join(ways)} or {last}")
    about = kinds[name].about
    if not separator or not path:
        raise InputError(f"data set {spec!r} names no folder; give {name}:PATH with {about.layout}")
    chosen = given or split or about.splits[0]
    if chosen not in about.splits:
        raise InputError(f"{name} has no split {chosen!r}; give {_spelled(name, about)}")
    return kinds[name].open(Path(path), chosen)


def _spelled(name: str, about: About) -> str:
    """Ways to name the splits of a kind."""
    if len(about.splits) == 1:
        return f"{name}:PATH"
    return " or ".join(f"{name}/{split}:PATH" for split in about.splits)
