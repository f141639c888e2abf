"""Clouds in another frame."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from std_msgs.msg import Header

from uois_sam.errors import InputError
from uois_sam.nodes import transforms
from uois_sam.nodes.stamps import to_time
from uois_sam.nodes.transforms import TransformLookup


class FakeTf:
    """What is used of tf2_ros, knowing one transform."""

    class TransformException(Exception):  # noqa: N818
        pass

    class Buffer:
        asked: ClassVar[list[tuple[str, str, int]]] = []

        def lookup_transform(self, target: str, source: str, time: Time, timeout: Duration) -> TransformStamped:
            self.asked.append((target, source, time.nanoseconds))
            assert timeout.nanoseconds > 0
            if source != "optical":
                raise FakeTf.TransformException("not connected")
            found = TransformStamped()
            found.transform.translation.z = 10.0
            found.transform.rotation.w = 1.0
            return found

    class TransformListener:
        def __init__(self, buffer: FakeTf.Buffer, node: object) -> None:
            self.gone = False

        def unregister(self) -> None:
            self.gone = True


def test_a_transform_is_looked_up_at_the_images_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", FakeTf)
    lookup = TransformLookup(None, "base")  # type: ignore[arg-type]
    found = lookup.at(Header(frame_id="optical", stamp=to_time(1_500_000_000)))
    np.testing.assert_allclose(found, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 10], [0, 0, 0, 1]])
    assert FakeTf.Buffer.asked == [("base", "optical", 1_500_000_000)]
    with pytest.raises(InputError, match="no transform from 'wrist' to 'base': not connected"):
        lookup.at(Header(frame_id="wrist"))
    lookup.close()


def test_a_target_frame_without_tf2_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", None)
    with pytest.raises(InputError, match="target_frame is 'base', but tf2_ros does not import here"):
        TransformLookup(None, "base")  # type: ignore[arg-type]
