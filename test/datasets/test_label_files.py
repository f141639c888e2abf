"""Label images, run-length codes and point clouds: what is written is what is read, and bad ones are refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst
from tiny_sets import CX, CY, DEPTH_MM, FX, FY, cloud, indexed_png, write_pcd

from uois_sam.datasets.coco_rle import decode_rle, encode_rle
from uois_sam.datasets.label_png import read_labels
from uois_sam.datasets.pcd import camera_of_folder, fit_camera
from uois_sam.errors import InputError

SHAPES = nst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([1, 2, 4, 8]), SHAPES, st.data())
def test_the_label_of_an_indexed_png_is_the_index(
    tmp_path_factory: pytest.TempPathFactory, bits: int, shape: tuple[int, int], data: st.DataObject
) -> None:
    labels = data.draw(nst.arrays(np.uint8, shape, elements=st.integers(0, 2**bits - 1)))
    path = tmp_path_factory.mktemp("png") / "label.png"
    path.write_bytes(indexed_png(labels, np.full((256, 3), 7), bits))  # all colours alike
    read = read_labels(path, shape)
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, labels)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_grey_labels_and_equal_channels(tmp_path: Path, kind: type) -> None:
    labels = np.array([[0, 1, 2], [255, 7, 3]], kind) * np.asarray(np.iinfo(kind).max // 255, kind)
    path = tmp_path / "label.png"
    for image in (labels, np.dstack([labels] * 3), np.dstack([labels] * 3 + [np.full_like(labels, 9)])):
        cv2.imwrite(str(path), image)
        np.testing.assert_array_equal(read_labels(path, (2, 3)), labels)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.arange(18, dtype=np.uint8).reshape(2, 3, 3), "wanted one channel of uint8 or uint16"),
        (np.zeros((3, 3), np.uint8), "is 3 x 3, its colour image 3 x 2"),
    ],
)
def test_bad_label_images(tmp_path: Path, image: np.ndarray, message: str) -> None:
    path = tmp_path / "label.png"
    cv2.imwrite(str(path), image)
    with pytest.raises(InputError, match=message):
        read_labels(path, (2, 3))


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    path = tmp_path_factory.mktemp("png") / "label.png"
    path.write_bytes(indexed_png(np.zeros((2, 3)), np.zeros((256, 3)))[:40] + tail)
    with suppress(InputError):
        assert read_labels(path, (2, 3)).shape == (2, 3)


@settings(deadline=None)
@given(nst.arrays(np.bool_, SHAPES))
def test_a_mask_survives_its_run_length_code(mask: np.ndarray) -> None:
    code = encode_rle(mask)
    assert code["size"] == list(mask.shape)
    np.testing.assert_array_equal(decode_rle(code, mask.shape), mask)


def test_codes_that_the_coco_api_writes() -> None:
    # 3 x 4 px: columns 0 1 0 | 1 1 0 | 0 0 0 | 0 0 1, so runs 1 1 1 2 6 1; from the fourth on as differences
    mask = np.array([[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]], bool)
    for counts in ([1, 1, 1, 2, 6, 1], "11115O"):
        np.testing.assert_array_equal(decode_rle({"size": [3, 4], "counts": counts}, (3, 4)), mask)
    assert encode_rle(mask) == {"size": [3, 4], "counts": "11115O"}
    assert encode_rle(np.zeros((480, 640), bool))["counts"] == "PP\\9"
    assert not decode_rle({"size": [480, 640], "counts": [307200]}, (480, 640)).any()
    assert not decode_rle({"size": [480, 640], "counts": "PP\\9"}, (480, 640)).any()


@pytest.mark.parametrize(
    "rle",
    [
        None,
        [[1, 2, 3, 4, 5, 6]],
        {"size": [2, 3]},
        {"size": [3, 2], "counts": [6]},
        {"size": 6, "counts": [6]},
        {"size": [2, 3], "counts": [5]},
        {"size": [2, 3], "counts": [-1, 7]},
        {"size": [2, 3], "counts": [[6]]},
        {"size": [2, 3], "counts": ["six"]},
        {"size": [2, 3], "counts": None},
        {"size": [2, 3], "counts": "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"},
        {"size": [2, 3], "counts": ""},
    ],
)
def test_bad_codes(rle: Any) -> None:
    with pytest.raises(InputError, match="mask"):
        decode_rle(rle, (2, 3))


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_mask_or_refused(text: str) -> None:
    with suppress(InputError):
        assert decode_rle({"size": [2, 3], "counts": text}, (2, 3)).shape == (2, 3)


@pytest.mark.parametrize("form", ["binary", "ascii"])
def test_the_camera_of_a_cloud(tmp_path: Path, form: str) -> None:
    write_pcd(tmp_path / "b10.pcd", cloud(np.ones((9, 9))))
    write_pcd(tmp_path / "b9.pcd", cloud(DEPTH_MM / 1000), form)
    camera = camera_of_folder(tmp_path)
    assert camera is not None
    np.testing.assert_allclose((camera.fx, camera.fy, camera.cx, camera.cy), (FX, FY, CX, CY), rtol=1e-5)
    assert (camera.height, camera.width) == DEPTH_MM.shape
    assert camera_of_folder(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"DATA binary", b"DATA binary_compressed", "of the form binary_compressed; wanted ascii or binary"),
        (b"DATA binary", b"", "is no readable organised PCD file"),
        (b"FIELDS x y z", b"FIELDS a b c", "is no readable organised PCD file"),
        (b"TYPE F F F F U", b"TYPE F F F F", "is no readable organised PCD file"),
        (b"TYPE F", b"TYPE Q", "is no readable organised PCD file"),
        (b"HEIGHT 24", b"HEIGHT many", "is no readable organised PCD file"),
        (b"HEIGHT 24", b"HEIGHT 2400", "is no readable organised PCD file"),
        (b"HEIGHT 24", b"HEIGHT -24", "is no readable organised PCD file: it has 32 x -24 points"),
        (b"DATA binary", b"DATA ascii", "is no readable organised PCD file"),
    ],
)
def test_bad_clouds(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    path = tmp_path / "a.pcd"
    write_pcd(path, cloud(DEPTH_MM / 1000))
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(InputError, match=message) as error:
        fit_camera(path)
    assert "\n" not in str(error.value)


def test_a_cloud_of_too_few_points_or_no_pinhole_camera(tmp_path: Path) -> None:
    write_pcd(tmp_path / "a.pcd", cloud(np.ones((9, 9))))
    with pytest.raises(InputError, match=r"81 of 81 points measured; intrinsics want 100"):
        fit_camera(tmp_path / "a.pcd")
    mirrored = cloud(DEPTH_MM / 1000)
    mirrored["x"] *= -1
    write_pcd(tmp_path / "b.pcd", mirrored)
    with pytest.raises(InputError, match="no cloud of a pinhole camera"):
        fit_camera(tmp_path / "b.pcd")
    with pytest.raises(InputError, match="cannot read"):
        fit_camera(tmp_path / "c.pcd")
