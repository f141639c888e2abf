from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.part_image import ChosenImages, PartImage
from uois_sam.evaluation.fusion import bounds, choose_variants, fused_iou, fusion_curve
from uois_sam.evaluation.guided_clicks import count_clicks
from uois_sam.evaluation.guided_encode import compare_encodings
from uois_sam.evaluation.guided_sam import Drawing, Overlaps, measure_overlaps, patch_auc
from uois_sam.evaluation.guided_tables import FUSED, classify, roi_columns
from uois_sam.parts.guided_sam.drawing import RegionDrawer
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.prototypes import PrototypeSettings
from uois_sam.parts.guided_sam.settings import Variant
from uois_sam.training.guided_sam import ClassifierTraining
from uois_sam.training.patch_sets import PatchSet


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auc_counts_pairs(pairs: list[tuple[int, bool]]) -> None:
    scores = np.array([s for s, _ in pairs], float)
    labels = np.array([label for _, label in pairs])
    if labels.all() or not labels.any():
        assert np.isnan(patch_auc(scores, labels))
        return
    apart = scores[labels][:, None] - scores[~labels][None]
    assert patch_auc(scores, labels) == pytest.approx(((apart > 0) + 0.5 * (apart == 0)).mean())


def some_overlaps() -> Overlaps:
    """Part 0 is better drawn by variant 0 in each of 8 images, part 1 by variant 1 in all but the first."""
    intersection = np.zeros((8, 2, 2), np.int64)
    intersection[:, 0] = [8, 2]
    intersection[:, 1] = [4, 6]
    intersection[0, 1] = [6, 4]
    return Overlaps(intersection, np.full((8, 2, 2), 10, np.int64))


def test_iou_is_over_all_pixels() -> None:
    overlaps = Overlaps(np.array([[[1]], [[9]]]), np.array([[[2]], [[18]]]))
    assert overlaps.iou()[0, 0] == 0.5
    assert overlaps.iou([0])[0, 0] == 0.5
    assert Overlaps(np.zeros((1, 1, 1), np.int64), np.zeros((1, 1, 1), np.int64)).iou()[0, 0] == 0


def test_fusion_chooses_what_it_saw() -> None:
    overlaps = some_overlaps()
    assert choose_variants(overlaps, [0]).tolist() == [0, 0]
    assert choose_variants(overlaps).tolist() == [0, 1]
    assert fused_iou(overlaps, choose_variants(overlaps, [0]), slice(1, None)) == pytest.approx([0.8, 0.4])
    lower, upper = bounds(overlaps)
    assert lower == pytest.approx((0.2 + 3.4 / 8 - 0.0) / 2, abs=0.01)
    assert upper == pytest.approx((0.8 + 4.6 / 8) / 2)
    curve = fusion_curve(overlaps, [1, 2, 4, 8])
    assert [fusion.seen for fusion in curve] == [1, 2, 4]
    assert curve[0].iou.shape == (10, 2)
    assert lower <= curve[0].mean <= curve[-1].mean


def test_columns_that_are_fused() -> None:
    columns = ["roi-cgsam", "naive", "roi-lgsam", "roi-pgsam", "perfect"]
    assert roi_columns(columns, FUSED) == [0, 2]
    assert roi_columns(columns) == [0, 2, 3]


class Bright:
    """What a drawer needs of a segmenter whose masks are the bright pixels."""

    def encode(self, image: np.ndarray) -> object:
        from uois_sam.sam.protocol import Embedding

        return Embedding((), image.shape[:2])


class BrightDrawer(RegionDrawer):
    def draw_prompted(self, frame, box, point):  # type: ignore[no-untyped-def]
        from uois_sam.parts.guided_sam.drawing import RegionMask

        x0, y0, x1, y1 = box
        assert frame.image[int(point[1]), int(point[0]), 0] > 128
        return RegionMask(box, frame.image[y0:y1, x0:x1, 0] > 128)


def test_naive_and_perfect_guidance_are_measured() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[0:16, 0:16] = 255
    image[40:48, 40:56] = 255
    truth = image[..., 0] > 0
    grid = PatchGrid(8, 2)
    probability = np.zeros((49, 2), np.float32)
    probability[0, 0] = 1
    drawing = Drawing(BrightDrawer(Bright()), grid, 0.5, (Variant.NAIVE,))  # type: ignore[arg-type]
    images = ChosenImages([PartImage("a", image, {"lamp": truth})], [0])
    overlaps = measure_overlaps(images, ["lamp", "door"], lambda _: probability, drawing, perfect=True)
    assert overlaps.intersection[0].tolist() == [[256, 384], [0, 0]]
    assert overlaps.union[0].tolist() == [[384, 384], [0, 0]]


def test_parts_that_were_not_seen_are_nowhere() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 3)).astype(np.float32)
    labels = np.stack([features[:, 0] > 0, np.zeros(40)], 1).astype(np.int8)
    patches = PatchSet(("seen", "unseen"), features, labels, np.repeat([0, 1], 20))
    found = classify(patches, patches, ClassifierTraining())
    assert found.shape == (40, 2)
    assert not found[:, 1].any()
    assert patch_auc(found[:, 0], labels[:, 0] == 1) > 0.9


class Wide:
    """Encodes anything; remembers how often."""

    def __init__(self) -> None:
        self.encoded: list[tuple[int, ...]] = []

    def encode(self, image: np.ndarray) -> object:
        from uois_sam.sam.protocol import Embedding

        self.encoded.append(image.shape[:2])
        return Embedding((), image.shape[:2])


def test_both_ways_to_encode_are_measured() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[0:16, 0:16] = 255
    probability = np.zeros((49, 1), np.float32)
    probability[0] = 1
    segmenter = Wide()
    drawing = Drawing(RegionDrawer(segmenter), PatchGrid(8, 2), 0.5, (Variant.NAIVE,))  # type: ignore[arg-type]
    images = ChosenImages([PartImage("a", image, {"lamp": image[..., 0] > 0})], [0])
    crop, frame = compare_encodings(images, ["lamp"], lambda _: probability, drawing)
    assert (crop.encode, frame.encode) == ("crop", "frame")
    assert crop.iou == frame.iou == {"naive": 1.0}
    assert min(crop.seconds, frame.seconds) > 0
    assert len(segmenter.encoded) == 4  # both ways, the first image twice


def labelled_blobs() -> PatchSet:
    """Two images of 4 x 4 patches; "corner" is where the features of a blob lie, "none" nowhere."""
    rng = np.random.default_rng(0)
    labels = np.zeros((32, 2), np.int8)
    labels[[0, 1, 4, 16], 0] = 1
    features = rng.normal(0, 0.01, (32, 3)).astype(np.float32)
    features[labels[:, 0] == 1] += 5
    return PatchSet(("corner", "none"), features, labels, np.repeat([0, 1], 16))


def test_a_pure_prototype_costs_one_click() -> None:
    pytest.importorskip("sklearn")
    grid = PatchGrid(4, 1)
    corner, none = count_clicks(labelled_blobs(), grid, PrototypeSettings(patches=16, most=28))
    assert (corner.present, corner.patches) == (4, 0)
    assert 1 <= corner.prototypes <= 2
    assert (none.present, none.total) == (0, 0)


def test_a_mixed_prototype_wants_corrections() -> None:
    pytest.importorskip("sklearn")
    corner, _ = count_clicks(labelled_blobs(), PatchGrid(4, 1), PrototypeSettings(patches=32, most=32))
    assert (corner.prototypes, corner.patches, corner.total) == (1, 4, 5)


def test_overlapping_patches_are_not_judged_twice() -> None:
    pytest.importorskip("sklearn")
    grid = PatchGrid(4, 2)
    labels = np.ones((len(grid), 1), np.int8)
    patches = PatchSet(("all",), np.random.default_rng(0).normal(size=(9, 3)), labels, np.zeros(9, np.int64))
    (everything,) = count_clicks(patches, grid, PrototypeSettings(patches=4, most=4))
    assert (everything.present, everything.total) == (4, 1)
