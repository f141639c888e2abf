from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uois_sam.errors import InputError
from uois_sam.types import Camera, Instances, Part, Parts, label_colours, relabel

LABELS = hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 5))


class TestCamera:
    def test_matrix(self) -> None:
        assert Camera(500, 510, 320, 240, 640, 480).matrix.tolist() == [[500, 0, 320], [0, 510, 240], [0, 0, 1]]

    def test_resized_keeps_pixel_edges(self) -> None:
        half = Camera(500, 500, 319.5, 239.5, 640, 480).resized(320, 240)
        assert (half.fx, half.cx, half.cy, half.width) == (250, 159.5, 119.5, 320)

    def test_resized_there_and_back(self) -> None:
        camera = Camera(601.5, 602.5, 311.0, 247.0, 640, 480)
        assert camera.resized(256, 192).resized(640, 480) == camera

    @pytest.mark.parametrize("change", [{"fx": 0.0}, {"fy": -1.0}, {"cx": float("nan")}, {"width": 0}])
    def test_refuses_what_is_no_camera(self, change: dict[str, float]) -> None:
        with pytest.raises(InputError, match="camera"):
            Camera(**{"fx": 1, "fy": 1, "cx": 0, "cy": 0, "width": 4, "height": 4, **change})  # type: ignore[arg-type]


class TestInstances:
    def test_measures_bbox_area_and_centroid(self) -> None:
        label = np.zeros((6, 8), np.uint16)
        label[1:3, 2:6] = 1
        label[5, 7] = 2
        instances = Instances.from_label_image(label)
        assert instances.bbox.tolist() == [[2, 1, 4, 2], [7, 5, 1, 1]]
        assert instances.area.tolist() == [8, 1]
        assert instances.prompt.tolist() == [[3.5, 1.5], [7, 5]]

    @given(LABELS)
    def test_masks_tile_the_label_image(self, label: np.ndarray) -> None:
        instances = Instances.from_label_image(relabel(label))
        total = sum((instances.mask(i.label).astype(int) for i in instances), np.zeros(label.shape, int))
        assert np.array_equal(total, (label > 0).astype(int))
        for instance in instances:
            assert instances.crop(instance.label).sum() == instance.area
            assert instances.crop(instance.label).shape == (instance.bbox[3], instance.bbox[2])

    def test_empty_is_a_frame_without_things(self) -> None:
        empty = Instances.empty(4, 5)
        assert len(empty) == 0
        assert list(empty) == []
        assert empty.bbox.shape == (0, 4)

    def test_refuses_gaps_and_wrong_rows(self) -> None:
        label = np.array([[0, 2]], np.uint16)
        with pytest.raises(InputError, match="without gaps"):
            Instances.from_label_image(label)
        with pytest.raises(InputError, match="score"):
            Instances.from_label_image(relabel(label), score=np.ones(3, np.float32))
        with pytest.raises(InputError, match="uint16"):
            Instances.from_label_image(relabel(label).astype(np.int32))  # type: ignore[arg-type]

    def test_refuses_labels_that_are_not_there(self) -> None:
        with pytest.raises(InputError, match="label 1 of 0"):
            Instances.empty(2, 2).mask(1)

    def test_overlay_leaves_the_background_alone(self) -> None:
        image = np.full((20, 20, 3), 100, np.uint8)
        label = np.zeros((20, 20), np.uint16)
        label[5:15, 5:15] = 1
        over = Instances.from_label_image(label).overlay(image)
        assert (over[label == 0] == 100).all()
        assert (over[label == 1] != 100).any(axis=1).all()
        assert (image == 100).all()

    def test_overlay_refuses_another_size(self) -> None:
        with pytest.raises(InputError, match="image is"):
            Instances.empty(4, 4).overlay(np.zeros((5, 4, 3), np.uint8))


@given(LABELS)
def test_relabel_keeps_the_partition(label: np.ndarray) -> None:
    new = relabel(label)
    assert np.array_equal(new > 0, label > 0)
    assert set(np.unique(new)) - {0} == set(range(1, int(new.max()) + 1))
    pairs = {(int(a), int(b)) for a, b in zip(label.ravel(), new.ravel(), strict=True)}
    assert len(pairs) == len(np.unique(label))


def test_colours_of_neighbours_differ() -> None:
    colours = label_colours(40).astype(int)
    assert (colours[0] == 0).all()
    assert (np.abs(np.diff(colours[1:], axis=0)).sum(1) > 60).all()


def test_an_instance_is_tinted_in_the_colour_of_its_id() -> None:
    labels = np.zeros((8, 12), np.uint16)
    labels[2:6, 1:5], labels[2:6, 7:11] = 1, 2
    image = np.zeros((8, 12, 3), np.uint8)
    one = Instances.from_label_image(labels)
    other = replace(one, id=np.array([2, 40]))
    colours = label_colours(40)
    assert (one.overlay(image, 1.0)[3, 2] == colours[1]).all()
    assert (other.overlay(image, 1.0)[[3, 3], [2, 8]] == colours[[2, 40]]).all()
    assert (Instances.empty(8, 12).overlay(image) == 0).all()


def test_smaller_parts_lie_on_top_of_the_label_image_then_better_ones() -> None:
    square = np.ones((2, 2), bool)
    body, handle = (
        Part(1, "body", 0.9, (0, 0, 4, 3), np.ones((3, 4), bool)),
        Part(1, "handle", 0.3, (2, 1, 2, 2), square),
    )
    for both in ([body, handle], [handle, body]):
        number = both.index(handle) + 1
        np.testing.assert_array_equal(Parts(3, 4, both).label_image()[1:, 2:], number)
    parts = Parts(3, 4, [Part(1, "a", 0.9, (0, 0, 2, 2), square), Part(1, "b", 0.5, (1, 0, 2, 2), square)])
    np.testing.assert_array_equal(parts.label_image(), [[1, 1, 2, 0], [1, 1, 2, 0], [0, 0, 0, 0]])
    assert parts[1].name == "b"
    assert not Part(1, "blade", 0.9, (0, 0, 1, 1), np.ones((1, 1), bool), preference=0.0).graspable


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 5))
def test_a_pixel_projects_onto_itself(x: float, y: float, z: float) -> None:
    camera = Camera(500.0, 510.0, 320.5, 239.5, 640, 480)
    u, v = camera.project(np.array([x, y, z]))
    assert (u - camera.cx) * z / camera.fx == pytest.approx(x, abs=1e-6)
    assert (v - camera.cy) * z / camera.fy == pytest.approx(y, abs=1e-6)


@pytest.mark.parametrize("point", [(0, 0, 0), (0, 0, -1), (0, 0, np.nan), (np.inf, 0, 1)])
def test_what_is_not_in_front_of_the_camera_is_not_seen(point: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="not in front of the camera"):
        Camera(500.0, 510.0, 320.5, 239.5, 640, 480).project(np.array(point))
