"""Car Parts in its published layout, made small."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.car_parts import CAR_PARTS, CarParts, polygon_mask
from uois_sam.datasets.part_image import split_images
from uois_sam.errors import InputError


def write_cars(folder: Path, **changes: Any) -> Path:
    """Two images; the first shows two doors and a wheel."""
    content: dict[str, Any] = {
        "categories": [
            {"id": 1, "name": "_background_"},
            {"id": 4, "name": "back_left_door"},
            {"id": 12, "name": "front_right_door"},
            {"id": 19, "name": "wheel"},
        ],
        "images": [{"id": 7, "file_name": "images/train10.png"}, {"id": 9, "file_name": "images/train2.png"}],
        "annotations": [
            {"image_id": 7, "category_id": 4, "segmentation": [[2, 2, 10, 2, 10, 10, 2, 10]]},
            {"image_id": 7, "category_id": 12, "segmentation": [[20, 2, 30, 2, 30, 10, 20, 10]]},
            {"image_id": 7, "category_id": 19, "segmentation": [[4, 12, 8, 12, 8, 16], [20, 12, 24, 12, 24, 16]]},
            {"image_id": 7, "category_id": 1, "segmentation": [[0, 0, 1, 0, 1, 1]]},
        ],
    }
    (folder / "images").mkdir(parents=True)
    for name in ("train10", "train2"):
        cv2.imwrite(str(folder / "images" / f"{name}.png"), np.full((24, 32, 3), (0, 0, 255), np.uint8))
    (folder / "annotations.json").write_text(json.dumps(content | changes))
    return folder


def test_sides_are_merged(tmp_path: Path) -> None:
    cars = CarParts(write_cars(tmp_path / "cars"))
    assert cars.parts == CAR_PARTS
    assert len(CAR_PARTS) == 9
    assert cars.names == ["train2", "train10"]
    assert cars[0].masks == {}
    assert not cars[0].mask("door").any()
    image = cars[1]
    assert image.image.shape == (24, 32, 3)
    assert image.image[0, 0].tolist() == [255, 0, 0]
    assert set(image.masks) == {"door", "wheel"}
    door = image.mask("door")
    assert door[3:9, 3:9].all()
    assert door[3:9, 21:29].all()
    assert not door[:, 12:19].any()
    assert image.mask("wheel")[13, 7]
    assert image.mask("wheel")[13, 23]


def test_corners_of_the_outlines_are_counted(tmp_path: Path) -> None:
    cars = CarParts(write_cars(tmp_path / "cars"))
    assert cars.corners(1) == {"door": 8, "wheel": 6}
    assert cars.corners(0) == {}


@given(st.integers(0, 20), st.integers(0, 20), st.integers(2, 10), st.integers(2, 10))
def test_a_rectangle_covers_its_pixels(x: int, y: int, w: int, h: int) -> None:
    mask = polygon_mask([[x, y, x + w, y, x + w, y + h, x, y + h]], (32, 40))
    assert mask[y : y + h, x : x + w].all()
    assert mask.sum() <= (w + 1) * (h + 1)


def test_images_are_split(tmp_path: Path) -> None:
    cars = CarParts(write_cars(tmp_path / "cars"))
    train, held = split_images(cars, 1, None, 0)
    assert {train[0].name, held[0].name} == {"train2", "train10"}
    with pytest.raises(InputError, match="2 images are too few to train on 2 and hold 1 out"):
        split_images(cars, 2, None, 0)
    with pytest.raises(InputError, match="hold 3 out"):
        split_images(cars, 1, 3, 0)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"categories": [{"id": 1, "name": "left_wing"}]}, "'left_wing' is none of Car Parts"),
        ({"images": None}, "no COCO file"),
        ({"annotations": [{"image_id": 3, "category_id": 4, "segmentation": []}]}, "no COCO file"),
        ({"annotations": [{"category_id": 4}]}, "no COCO file"),
    ],
)
def test_annotations_of_another_kind(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        CarParts(write_cars(tmp_path / "cars", **changes))


@pytest.mark.parametrize("shape", [[[1, 2, 3]], [[1, 2, 3, 4]], {"counts": []}, ["no"], [[0, 0, 1, 0, None, 1]]])
def test_shapes_that_are_no_polygons(tmp_path: Path, shape: Any) -> None:
    wheel = {"image_id": 7, "category_id": 19, "segmentation": shape}
    cars = CarParts(write_cars(tmp_path / "cars", annotations=[wheel]))
    with pytest.raises(InputError, match=r"wheel of images/train10\.png"):
        cars[1]


def test_a_folder_without_annotations(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no annotations\.json"):
        CarParts(tmp_path)


def test_the_real_set(shared_dir: Path) -> None:
    folder = shared_dir / "realdata" / "car-parts"
    if not folder.is_dir():
        pytest.skip("no car-parts in ../shared")
    cars = CarParts(folder)
    assert len(cars) == 200
    first = cars[0]
    assert first.masks["wheel"].sum() == pytest.approx(6479, rel=0.05)
