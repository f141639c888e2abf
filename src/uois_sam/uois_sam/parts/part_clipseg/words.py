"""What a user says: "handle of the mug", "mug's handle", or "handle" alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from uois_sam.errors import InputError

_ARTICLE = re.compile(r"^(the|a|an)\s+", re.IGNORECASE)
_OF = re.compile(r"\s+of\s+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?\s+")


@dataclass(frozen=True)
class PartQuery:
    """A wanted part.

    Attributes:
        name: as the user said it.
        part: the generalized part's name, in lower case.
        object: the name of the object it must belong to, in lower case; None for any.
    """

    name: str
    part: str
    object: str | None = None


def parse_query(text: str) -> PartQuery:
    """The part and the object that a text names.

    Raises:
        InputError: it names no part, or an empty object.
    """
    said = " ".join(text.split())
    if _OF.search(f" {said} "):
        part, *objects = _OF.split(f" {said} ", maxsplit=1)
    else:
        *objects, part = _POSSESSIVE.split(f"{said} ", maxsplit=1)
    names = [_ARTICLE.sub("", name.strip()).lower() for name in (part, *objects)]
    if not all(names):
        raise InputError(f"{text!r} names no part; say 'handle', 'handle of the mug' or \"mug's handle\"")
    return PartQuery(said, *names)
