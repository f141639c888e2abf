from __future__ import annotations

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.parts.protocol import choose_names, in_order, part_of_mask


def test_names_are_chosen_from_the_known_ones() -> None:
    known = ("handle", "blade", "lid")
    assert choose_names(["lid", "blade", "lid"], known) == ("lid", "blade")
    assert choose_names([], known) == known
    with pytest.raises(InputError, match="'spout' is unknown; known are handle, blade, lid"):
        choose_names(["lid", "spout"], known)


def test_a_part_is_cut_to_its_mask() -> None:
    mask = np.zeros((10, 12), bool)
    mask[2:5, 3:9] = True
    mask[3, 4] = False
    part = part_of_mask(7, "handle", 0.5, mask)
    assert part is not None
    assert part.bbox == (3, 2, 6, 3)
    assert np.array_equal(part.mask, mask[2:5, 3:9])
    assert part_of_mask(7, "handle", 0.5, np.zeros((4, 4), bool)) is None


def test_order_is_by_instance_then_by_score() -> None:
    mask = np.ones((2, 2), bool)
    made = [part_of_mask(i, "a", s, mask) for i, s in ((2, 0.1), (1, 0.2), (2, 0.9))]
    assert [(p.instance_id, p.score) for p in in_order([p for p in made if p])] == [(1, 0.2), (2, 0.9), (2, 0.1)]
