"""What a user may name as the camera."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from recordings import image, write_bag
from test_video import write_video

from uois_sam.errors import InputError, SourceError
from uois_sam.sources.source import FrameSource, open_source


def write_folder(path: Path, frames: int = 3) -> Path:
    (path / "color").mkdir(parents=True)
    (path / "depth").mkdir()
    for k in range(frames):
        cv2.imwrite(str(path / "color" / f"{k}.png"), np.full((6, 8, 3), k, np.uint8))
        cv2.imwrite(str(path / "depth" / f"{k}.png"), np.full((6, 8), 900 + k, np.uint16))
    return path


@pytest.mark.parametrize("prefix", ["", "folder:"])
def test_folder(tmp_path: Path, prefix: str) -> None:
    with open_source(f"{prefix}{write_folder(tmp_path / 'set')}") as source:
        assert isinstance(source, FrameSource)
        frames = list(source)
        assert "3 frames" in source.describe()
    assert [f.name for f in frames] == ["0", "1", "2"]
    assert frames[1].depth is not None
    assert frames[1].depth[0, 0] == pytest.approx(0.901)


def test_loop(tmp_path: Path) -> None:
    source = open_source(str(write_folder(tmp_path / "set")), loop=True)
    assert [next(source).name for _ in range(7)] == ["0", "1", "2", "0", "1", "2", "0"]


def test_a_broken_image_in_a_folder_is_refused_and_the_next_frame_is_given(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "set")
    (path / "color" / "1.png").write_bytes(b"broken")
    with open_source(str(path)) as source:
        assert next(source).name == "0"
        with pytest.raises(InputError, match=r"1\.png"):
            next(source)
        assert next(source).name == "2"
        with pytest.raises(StopIteration):
            next(source)


def test_image_video_and_bag_by_what_they_are(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.PNG"), np.full((6, 8, 3), (1, 2, 3), np.uint8))
    bag = write_bag(tmp_path / "bag.db3", [image("/image", np.zeros((4, 4, 3), np.uint8), "bgr8")])
    ros1 = write_bag(tmp_path / "old.bag", [image("/image", np.zeros((4, 4, 3), np.uint8), "bgr8")])
    video = write_video(tmp_path / "clip.avi")
    for path, size, says in (
        (tmp_path / "one.PNG", (6, 8), "image"),
        (bag, (4, 4), "bag"),
        (bag / "bag.db3", (4, 4), "bag"),
        (ros1, (4, 4), "bag"),
        (video, (48, 64), "video"),
    ):
        with open_source(str(path)) as source:
            assert source.describe().startswith(says)
            assert next(source).image.shape[:2] == size
    with open_source(f"bag:{bag}") as source:
        assert len(list(source)) == 1
    with open_source(f"video:{video}") as source:
        assert source.rate == pytest.approx(10)
    with open_source(str(tmp_path / "one.PNG")) as source:
        assert next(source).image[0, 0].tolist() == [3, 2, 1]


@pytest.mark.parametrize(
    "spec",
    ["", "folder:", "nothing/here", "folder:nothing/here", "video:none.mp4", "bag:none", "camera:0", "~nobody"],
)
def test_what_is_not_there_is_one_line(spec: str) -> None:
    with pytest.raises(SourceError, match="there is nothing at") as caught:
        open_source(spec)
    assert "\n" not in str(caught.value)


def test_what_is_no_source_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "broken.png").write_bytes(b"no image")
    (tmp_path / "color_only" / "color").mkdir(parents=True)
    for name, says in (
        ("empty", "has no folder color/"),
        ("color_only", "holds no image"),
        ("notes.txt", "neither an image, a video nor a bag"),
        ("broken.png", "no readable image"),
    ):
        with pytest.raises(SourceError, match=says):
            open_source(str(tmp_path / name))
    with pytest.raises(SourceError, match="no folder"):
        open_source(f"folder:{tmp_path / 'notes.txt'}")


def test_the_bundled_sequence_has_depth_intrinsics_and_truth() -> None:
    with open_source("bundled") as source:
        frames = list(source)
    assert len(frames) == 24
    assert all(f.depth is not None and f.camera is not None and f.label is not None for f in frames)


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(SourceError, match="no camera device 987"):
        open_source("device:987")
