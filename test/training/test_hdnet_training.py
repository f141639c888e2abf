"""HDNet's points, targets (UOIS-SAM, eqs. 6 and 7) and training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.sam.protocol import MaskCandidates
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.load import load_pipeline, load_segmenter
from uois_sam.training.frames import LabelledFrame
from uois_sam.training.hdnet import HDNetTraining, TokenBatch, hdnet_loss, iou_targets, sample_points, train_hdnet
from uois_sam.training.loop import LoopSettings
from uois_sam.types import Frame

CPU = torch.device("cpu")
LOOP = LoopSettings(learning_rate=1e-3, warmup=0, average=0.0, threads=1)
SETTINGS = HDNetTraining(points=6, epochs=2, loop=LOOP)


def labelled(objects: np.ndarray, ignored: np.ndarray | None = None) -> LabelledFrame:
    nobody = np.zeros(objects.shape, bool) if ignored is None else ignored
    return LabelledFrame(Frame(np.zeros((*objects.shape, 3), np.uint8), name="a"), objects, nobody)


@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(0, 1))
def test_points_lie_where_their_labels_say(seed: int, count: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    objects = rng.integers(0, 4, (12, 16)).astype(np.uint16)
    ignored = (objects == 0) & (rng.random(objects.shape) < 0.5)
    points, labels = sample_points(labelled(objects, ignored), count, share, rng)
    assert points.shape == (count, 2)
    x, y = points.astype(int).T
    np.testing.assert_array_equal(objects[y, x], labels)
    assert not ignored[y, x].any()
    if (objects > 0).any() and ((objects == 0) & ~ignored).any():
        assert (labels == 0).sum() == round(count * share)


@pytest.mark.parametrize("value", [0, 3])
def test_frames_without_things_or_without_background(value: int) -> None:
    _, labels = sample_points(labelled(np.full((8, 8), value, np.uint16)), 5, 0.4, np.random.default_rng(0))
    assert labels.tolist() == [value] * 5


def test_targets_are_the_iou_on_things_and_zero_beside_them() -> None:
    objects = np.zeros((8, 8), np.uint16)
    objects[:4, :4] = 2
    logits = torch.full((2, 4, 8, 8), -1.0)
    logits[:, 0, :4, :4] = logits[:, 1, :4, :2] = logits[:, 2] = 1
    targets = iou_targets(logits, labelled(objects), np.array([2, 0]))
    assert targets.tolist() == [[1, 0.5, 0.25, 0], [0, 0, 0, 0]]
    ignored = np.zeros((8, 8), bool)
    ignored[4:] = True
    assert iou_targets(logits, labelled(objects, ignored), np.array([2, 0]))[0, 2] == 0.5


def test_the_loss_is_that_of_the_refined_scores() -> None:
    torch.manual_seed(0)
    tokens = MaskCandidates(torch.zeros(3, 4, 1, 1), torch.rand(3, 4), torch.randn(3, 1, 8), torch.randn(3, 4, 8))
    hdnet = HDNet(8, 16)
    torch.nn.init.normal_(hdnet.mlp[-1].weight)  # type: ignore[arg-type]
    batch = TokenBatch(tokens, None, torch.rand(3, 4), torch.tensor([True, False, True]))
    numbers = hdnet_loss(hdnet, batch)
    assert float(numbers["loss"]) == pytest.approx(
        float((hdnet(tokens) - batch.targets).square().mean()), abs=1e-6
    )
    own = (tokens.scores - batch.targets).square().mean()
    assert float(numbers["own_error"]) == pytest.approx(float(own), abs=1e-6)
    assert numbers["iou_best"] >= numbers["iou_chosen"]


def test_from_labelled_frames_to_a_pipeline(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    folder = train_hdnet(loaded, FolderDataset(tables), LabelRule(), "tables", tmp_path / "run", SETTINGS)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    judged = [row["validation_loss"] for row in rows if "validation_loss" in row]
    assert len(judged) == 2
    assert cv2.imread(str(tmp_path / "run" / "validation.png")).shape == (240, 3 * 320, 3)
    assert load_pipeline(str(folder), "cpu").hdnet is not None
    cached = list((tmp_path / "features").rglob("*.safetensors"))
    assert {path.stem.split("_")[1] for path in cached} <= {"depth", "colour"}
    assert cached


def test_evidence_is_trained_and_stored(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    settings = replace(SETTINGS, evidence=True, sensor_noise=True)
    folder = train_hdnet(loaded, FolderDataset(tables), LabelRule(), "tables", tmp_path / "run", settings)
    pipeline = load_pipeline(str(folder), "cpu")
    assert pipeline.hdnet is not None
    assert pipeline.hdnet.evidence
    frame = FolderDataset(tables)[0]
    assert len(pipeline(frame.image, frame.depth, frame.camera)) > 0
    cached = {path.stem.split("_")[1] for path in (tmp_path / "features").rglob("*.safetensors")}
    assert cached <= {"noisy", "colour"}


def test_painted_frames_are_not_cached(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    painted = replace(SETTINGS, painted=0.5, epochs=1)
    with pytest.raises(InputError, match="set cache: false or painted: 0"):
        train_hdnet(loaded, FolderDataset(tables), LabelRule(), "tables", tmp_path / "run", painted)
    train_hdnet(
        loaded, FolderDataset(tables), LabelRule(), "tables", tmp_path / "run", replace(painted, cache=False)
    )
    assert not (tmp_path / "features").exists()


def test_cached_embeddings_change_nothing_but_rounding(tables: Path, tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", CPU)
    losses = []
    for cache in (True, False):
        run = tmp_path / str(cache) / "run"
        settings = replace(SETTINGS, cache=cache, no_depth=0.0)
        train_hdnet(loaded, FolderDataset(tables), LabelRule(), "tables", run, settings)
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        losses.append([row["validation_loss"] for row in rows if "validation_loss" in row])
    assert losses[0] == pytest.approx(losses[1], abs=2e-3)
