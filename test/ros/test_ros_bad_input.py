"""What cameras send wrongly: a bad frame is refused in one line, and the next good frame is answered."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from doubles import BLOBS, plane, table
from probe import CAMERA, Inbox, NodeProcess, Probe, clouds_of, instances_of, values
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from uois_sam.nodes.convert import camera_to_msg, depth_to_msg, image_to_msg
from uois_sam.nodes.stamps import stamp_ns, to_time
from uois_sam.nodes.topics import IMAGE, SENSOR_QOS
from uois_sam.types import Camera

HEADER = Image().header


class Rig:
    """A running perception, and the inboxes of its results."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.instances: Inbox = instances_of(probe)
        self.clouds: Inbox = clouds_of(probe)
        self.process = NodeProcess("perception", model=BLOBS)
        probe.active("/segmentation")
        probe.active("/grasp_bridge")
        probe.until(lambda: probe.image.get_subscription_count() > 0, "subscription to the image")
        probe.until(lambda: probe.depth.get_subscription_count() > 0, "subscription to the depth")

    def good(self, count: int) -> Any:
        """A good frame is answered with as many instances as it shows."""
        answer = self.probe.answer(self.instances, lambda: self.probe.send(table(count), plane()))
        assert len(answer.instances) == count
        return answer


@pytest.fixture(scope="module")
def rig(probe: Probe) -> Iterator[Rig]:
    rig = Rig(probe)
    rig.good(3)
    yield rig
    assert rig.process.stop() == 0


def encoded(encoding: str, pixels: np.ndarray, step: int | None = None, bigendian: bool = False) -> Image:
    """A message of any encoding; `pixels` as they lie in memory."""
    message = image_to_msg(np.zeros((1, 1, 3), np.uint8), HEADER)
    height, width = pixels.shape[:2]
    message.encoding, message.width, message.height = encoding, width, height
    message.step = pixels.nbytes // height if step is None else step
    message.is_bigendian = int(bigendian)
    message.data = array.array("B", pixels.tobytes())
    return message


RGB = table(4)
GREY = np.ascontiguousarray(RGB[..., 0])
YUV = cv2.cvtColor(RGB, cv2.COLOR_RGB2YUV)
UYVY = np.stack([YUV[..., 1], GREY], 2)
YUYV = np.stack([GREY, YUV[..., 1]], 2)
PADDED = np.pad(RGB.reshape(120, 480), ((0, 0), (0, 20)), constant_values=255)

ENCODINGS = {
    "rgb8": encoded("rgb8", RGB),
    "bgr8": encoded("bgr8", RGB),
    "rgba8": encoded("rgba8", np.dstack([RGB, GREY])),
    "bgra8": encoded("bgra8", np.dstack([RGB, GREY])),
    "8UC3": encoded("8UC3", RGB),
    "mono8": encoded("mono8", GREY),
    "mono16": encoded("mono16", GREY.astype("<u2") << 8),
    "mono16, big endian": encoded("mono16", (GREY.astype(np.uint16) << 8).astype(">u2"), bigendian=True),
    "yuv422": encoded("yuv422", UYVY),
    "yuv422_yuy2": encoded("yuv422_yuy2", YUYV),
    "bayer_rggb8": encoded("bayer_rggb8", GREY),
    "bayer_bggr8": encoded("bayer_bggr8", GREY),
    "bayer_gbrg8": encoded("bayer_gbrg8", GREY),
    "bayer_grbg8": encoded("bayer_grbg8", GREY),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_that_cameras_send_is_answered(rig: Rig, name: str) -> None:
    answer = rig.probe.answer(rig.instances, lambda: rig.probe.send(ENCODINGS[name], plane()))
    assert len(answer.instances) == 4


def test_padded_rows_are_read_by_their_step(rig: Rig) -> None:
    message = encoded("rgb8", RGB, step=500)
    message.data = array.array("B", PADDED.tobytes())
    answer = rig.probe.answer(rig.instances, lambda: rig.probe.send(message, plane()))
    assert len(answer.instances) == 4


def truncated() -> Image:
    message = encoded("rgb8", RGB)
    message.data = message.data[: len(message.data) // 2]
    return message


def nothing() -> Image:
    message = encoded("rgb8", RGB)
    message.width = message.height = message.step = 0
    message.data = array.array("B")
    return message


def info(**changes: Any) -> CameraInfo:
    message = camera_to_msg(CAMERA, HEADER)
    for name, value in changes.items():
        setattr(message, name, value)
    return message


ONE_PIXEL = encoded("rgb8", RGB[:1, :1])
ONE_PIXEL_DEPTH = depth_to_msg(plane(1, 1), HEADER)
NO_FOCUS = [0.0] * 9
NAN_FOCUS = [float("nan"), 0.0, 80.0, 0.0, 150.0, 60.0, 0.0, 0.0, 1.0]

REFUSED: dict[str, tuple[Callable[[Probe], int], str]] = {
    "an encoding that is not known": (
        lambda p: p.send(encoded("rgb16", RGB), plane()),
        "image encoding 'rgb16' is not supported",
    ),
    "depth sent as colour": (
        lambda p: p.send(encoded("32FC1", plane()), plane()),
        "image encoding '32FC1' is not supported",
    ),
    "no encoding at all": (lambda p: p.send(encoded("", RGB), plane()), "image encoding '' is not supported"),
    "step too small": (lambda p: p.send(encoded("rgb8", RGB, step=100), plane()), "step is 100 bytes"),
    "step too large": (lambda p: p.send(encoded("rgb8", RGB, step=1000), plane()), "image data has 57600 bytes"),
    "truncated data": (lambda p: p.send(truncated(), plane()), "image data has 28800 bytes"),
    "zero size": (lambda p: p.send(nothing(), plane()), "image is 0 x 0"),
    "one pixel": (
        lambda p: p.send(ONE_PIXEL, ONE_PIXEL_DEPTH, Camera(1, 1, 0, 0, 1, 1)),
        "image is 1 x 1 pixels",
    ),
    "depth of another size": (lambda p: p.send(RGB, plane(80, 60)), "depth is 80 x 60 for an image of 160 x 120"),
    "depth of a colour encoding": (
        lambda p: p.send(RGB, encoded("rgb8", RGB)),
        "depth encoding 'rgb8' is not supported",
    ),
    "truncated depth": (
        lambda p: p.send(RGB, encoded("16UC1", GREY.astype("<u2"), step=100)),
        "step is 100 bytes; 160 px of 16UC1",
    ),
    "intrinsics of another size": (
        lambda p: p.send(RGB, plane(), CAMERA.resized(640, 480)),
        "camera_info is of 640 x 480",
    ),
    "zero intrinsics": (lambda p: p.send(RGB, plane(), info(k=NO_FOCUS)), "camera intrinsics are fx=0.0"),
    "intrinsics that are not numbers": (
        lambda p: p.send(RGB, plane(), info(k=NAN_FOCUS)),
        "camera intrinsics are fx=nan",
    ),
    "zero size of intrinsics": (
        lambda p: p.send(RGB, plane(), info(width=0, height=0)),
        "camera size is 0 x 0",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_frame_is_refused_in_one_line_and_the_next_good_one_answered(rig: Rig, name: str) -> None:
    send, reason = REFUSED[name]
    line = rig.probe.refusal("segmentation", lambda: send(rig.probe))
    assert reason in line
    assert "\n" not in line
    rig.good(2)
    assert rig.process.alive


def test_diagnostics_count_refused_frames_and_name_the_last_reason(rig: Rig) -> None:
    before = int(values(rig.probe.status("/segmentation"))["frames refused"])
    rig.probe.refusal("segmentation", lambda: rig.probe.send(encoded("left_is_right", RGB), plane()))
    status = rig.probe.status("/segmentation", lambda s: int(values(s)["frames refused"]) > before)
    assert "left_is_right" in values(status)["last refusal"]


@pytest.mark.parametrize("metres", [0.0, np.nan, np.inf, -np.inf, -1.0])
def test_depth_without_a_measurement_gives_masks_and_refused_clouds(rig: Rig, metres: float) -> None:
    depth = encoded("32FC1", plane(metres=metres))
    answer = rig.probe.answer(rig.clouds, lambda: rig.probe.send(table(3), depth))
    assert [len(answer.clouds), list(answer.refused_ids)] == [0, [1, 2, 3]]
    assert all("0 clean points" in line for line in answer.refusals)
    assert rig.instances.wait(lambda m: stamp_ns(m.header.stamp) == stamp_ns(answer.header.stamp)) is not None


def test_a_twelve_megapixel_image_is_answered(rig: Rig) -> None:
    image = np.full((3000, 4000, 3), 40, np.uint8)
    for x in range(100, 4000, 800):
        image[1000:1300, x : x + 300] = 230
    depth = np.full((3000, 4000), 600, np.uint16)
    camera = Camera(3750, 3750, 1999.5, 1499.5, 4000, 3000)
    answer = rig.probe.answer(rig.instances, lambda: rig.probe.send(image, encoded("16UC1", depth), camera))
    assert (answer.width, answer.height, len(answer.instances)) == (4000, 3000, 5)
    assert rig.clouds.wait(lambda m: m.header == answer.header) is not None
    rig.good(1)


def test_stamps_that_go_backwards_are_counted_and_answered(rig: Rig) -> None:
    rig.good(1)
    before = int(values(rig.probe.status("/segmentation"))["stamps went backwards"])
    rig.probe.stamp = past = rig.probe.stamp - 3_600_000_000_000
    answer = rig.good(2)
    assert past < stamp_ns(answer.header.stamp) < past + 3_600_000_000_000
    assert int(values(rig.probe.status("/segmentation"))["stamps went backwards"]) > before


def test_an_empty_table_is_answered_with_an_empty_array_and_the_same_header(rig: Rig) -> None:
    answer = rig.good(0)
    assert answer.header.frame_id == "camera_color_optical_frame"
    assert (answer.width, answer.height) == (160, 120)
    assert not any(answer.label_image.data)
    clouds = rig.clouds.wait(lambda m: m.header == answer.header)
    assert (list(clouds.clouds), list(clouds.refused_ids)) == ([], [])


def test_compressed_images_are_answered_and_damaged_ones_refused(probe: Probe) -> None:
    process = NodeProcess("segmentation", "-r", "__ns:=/zipped", model=BLOBS, image_transport="compressed")
    publisher = probe.node.create_publisher(CompressedImage, f"/zipped/{IMAGE}/compressed", SENSOR_QOS)
    inbox = instances_of(probe, "/zipped/")
    bgr = cv2.cvtColor(table(6), cv2.COLOR_RGB2BGR)

    def send(kind: str, data: bytes) -> int:
        message = CompressedImage(format=kind, data=array.array("B", data))
        stamp = probe.next_stamp()
        message.header.stamp = to_time(stamp)
        publisher.publish(message)
        return stamp

    def packed(suffix: str) -> bytes:
        return bytes(cv2.imencode(suffix, bgr)[1].tobytes())

    try:
        probe.active("/zipped/segmentation")
        for kind, suffix in (("jpeg", ".jpg"), ("png", ".png"), ("bgr8; jpeg compressed bgr8", ".jpg")):
            answer = probe.answer(inbox, lambda kind=kind, suffix=suffix: send(kind, packed(suffix)))
            assert len(answer.instances) == 6
        for data, reason in (
            (packed(".png")[:400], "truncated"),
            (b"GIF89a" + bytes(100), "neither JPEG nor PNG"),
            (b"", "neither JPEG nor PNG"),
        ):
            assert reason in probe.refusal("zipped.segmentation", lambda data=data: send("png", data))
            probe.answer(inbox, lambda: send("png", packed(".png")))
    finally:
        assert process.stop() == 0
        probe.node.destroy_publisher(publisher)
