"""Messages to arrays and back; pixel data is always copied as one block."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField, RegionOfInterest
from std_msgs.msg import Header
from uois_sam_msgs.msg import Instance as InstanceMsg
from uois_sam_msgs.msg import InstanceArray
from uois_sam_msgs.msg import InstanceCloud as InstanceCloudMsg

from uois_sam.errors import InputError
from uois_sam.grasping.cloud_layout import cloud_layout, coloured_points, point_fields
from uois_sam.grasping.clouds import InstanceCloud
from uois_sam.sources.camera_info import camera_from_info
from uois_sam.sources.compressed_codec import decode_compressed_depth, decode_compressed_image
from uois_sam.sources.image_codec import decode_depth, decode_image, image_layout
from uois_sam.types import Camera, Instance, Instances

_MAX_MILLIMETRES = np.iinfo(np.uint16).max


def image_from_msg(message: Image | CompressedImage) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of a raw or compressed image.

    Raises:
        InputError: the encoding is not known, or sizes and data do not fit.
    """
    if isinstance(message, CompressedImage):
        return decode_compressed_image(message.format, message.data)
    return decode_image(
        message.encoding, message.width, message.height, message.step, message.is_bigendian, message.data
    )


def depth_from_msg(message: Image | CompressedImage, unit: float | None = None) -> NDArray[np.float32]:
    """(H, W) float32, metres, 0 where unknown; `unit` in metres per count overrides the encoding's.

    Raises:
        InputError: as `image_from_msg`.
    """
    if isinstance(message, CompressedImage):
        return decode_compressed_depth(message.format, message.data, unit)
    return decode_depth(
        message.encoding, message.width, message.height, message.step, message.is_bigendian, message.data, unit
    )


def camera_from_msg(message: CameraInfo) -> Camera:
    """Intrinsics of the image at hand: K, divided by the binning.

    Raises:
        InputError: the size is zero or K is that of an uncalibrated camera.
    """
    camera = camera_from_info(message.width, message.height, message.k, message.header.frame_id)
    bins_x, bins_y = max(1, message.binning_x), max(1, message.binning_y)
    if (bins_x, bins_y) == (1, 1):
        return camera
    return camera.resized(message.width // bins_x, message.height // bins_y)


def camera_to_msg(camera: Camera, header: Header) -> CameraInfo:
    """An undistorted CameraInfo."""
    fx, fy, cx, cy = camera.fx, camera.fy, camera.cx, camera.cy
    return CameraInfo(
        header=header,
        width=camera.width,
        height=camera.height,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def image_to_msg(image: NDArray[np.uint8], header: Header) -> Image:
    """rgb8 of (H, W, 3) uint8 RGB."""
    return _image(image, "rgb8", header)


def depth_to_msg(depth: NDArray[np.float32], header: Header) -> Image:
    """16UC1 millimetres of (H, W) float32 metres, as depth cameras send it; 0 beyond 65.5 m."""
    millimetres = depth * np.float32(1000) + np.float32(0.5)
    millimetres[millimetres >= _MAX_MILLIMETRES + 1] = 0
    return _image(millimetres.astype(np.uint16), "16UC1", header)


def label_image_to_msg(label_image: NDArray[np.uint16], header: Header) -> Image:
    """16UC1 of (H, W) uint16 labels."""
    return _image(label_image, "16UC1", header)


def mask_to_msg(mask: NDArray[np.bool_], header: Header) -> Image:
    """mono8 of (H, W) bool: 0 outside, 255 inside."""
    return _image(mask.astype(np.uint8) * np.uint8(255), "mono8", header)


def instance_to_msg(instance: Instance) -> InstanceMsg:
    """One instance."""
    x, y, w, h = instance.bbox
    return InstanceMsg(
        id=instance.id,
        label=instance.label,
        score=instance.score,
        roi=RegionOfInterest(x_offset=x, y_offset=y, width=w, height=h),
        area=instance.area,
        prompt_x=instance.prompt[0],
        prompt_y=instance.prompt[1],
    )


def instances_to_msg(instances: Instances, header: Header) -> InstanceArray:
    """All instances of the frame with this header."""
    height, width = instances.label_image.shape
    return InstanceArray(
        header=header,
        width=width,
        height=height,
        instances=[instance_to_msg(i) for i in instances],
        label_image=label_image_to_msg(instances.label_image, header),
    )


def instances_from_msg(message: InstanceArray) -> Instances:
    """The instances of a message.

    Raises:
        InputError: the label image is broken, or labels and list do not fit.
    """
    picture = message.label_image
    if picture.encoding != "16UC1" or picture.step < 2 * picture.width:
        raise InputError(
            f"label image is {picture.encoding!r} with step {picture.step}; "
            f"{picture.width} px want 16UC1 and at least {2 * picture.width} bytes"
        )
    if len(picture.data) != picture.step * picture.height:
        raise InputError(
            f"label image has {len(picture.data)} bytes; step and height want {picture.step * picture.height}"
        )
    order = np.dtype(">u2" if picture.is_bigendian else "<u2")
    rows = np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.step)[:, : 2 * picture.width]
    labels = np.ascontiguousarray(rows).view(order).astype(np.uint16)
    listed = message.instances
    if [i.label for i in listed] != list(range(1, len(listed) + 1)) or labels.max(initial=0) > len(listed):
        raise InputError(
            f"{len(listed)} instances do not fit the label image; labels must be 1 .. N, listed in order"
        )
    n = len(listed)
    boxes = [(i.roi.x_offset, i.roi.y_offset, i.roi.width, i.roi.height) for i in listed]
    return Instances(
        labels,
        np.array([i.id for i in listed], np.int64),
        np.array([i.score for i in listed], np.float32),
        np.array(boxes, np.int32).reshape(n, 4),
        np.array([i.area for i in listed], np.int32),
        np.array([(i.prompt_x, i.prompt_y) for i in listed], np.float32).reshape(n, 2),
    )


def cloud_to_msg(points: NDArray[np.void], header: Header) -> PointCloud2:
    """An unorganised cloud; the fields of the structured (N,) array are those of the message."""
    return PointCloud2(
        header=header,
        fields=[PointField(**one) for one in point_fields(points.dtype)],
        data=_block(points),
        **cloud_layout(points),
    )


def instance_cloud_to_msg(
    cloud: InstanceCloud, header: Header, grasp: NDArray[np.float32] | None = None
) -> InstanceCloudMsg:
    """The cloud of one instance, coloured; `grasp` (N,) becomes a field of its points where it is given."""
    low, high = cloud.bounds
    return InstanceCloudMsg(
        id=cloud.id,
        label=cloud.label,
        score=cloud.score,
        cloud=cloud_to_msg(coloured_points(cloud.points, cloud.colours, grasp), header),
        centroid=point_to_msg(cloud.centroid),
        min=point_to_msg(low),
        max=point_to_msg(high),
        measured_points=cloud.measured_points,
    )


def point_to_msg(xyz: Any) -> Point:
    """A point of three numbers."""
    x, y, z = (float(v) for v in xyz)
    return Point(x=x, y=y, z=z)


def _image(pixels: NDArray[Any], encoding: str, header: Header) -> Image:
    return Image(header=header, data=_block(pixels), **image_layout(pixels, encoding))


def _block(pixels: NDArray[Any]) -> array.array[int]:
    """The bytes as the message classes take them without a look at each: array.array of type B."""
    out = array.array("B")
    out.frombytes(np.ascontiguousarray(pixels).reshape(-1).view(np.uint8).data)
    return out
