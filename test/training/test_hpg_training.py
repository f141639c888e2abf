"""HPG's targets, losses (UOIS-SAM, eqs. 1 to 4) and training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.hpg import HeatmapPromptGenerator
from uois_sam.segmentation.load import load_pipeline, load_segmenter
from uois_sam.training.frames import LabelledFrame
from uois_sam.training.hpg import HPGTraining, MapBatch, centroids, hpg_losses, target_maps, train_hpg
from uois_sam.training.loop import LoopSettings
from uois_sam.types import Camera, Frame

CPU = torch.device("cpu")
LOOP = LoopSettings(learning_rate=3e-3, weight_decay=1e-4, warmup=0, average=0.0, threads=1)
SETTINGS = HPGTraining(channels=16, scales=(2.0,), batch=3, epochs=2, loop=LOOP)


def labelled(objects: np.ndarray, ignored: np.ndarray | None = None) -> LabelledFrame:
    frame = Frame(np.zeros((*objects.shape, 3), np.uint8), name="a")
    nobody = np.zeros(objects.shape, bool) if ignored is None else ignored
    return LabelledFrame(frame, objects.astype(np.uint16), nobody)


def test_centroids_are_means_of_pixels_also_beside_the_thing() -> None:
    objects = np.zeros((20, 30), np.uint16)
    objects[2:12, 3] = objects[11, 3:13] = 4  # an L
    objects[15, 20] = 9
    ys, xs = np.nonzero(objects == 4)
    np.testing.assert_allclose(centroids(objects), [[xs.mean(), ys.mean()], [20, 15]], atol=1e-4)
    assert centroids(np.zeros((4, 4), np.uint16)).shape == (0, 2)


def test_the_heatmap_is_the_highest_gaussian_at_each_cell() -> None:
    objects = np.zeros((24, 32), np.uint16)
    objects[4:7, 4:7], objects[4:7, 10:13] = 1, 2
    _, heatmap = target_maps(labelled(objects), (24, 32), sigma=0.1)
    assert heatmap[5, 5] == heatmap[5, 11] == 1
    d1, d2 = (8 - 5) ** 2, (8 - 11) ** 2
    assert heatmap[5, 8] == pytest.approx(np.exp(-min(d1, d2) / (2 * 3.2**2)), abs=1e-6)


def test_maps_of_another_size_keep_place() -> None:
    objects = np.zeros((48, 64), np.uint16)
    objects[8:16, 40:48] = 1
    foreground, heatmap = target_maps(labelled(objects), (24, 32), sigma=0.05)
    assert foreground.shape == heatmap.shape == (24, 32)
    np.testing.assert_array_equal(np.argwhere(foreground == 1).min(0), [4, 20])
    assert abs(np.array(np.unravel_index(heatmap.argmax(), heatmap.shape)) - [5.5, 21.5]).max() <= 0.5


def test_pixels_that_count_for_nobody_change_no_loss() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 6, 8)
    foreground = torch.randint(0, 2, (2, 6, 8))
    foreground[:, :2] = -1
    batch = MapBatch(torch.zeros(0), foreground, torch.rand(2, 6, 8))
    before = hpg_losses(logits, batch)
    logits[:, :, :2] = 50
    for name, value in hpg_losses(logits, batch).items():
        assert torch.allclose(value, before[name])


def test_losses_are_the_papers() -> None:
    torch.manual_seed(0)
    logits, foreground, heatmap = (
        torch.randn(2, 3, 6, 8),
        torch.zeros(2, 6, 8, dtype=torch.long),
        torch.rand(2, 6, 8),
    )
    foreground[0, :2, :3] = 1
    weight = torch.where(foreground == 1, 1 / (foreground == 1).sum(), 1 / (foreground == 0).sum())
    weight = weight / weight.sum()
    eq3 = (weight * F.cross_entropy(logits[:, :2], foreground, reduction="none")).sum()
    eq2 = (logits[:, 2].sigmoid() - heatmap).square().mean()
    found = hpg_losses(logits, MapBatch(torch.zeros(0), foreground, heatmap))
    assert float(found["foreground"]) == pytest.approx(float(eq3), abs=1e-6)
    assert float(found["heatmap"]) == pytest.approx(float(eq2), abs=1e-6)
    assert float(found["loss"]) == pytest.approx(float(0.1 * eq3 + eq2), abs=1e-6)


def test_from_labelled_frames_to_a_pipeline(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    folder = train_hpg(loaded, FolderDataset(tables), LabelRule(), "tables", tmp_path / "run", SETTINGS)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert {"loss", "foreground", "heatmap"} <= rows[-2].keys() | rows[-1].keys()
    assert any("validation_loss" in row for row in rows)
    picture = cv2.imread(str(tmp_path / "run" / "validation.png"))
    assert picture.shape == (240, 3 * 320, 3)
    pipeline = load_pipeline(str(folder), "cpu")
    assert isinstance(pipeline.prompter, HeatmapPromptGenerator)
    assert pipeline.hdnet is not None  # that of the model it began with
    assert pipeline(np.zeros((240, 320, 3), np.uint8)).label_image.shape == (240, 320)


class Killed(list[Frame]):
    """Frames that stop the run when one has been asked for often enough."""

    left = 9

    def __getitem__(self, index: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().__getitem__(index)


def test_killed_and_resumed_is_the_same_run(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    frames = [*FolderDataset(tables)]
    settings = replace(SETTINGS, epochs=4, batch=1, drop_every=2, loop=replace(LOOP, checkpoint_every=2))

    def run(name: str, given: list[Frame]) -> dict[str, Any]:
        train_hpg(loaded, given, LabelRule(), "tables", tmp_path / name, settings)
        state: dict[str, Any] = torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)
        return state

    with pytest.raises(KeyboardInterrupt):
        run("cut", Killed(frames))
    assert 0 < torch.load(tmp_path / "cut" / "checkpoint.pt", weights_only=True)["step"] < 12
    resumed, whole = run("cut", frames), run("whole", frames)
    assert resumed["step"] == whole["step"] == 12
    for name, tensor in whole["model"].items():
        assert torch.equal(tensor, resumed["model"][name])


def test_frames_of_several_shapes_are_refused(tables: Path, tmp_path: Path) -> None:
    frames = [*FolderDataset(tables)]
    narrow = frames[0]
    assert narrow.label is not None
    frames[0] = Frame(narrow.image[:, :200].copy(), name="narrow", label=narrow.label[:, :200].copy())
    with pytest.raises(InputError, match=r"wanted one aspect ratio"):
        train_hpg(load_segmenter("uois-sam-tiny", CPU), frames, LabelRule(), "t", tmp_path / "r", SETTINGS)


def test_a_level_that_is_not_there_is_refused(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    with pytest.raises(InputError, match="level is 3; the embedding has maps 0 to 2"):
        train_hpg(loaded, FolderDataset(tables), LabelRule(), "t", tmp_path / "r", replace(SETTINGS, level=3))


@pytest.mark.parametrize("no_depth", [0.0, 1.0])
def test_a_segmenter_that_looks_at_depth_is_also_shown_without(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_depth: float
) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    seen, encode = [], loaded.segmenter.encode

    def watched(image: np.ndarray, depth: np.ndarray | None, camera: Camera | None) -> Embedding:
        seen.append(depth is not None)
        return encode(image, depth, camera)

    monkeypatch.setattr(loaded.segmenter, "encode", watched)
    settings = replace(SETTINGS, no_depth=no_depth)
    train_hpg(loaded, FolderDataset(tables), LabelRule(), "tables", tmp_path / "run", settings)
    assert seen.count(False) == (no_depth and len(FolderDataset(tables)) - 1)  # all but the validation frame


def test_geometry_can_be_learnt_from_too(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    settings = replace(SETTINGS, geometry=True)
    folder = train_hpg(loaded, FolderDataset(tables), LabelRule(), "tables", tmp_path / "run", settings)
    assert json.loads((folder / "config.json").read_text())["hpg"]["geometry"] is True
    frame = FolderDataset(tables)[0]
    pipeline = load_pipeline(str(folder), "cpu")
    assert pipeline(frame.image, frame.depth, frame.camera).label_image.shape == frame.image.shape[:2]
    assert pipeline(frame.image).label_image.shape == frame.image.shape[:2]
