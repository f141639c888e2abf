"""Sequences in which things happen: what is written, and that it is true."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.sequence_file import SequenceEvent, SequenceInfo
from uois_sam.datasets.synthetic.events import EventCounts
from uois_sam.datasets.synthetic.families import HELDOUT_FAMILIES
from uois_sam.errors import InputError
from uois_sam.sources.bag import BagSource
from uois_sam.types import Frame

SIZE = (96, 128)


@pytest.fixture(scope="module")
def folder(renderer_backend: str, lights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sequence in which everything happens once."""
    from uois_sam.datasets.synthetic.sequence import SequenceOptions, generate_sequence

    options = SequenceOptions(frames=32, frame_rate=5.0, events=EventCounts(1, 1, 1, 1, 1), size=SIZE)
    return generate_sequence(tmp_path_factory.mktemp("sequence") / "one", 1, options, cache_dir=lights_dir)


@pytest.fixture
def info(folder: Path) -> SequenceInfo:
    found = FolderDataset(folder).sequence
    assert found is not None
    return found


def _only(info: SequenceInfo, kind: str) -> SequenceEvent:
    (event,) = [e for e in info.events if e.kind == kind]
    return event


def _labels(frame: Frame) -> set[int]:
    assert frame.label is not None
    return {int(k) for k in np.unique(frame.label) if k}


def _place(folder: Path, frame: Frame, label: int) -> np.ndarray:
    """(3,) world, metres: median of what is seen of an object."""
    assert frame.camera is not None
    assert frame.depth is not None
    pose = np.array(json.loads((folder / "frames" / f"{frame.name}.json").read_text())["camera_pose"])
    v, u = np.nonzero(frame.label == label)
    z, c = frame.depth[v, u], frame.camera
    points = np.stack([(u - c.cx) / c.fx * z, (v - c.cy) / c.fy * z, z], 1)
    return np.median(points @ pose[:3, :3].T + pose[:3, 3], axis=0)


def test_it_is_a_data_set_of_one_camera_with_even_stamps(folder: Path, info: SequenceInfo) -> None:
    frames = list(FolderDataset(folder))
    assert (info.name, info.frame_rate, len(frames)) == ("synthetic-1", 5.0, 32)
    assert np.diff([f.stamp for f in frames]).tolist() == [200_000_000] * 31
    assert len({f.camera for f in frames}) == 1
    assert all(f.image.shape == (*SIZE, 3) and f.depth is not None and (f.depth > 0).all() for f in frames)
    assert [e.first for e in info.events] == sorted(e.first for e in info.events)


def test_labels_are_absent_where_events_say_so_and_only_there(folder: Path, info: SequenceInfo) -> None:
    """In the scene and not hidden means seen: the events account for every label of every frame."""
    added, removed = _only(info, "add"), _only(info, "remove")
    seen = [_labels(frame) for frame in FolderDataset(folder)]
    for label in set().union(*seen):
        absent = {k for e in info.events if e.kind == "hidden" and e.object == label for k in _span(e)}
        absent |= set(range(added.first)) if label == added.object else set()
        absent |= set(range(removed.last + 1, 32)) if label == removed.object else set()
        assert absent == {k for k in range(32) if label not in seen[k]}


def _span(event: SequenceEvent) -> range:
    return range(event.first, event.last + 1)


def test_a_carried_object_hides_the_other_one(info: SequenceInfo) -> None:
    carried = _only(info, "carry")
    hidden = [e for e in info.events if e.kind == "hidden" and (e.object, e.by) == (carried.by, carried.object)]
    assert max(len(_span(e)) for e in hidden) >= 2


def test_the_camera_looks_away(info: SequenceInfo) -> None:
    turn = _only(info, "turn")
    assert any(e.kind == "hidden" and e.by is None and e.first in _span(turn) for e in info.events)


def test_what_is_pushed_is_elsewhere_afterwards(folder: Path, info: SequenceInfo) -> None:
    pushed = _only(info, "push")
    frames = [frame for frame in FolderDataset(folder) if (frame.label == pushed.object).sum() > 30]
    before = max((f for f in frames if int(f.name) <= pushed.first), key=lambda f: f.name)
    after = min((f for f in frames if int(f.name) >= pushed.last), key=lambda f: f.name)
    shift = _place(folder, after, pushed.object or 0) - _place(folder, before, pushed.object or 0)
    assert np.linalg.norm(shift[:2]) > 0.05


def test_what_nobody_moves_stays_where_it_is(folder: Path, info: SequenceInfo) -> None:
    """Back-projected with the camera's poses, while camera and other things move."""
    busy = {e.object for e in info.events if e.kind != "hidden"}
    shifts = []
    for one, other in pairwise(FolderDataset(folder)):
        for k in (_labels(one) & _labels(other)) - busy:
            if min((one.label == k).sum(), (other.label == k).sum()) > 60:
                shifts.append(np.linalg.norm(_place(folder, one, k) - _place(folder, other, k)))
    assert len(shifts) > 20
    assert np.median(shifts) < 0.01


def test_a_seed_gives_the_same_again(renderer_backend: str, lights_dir: Path) -> None:
    from uois_sam.datasets.synthetic.sequence import SequenceOptions, SyntheticSequence

    options = SequenceOptions(frames=8, frame_rate=5.0, events=EventCounts.parse("push=1"), size=SIZE)
    runs = []
    for seed in (2, 2, 3):
        sequence = SyntheticSequence(seed, options, cache_dir=lights_dir)
        runs.append((list(sequence), sequence.info))
        sequence.close()
    (first, info), (second, again), (_, other) = runs
    assert info == again != other
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.label, b.label)
        assert np.array_equal(a.depth, b.depth)
        assert np.abs(a.color.astype(int) - b.color).mean() < 3


def test_held_out_families_and_a_sensor(renderer_backend: str, lights_dir: Path) -> None:
    from uois_sam.datasets.synthetic.sequence import SequenceOptions, SyntheticSequence

    options = SequenceOptions(1, events=EventCounts.parse(""), size=SIZE, families="heldout", sensor_noise=True)
    sequence = SyntheticSequence(4, options, cache_dir=lights_dir)
    (frame,) = sequence
    sequence.close()
    assert {o.family for o in frame.objects.values()} <= set(HELDOUT_FAMILIES)
    assert (frame.depth == 0).any()


def test_from_the_command_line_to_a_folder_and_a_recording(
    renderer_backend: str, lights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uois_sam.cli import main

    (tmp_path / "uois_sam").mkdir()
    (tmp_path / "uois_sam" / "synthetic").symlink_to(lights_dir)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    bag, out = tmp_path / "x.mcap", tmp_path / "x"
    given = f"synth --sequence 3 --seed 5 --events= --size 96x128 --bag {bag} --out {out}"
    assert main(given.split()) == 0
    with BagSource(bag) as source:
        recorded = list(source)
    written = list(FolderDataset(out))
    assert len(recorded) == len(written) == 3
    for a, b in zip(recorded, written, strict=True):
        assert a.stamp == b.stamp
        assert a.camera == b.camera
        assert np.array_equal(a.depth, b.depth)
        assert np.abs(a.image.astype(int) - b.image).mean() < 8  # of JPEG
    assert main(["convert", str(bag), str(tmp_path / "back")]) == 0
    for a, b in zip(FolderDataset(tmp_path / "back"), written, strict=True):
        assert np.array_equal(a.label, b.label)


def test_bad_options_are_refused(renderer_backend: str, lights_dir: Path, folder: Path) -> None:
    from uois_sam.datasets.synthetic.sequence import (
        SequenceOptions,
        SyntheticSequence,
        generate_sequence,
    )

    good = SequenceOptions(frames=1, events=EventCounts.parse(""), size=SIZE)
    for changed, says in (
        ({"frames": 0}, "frames is 0"),
        ({"frame_rate": 0.0}, "frame_rate is 0.0"),
        ({"size": (8, 8)}, "size is 8x8"),
        ({"families": "none"}, "none"),
    ):
        with pytest.raises(InputError, match=says):
            replace(good, **changed)
    with pytest.raises(InputError, match="seed is -1"):
        SyntheticSequence(-1, good)
    with pytest.raises(InputError, match="holds frames already"):
        generate_sequence(folder, 1, good, cache_dir=lights_dir)
