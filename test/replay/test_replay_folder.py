"""Which recordings lie below a folder, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from uois_sam.errors import InputError
from uois_sam.replay.folder import find_bags, is_recording


def make(folder: Path, *files: str) -> Path:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def test_recordings_are_told_apart_and_named_by_their_paths(tmp_path: Path) -> None:
    make(tmp_path, "a.mcap", "b/c.bag", "b/d.db3", "notes.txt", "b/image.png", "b/deep/er/e.mcap")
    make(tmp_path, "run.1/metadata.yaml", "run.1/run.1_0.mcap", "run.1/run.1_1.mcap", "run.1/inner/x.bag")
    found = find_bags(tmp_path, tmp_path / "out")
    assert list(found) == ["a", "b/c", "b/d", "b/deep/er/e", "run.1"]
    assert found["b/c"] == tmp_path / "b" / "c.bag"
    assert found["run.1"] == tmp_path / "run.1"


def test_a_recording_that_was_cut_off_is_as_many_as_its_files(tmp_path: Path) -> None:
    make(tmp_path, "cut/cut_0.mcap", "cut/cut_1.mcap")
    assert list(find_bags(tmp_path, tmp_path / "out")) == ["cut/cut_0", "cut/cut_1"]


def test_outputs_hidden_and_linked_folders_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "a.mcap", "out/a/a.mcap", "out/metadata.yaml", ".old/b.mcap", ".c.mcap")
    elsewhere = make(tmp_path / "elsewhere", "d.mcap")
    folder = make(tmp_path / "folder", "e.mcap")
    (folder / "link").symlink_to(elsewhere)
    assert list(find_bags(tmp_path, tmp_path / "out")) == ["a", "elsewhere/d", "folder/e"]


def test_those_that_would_be_called_alike_keep_their_suffixes(tmp_path: Path) -> None:
    make(tmp_path, "a.mcap", "a.bag", "a/metadata.yaml", "b.mcap")
    found = find_bags(tmp_path, tmp_path / "out")
    assert {name: path.name for name, path in found.items()} == {
        "a": "a",
        "a.bag": "a.bag",
        "a.mcap": "a.mcap",
        "b": "b.mcap",
    }


def test_a_recording_itself_is_known(tmp_path: Path) -> None:
    make(tmp_path, "a.mcap", "b/metadata.yaml", "c/x.mcap")
    assert [is_recording(tmp_path / name) for name in ("a.mcap", "b", "c", "none")] == [True, True, False, False]


def test_what_holds_no_recordings_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "empty", "photo.jpg")
    make(tmp_path / "bags", "a.mcap")
    with pytest.raises(InputError, match=r"empty holds no recording: no folder with a metadata.yaml"):
        find_bags(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(InputError, match=r"there is no folder .*nowhere"):
        find_bags(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InputError, match=r"would lie among the recordings of .*give another --out"):
        find_bags(tmp_path / "bags", tmp_path / "empty" / ".." / "bags")
