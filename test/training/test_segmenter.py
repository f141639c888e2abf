from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from uois_sam.segmentation.load import load_pipeline
from uois_sam.training.batches import BatchDataset, BatchSettings
from uois_sam.training.loop import LoopSettings
from uois_sam.training.prepared import prepare
from uois_sam.training.segmenter import SegmenterTraining, train_segmenter

CPU = torch.device("cpu")
LOOP = LoopSettings(steps=2, checkpoint_every=1, threads=1, workers=0)


def test_batches_depend_on_seed_and_step_alone(tables: Path) -> None:
    data = prepare(tables, workers=1)
    settings = BatchSettings(frames=2)
    whole = BatchDataset(data, settings, seed=3, first=0, last=6)
    rest = BatchDataset(data, settings, seed=3, first=4, last=6)
    for name, tensor in vars(whole[4]).items():
        assert torch.equal(torch.nan_to_num(tensor), torch.nan_to_num(vars(rest[0])[name]))
    assert not torch.equal(whole[0].colour, whole[2].colour)


def test_an_epoch_sees_every_frame_once(tables: Path) -> None:
    data = prepare(tables, workers=1)
    plain = BatchDataset(data, BatchSettings(frames=4, augmented=False), seed=0, first=0, last=1)[0]
    seen = {tuple(np.round(frame.mean((1, 2)).numpy(), 4)) for frame in plain.colour}
    assert len(seen) == 4


def test_from_tables_to_a_pipeline(tables: Path, tmp_path: Path) -> None:
    batch = BatchSettings(frames=2, on_things=2, on_background=1)
    model = train_segmenter(
        tables, tmp_path / "segmenter", SegmenterTraining(imagenet=False, batch=batch, loop=LOOP), CPU
    )
    row = json.loads((tmp_path / "segmenter" / "metrics.jsonl").read_text().splitlines()[-1])
    assert {"loss", "mask", "foreground", "heatmap", "score", "locate"} <= set(row)
    pipeline = load_pipeline(str(model), "cpu")
    assert pipeline(np.zeros((240, 320, 3), np.uint8)).label_image.shape == (240, 320)
