from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from uois_sam.errors import ModelError
from uois_sam.paths import models_dir
from uois_sam.segmentation.load import load_pipeline
from uois_sam.training.batches import BatchDataset, BatchSettings
from uois_sam.training.loop import LoopSettings
from uois_sam.training.prepared import prepare
from uois_sam.training.segmenter import SegmenterTraining, train_segmenter
from uois_sam.training.segmenter_validation import hold_back

CPU = torch.device("cpu")
LOOP = LoopSettings(steps=2, checkpoint_every=1, threads=1, workers=0)


def test_batches_depend_on_seed_and_step_alone(tables: Path) -> None:
    data = [prepare(tables, workers=1)]
    settings = BatchSettings(frames=2)
    whole = BatchDataset(data, settings, seed=3, first=0, last=6)
    rest = BatchDataset(data, settings, seed=3, first=4, last=6)
    for name, tensor in vars(whole[4]).items():
        assert torch.equal(torch.nan_to_num(tensor), torch.nan_to_num(vars(rest[0])[name]))
    assert not torch.equal(whole[0].colour, whole[2].colour)


def test_an_epoch_sees_every_frame_once(tables: Path) -> None:
    data = [prepare(tables, workers=1)]
    plain = BatchDataset(data, BatchSettings(frames=4, augmented=False), seed=0, first=0, last=1)[0]
    seen = {tuple(np.round(frame.mean((1, 2)).numpy(), 4)) for frame in plain.colour}
    assert len(seen) == 4


def test_from_tables_to_a_pipeline(tables: Path, tmp_path: Path) -> None:
    batch = BatchSettings(frames=2, on_things=2, on_background=1)
    model = train_segmenter(
        [tables], tmp_path / "segmenter", SegmenterTraining(imagenet=False, batch=batch, loop=LOOP), CPU
    )
    row = json.loads((tmp_path / "segmenter" / "metrics.jsonl").read_text().splitlines()[-1])
    names = {"loss", "mask", "foreground", "heatmap", "score", "locate"}
    assert {f"validation_{name}" for name in names} <= set(row)
    assert cv2.imread(str(tmp_path / "segmenter" / "validation.png")).shape == (240, 3 * 320, 3)
    pipeline = load_pipeline(str(model), "cpu")
    assert pipeline(np.zeros((240, 320, 3), np.uint8)).label_image.shape == (240, 320)


def test_a_run_goes_on_from_a_model(tables: Path, tmp_path: Path) -> None:
    batch = BatchSettings(frames=2, on_things=2, on_background=1)
    still = LoopSettings(steps=1, learning_rate=0.0, weight_decay=0.0, threads=1, workers=0)
    settings = SegmenterTraining(start="uois-sam-tiny", batch=batch, loop=still)
    model = train_segmenter([tables, tables], tmp_path / "run", settings, CPU)
    for name in ("segmenter", "hpg"):
        before = load_file(models_dir() / "uois-sam-tiny" / f"{name}.safetensors")
        after = load_file(model / f"{name}.safetensors")
        learned = [key for key in before if "running" not in key and "batches" not in key]  # HPG has batch norms
        assert all(torch.equal(before[key], after[key]) for key in learned)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["frames"] == [4, 3]


@pytest.mark.parametrize("start", ["nothing-here", "no-hpg"])
def test_a_run_cannot_go_on_from_anything(tables: Path, tmp_path: Path, start: str) -> None:
    folder = tmp_path / "no-hpg"
    shutil.copytree(models_dir() / "uois-sam-tiny", folder)
    config = json.loads((folder / "config.json").read_text())
    del config["hpg"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=start):
        train_segmenter([tables], tmp_path / "run", SegmenterTraining(start=str(tmp_path / start), loop=LOOP), CPU)


def test_two_sets_are_one(tables: Path) -> None:
    one = prepare(tables, workers=1)
    plain = BatchSettings(frames=8, augmented=False)
    both = BatchDataset([one, one], plain, seed=0, first=0, last=1)[0]
    means = sorted(round(float(frame.mean()), 4) for frame in both.colour)
    assert means[::2] == means[1::2]
    assert len(set(means)) == 4


def test_frames_are_held_back_from_the_end(tables: Path) -> None:
    data = prepare(tables, workers=1)
    learnt, held = hold_back([data, data], 40)
    assert held is not None
    assert [len(part) for part in learnt] == [4, 3]
    assert np.array_equal(held.colour[0], data.colour[3])
    assert hold_back([data], 0) == ([data], None)
