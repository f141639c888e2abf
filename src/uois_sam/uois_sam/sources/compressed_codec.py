"""The formats of `sensor_msgs/CompressedImage` (image_transport_plugins) to RGB and metric depth, without ROS."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.sources.image_codec import check_image_size, decode_image, metric_depth

if TYPE_CHECKING:
    from typing_extensions import Buffer

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_DEPTH_HEADER = struct.Struct("<iff")  # compressed_depth_image_transport::ConfigHeader


def decode_compressed_image(image_format: str, data: Buffer) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG of colour or grey, as compressed_image_transport or a camera driver publishes it.

    Args:
        image_format: the message's `format`: "jpeg", "png", or "rgb8; jpeg compressed bgr8" and its like.
        data: the file's bytes.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        InputError: the bytes are neither JPEG nor PNG, are damaged, or hold an absurd size.
    """
    encoding, _, compression = (part.strip() for part in image_format.partition(";"))
    pixels = _decode_file(image_format, data)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2 and encoding.startswith("bayer"):
        height, width = pixels.shape
        return decode_image(encoding, width, height, width, False, np.ascontiguousarray(pixels).data)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    # As the transport's own subscriber reads it: unless it says "compressed bgr", the planes were stored as RGB.
    stored_as_rgb = compression and not encoding.startswith("mono") and "compressed bgr" not in compression
    bgr = np.ascontiguousarray(pixels[..., :3], np.uint8)
    return bgr if stored_as_rgb else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def decode_compressed_depth(image_format: str, data: Buffer, unit: float | None = None) -> NDArray[np.float32]:
    """Decode depth of compressed_depth_image_transport (PNG only), or a plain 16-bit PNG.

    Args:
        image_format: the message's `format`, such as "16UC1; compressedDepth png" or "32FC1; compressedDepth".
        data: a 12-byte header, then the PNG; or the PNG alone.
        unit: metres per count of 16UC1, in place of millimetres.

    Returns:
        (H, W) float32, metres, 0 where unknown.

    Raises:
        InputError: the compression or encoding is not supported, or the bytes are damaged.
    """
    encoding = image_format.partition(";")[0].strip()
    if "rvl" in image_format.lower():
        raise InputError(f"depth format {image_format!r} is not supported; record or publish it as png")
    raw = memoryview(data).cast("B")
    quantisation = (0.0, 0.0)
    if "compressedDepth" in image_format and bytes(raw[: len(_PNG)]) != _PNG:
        if len(raw) <= _DEPTH_HEADER.size:
            raise InputError(f"compressed depth has {len(raw)} bytes; wanted a 12-byte header and a PNG")
        quantisation = _DEPTH_HEADER.unpack_from(raw)[1:]
        raw = raw[_DEPTH_HEADER.size :]
    samples = _decode_file(image_format, raw)
    if samples.ndim != 2 or samples.dtype != np.uint16:
        raise InputError(f"compressed depth decodes to {samples.shape} {samples.dtype}; wanted (H, W) uint16")
    if encoding != "32FC1":
        return metric_depth(samples, unit)
    a, b = quantisation
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(samples > 0, a / (samples.astype(np.float32) - np.float32(b)), 0)
    return metric_depth(inverse.astype(np.float32))


def _decode_file(image_format: str, data: Buffer) -> NDArray[Any]:
    """(H, W) or (H, W, C) as stored, colour in BGR order."""
    raw = np.frombuffer(memoryview(data), np.uint8)
    head = raw[:8].tobytes()
    if head == _PNG:
        size = _png_size(raw)
    elif head.startswith(_JPEG):
        size = _jpeg_size(raw)
    else:
        raise InputError(f"compressed image ({image_format!r}, {raw.size} bytes) is neither JPEG nor PNG")
    if size is None:
        raise InputError(f"compressed image ({image_format!r}, {raw.size} bytes) is truncated")
    check_image_size(*size)
    pixels = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise InputError(f"compressed image ({image_format!r}, {raw.size} bytes) is damaged or truncated")
    return np.asarray(pixels)


def _png_size(raw: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Width and height of the header chunk; None where the chunks do not end with IEND within the bytes."""
    at = len(_PNG)
    while at + 12 <= raw.size:
        length, kind = struct.unpack(">I4s", raw[at : at + 8].tobytes())
        if kind == b"IEND" and raw.size >= 24:
            width, height = struct.unpack(">II", raw[16:24].tobytes())
            return width, height
        at += 12 + length
    return None


def _jpeg_size(raw: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Width and height of the start-of-frame segment (ITU T.81, B.2.2); None where there is none."""
    at = 2
    while at + 9 <= raw.size and raw[at] == 0xFF:
        marker = int(raw[at + 1])
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", raw[at + 5 : at + 9].tobytes())
            return width, height
        at += 2 + int(raw[at + 2]) * 256 + int(raw[at + 3])
    return None
