from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("uois_sam_msgs")

from std_msgs.msg import Header

from uois_sam.errors import InputError
from uois_sam.grasping.part_clouds import PartCloud
from uois_sam.nodes.answer import structured_points
from uois_sam.nodes.part_messages import part_cloud_to_msg, parts_from_msg, parts_to_msg
from uois_sam.types import Part, Parts

HEADER = Header(frame_id="camera")


@st.composite
def a_part(draw: st.DrawFn) -> Part:
    w, h = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    x, y = draw(st.integers(0, 20 - w)), draw(st.integers(0, 10 - h))
    mask = np.array(draw(st.lists(st.booleans(), min_size=w * h, max_size=w * h))).reshape(h, w)
    score, preference = (draw(st.floats(0, 1, width=32)) for _ in range(2))
    return Part(draw(st.integers(0, 2**32 - 1)), draw(st.text(max_size=8)), score, (x, y, w, h), mask, preference)


@given(st.lists(a_part(), max_size=4))
def test_parts_come_back(parts: list[Part]) -> None:
    back = parts_from_msg(parts_to_msg(Parts(10, 20, parts), HEADER), 10, 20)
    assert len(back) == len(parts)
    for one, other in zip(parts, back, strict=True):
        assert (one.instance_id, one.name, one.bbox, one.graspable) == (
            other.instance_id,
            other.name,
            other.bbox,
            other.graspable,
        )
        assert (one.score, one.preference) == (other.score, other.preference)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_broken_parts_are_refused() -> None:
    part = Part(1, "rim", 0.5, (2, 3, 4, 5), np.ones((5, 4), bool))

    def broken(**changes: object) -> None:
        message = parts_to_msg(Parts(10, 20, [part]), HEADER)
        for name, value in changes.items():
            setattr(message.parts[0].mask, name, value)
        parts_from_msg(message, 10, 20)

    with pytest.raises(InputError, match="wants mono8, 4 x 5"):
        broken(encoding="rgb8")
    with pytest.raises(InputError, match="wants mono8, 4 x 5"):
        broken(width=5)
    with pytest.raises(InputError, match="3 bytes"):
        broken(data=[0, 1, 2])
    with pytest.raises(InputError, match=r"x, y, w, h = \(2, 3, 4, 5\) of a 5 x 10 image"):
        parts_from_msg(parts_to_msg(Parts(10, 20, [part]), HEADER), 10, 5)


def test_the_cloud_of_a_part() -> None:
    part = Part(4, "rim", 0.5, (0, 0, 1, 2), np.ones((2, 1), bool), 0.0)
    points = np.array([[0, 0, 1], [0, 1, 1]], np.float32)
    message = part_cloud_to_msg(PartCloud(part, points, np.zeros((2, 3), np.uint8), points.mean(0)), HEADER)
    assert (message.instance_id, message.name, message.graspable, message.centroid.y) == (4, "rim", False, 0.5)
    assert structured_points(message.cloud)["y"].tolist() == [0, 1]
