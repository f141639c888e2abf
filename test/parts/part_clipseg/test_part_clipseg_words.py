"""What a user says."""

from __future__ import annotations

import pytest

from uois_sam.errors import InputError
from uois_sam.parts.part_clipseg.words import PartQuery, parse_query


@pytest.mark.parametrize(
    ("text", "part", "owner"),
    [
        ("handle", "handle", None),
        ("the Handle", "handle", None),
        ("handle of the mug", "handle", "mug"),
        ("  handle   of a  milk carton ", "handle", "milk carton"),
        ("mug's handle", "handle", "mug"),
        ("the mug’s handle", "handle", "mug"),
        ("scissors' blade", "blade", "scissors"),
        ("license plate of car", "license plate", "car"),
        ("offset", "offset", None),
    ],
)
def test_ways_to_name_a_part(text: str, part: str, owner: str | None) -> None:
    assert parse_query(text) == PartQuery(" ".join(text.split()), part, owner)


@pytest.mark.parametrize("text", ["", "  ", "of the mug", "handle of ", "mug's "])
def test_a_part_must_be_named(text: str) -> None:
    with pytest.raises(InputError, match="names no part"):
        parse_query(text)
