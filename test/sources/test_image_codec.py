"""Encodings of ROS images to RGB and depth: right values for right input, one line for wrong input."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uois_sam.errors import InputError
from uois_sam.sources.image_codec import COLOUR_ENCODINGS, DEPTH_ENCODINGS, decode_depth, decode_image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def padded(pixels: np.ndarray, padding: int) -> tuple[int, bytes]:
    """Step and data of pixels (H, W[, C]) with some bytes of rubbish at each row's end."""
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
    data = np.hstack([rows, np.full((len(rows), padding), 0xAB, np.uint8)])
    return data.shape[1], data.tobytes()


images = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 5)).flatmap(
    lambda s: st.tuples(arrays(np.uint8, (s[0], s[1], 4)), st.just(s[2]))
)


@given(images)
def test_channel_orders_and_padding(given: tuple[np.ndarray, int]) -> None:
    rgba, padding = given
    height, width = rgba.shape[:2]
    expected = rgba[..., :3]
    for encoding, order in {"rgb8": "012", "bgr8": "210", "rgba8": "0123", "bgra8": "2103", "8UC3": "210"}.items():
        step, data = padded(rgba[..., [int(c) for c in order]], padding)
        assert np.array_equal(decode_image(encoding, width, height, step, False, data), expected)


@given(images)
def test_grey_becomes_three_equal_channels(given: tuple[np.ndarray, int]) -> None:
    rgba, padding = given
    grey = rgba[..., 0]
    height, width = grey.shape
    step, data = padded(grey, padding)
    for encoding in ("mono8", "8UC1"):
        image = decode_image(encoding, width, height, step, False, data)
        assert np.array_equal(image, np.repeat(grey[..., None], 3, 2))
    for encoding in ("mono16", "16UC1"):
        for big, dtype in ((False, "<u2"), (True, ">u2")):
            step, data = padded((grey.astype(np.uint16) * 257).astype(dtype), padding)
            image = decode_image(encoding, width, height, step, big, data)
            assert np.array_equal(image[..., 1], grey)


@pytest.mark.parametrize(
    ("encoding", "mosaic"),
    [
        ("bayer_rggb8", "RGGB"),
        ("bayer_bggr8", "BGGR"),
        ("bayer_gbrg8", "GBRG"),
        ("bayer_grbg8", "GRBG"),
    ],
)
@pytest.mark.parametrize("colour", [RED, GREEN, BLUE])
def test_bayer_names_the_first_two_by_two_pixels(encoding: str, mosaic: str, colour: tuple[int, int, int]) -> None:
    """A scene of one pure colour lights just the mosaic's pixels of that colour."""
    tile = np.array([colour["RGB".index(c)] for c in mosaic], np.uint8).reshape(2, 2)
    raw = np.tile(tile, (4, 5))
    image = decode_image(encoding, 10, 8, 10, False, raw.tobytes())
    assert np.array_equal(image[2:-2, 2:-2].reshape(-1, 3), np.tile(colour, (4 * 6, 1)))


@pytest.mark.parametrize(
    ("encoding", "luma_first"), [("yuv422", False), ("uyvy", False), ("yuv422_yuy2", True), ("yuyv", True)]
)
def test_yuv422_orders(encoding: str, luma_first: bool) -> None:
    """BT.601: Y 81, U 90, V 240 is red."""
    y, u, v = 81, 90, 240
    pair = [y, u, y, v] if luma_first else [u, y, v, y]
    image = decode_image(encoding, 4, 2, 8, False, bytes(pair * 4))
    assert np.abs(image.astype(int) - RED).max() <= 3


def test_depth_units() -> None:
    millimetres = np.array([[0, 1], [1500, 65535]], np.uint16)
    expected = np.array([[0, 0.001], [1.5, 65.535]], np.float32)
    for encoding in ("16UC1", "mono16"):
        for big, dtype in ((0, "<u2"), (1, ">u2")):
            depth = decode_depth(encoding, 2, 2, 4, big, millimetres.astype(dtype).tobytes())
            assert depth.dtype == np.float32
            assert np.allclose(depth, expected)
    for big, dtype in ((False, "<f4"), (True, ">f4")):
        assert np.array_equal(decode_depth("32FC1", 2, 2, 8, big, expected.astype(dtype).tobytes()), expected)


def test_depth_unit_overrides_the_encoding() -> None:
    depth = decode_depth("16UC1", 1, 1, 2, False, np.array([8000], "<u2").tobytes(), unit=0.000125)
    assert depth[0, 0] == pytest.approx(1.0)
    for unit in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="depth unit"):
            decode_depth("16UC1", 1, 1, 2, False, b"\0\0", unit=unit)


@given(arrays(np.float32, (3, 4), elements=st.floats(width=32)))
def test_depth_is_never_negative_nor_infinite(samples: np.ndarray) -> None:
    depth = decode_depth("32FC1", 4, 3, 16, False, samples.astype("<f4").tobytes())
    assert np.isfinite(depth).all()
    assert (depth >= 0).all()
    known = np.isfinite(samples) & (samples > 0)
    assert np.array_equal(depth[known], samples[known])
    assert (depth[~known] == 0).all()


def test_the_result_is_a_copy_that_can_be_written() -> None:
    data = array("B", bytes(12))
    image = decode_image("rgb8", 2, 2, 6, False, data)
    image[:] = 9
    assert data.tobytes() == bytes(12)


@pytest.mark.parametrize(
    ("encoding", "width", "height", "step", "size", "says"),
    [
        ("rgb16", 2, 2, 12, 24, "'rgb16' is not supported"),
        ("nv12", 2, 2, 2, 6, "'nv12' is not supported"),
        ("", 2, 2, 6, 12, "'' is not supported"),
        ("rgb8", 2, 2, 5, 10, "step is 5"),
        ("rgb8", 2, 2, 0, 0, "step is 0"),
        ("rgb8", 2, 2, 6, 11, "11 bytes"),
        ("rgb8", 2, 2, 6, 13, "13 bytes"),
        ("rgb8", 2, 2, 6, 0, "0 bytes"),
        ("rgb8", 0, 2, 6, 12, "0 x 2"),
        ("rgb8", 2, 0, 6, 0, "2 x 0"),
        ("rgb8", 1 << 20, 1 << 20, 3 << 20, 8, "megapixels"),
        ("yuv422", 3, 2, 6, 12, "even width"),
        ("bayer_rggb8", 1, 1, 1, 1, "at least 3 x 3"),
    ],
)
def test_wrong_images_are_refused_in_one_line(
    encoding: str, width: int, height: int, step: int, size: int, says: str
) -> None:
    with pytest.raises(InputError, match=says) as caught:
        decode_image(encoding, width, height, step, False, bytes(size))
    assert "\n" not in str(caught.value)


def test_wrong_depth_is_refused() -> None:
    with pytest.raises(InputError, match="depth encoding 'rgb8'"):
        decode_depth("rgb8", 1, 1, 3, False, bytes(3))
    with pytest.raises(InputError, match="step is 3"):
        decode_depth("32FC1", 1, 1, 3, False, bytes(3))


def test_odd_and_large_sizes() -> None:
    assert decode_image("rgb8", 1, 1, 3, False, b"\1\2\3").tolist() == [[[1, 2, 3]]]
    assert decode_image("mono8", 4000, 3000, 4000, False, bytes(12_000_000)).shape == (3000, 4000, 3)


@given(
    st.sampled_from([*COLOUR_ENCODINGS, *DEPTH_ENCODINGS, "nonsense"]),
    st.integers(-2, 40),
    st.integers(-2, 40),
    st.integers(-2, 200),
    st.booleans(),
    st.binary(max_size=2000),
)
def test_any_message_is_decoded_or_refused(
    encoding: str, width: int, height: int, step: int, big: bool, data: bytes
) -> None:
    for decode, ndim in ((decode_image, 3), (decode_depth, 2)):
        try:
            out = decode(encoding, width, height, step, big, data)
        except InputError:
            continue
        assert out.shape[:2] == (height, width)
        assert out.ndim == ndim
