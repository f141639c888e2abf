"""JPEG and PNG of compressed image topics, colour and depth."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.sources.compressed_codec import decode_compressed_depth, decode_compressed_image

RGB = np.zeros((24, 32, 3), np.uint8)
RGB[:, :16] = (250, 40, 10)
RGB[:, 16:] = (10, 60, 200)


def encode(pixels: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


@pytest.mark.parametrize("image_format", ["png", "rgb8; png compressed bgr8", "bgr8; png compressed bgr8", ""])
def test_png_is_exact(image_format: str) -> None:
    assert np.array_equal(decode_compressed_image(image_format, encode(RGB[..., ::-1], ".png")), RGB)


@pytest.mark.parametrize("image_format", ["jpeg", "rgb8; jpeg compressed bgr8", "jpg"])
def test_jpeg_is_close(image_format: str) -> None:
    image = decode_compressed_image(image_format, encode(RGB[..., ::-1], ".jpg"))
    assert np.abs(image[4:-4, 4:12].astype(int) - RGB[4:-4, 4:12]).max() < 12


def test_planes_stored_as_rgb() -> None:
    assert np.array_equal(decode_compressed_image("rgb8; png compressed rgb8", encode(RGB, ".png")), RGB)


def test_grey_alpha_16_bit_and_bayer() -> None:
    grey = RGB[..., 0]
    assert np.array_equal(decode_compressed_image("mono8; png compressed ", encode(grey, ".png"))[..., 2], grey)
    alpha = np.dstack([RGB[..., ::-1], np.full(grey.shape, 7, np.uint8)])
    assert np.array_equal(decode_compressed_image("png", encode(alpha, ".png")), RGB)
    deep = grey.astype(np.uint16) * 257
    assert np.array_equal(decode_compressed_image("mono16; png compressed ", encode(deep, ".png"))[..., 0], grey)
    mosaic = np.tile(np.array([[255, 0], [0, 0]], np.uint8), (4, 4))
    red = decode_compressed_image("bayer_rggb8; png compressed ", encode(mosaic, ".png"))
    assert red[3, 3].tolist() == [255, 0, 0]


def test_depth_in_millimetres() -> None:
    samples = np.array([[0, 500], [1500, 65535]], np.uint16)
    expected = samples / np.float32(1000)
    png = encode(samples, ".png")
    assert np.allclose(decode_compressed_depth("16UC1; compressedDepth png", bytes(12) + png), expected)
    assert np.allclose(decode_compressed_depth("16UC1; compressedDepth", bytes(12) + png), expected)
    assert np.allclose(decode_compressed_depth("16UC1; png compressed ", png), expected)
    assert np.allclose(decode_compressed_depth("png", png, unit=0.0001), expected / 10)


def test_depth_of_inverse_quantisation() -> None:
    """compressed_depth_image_transport's codec for 32FC1: count = a / depth + b."""
    depth = np.array([[0.5, 1.0], [2.0, 4.0]], np.float32)
    a, b = 10100.0, 1 - 100.0
    samples = np.round(a / depth + b).astype(np.uint16)
    samples[0, 0] = 0
    data = struct.pack("<iff", 0, a, b) + encode(samples, ".png")
    expected = depth.copy()
    expected[0, 0] = 0
    assert np.allclose(decode_compressed_depth("32FC1; compressedDepth png", data), expected, rtol=1e-3)


def huge_png() -> bytes:
    png = bytearray(encode(RGB, ".png"))
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    return bytes(png)


def huge_jpeg() -> bytes:
    jpeg = bytearray(encode(RGB, ".jpg"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    return bytes(jpeg)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "neither JPEG nor PNG"),
        (b"GIF89a" + bytes(40), "neither JPEG nor PNG"),
        (encode(RGB, ".png")[:20], "is truncated"),
        (encode(RGB, ".jpg")[:12], "is truncated"),
        (encode(RGB, ".png")[:-30], "is truncated"),
        (encode(RGB, ".jpg")[:-100], "damaged or truncated"),
        (huge_png(), "megapixels"),
        (huge_jpeg(), "megapixels"),
    ],
)
def test_damaged_files_are_refused_in_one_line(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        decode_compressed_image("jpeg", data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("image_format", "data", "says"),
    [
        ("16UC1; compressedDepth rvl", bytes(40), "not supported"),
        ("16UC1; compressedDepth png", bytes(12), "12 bytes"),
        ("16UC1; compressedDepth png", bytes(40), "neither JPEG nor PNG"),
        ("16UC1; compressedDepth png", bytes(12) + encode(RGB, ".png"), "wanted \\(H, W\\) uint16"),
    ],
)
def test_wrong_depth_is_refused(image_format: str, data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        decode_compressed_depth(image_format, data)


@given(
    st.sampled_from(["jpeg", "png", "16UC1; compressedDepth png", "32FC1; compressedDepth", "bayer_x; png", ";"]),
    st.sampled_from([b"", bytes(12), encode(RGB, ".png"), encode(RGB, ".jpg"), b"\xff\xd8\xff"]),
    st.binary(max_size=60),
    st.integers(0, 200),
)
def test_any_bytes_are_decoded_or_refused(image_format: str, head: bytes, noise: bytes, at: int) -> None:
    data = head[:at] + noise + head[at + len(noise) :]
    for decode in (decode_compressed_image, decode_compressed_depth):
        try:
            assert decode(image_format, data).size
        except InputError:
            continue
