"""The files of a session that labels patches."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from uois_sam.annotation.clicks import clicks_file
from uois_sam.annotation.part_labels import PartClicks, PartLabels, read_part_labels, write_part_labels
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.labels import read_patch_labels
from uois_sam.parts.guided_sam.patches import PatchGrid

GRID = PatchGrid(4, 2)
FILES = ("a.png", "b.png")


def some_labels() -> PartLabels:
    said = np.full((2, len(GRID), 2), -1, np.int8)
    said[1, :3, 0], said[1, 3, 1] = 1, 0
    return PartLabels(GRID, FILES, ("handle", "blade"), said, (PartClicks(1, 2, 3), PartClicks(4)))


def test_nothing_was_said_where_there_is_no_file(tmp_path: Path) -> None:
    labels = read_part_labels(tmp_path / "none.json", GRID, FILES, ["handle"])
    assert labels.said.shape == (2, 9, 1)
    assert (labels.said == -1).all()
    assert labels.clicks == (PartClicks(),)
    assert labels.of_patches().images == {}


def test_what_is_written_is_read_and_only_images_with_labels_are_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    write_part_labels(some_labels(), path)
    assert list(read_patch_labels(path).images) == ["b.png"]
    again = read_part_labels(path, GRID, FILES, ["handle", "blade"])
    assert np.array_equal(again.said, some_labels().said)
    assert again.clicks == some_labels().clicks
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labels.clicks.json", "labels.json"]
    counted = json.loads(clicks_file(path).read_text())
    assert (counted["images"], counted["clicks_per_image"]) == (2, {"handle": 3.0, "blade": 2.0})


def test_parts_and_images_can_be_added_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    write_part_labels(some_labels(), path)
    again = read_part_labels(path, GRID, ("0.png", *FILES), ["blade", "rim", "handle"])
    assert np.array_equal(again.said[1:][..., [2, 0]], some_labels().said)
    assert (again.said[..., 1] == -1).all()
    assert (again.said[0] == -1).all()
    assert again.clicks == (PartClicks(4), PartClicks(), PartClicks(1, 2, 3))


def test_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    write_part_labels(some_labels(), path)
    names = ["handle", "blade"]
    with pytest.raises(InputError, match="patches of 2 of 4 cells, wanted are 2 of 28"):
        read_part_labels(path, PatchGrid(), FILES, names)
    with pytest.raises(InputError, match="'blade' is not among the parts handle, rim"):
        read_part_labels(path, GRID, FILES, ["handle", "rim"])
    with pytest.raises(InputError, match=r"labels of b\.png, which is not among the images"):
        read_part_labels(path, GRID, FILES[:1], names)
    with pytest.raises(InputError, match="name one or more different ones"):
        read_part_labels(path, GRID, FILES, ["handle", "handle"])
    with pytest.raises(InputError, match="the parts are none"):
        read_part_labels(path, GRID, FILES, [])
    clicks_file(path).write_text("[]")
    with pytest.raises(InputError, match="holds a JSON list"):
        read_part_labels(path, GRID, FILES, names)
    path.write_text("{}")
    with pytest.raises(InputError, match="no file of patch annotations"):
        read_part_labels(path, GRID, FILES, names)
    with pytest.raises(InputError, match="cannot write"):
        write_part_labels(some_labels(), tmp_path / "nowhere" / "labels.json")
