"""Messages that go beside the frames."""

from __future__ import annotations

from collections.abc import Iterator

from uois_sam.errors import SourceError
from uois_sam.replay.copied import CopiedMessages
from uois_sam.sources.bag import BagMessage


def messages(*times: int) -> Iterator[BagMessage]:
    for time in times:
        yield "/truth", "sensor_msgs/msg/Image", time, b""


def test_each_message_comes_once_with_the_first_frame_that_is_not_before_it() -> None:
    frame = [0]
    copied = CopiedMessages(messages(1, 2, 3, 7, 9), lambda: frame[0])
    given = []
    for frame[0] in (0, 2, 2, 8):
        given.append([time for _, _, time, _ in copied.due()])
    assert given == [[], [1, 2], [], [3, 7]]
    assert [time for _, _, time, _ in copied.rest()] == [9]
    assert not list(copied.rest())


def test_damage_ends_them() -> None:
    def damaged() -> Iterator[BagMessage]:
        yield from messages(1)
        raise SourceError("cut off")

    assert len(list(CopiedMessages(damaged(), lambda: 5).rest())) == 1
