"""The folder that instances are saved in: a data set, clicks beside it, and what does not belong to it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from coloured_things import BLUE, RED, H, W, of, table, write_tables

from uois_sam.annotation.instance_folder import InstanceClicks, InstanceFolder
from uois_sam.annotation.instance_labels import MarkedImage, mark_object
from uois_sam.datasets.folder import FolderDataset
from uois_sam.errors import InputError
from uois_sam.evaluation.evaluate import evaluate

TWO = MarkedImage((H, W), (mark_object(1, of(RED)), mark_object(2, of(BLUE))), True)


def open_folder(tmp_path: Path, files: list[str] | None = None) -> InstanceFolder:
    for name in ("label", "color"):
        (tmp_path / "out" / name).mkdir(parents=True, exist_ok=True)
    written = write_tables(tmp_path / "photos")
    return InstanceFolder(tmp_path / "out", tmp_path / "photos", files or written)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_is_a_data_set_that_is_evaluated(tmp_path: Path) -> None:
    folder = open_folder(tmp_path)
    folder.save("2.png", TWO)
    folder.save("0.png", MarkedImage((H, W)))
    dataset = FolderDataset(tmp_path / "out")
    assert dataset.names == ["0", "2"]
    assert (dataset[1].image == table()).all()
    assert np.array_equal(dataset[1].label, of(RED) + 2 * of(BLUE))
    assert cv2.imread(str(tmp_path / "out" / "label" / "2.png"), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    result = evaluate(dataset, lambda frame: frame.label, dataset.rule)
    assert result.rows[1].scores.overlap_f == 1
    assert result.rows[1].scores.objects == 2
    assert not list((tmp_path / "out").rglob("*.part"))


def test_clicks_are_counted_beside_it(tmp_path: Path) -> None:
    folder = open_folder(tmp_path)
    for kind in ("on", "on", "off", "undone"):
        folder.count("2.png", kind)
    folder.save("2.png", TWO)
    counted = json.loads((tmp_path / "out" / "instances.clicks.json").read_text())
    assert counted == {
        "format": 1,
        "clicks": {"2.png": {"on": 2, "off": 1, "deleted": 0, "undone": 1}},
        "images": 1,
        "objects": 2,
        "clicks_per_image": 4.0,
        "clicks_per_object": 2.0,
    }
    again = open_folder(tmp_path)
    assert again.clicks == {"2.png": InstanceClicks(on=2, off=1, undone=1)}
    assert again.images == {"2.png": TWO}
    assert again.figures == folder.figures
    assert open_folder(tmp_path / "new").figures["clicks_per_image"] == 0


def test_images_that_are_there_already_are_not_copied(tmp_path: Path) -> None:
    color = tmp_path / "set" / "color"
    files = write_tables(color, 1)
    before = (color / "0.png").stat()
    (tmp_path / "set" / "label").mkdir()
    InstanceFolder(tmp_path / "set", color, files).save("0.png", TWO)
    assert (color / "0.png").stat().st_mtime_ns == before.st_mtime_ns
    assert names(tmp_path / "set") == ["color", "instances.clicks.json", "instances.json", "label"]
    assert InstanceFolder(tmp_path / "set", color, files).images == {"0.png": TWO}


def test_all_images_are_looked_at_in_the_beginning(tmp_path: Path) -> None:
    write_tables(tmp_path / "photos")
    seen: list[tuple[int, int]] = []
    InstanceFolder(tmp_path, tmp_path / "photos", ["0.png", "2.png"], lambda k, n: seen.append((k, n)))
    assert seen == [(1, 2), (2, 2)]
    (tmp_path / "photos" / "3.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"3\.png is no readable image"):
        InstanceFolder(tmp_path, tmp_path / "photos", ["0.png", "3.png"])
    cv2.imwrite(str(tmp_path / "photos" / "4.png"), np.zeros((8, 60, 3), np.uint8))
    with pytest.raises(InputError, match=r"4\.png: image is 60 x 8 pixels"):
        InstanceFolder(tmp_path, tmp_path / "photos", ["4.png"])


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds both b\.jpg and b\.png; keep one image of the name b"):
        InstanceFolder(tmp_path, tmp_path, ["b.jpg", "a.png", "b.png"])


def test_labels_of_another_set_are_refused_and_kept(tmp_path: Path) -> None:
    open_folder(tmp_path).save("1.png", TWO)
    with pytest.raises(InputError, match=r"labels of 1\.png, which is not among the images"):
        open_folder(tmp_path, ["0.png"])
    cv2.imwrite(str(tmp_path / "photos" / "1.png"), np.zeros((H, W + 1, 3), np.uint8))
    with pytest.raises(InputError, match=r"1\.png is 65 x 48, its labels in .* are for 64 x 48"):
        InstanceFolder(tmp_path / "out", tmp_path / "photos", ["1.png"])
    for place in ("label/0.png", "color/0.png"):
        other = tmp_path / "other" / place
        other.parent.mkdir(parents=True)
        other.write_bytes(b"somebody's")
        with pytest.raises(InputError, match=rf"{place} is there, but nothing of it in instances\.json"):
            InstanceFolder(tmp_path / "other", tmp_path / "photos", ["0.png"])
        assert other.read_bytes() == b"somebody's"
        other.unlink()


def test_the_result_of_another_command_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "instances.json").write_text('{"input": "photo.jpg", "images": [{"name": "photo"}]}')
    with pytest.raises(InputError, match="no file of marked instances"):
        open_folder(tmp_path)


@pytest.mark.parametrize("counts", ['{"on": 1}', '{"on": -1, "off": 0, "deleted": 0, "undone": 0}'])
def test_broken_counts_are_refused(tmp_path: Path, counts: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "instances.clicks.json").write_text(f'{{"format": 1, "clicks": {{"0.png": {counts}}}}}')
    with pytest.raises(InputError, match="no file of counted clicks"):
        open_folder(tmp_path)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = open_folder(tmp_path)
    (tmp_path / "out" / "instances.json").mkdir()
    with pytest.raises(InputError, match=r"cannot write .*instances\.json"):
        folder.save("0.png", TWO)
    assert folder.images == {"0.png": TWO}
    (tmp_path / "out" / "instances.clicks.json").mkdir()
    with pytest.raises(InputError, match=r"cannot write .*clicks\.json"):
        folder.count("0.png", "on")
    assert folder.clicks["0.png"] == InstanceClicks(on=1)
