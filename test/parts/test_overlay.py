from __future__ import annotations

import numpy as np

from uois_sam.parts.overlay import overlay_parts
from uois_sam.types import Part, Parts

IMAGE = np.full((20, 30, 3), 100, np.uint8)


def part(name: str, x: int, preference: float) -> Part:
    return Part(1, name, 0.5, (x, 5, 8, 10), np.ones((10, 8), bool), preference)


def test_colours_say_how_gladly() -> None:
    parts = Parts(20, 30, [part("handle", 0, 1.0), part("body", 10, 0.5), part("blade", 20, 0.0)])
    drawn = overlay_parts(IMAGE, parts).astype(int)
    gladly, if_need_be, never = drawn[10, 4], drawn[10, 14], drawn[10, 24]
    assert gladly.argmax() == 1
    assert never.argmax() == 0
    assert min(if_need_be[0], if_need_be[1]) > if_need_be[2] + 50
    assert (drawn[:4] == 100).all()


def test_no_parts_leave_the_image() -> None:
    assert np.array_equal(overlay_parts(IMAGE, Parts(20, 30)), IMAGE)
