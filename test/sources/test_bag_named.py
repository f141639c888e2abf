"""Recordings with named topics, depth that is registered, true labels, and what an output takes from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import (
    FRAME_ID,
    MILLISECOND,
    ROS2,
    START,
    Recorded,
    extrinsics,
    image,
    info,
    static_transform,
    stream_pose,
    text,
)

from uois_sam.errors import SourceError
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_topics import NamedTopics, choose_labels

WIDTH, HEIGHT = 64, 48
COLOUR = "/camera/camera/color/image_raw"
INFO = "/camera/camera/color/camera_info"
DEPTH = "/camera/camera/depth/image_rect_raw"
DEPTH_INFO = "/camera/camera/depth/camera_info"
DEPTH_FRAME = "camera_depth_optical_frame"
TRUTH = "/camera/camera/truth/label_image"

Bag = Callable[..., Path]


def colour(topic: str = COLOUR, stamp: int = START, **changed: Any) -> Recorded:
    return image(topic, np.full((HEIGHT, WIDTH, 3), 90, np.uint8), "rgb8", stamp, **changed)


def depth(topic: str = DEPTH, stamp: int = START, frame_id: str = DEPTH_FRAME) -> Recorded:
    pixels = np.full((HEIGHT, WIDTH), 1000, np.uint16)
    pixels[:, 30:] = 2000
    return image(topic, pixels, "16UC1", stamp, frame_id)


def unaligned(*poses: Recorded) -> list[Recorded]:
    """Depth of a camera of its own."""
    return [
        info(INFO, WIDTH, HEIGHT),
        info(DEPTH_INFO, WIDTH, HEIGHT, fx=40.0, frame_id=DEPTH_FRAME),
        *poses,
        colour(),
        depth(),
    ]


@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.bag"])
def test_depth_is_registered_by_static_transforms(bag: Bag, name: str) -> None:
    """The pose goes through a common parent: depth 0.1 m left of colour, so that what it sees moves right."""
    poses = (
        static_transform("camera_link", FRAME_ID, (0.3, 0, 0)),
        static_transform("camera_link", DEPTH_FRAME, (0.2, 0, 0)),
    )
    with BagSource(bag(unaligned(*poses), name)) as source:
        assert (
            f"depth {DEPTH} (16UC1) registered to colour by both camera infos and tf_static" in source.describe()
        )
        (frame,) = source
    assert frame.depth is not None
    assert frame.depth.shape == (HEIGHT, WIDTH)
    edge = 50 * ((29.5 - 31.5) / 40 * 2.0 - 0.1) / 2.0 + 31.5
    row = frame.depth[24]
    assert np.flatnonzero(row == 2.0)[0] == pytest.approx(edge, abs=1)
    near = 50 * ((29.5 - 31.5) / 40 - 0.1) + 31.5
    assert np.flatnonzero(row == 1.0)[-1] == pytest.approx(near, abs=1)


def test_depth_is_registered_by_the_extrinsics_of_realsense_ros(bag: Bag) -> None:
    pose = extrinsics("/camera/camera/extrinsics/depth_to_color", np.eye(3), (0.1, 0, 0))
    with BagSource(bag(unaligned(pose))) as source:
        assert (
            "registered to colour by both camera infos and /camera/camera/extrinsics/depth_to_color"
            in source.describe()
        )
        registration = source.choice.registration
    assert registration is not None
    assert registration.depth_to_colour[0, 3] == 0.1
    assert (registration.depth.fx, registration.colour.fx) == (40.0, 50.0)


def test_the_rotation_of_realsense_extrinsics_is_sent_by_columns(bag: Bag) -> None:
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    pose = extrinsics("/camera/camera/extrinsics/depth_to_color", turn, (0, 0, 0))
    with BagSource(bag(unaligned(pose))) as source:
        assert source.choice.registration is not None
        assert np.array_equal(source.choice.registration.depth_to_colour[:3, :3], turn)


def test_depth_is_registered_by_the_poses_of_a_librealsense_recording(bag: Bag) -> None:
    root, colour_root = "/device_0/sensor_0/Depth_0", "/device_0/sensor_1/Color_0"
    messages = [
        info(f"{root}/info/camera_info", WIDTH, HEIGHT, fx=40.0, frame_id=""),
        info(f"{colour_root}/info/camera_info", WIDTH, HEIGHT, frame_id=""),
        stream_pose(f"{root}/tf/0", (0, 0, 0)),
        stream_pose(f"{colour_root}/tf/0", (0.02, 0, 0)),
        colour(f"{colour_root}/image/data", frame_id="0"),
        image(f"{root}/image/data", np.full((HEIGHT, WIDTH), 1000, np.uint16), "mono16", frame_id="0"),
    ]
    with BagSource(bag(messages, "x.bag")) as source:
        assert source.choice.registration is not None
        assert source.choice.registration.depth_to_colour[0, 3] == 0.02
        assert source.choice.registration.origin == f"{colour_root}/tf/0"


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        (unaligned(), "the pose between the cameras is missing"),
        ([colour(), depth(), info(INFO, WIDTH, HEIGHT)], f"camera info of {DEPTH} is missing"),
        (
            [colour(), depth(), info(DEPTH_INFO, WIDTH, HEIGHT, frame_id=DEPTH_FRAME)],
            f"camera info of {COLOUR} is missing",
        ),
        (unaligned(static_transform("camera_link", DEPTH_FRAME, (0, 0, 0))), "the pose between the cameras"),
        (
            unaligned(static_transform(FRAME_ID, DEPTH_FRAME, (0, 0, 0), (0, 0, 0, 0))),
            "the pose between the cameras",
        ),
    ],
)
def test_depth_that_cannot_be_registered_is_left_out_by_name(
    bag: Bag, messages: list[Recorded], says: str
) -> None:
    path = bag(messages)
    with BagSource(path) as source:
        assert f"depth {DEPTH} left out: not registered to colour" in source.describe()
        assert says in source.describe()
        assert next(source).depth is None
    with pytest.raises(SourceError, match="cannot be used: not registered to colour") as caught:
        BagSource(path, named=NamedTopics(depth=DEPTH))
    assert "\n" not in str(caught.value)


def test_registered_depth_goes_before_depth_that_has_to_be_registered(bag: Bag) -> None:
    aligned = "/camera/camera/aligned_depth_to_color/image_raw"
    messages = unaligned(static_transform(FRAME_ID, DEPTH_FRAME, (0, 0, 0)))
    with BagSource(bag([*messages, depth(aligned, frame_id=FRAME_ID)])) as source:
        assert source.choice.depth is not None
        assert source.choice.depth.topic == aligned
        assert source.choice.registration is None


def test_topics_can_be_named(bag: Bag) -> None:
    messages = [
        info(INFO, WIDTH, HEIGHT),
        info("/other/info", WIDTH, HEIGHT, fx=70.0),
        info("/other/small", 8, 8),
        colour(),
        colour("/other/image"),
        depth("/other/depth", frame_id=FRAME_ID),
        depth("/camera/camera/aligned_depth_to_color/image_raw", frame_id=FRAME_ID),
        text("/chatter"),
    ]
    path = bag(messages)
    with BagSource(path, named=NamedTopics("/other/image", "/other/depth", "/other/info")) as source:
        frame = next(source)
        choice = source.choice
    assert (choice.colour.topic, choice.depth and choice.depth.topic) == ("/other/image", "/other/depth")
    assert frame.camera is not None
    assert frame.camera.fx == 70
    for named, says in [
        (NamedTopics(color="/chatter"), f"no image topic /chatter; the recording has .*{COLOUR} "),
        (NamedTopics(color="/other/depth"), "/other/depth cannot be used as the colour image: it holds depth"),
        (NamedTopics(depth=COLOUR), f"no depth topic {COLOUR}; the recording has .*/other/depth"),
        (NamedTopics(info="/nowhere"), f"no camera info topic /nowhere; the recording has .*{INFO}"),
        (NamedTopics(info="/other/small"), "camera info /other/small is for 8 x 8 px"),
    ]:
        with pytest.raises(SourceError, match=says) as caught:
            BagSource(path, named=named)
        assert "\n" not in str(caught.value)


def test_depth_that_is_named_may_be_a_whole_frame_away(bag: Bag) -> None:
    messages = [colour(stamp=START + k * 100 * MILLISECOND) for k in range(3)]
    for late, fits in ((80, True), (350, False)):
        path = bag([*messages, depth(stamp=START + late * MILLISECOND, frame_id=FRAME_ID)], f"x{late}.mcap")
        with BagSource(path) as source:
            assert ("left out" in source.describe()) != (late == 80)
        if not fits:
            with pytest.raises(SourceError, match=r"its stamps are 150 ms or more from colour's, over a frame"):
                BagSource(path, named=NamedTopics(depth=DEPTH))
    path = bag([colour(), depth(stamp=START + 25 * MILLISECOND, frame_id=FRAME_ID)], "y.mcap")
    with BagSource(path) as source:
        assert "25 ms or more from colour's, over half a frame" in source.describe()
    with BagSource(path, named=NamedTopics(depth=DEPTH)) as source:
        assert next(source).depth is not None


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        (
            [text("/chatter"), text("/image_raw")],
            r"no image topic at all, only /chatter \(std_msgs/msg/String\), /image_raw",
        ),
        ([], "no image topic at all, it is empty"),
    ],
)
def test_a_recording_without_images_says_what_it_has(bag: Bag, messages: list[Recorded], says: str) -> None:
    with pytest.raises(SourceError, match=says):
        BagSource(bag(messages))


def label(topic: str = TRUTH, size: tuple[int, int] = (HEIGHT, WIDTH), **changed: Any) -> Recorded:
    return image(topic, np.ones(size, np.uint16), "16UC1", **changed)


def test_the_topic_of_the_truth(bag: Bag) -> None:
    answered = "/segmentation/label_image"
    with BagSource(bag([colour(), label(answered)], "answered.mcap")) as source:
        assert choose_labels(source.images, source.choice.colour, None) is None
        assert choose_labels(source.images, source.choice.colour, answered) == answered
        for name, says in [
            (COLOUR, "its images are 'rgb8'; wanted 16UC1"),
            ("/nowhere", f"no image topic /nowhere; the recording has .*{answered}"),
        ]:
            with pytest.raises(SourceError, match=says):
                choose_labels(source.images, source.choice.colour, name)
    with BagSource(
        bag([colour(), label(answered), label(), label("/truth/small", (4, 4))], "true.mcap")
    ) as source:
        assert choose_labels(source.images, source.choice.colour, None) == TRUTH
        with pytest.raises(SourceError, match="they are 4 x 4 px, colour is 64 x 48"):
            choose_labels(source.images, source.choice.colour, "/truth/small")
        assert source.choice.depth is None


@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.bag"])
def test_raw_messages_are_those_that_are_read_as_ros2_has_them(bag: Bag, name: str) -> None:
    pose = static_transform(FRAME_ID, DEPTH_FRAME, (0.1, 0, 0))
    path = bag([*unaligned(pose), label(), text("/chatter"), colour("/other/image")], name)
    with BagSource(path) as source:
        given = list(source.raw_messages([TRUTH]))
        assert len(list(source)) == 1
    assert {topic for topic, *_ in given} == {COLOUR, INFO, DEPTH, DEPTH_INFO, "/tf_static", TRUTH}
    found = {topic: ROS2.deserialize_cdr(cdr, kind) for topic, kind, _, cdr in given}
    message: Any = found[COLOUR]
    assert (message.header.frame_id, message.header.stamp.sec) == (FRAME_ID, START // 10**9)
    assert (message.width, message.encoding, message.data[0]) == (WIDTH, "rgb8", 90)
    camera: Any = found[DEPTH_INFO]
    assert camera.k[0] == 40
    tf: Any = found["/tf_static"]
    assert tf.transforms[0].transform.translation.x == 0.1
    assert all(recorded == START for _, _, recorded, _ in given)


def test_peeking_does_not_move_on(bag: Bag) -> None:
    messages = [colour(stamp=START + k * 100 * MILLISECOND, **({"step": 1} if k == 1 else {})) for k in range(4)]
    with BagSource(bag(messages)) as source:
        next(source)
        stamps = [frame.stamp for frame in source.peek(2)]
        assert stamps == [START, START + 200 * MILLISECOND]
        assert len(source.peek(99)) == 3
        assert source.recorded == START
        assert len([m for _, m in source.messages_of(COLOUR)]) == 4


def test_colour_images_without_depth_are_counted(bag: Bag) -> None:
    stamps = [START + k * 100 * MILLISECOND for k in range(4)]
    messages = [colour(stamp=stamp) for stamp in stamps]
    with BagSource(bag([*messages, *(depth(stamp=s, frame_id=FRAME_ID) for s in stamps[::2])])) as source:
        source.peek(5)
        assert source.unpaired == 0
        assert len(list(source)) == 2
        assert source.unpaired == 2
