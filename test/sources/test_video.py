"""Video files as frames."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from uois_sam.errors import SourceError
from uois_sam.sources.video import VideoSource

WIDTH, HEIGHT, FRAMES, RATE = 64, 48, 8, 10


def write_video(path: Path, frames: int = FRAMES) -> Path:
    codec = {".mp4": "mp4v", ".avi": "MJPG"}[path.suffix]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), RATE, (WIDTH, HEIGHT))
    for k in range(frames):
        bgr = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        bgr[..., 2] = 20 * k + 40
        writer.write(bgr)
    writer.release()
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_frames_are_rgb_and_stamped(tmp_path: Path, name: str) -> None:
    with VideoSource(write_video(tmp_path / name)) as source:
        frames = list(source)
        assert source.rate == pytest.approx(RATE)
        assert "64 x 48, 10.0 Hz, no depth, no intrinsics" in source.describe()
    assert len(frames) == FRAMES
    assert frames[3].stamp == pytest.approx(3e8)
    assert frames[3].depth is None
    assert frames[3].name == "a-000003"
    red, green, blue = frames[3].image.reshape(-1, 3).mean(0)
    assert abs(red - 100) < 8
    assert max(green, blue) < 8


def test_loop_begins_again(tmp_path: Path) -> None:
    with VideoSource(write_video(tmp_path / "a.avi"), loop=True) as source:
        names = [next(source).name for _ in range(2 * FRAMES + 1)]
    assert names[:FRAMES] == names[FRAMES : 2 * FRAMES]


def test_intrinsics_beside_the_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi")
    values = {"fx": 60, "fy": 60, "cx": 31.5, "cy": 23.5, "width": WIDTH, "height": HEIGHT}
    (tmp_path / "camera.json").write_text(json.dumps(values))
    with VideoSource(path) as source:
        camera = next(source).camera
        assert camera is not None
        assert (camera.fx, camera.width) == (60, WIDTH)
        assert "intrinsics of camera.json" in source.describe()
    (tmp_path / "camera.json").write_text(json.dumps(values | {"width": 640, "height": 480}))
    with pytest.raises(SourceError, match="is for 640 x 480 px; the video is 64 x 48"):
        VideoSource(path)
    (tmp_path / "camera.json").write_text("{")
    with pytest.raises(SourceError, match=r"camera\.json"):
        VideoSource(path)


def test_unusable_files_end_in_one_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    foreign = tmp_path / "foreign.mp4"
    foreign.write_bytes(b"no video " * 100)
    cut = write_video(tmp_path / "cut.mp4")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    for path, says in ((empty, "is empty"), (foreign, "cannot be read"), (cut, "damaged, truncated")):
        with pytest.raises(SourceError, match=says) as caught, VideoSource(path) as source:
            list(source)
        assert "\n" not in str(caught.value)


def test_a_video_that_ends_before_its_header_says_is_truncated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut:
        """A capture whose frames end early, as FFmpeg shows an .mp4 with its index in front."""

        def __init__(self, _: str) -> None:
            self.left = 3

        def isOpened(self) -> bool:  # noqa: N802
            return True

        def get(self, prop: int) -> float:
            return {cv2.CAP_PROP_FRAME_COUNT: 30.0, cv2.CAP_PROP_FPS: 0.0}.get(prop, 8.0)

        def read(self) -> tuple[bool, np.ndarray | None]:
            self.left -= 1
            return (True, np.zeros((8, 8, 3), np.uint8)) if self.left >= 0 else (False, None)

        def release(self) -> None:
            pass

    monkeypatch.setattr(cv2, "VideoCapture", Cut)
    source = VideoSource(tmp_path / "x.mp4")
    assert source.rate is None
    with pytest.raises(SourceError, match="ends after 3 of 30 frames; it is truncated"):
        list(source)


def test_reading_after_close_says_so(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "a.avi"))
    source.close()
    with pytest.raises(SourceError, match="was closed"):
        next(source)
