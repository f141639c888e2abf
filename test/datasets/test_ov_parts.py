"""Readers of part labels, on tiny sets in the published layouts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import part_sets as tiny
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.ov_parts import PartLabels, PartVocabulary
from uois_sam.datasets.ov_parts_coco import segmentation_mask
from uois_sam.datasets.ov_parts_names import (
    ADE20K_OBJECTS,
    ADE20K_PART_234,
    IMAGENET_CATEGORIES,
    IMAGENET_NAMES,
    PART_IMAGENET_40,
    PASCAL_PART_116,
)
from uois_sam.datasets.ov_parts_open import open_parts
from uois_sam.errors import InputError


def test_class_lists_have_the_papers_numbers() -> None:
    counts = [
        (len(v.classes), len(v.objects), len(v.unseen), int(v.seen.sum()))
        for v in (PASCAL_PART_116, ADE20K_PART_234, PART_IMAGENET_40)
    ]
    assert counts == [(116, 16, 5, 74), (234, 44, 11, 176), (147, 40, 15, 92)]
    assert PASCAL_PART_116.names[43] == "cat's head"
    assert PASCAL_PART_116.names[115] == "tvmonitor's screen"
    assert ADE20K_PART_234.names[10] == "door's handle"
    assert (ADE20K_OBJECTS[0], ADE20K_OBJECTS[17], ADE20K_OBJECTS[43]) == ("airplane", "door", "washer")
    assert (len(IMAGENET_NAMES), len(IMAGENET_CATEGORIES)) == (40, 40)
    assert len(PASCAL_PART_116.only_seen().parts) == 41


def test_vocabulary() -> None:
    vocabulary = PartVocabulary.of({"mug": ["body", "handle"], "pan": ["handle", "body"]}, ["pan"])
    assert vocabulary.parts == ("body", "handle")
    assert vocabulary.names == ("mug's body", "mug's handle", "pan's handle", "pan's body")
    assert vocabulary.seen.tolist() == [True, True, False, False]
    assert vocabulary.only_seen() == PartVocabulary.of({"mug": ["body", "handle"]})
    assert vocabulary.only({1}) == PartVocabulary.of({"pan": ["handle", "body"]})
    with pytest.raises(InputError, match="unseen object 'cup' is none of mug, pan"):
        PartVocabulary.of({"mug": ["body"], "pan": ["body"]}, ["cup"])
    with pytest.raises(InputError, match=r"class \(0, 1\) has no name"):
        PartVocabulary(("mug",), ("body",), ((0, 1),))
    with pytest.raises(InputError, match="twice"):
        PartVocabulary(("mug",), ("body",), ((0, 0), (0, 0)))


def test_labels_are_translated_by_name() -> None:
    old = PartVocabulary.of({"pan": ["body"], "mug": ["body", "handle"]}, ["pan"])
    labels = PartLabels(np.array([[-1, 0, 1, 1]], np.int16), np.array([[-1, 0, 1, 2]], np.int16))
    found = labels.translated(old, old.only_seen())
    assert found.objects.tolist() == [[-1, -1, 0, 0]]
    assert found.classes.tolist() == [[-1, -1, 0, 1]]


def test_labels_are_checked() -> None:
    good = np.zeros((2, 3), np.int16)
    with pytest.raises(InputError, match="classes are"):
        PartLabels(good, good.astype(np.uint8))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one size"):
        PartLabels(good, np.zeros((3, 3), np.int16))


def test_pascal(tmp_path: Path) -> None:
    tiny.write_pascal(tmp_path)
    dataset = open_parts(f"pascal-part-116/train:{tmp_path}")
    assert dataset.names == ["2008_1", "2008_2"]
    cat, boat = dataset[:]
    assert cat.image.shape == (tiny.H, tiny.W, 3)
    np.testing.assert_array_equal(cat.labels.objects >= 0, tiny.OBJECT)
    assert dataset.vocabulary.objects[cat.labels.objects.max()] == "cat"
    np.testing.assert_array_equal(cat.labels.classes == 43, tiny.HEAD)
    assert boat.labels.objects.max() == -1, "a boat has no parts and is background"
    assert dataset[-1].name == "2008_2"
    with pytest.raises(IndexError):
        dataset[2]


def test_ade(tmp_path: Path) -> None:
    tiny.write_ade(tmp_path)
    (door,) = open_parts(f"ade20k-part-234:{tmp_path}")[:]
    known = ADE20K_PART_234.objects.index("door")
    np.testing.assert_array_equal(door.labels.objects == known, tiny.OBJECT)
    np.testing.assert_array_equal(door.labels.classes == 10, tiny.HEAD)


@pytest.mark.parametrize("beside", [False, True])
def test_part_imagenet(tmp_path: Path, beside: bool) -> None:
    tiny.write_part_imagenet(tmp_path, beside)
    assert open_parts(f"part-imagenet-40/train:{tmp_path}").names == ["n02129604_1"], "unseen ones are left out"
    dataset = open_parts(f"part-imagenet-40/val:{tmp_path}")
    assert dataset.names == ["n02129604_1", "n02134084_2"]
    bear = dataset[1].labels
    names = np.array([*dataset.vocabulary.names, ""])
    np.testing.assert_array_equal(names[bear.classes] == "ice bear's head", tiny.HEAD)
    np.testing.assert_array_equal(names[bear.classes] == "ice bear's body", tiny.OBJECT & ~tiny.HEAD)
    np.testing.assert_array_equal(bear.objects >= 0, tiny.OBJECT)


def test_synthetic(tmp_path: Path) -> None:
    tiny.write_synthetic(tmp_path)
    train, val = (open_parts(f"parts:{tmp_path}", split) for split in ("train", "val"))
    assert train.vocabulary.names == ("mug's body", "mug's handle", "pan's body", "pan's handle")
    assert train.vocabulary.seen.tolist() == [True, True, False, False]
    assert len(train) == 18
    assert val.names == ["018_0_1", "018_0_2", "019_0_1"]
    mug = val[0]
    assert mug.image.shape == (39, 39, 3)
    assert np.count_nonzero(mug.labels.objects == 0) == 600
    assert np.count_nonzero(mug.labels.classes == 1) == 150
    pan = val[1].labels
    assert (np.count_nonzero(pan.objects == 1), np.count_nonzero(pan.classes == 3)) == (600, 120)


def test_no_picture_for_training_shows_an_unseen_family(tmp_path: Path) -> None:
    tiny.write_synthetic(tmp_path)
    for k in range(20):
        path = tmp_path / "frames" / f"{k:03d}_0.json"
        content = json.loads(path.read_text())
        content["objects"]["3"] = {"family": "bottle", "parts": ["body", "cap"]}
        path.write_text(json.dumps(content))
        label = np.zeros((64, 96), np.uint16)
        label[10:40, 5:25], label[20:40, 60:90], label[10:40, 25:28] = 1, 2, 3 if k < 5 else 0
        tiny.labels(tmp_path / "label" / f"{k:03d}_0.png", label)
    assert len(open_parts(f"parts/train:{tmp_path}")) == 13


def test_a_kind_must_be_known() -> None:
    with pytest.raises(InputError, match=r"unknown; give parts:PATH, .* or part-imagenet-40:PATH"):
        open_parts("coco:x")


@pytest.mark.parametrize("kind", ["parts", "pascal-part-116", "ade20k-part-234", "part-imagenet-40"])
def test_missing_folders_and_splits_are_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match="is missing; wanted PATH/"):
        open_parts(f"{kind}:{tmp_path / 'no'}")
    with pytest.raises(InputError, match=f"has no split 'test'; give {kind}/val:PATH or {kind}/train:PATH"):
        open_parts(f"{kind}/test:{tmp_path}")


def test_bad_files_are_refused(tmp_path: Path) -> None:
    tiny.write_pascal(tmp_path)
    part = tmp_path / "annotations_detectron2_part/val/2008_1.png"
    tiny.labels(part, np.full((tiny.H, tiny.W), 116, np.uint8))
    with pytest.raises(InputError, match="has label 116; wanted 0 to 115, and 255"):
        open_parts(f"pascal-part-116:{tmp_path}")[0]
    tiny.labels(part, np.full((tiny.H, tiny.W + 1), 255, np.uint8))
    with pytest.raises(InputError, match="25 x 20"):
        open_parts(f"pascal-part-116:{tmp_path}")[0]
    part.unlink()
    (tmp_path / "annotations_detectron2_obj/val/2008_2.png").unlink()
    with pytest.raises(InputError, match=r"2008_2\.png is missing"):
        open_parts(f"pascal-part-116:{tmp_path}")[0]


def test_bad_annotations_are_refused(tmp_path: Path) -> None:
    tiny.write_ade(tmp_path)
    path = tmp_path / "ade20k_instance_val.json"
    for annotation, complaint in (
        ((0, 44, []), "has category 44; wanted 0 to 43"),
        ((0, "door", []), "has category 'door'"),
        ((0, 1, [[1, 2, "x", 4]]), "neither run lengths nor polygons"),
        ((0, 1, {"size": [3, 3], "counts": [9]}), "no run-length code of 20 x 24"),
    ):
        tiny.write_coco(path, ["ADE_1.jpg"], [annotation])
        with pytest.raises(InputError, match=complaint):
            open_parts(f"ade20k-part-234:{tmp_path}")[0]
    path.write_text('{"images": [{"id": 1}], "annotations": []}')
    with pytest.raises(InputError, match="no instance file"):
        open_parts(f"ade20k-part-234:{tmp_path}")
    tiny.write_coco(path, [], [])
    with pytest.raises(InputError, match="names no image"):
        open_parts(f"ade20k-part-234:{tmp_path}")
    tiny.write_part_imagenet(tmp_path / "in")
    tiny.write_coco(tmp_path / "in/annotations/val/val.json", ["n02129604_1.JPEG"], [(0, 11, [])])
    with pytest.raises(InputError, match="there is no tiger's fin"):
        open_parts(f"part-imagenet-40:{tmp_path / 'in'}")[0]


def test_bad_synthetic_frames_are_refused(tmp_path: Path) -> None:
    tiny.write_synthetic(tmp_path, 2)
    path = tmp_path / "frames" / "000_0.json"
    path.write_text('{"objects": {"1": {"family": "mug"}}}')
    with pytest.raises(InputError, match="names no objects with family and parts"):
        open_parts(f"parts:{tmp_path}")
    for k in range(2):
        objects = {"1": {"family": "ball", "parts": ["body"]}}
        (tmp_path / "frames" / f"{k:03d}_0.json").write_text(json.dumps({"objects": objects}))
    with pytest.raises(InputError, match="shows nothing of several parts"):
        open_parts(f"parts:{tmp_path}")


@given(x=st.integers(0, 30), y=st.integers(0, 30), w=st.integers(1, 9), h=st.integers(1, 9))
def test_polygons_cover_their_pixels(x: int, y: int, w: int, h: int) -> None:
    mask = segmentation_mask(tiny.box_polygon(x, y, x + w, y + h), (tiny.H, tiny.W), Path("a.json"))
    box = np.zeros((tiny.H, tiny.W), bool)
    box[y : y + h, x : x + w] = True
    np.testing.assert_array_equal(mask, box)


def test_polygons_of_two_points_are_left_out_and_several_are_joined() -> None:
    given = [*tiny.box_polygon(1, 1, 3, 3), [0, 0, 9, 9], *tiny.box_polygon(10, 10, 12, 11)]
    assert np.count_nonzero(segmentation_mask(given, (tiny.H, tiny.W), Path("a.json"))) == 4 + 2
