from __future__ import annotations

import numpy as np

from uois_sam.parts.preference import grasp_map, with_preferences
from uois_sam.types import Part, Parts

HANDLE = Part(1, "handle", 0.9, (0, 0, 4, 2), np.ones((2, 4), bool), 1.0)
BODY = Part(1, "body", 0.7, (2, 0, 4, 2), np.ones((2, 4), bool), 0.5)
BLADE = Part(1, "blade", 0.4, (3, 0, 2, 2), np.ones((2, 2), bool), 0.0)


def test_parts_get_the_preference_of_their_name_and_unsure_ones_go() -> None:
    parts = with_preferences(Parts(2, 8, [HANDLE, BODY, BLADE]), {"handle": 0.25, "body": 0.0}.__getitem__, 0.5)
    assert [(p.name, p.preference, p.graspable) for p in parts] == [("handle", 0.25, True), ("body", 0.0, False)]


def test_the_best_part_counts_and_a_forbidden_one_rules_others_out() -> None:
    np.testing.assert_array_equal(grasp_map([HANDLE, BODY, BLADE], 2, 8), [[1, 1, 1, 0, 0, 0.5, 0, 0]] * 2)
    np.testing.assert_array_equal(grasp_map([BLADE, HANDLE, BODY], 2, 8), [[1, 1, 1, 0, 0, 0.5, 0, 0]] * 2)


def test_a_thing_without_parts_to_hold_may_be_held_beside_the_forbidden_ones() -> None:
    np.testing.assert_array_equal(grasp_map([BLADE], 2, 8), [[1, 1, 1, 0, 0, 1, 1, 1]] * 2)
    assert (grasp_map([], 2, 3) == 1).all()
