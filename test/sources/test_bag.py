"""Recordings of ROS 1 and ROS 2 as frames: topics, pairing, registration, damage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from recordings import FRAME_ID, MILLISECOND, START, Recorded, compressed, image, info

from uois_sam.errors import InputError, SourceError
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_topics import NamedTopics

WIDTH, HEIGHT = 8, 6
COLOUR = "/camera/camera/color/image_raw"
DEPTH = "/camera/camera/aligned_depth_to_color/image_raw"
INFO = "/camera/camera/color/camera_info"

Bag = Callable[..., Path]


def colour(index: int, encoding: str = "rgb8", **changed: Any) -> Recorded:
    pixels = np.full((HEIGHT, WIDTH, 3), 10 * index, np.uint8)
    pixels[0, 0] = (200, 100, 50)
    return image(COLOUR, pixels, encoding, START + index * 100 * MILLISECOND, **changed)


def depth(index: int, topic: str = DEPTH, offset: int = 0, **changed: Any) -> Recorded:
    pixels = np.full((HEIGHT, WIDTH), 500 + index, np.uint16)
    return image(topic, pixels, "16UC1", START + (index * 100 + offset) * MILLISECOND, **changed)


def recording(frames: int = 4, offset: int = 0) -> list[Recorded]:
    messages = [info(INFO, WIDTH, HEIGHT)]
    for k in range(frames):
        messages += [colour(k), depth(k, offset=offset)]
    return messages


@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.bag"])
def test_reads_colour_depth_and_intrinsics(bag: Bag, name: str) -> None:
    with BagSource(bag(recording(), name)) as source:
        frames = list(source)
        assert source.rate == pytest.approx(10)
        assert all(topic in source.describe() for topic in (COLOUR, DEPTH, INFO))
    assert [f.stamp for f in frames] == [START + k * 100 * MILLISECOND for k in range(4)]
    assert frames[1].image[0, 0].tolist() == [200, 100, 50]
    assert frames[3].depth is not None
    assert frames[3].depth.dtype == np.float32
    assert frames[3].depth[2, 2] == pytest.approx(0.503)
    assert frames[0].camera is not None
    assert (frames[0].camera.fx, frames[0].camera.frame_id) == (50.0, FRAME_ID)


@pytest.mark.parametrize("suffix", [".mcap", ".db3"])
def test_reads_the_storage_file_alone(bag: Bag, suffix: str) -> None:
    folder = bag(recording(), "x" + suffix)
    assert len(list(BagSource(folder / f"x{suffix}"))) == 4
    (folder / "metadata.yaml").unlink()
    assert len(list(BagSource(folder))) == 4


def test_loop_begins_again(bag: Bag) -> None:
    with BagSource(bag(recording(3)), loop=True) as source:
        stamps = [next(source).stamp for _ in range(7)]
    assert stamps[:3] == stamps[3:6]
    assert stamps[6] == stamps[0]


def test_pairs_the_nearest_depth_within_half_a_frame(bag: Bag) -> None:
    messages = recording(4, offset=30)
    del messages[4]  # the second frame's depth
    with BagSource(bag(messages)) as source:
        frames = list(source)
    assert [f.depth[0, 0] for f in frames if f.depth is not None] == pytest.approx([0.5, 0.502, 0.503])


def test_depth_recorded_before_its_colour_is_paired_by_stamp(bag: Bag) -> None:
    messages = recording(4)
    late = [m for m in messages if m.topic != DEPTH]
    early = [m for m in messages if m.topic == DEPTH]
    with BagSource(bag(early + late)) as source:
        assert [f.depth[0, 0] for f in source if f.depth is not None] == pytest.approx([0.5, 0.501, 0.502, 0.503])


def test_compressed_topics(bag: Bag) -> None:
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[..., 0] = 180
    png = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
    plane = cv2.imencode(".png", np.full((HEIGHT, WIDTH), 700, np.uint16))[1].tobytes()
    messages = [
        info(INFO, WIDTH, HEIGHT),
        compressed(COLOUR + "/compressed", png, "rgb8; png compressed bgr8"),
        compressed(DEPTH + "/compressedDepth", bytes(12) + plane, "16UC1; compressedDepth png"),
    ]
    (frame,) = BagSource(bag(messages))
    assert np.array_equal(frame.image, rgb)
    assert frame.depth is not None
    assert frame.depth[0, 0] == pytest.approx(0.7)
    assert frame.camera is not None


def test_prefers_aligned_depth_colour_and_raw_images(bag: Bag) -> None:
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    png = cv2.imencode(".png", grey)[1].tobytes()
    messages = [
        image("/camera/camera/infra1/image_rect_raw", grey, "mono8", frame_id="camera_infra1_optical_frame"),
        image("/segmentation/label_image", grey.astype(np.uint16), "16UC1"),
        image("/segmentation/overlay", np.zeros((HEIGHT, WIDTH, 3), np.uint8), "rgb8"),
        compressed(COLOUR + "/compressed", png, "rgb8; png compressed bgr8"),
        depth(0, "/camera/camera/depth/image_rect_raw", frame_id="camera_depth_optical_frame"),
        *recording(2),
    ]
    with BagSource(bag(messages)) as source:
        choice = source.choice
    assert choice.colour.topic == COLOUR
    assert choice.depth is not None
    assert choice.depth.topic == DEPTH


def without(messages: list[Recorded], topic: str) -> list[Recorded]:
    return [m for m in messages if m.topic != topic]


RAW_DEPTH = "/camera/camera/depth/image_rect_raw"


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ([depth(0, RAW_DEPTH, frame_id="camera_depth_optical_frame")], "its frame is camera_depth_optical_frame"),
        ([image(RAW_DEPTH, np.ones((4, 4), np.uint16), "16UC1")], "it is 4 x 4 px, not 8 x 6"),
        (
            [depth(0, RAW_DEPTH), info("/camera/camera/depth/camera_info", WIDTH, HEIGHT, fx=30)],
            "its camera info has fx 30.0",
        ),
        ([depth(9, RAW_DEPTH)], "stamps are"),
        ([compressed(RAW_DEPTH + "/compressedDepth", bytes(40), "16UC1; compressedDepth rvl")], "not supported"),
    ],
)
def test_depth_that_is_not_registered_is_left_out_by_name(
    bag: Bag, caplog: pytest.LogCaptureFixture, extra: list[Recorded], says: str
) -> None:
    messages = without(recording(3), DEPTH) + extra
    with BagSource(bag(messages)) as source:
        assert source.choice.depth is None
        assert says in source.describe()
        assert RAW_DEPTH in source.describe()
        frames = list(source)
    assert says in caplog.text
    assert len(frames) == 3
    assert frames[0].depth is None


def test_the_real_unaligned_recording(shared_dir: Path) -> None:
    """Its depth is 102 ms from its only colour image: too far, unless somebody names it; then it is registered."""
    path = shared_dir / "realdata" / "bags" / "d435_unaligned_ros1.bag"
    topic = "/device_0/sensor_0/Depth_0/image/data"
    with BagSource(path) as source:
        assert f"{topic} left out: its stamps are 102 ms" in source.describe()
        (frame,) = source
    assert frame.depth is None
    assert frame.image.shape == (480, 640, 3)
    assert frame.camera is not None
    assert frame.camera.fx == pytest.approx(613.2, abs=0.1)
    with BagSource(path, named=NamedTopics(depth=topic)) as source:
        assert "registered to colour by both camera infos and /device_0/sensor_1/Color_0/tf/0" in source.describe()
        (frame,) = source
    assert frame.depth is not None
    assert (frame.depth > 0).mean() > 0.9
    # The edge of the whiteboard's wall: far left of column 330, nearer and nearer right of it.
    assert np.median(frame.depth[50:150, 100:250]) > 1.6
    assert np.median(frame.depth[50:150, 400:420]) < 1.2


def test_uncalibrated_camera_info_gives_no_intrinsics(bag: Bag, caplog: pytest.LogCaptureFixture) -> None:
    messages = [*without(recording(2), INFO), info(INFO, WIDTH, HEIGHT, fx=0)]
    with BagSource(bag(messages)) as source:
        assert next(source).camera is None
    assert "focal lengths must be positive" in caplog.text


def test_a_broken_message_is_refused_and_the_next_frame_is_given(bag: Bag) -> None:
    messages = [
        info(INFO, WIDTH, HEIGHT),
        colour(0),
        colour(1, step=1),
        colour(2, encoding="nv12"),
        image(COLOUR, np.zeros((3, 3, 3), np.uint8), "rgb8", START + 300 * MILLISECOND),
        colour(4),
    ]
    with BagSource(bag(messages)) as source:
        assert next(source).stamp == START
        for says in ("step is 1", "'nv12' is not supported", "is 3 x 3; the recording began with 8 x 6"):
            with pytest.raises(InputError, match=says):
                next(source)
        assert next(source).stamp == START + 400 * MILLISECOND


def test_depth_that_changes_size_is_refused(bag: Bag) -> None:
    wrong = image(DEPTH, np.ones((2, 2), np.uint16), "16UC1", START + 100 * MILLISECOND)
    with BagSource(bag([colour(0), depth(0), colour(1), wrong])) as source:
        next(source)
        with pytest.raises(InputError, match="is 2 x 2; colour is 8 x 6"):
            next(source)


def test_stamps_of_zero_become_the_time_of_recording(bag: Bag) -> None:
    message = image(COLOUR, np.zeros((HEIGHT, WIDTH, 3), np.uint8), "rgb8", stamp=0)
    with BagSource(bag([message])) as source:
        assert next(source).stamp == START


def test_recordings_without_usable_images_are_refused(bag: Bag) -> None:
    with pytest.raises(SourceError, match="no image topic at all"):
        BagSource(bag([info(INFO, WIDTH, HEIGHT)], "a.mcap"))
    with pytest.raises(SourceError, match="encoding 'nv12' is not supported"):
        BagSource(bag([colour(0, encoding="nv12")], "b.mcap"))
    with pytest.raises(SourceError, match="neither JPEG nor PNG"):
        BagSource(bag([compressed(COLOUR + "/compressed", b"rubbish", "jpeg")], "c.mcap"))
    with pytest.raises(SourceError, match="no image topic at all"):
        BagSource(bag([], "d.mcap"))


@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.bag"])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.7, 0.97])
def test_truncated_recordings_end_in_one_line(bag: Bag, name: str, keep: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = bag([image(COLOUR, noise, "rgb8", START + k * 100 * MILLISECOND) for k in range(20)], name)
    file = path / name if path.is_dir() else path
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(SourceError, match="damaged, truncated or foreign") as caught, BagSource(file) as source:
        list(source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.bag"])
def test_flipped_bytes_end_in_a_typed_error_or_in_frames(bag: Bag, name: str) -> None:
    path = bag(recording(), name)
    file = path / name if path.is_dir() else path
    good = file.read_bytes()
    rng = np.random.default_rng(1)
    for at in rng.integers(0, len(good), 20):
        data = bytearray(good)
        data[at] ^= int(rng.integers(1, 256))
        file.write_bytes(data)
        try:
            with BagSource(file) as source:
                assert all(frame.image.shape == (HEIGHT, WIDTH, 3) for frame in source)
        except (SourceError, InputError):
            continue


@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.bag"])
def test_foreign_files_and_missing_ones(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(SourceError, match="no recording at"):
        BagSource(path)
    path.write_bytes(b"not a recording at all, but some text\n" * 40)
    with pytest.raises(SourceError, match="damaged, truncated or foreign"):
        BagSource(path)


def test_a_folder_of_several_recordings_wants_a_name(tmp_path: Path) -> None:
    for name in ("a.mcap", "b.mcap"):
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match="2 recordings; name one"):
        BagSource(tmp_path)


def test_reading_after_close_says_so(bag: Bag) -> None:
    source = BagSource(bag(recording()))
    source.close()
    source.close()
    with pytest.raises(SourceError, match="was closed"):
        next(source)
