"""The encodings of `sensor_msgs/Image` to RGB and metric depth (REP 118), without ROS.

`rosbags-image` converts too, but ignores `step`, so that padded rows come out skewed, and has no typed errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_PIXELS = 64_000_000
"""Larger images are refused: no camera sends them, a broken header does."""

MILLIMETRE = 0.001


@dataclass(frozen=True)
class _Layout:
    """How one encoding lies in memory, and the OpenCV conversion to RGB (None: already RGB)."""

    dtype: str
    channels: int
    to_rgb: int | None = None


# ROS names a Bayer pattern by its first 2 x 2 pixels, as OpenCV's four-letter aliases do; OpenCV's two-letter
# names mean the pixels one row and one column further.
_COLOUR: dict[str, _Layout] = {
    "rgb8": _Layout("u1", 3),
    "bgr8": _Layout("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": _Layout("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": _Layout("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": _Layout("u1", 1, cv2.COLOR_GRAY2RGB),
    "mono16": _Layout("u2", 1, cv2.COLOR_GRAY2RGB),
    "8UC1": _Layout("u1", 1, cv2.COLOR_GRAY2RGB),
    "8UC3": _Layout("u1", 3, cv2.COLOR_BGR2RGB),
    "16UC1": _Layout("u2", 1, cv2.COLOR_GRAY2RGB),
    "yuv422": _Layout("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": _Layout("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": _Layout("u1", 2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": _Layout("u1", 2, cv2.COLOR_YUV2RGB_YUY2),
    "bayer_rggb8": _Layout("u1", 1, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr8": _Layout("u1", 1, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg8": _Layout("u1", 1, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg8": _Layout("u1", 1, cv2.COLOR_BayerGRBG2RGB),
}

_DEPTH: dict[str, _Layout] = {
    "16UC1": _Layout("u2", 1),
    "mono16": _Layout("u2", 1),
    "32FC1": _Layout("f4", 1),
}

_LABELS: dict[str, _Layout] = {
    "16UC1": _Layout("u2", 1),
    "mono16": _Layout("u2", 1),
    "8UC1": _Layout("u1", 1),
    "mono8": _Layout("u1", 1),
}

COLOUR_ENCODINGS = tuple(_COLOUR)
DEPTH_ENCODINGS = tuple(_DEPTH)


def decode_image(
    encoding: str, width: int, height: int, step: int, is_bigendian: bool | int, data: Buffer
) -> NDArray[np.uint8]:
    """Decode the pixels of a `sensor_msgs/Image` of colour or grey.

    8UC1 and 16UC1 are read as mono8 and mono16, 8UC3 as bgr8 (OpenCV's order). 16-bit grey is scaled to 8 bits
    over its full range. Bayer mosaics are interpolated bilinearly.

    Args:
        encoding: a name of sensor_msgs/image_encodings.hpp; see `COLOUR_ENCODINGS`.
        width, height: px.
        step: bytes per row, padding included.
        is_bigendian: byte order of 16-bit samples.
        data: step * height bytes.

    Returns:
        (height, width, 3) uint8 RGB, a copy.

    Raises:
        InputError: the encoding is not supported, the size is zero or absurd, or `step` or the number of bytes
            does not fit.
    """
    layout = _layout(_COLOUR, "image", encoding)
    pixels = _pixels(layout, encoding, width, height, step, is_bigendian, data)
    if layout.dtype == "u2":
        pixels = (pixels >> 8).astype(np.uint8)
    if layout.to_rgb is None:
        return np.array(pixels, np.uint8)
    if layout.channels == 2 and width % 2:
        raise InputError(f"{encoding} image is {width} px wide; 4:2:2 chroma wants an even width")
    if encoding.startswith("bayer") and min(width, height) < 3:
        raise InputError(f"{encoding} image is {width} x {height}; a mosaic wants at least 3 x 3 px")
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), layout.to_rgb), np.uint8)


def decode_depth(
    encoding: str,
    width: int,
    height: int,
    step: int,
    is_bigendian: bool | int,
    data: Buffer,
    unit: float | None = None,
) -> NDArray[np.float32]:
    """Decode the pixels of a `sensor_msgs/Image` of depth (REP 118).

    Args:
        encoding: 16UC1 or mono16 (millimetres), or 32FC1 (metres).
        width, height: px.
        step: bytes per row, padding included.
        is_bigendian: byte order of the samples.
        data: step * height bytes.
        unit: metres per count, in place of the encoding's own.

    Returns:
        (height, width) float32, metres, 0 where unknown (NaN, infinite or negative samples).

    Raises:
        InputError: as `decode_image`, or the unit is not positive.
    """
    layout = _layout(_DEPTH, "depth", encoding)
    samples = _pixels(layout, encoding, width, height, step, is_bigendian, data)
    return metric_depth(samples, unit)


def decode_labels(
    encoding: str, width: int, height: int, step: int, is_bigendian: bool | int, data: Buffer
) -> NDArray[np.uint16]:
    """Decode the pixels of a `sensor_msgs/Image` of labels: (height, width) uint16, a copy.

    Args:
        encoding: 16UC1, mono16, 8UC1 or mono8. The others are those of `decode_image`.

    Raises:
        InputError: as `decode_image`.
    """
    layout = _layout(_LABELS, "label", encoding)
    return _pixels(layout, encoding, width, height, step, is_bigendian, data).astype(np.uint16)


def metric_depth(samples: NDArray[Any], unit: float | None = None) -> NDArray[np.float32]:
    """Depth samples in metres.

    Args:
        samples: (H, W) uint16 (millimetres) or float32 (metres).
        unit: metres per count, in place of the type's own.

    Returns:
        (H, W) float32, metres, 0 where a sample is NaN, infinite or negative.

    Raises:
        InputError: the unit is not positive and finite.
    """
    if unit is None:
        unit = MILLIMETRE if samples.dtype.kind == "u" else 1.0
    if not (np.isfinite(unit) and unit > 0):
        raise InputError(f"depth unit is {unit}; give the metres per count, such as 0.001")
    depth = samples.astype(np.float32) * np.float32(unit)
    if samples.dtype.kind != "u":
        depth[~(np.isfinite(depth) & (depth > 0))] = 0
    return depth


def millimetres(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(H, W) uint16 millimetres of (H, W) metres, as 16UC1 has them; 0, unknown, where they find no room there."""
    counts = np.round(depth * np.float32(1000))
    return np.where((counts > 0) & (counts <= np.iinfo(np.uint16).max), counts, 0).astype(np.uint16)


def check_image_size(width: int, height: int) -> None:
    """Refuse sizes that no camera has.

    Raises:
        InputError: a side is not positive, or there are more than `MAX_PIXELS` pixels.
    """
    if width <= 0 or height <= 0:
        raise InputError(f"image is {width} x {height}; wanted a positive width and height")
    if width * height > MAX_PIXELS:
        raise InputError(
            f"image is {width} x {height}; more than {MAX_PIXELS // 1_000_000} megapixels are refused"
        )


def _layout(known: dict[str, _Layout], what: str, encoding: str) -> _Layout:
    layout = known.get(encoding)
    if layout is None:
        raise InputError(f"{what} encoding {encoding!r} is not supported; known are {', '.join(known)}")
    return layout


def _pixels(
    layout: _Layout, encoding: str, width: int, height: int, step: int, is_bigendian: bool | int, data: Buffer
) -> NDArray[Any]:
    """(height, width[, channels]) in the layout's type and the machine's byte order, a view where it can be."""
    check_image_size(width, height)
    dtype = np.dtype(layout.dtype).newbyteorder(">" if is_bigendian else "<")
    row = width * layout.channels * dtype.itemsize
    flat = np.frombuffer(memoryview(data), np.uint8)
    if step < row:
        raise InputError(f"step is {step} bytes; {width} px of {encoding} want at least {row}")
    if flat.size != step * height:
        raise InputError(f"image data has {flat.size} bytes; step {step} x height {height} wants {step * height}")
    rows = flat.reshape(height, step)[:, :row]
    if dtype.itemsize > 1:
        rows = np.ascontiguousarray(rows).view(dtype).astype(dtype.newbyteorder("="), copy=False)
    return rows.reshape(height, width, layout.channels) if layout.channels > 1 else rows


def image_layout(pixels: NDArray[Any], encoding: str) -> dict[str, Any]:
    """Sizes and encoding of the sensor_msgs/Image of (H, W) or (H, W, channels) little-endian pixels."""
    height, width = pixels.shape[:2]
    return {
        "height": height,
        "width": width,
        "encoding": encoding,
        "is_bigendian": 0,
        "step": pixels.dtype.itemsize * (pixels.size // max(1, height)),
    }
