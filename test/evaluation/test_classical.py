"""The geometric baseline on tables drawn in depth, seen straight from above."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.classical import segment_by_geometry
from uois_sam.evaluation.evaluate import evaluate
from uois_sam.evaluation.metrics import score_labels
from uois_sam.types import Camera, Frame

CAMERA = Camera(fx=300, fy=300, cx=159.5, cy=119.5, width=320, height=240)
TABLE = 1.0


def table(*boxes: tuple[int, int, int, int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Depth of a noisy table with boxes (x, y, w, h in pixels, height in metres), and the truth."""
    depth = np.full((240, 320), TABLE, np.float32)
    truth = np.zeros(depth.shape, np.uint16)
    for label, (x, y, w, h, height) in enumerate(boxes, 1):
        depth[y : y + h, x : x + w] = TABLE - height
        truth[y : y + h, x : x + w] = label
    noise = np.random.default_rng(0).normal(0, 0.001, depth.shape)
    return (depth + noise).astype(np.float32), truth


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([(40, 50, 60, 50, 0.1), (180, 90, 50, 70, 0.05)], id="apart"),
        pytest.param([(100, 80, 50, 60, 0.05), (150, 80, 50, 60, 0.15)], id="touching, of different height"),
        pytest.param([(80, 60, 120, 100, 0.05), (110, 90, 40, 40, 0.12)], id="stacked"),
    ],
)
def test_objects_with_a_step_in_depth_are_found(boxes: list[tuple[int, int, int, int, float]]) -> None:
    depth, truth = table(*boxes)
    scores = score_labels(segment_by_geometry(depth, CAMERA), truth)
    assert (scores.predicted, scores.percent75) == (len(boxes), 1)
    assert scores.overlap_f > 0.95


def test_missing_depth_is_background() -> None:
    depth, truth = table((40, 50, 60, 50, 0.1))
    depth[60:70, 30:80] = 0
    found = segment_by_geometry(depth, CAMERA)
    assert found.dtype == np.uint16
    assert not found[60:70, 30:80].any()
    assert score_labels(found, np.where(depth > 0, truth, 0)).overlap_f > 0.95


def test_what_does_not_stand_on_the_table_is_left_out() -> None:
    depth, truth = table((60, 60, 60, 50, 0.1))
    depth[:, 200:260] = 2.5
    depth[:, 260:] = 0.8
    assert score_labels(segment_by_geometry(depth, CAMERA), truth).overlap_f > 0.95


def test_specks_are_no_objects() -> None:
    assert not segment_by_geometry(table((60, 60, 4, 4, 0.1))[0], CAMERA).any()


@pytest.mark.parametrize(
    "depth", [np.zeros((240, 320), np.float32), table()[0]], ids=["nothing measured", "bare table"]
)
def test_nothing_is_found_where_nothing_is(depth: np.ndarray) -> None:
    found = segment_by_geometry(depth, CAMERA)
    assert found.shape == depth.shape
    assert not found.any()


def test_depth_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"depth is \(120, 160\), its camera \(240, 320\)"):
        segment_by_geometry(np.ones((120, 160), np.float32), CAMERA)


def segment(frame: Frame) -> np.ndarray:
    assert frame.depth is not None
    assert frame.camera is not None
    return segment_by_geometry(frame.depth, frame.camera)


def test_real_kinect_scenes(shared_dir: Path) -> None:
    path = shared_dir / "realdata" / "osd-learn"
    if not path.is_dir():
        pytest.skip("no realdata/osd-learn in the reference material")
    dataset = FolderDataset(path, LabelRule(first_object=2, ignore=0))
    some = [dataset[k] for k in (0, 33, 37, 40)]
    means = evaluate(some, segment, dataset.rule).means()
    assert means["overlap_f"].value > 0.7
