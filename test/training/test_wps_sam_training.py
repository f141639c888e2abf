"""Training of WPS-SAM's prompter and of Det-SAM's detector on frozen stand-ins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from part_stand_ins import BoxSegmenter, Tables, loaded

from uois_sam.errors import InputError
from uois_sam.parts.wps_sam.prompter import PrompterSettings
from uois_sam.parts.wps_sam.wps_sam import WpsSam, enlarged
from uois_sam.training.config import read_settings
from uois_sam.training.frames import Share
from uois_sam.training.loop import LoopSettings
from uois_sam.training.wps_sam import FrozenTeacher, WpsSamTraining, painted, train_wps_sam

SMALL = PrompterSettings(32, 4, 32, 1, 1, 6, (1, 2))
CELLS = replace(SMALL, proposals="cells", queries=2)
LOOP = LoopSettings(learning_rate=3e-3, weight_decay=0.0, warmup=5, average=0.0, beta2=0.999, threads=1)
SETTINGS = WpsSamTraining(prompter=SMALL, batch=3, epochs=2, share=Share(validation=20), loop=LOOP)


def rows(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_defaults_are_the_paper_s() -> None:
    settings = WpsSamTraining()
    assert (settings.batch, settings.epochs, settings.loop.learning_rate, settings.loop.weight_decay) == (
        8,
        150,
        1e-4,
        0.0,
    )
    assert (settings.weights.class_cost, settings.weights.prompt_cost) == (10, 1)
    assert (settings.weights.class_loss, settings.weights.prompt_loss) == (5, 20)
    assert settings.prompter == PrompterSettings(256, 8, 1024, 6, 6, 25, (2, 2))


@pytest.mark.parametrize(("name", "proposals"), [("train_wps_sam", "queries"), ("train_wps_sam_cells", "cells")])
def test_the_bundled_configurations_can_be_read(name: str, proposals: str) -> None:
    path = Path(__file__).resolve().parents[2] / "config" / f"{name}.yaml"
    settings = read_settings(path, WpsSamTraining())
    assert (settings.prompter.strides, settings.prompter.proposals) == ((1, 2), proposals)


def test_the_teacher_gives_two_tokens_for_a_box_and_one_for_a_point() -> None:
    tables = Tables()
    for supervision, corners in (("box", 2), ("point", 1)):
        teacher = FrozenTeacher(loaded(BoxSegmenter()), tables, None, replace(SETTINGS, supervision=supervision))
        batch = teacher.batch([0, 5])
        assert batch.features.shape == (2, 3, 12, 16)
        assert [parts.kinds.tolist() for parts in batch.truth] == [[0, 1], []]
        assert [tuple(parts.prompts.shape) for parts in batch.truth] == [(2, 4 * corners), (0, 4 * corners)]
    box = FrozenTeacher(loaded(BoxSegmenter()), tables, None, SETTINGS).batch([0]).truth[0].prompts[0]
    assert box.tolist() == pytest.approx([8 / 64, 8 / 48, 1, 0, 32 / 64, 32 / 48, 1, 0])
    halved = FrozenTeacher(loaded(BoxSegmenter()), tables, None, replace(SETTINGS, token_scale=2.0))
    assert halved.batch([0]).truth[0].prompts[0].tolist() == pytest.approx([v / 2 for v in box.tolist()])
    detector = FrozenTeacher(loaded(BoxSegmenter()), tables, None, replace(SETTINGS, detector=True))
    assert detector.batch([0]).truth[0].prompts[0].tolist() == pytest.approx([20 / 64, 20 / 48, 24 / 64, 24 / 48])


@pytest.mark.parametrize(("detector", "supervision"), [(False, "box"), (False, "point"), (True, "box")])
def test_from_labelled_parts_to_a_part_segmenter(detector: bool, supervision: str, tmp_path: Path) -> None:
    segmenter = BoxSegmenter()
    settings = replace(SETTINGS, detector=detector, supervision=supervision)
    folder = train_wps_sam(loaded(segmenter), Tables(masks=False), "tables", tmp_path / "run", settings)
    judged = [row for row in rows(tmp_path / "run") if "validation_loss" in row]
    assert len(judged) == 2
    assert cv2.imread(str(tmp_path / "run" / "validation.png")).shape == (240, 3 * 320, 3)
    model = WpsSam.from_folder(folder, segmenter)
    assert model.names == ("body", "handle")
    assert model.prompter.description.kind == ("det-sam" if detector else "wps-sam")
    assert list((tmp_path / "features").rglob("*.safetensors"))


def test_the_student_learns_what_the_teacher_says(tmp_path: Path) -> None:
    segmenter, tables = BoxSegmenter(), Tables()
    settings = replace(SETTINGS, epochs=400, judge_every=400, token_scale=0.5, share=Share(validation=1))
    model = WpsSam.from_folder(
        train_wps_sam(loaded(segmenter), tables, "tables", tmp_path / "run", settings), segmenter
    )
    seen = [k for k in range(len(tables)) if len(tables.parts(k))]
    ious = []
    for k in seen:
        frame, labels = tables[k], tables.parts(k)
        found = model.masks(segmenter.encode(frame.image))
        assert labels.masks is not None
        for kind, mask in zip(labels.kinds, labels.masks, strict=True):
            answer = np.zeros_like(mask)
            if found is not None and bool((found.kinds == int(kind)).any()):
                answer = enlarged(found.logits[found.kinds == int(kind)], mask.shape).any(0)  # type: ignore[arg-type]
            ious.append((answer & mask).sum() / (answer | mask).sum())
    assert np.mean(ious) > 0.5


def test_cells_learn_the_boxes_and_draw_them(tmp_path: Path) -> None:
    segmenter, tables = BoxSegmenter(), Tables()
    settings = replace(SETTINGS, prompter=CELLS, epochs=100, judge_every=100, share=Share(validation=1))
    folder = train_wps_sam(loaded(segmenter), Tables(masks=False), "tables", tmp_path / "run", settings)
    model = WpsSam.from_folder(folder, segmenter)
    assert model.prompter.description.by_cells
    assert rows(tmp_path / "run")[-1].keys() >= {"validation_loss", "validation_giou", "validation_recall"}
    frame, labels = tables[0], tables.parts(0)
    found = model.masks(segmenter.encode(frame.image))
    assert found is not None
    assert sorted(found.kinds.tolist()) == [0, 1]
    for kind, mask in zip(found.kinds.tolist(), enlarged(found.logits, (48, 64)), strict=True):
        assert labels.masks is not None
        assert (mask & labels.masks[kind]).sum() > 0.5 * (mask | labels.masks[kind]).sum()


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for name, parts in (("whole", (4,)), ("twice", (2, 4))):
        for epochs in parts:
            torch.manual_seed(9)
            train_wps_sam(
                loaded(BoxSegmenter()), Tables(), "tables", tmp_path / name, replace(SETTINGS, epochs=epochs)
            )
    assert json.loads((tmp_path / "twice" / "config.json").read_text())["earlier_steps"] == [2]
    steps = [row["step"] for row in rows(tmp_path / "twice") if "validation_loss" in row]
    assert steps == [1, 2, 3, 4]
    with pytest.raises(InputError, match="another configuration"):
        train_wps_sam(loaded(BoxSegmenter()), Tables(), "tables", tmp_path / "whole", replace(SETTINGS, batch=2))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (replace(SETTINGS, supervision="scribble"), "from 'scribble'"),
        (replace(SETTINGS, supervision="point", detector=True), "Det-SAM learns boxes"),
        (replace(SETTINGS, token_scale=-1.0), "token scale is -1"),
        (replace(SETTINGS, prompter=CELLS, supervision="point"), "take queries for points and Det-SAM"),
        (replace(SETTINGS, prompter=CELLS, detector=True), "take queries for points and Det-SAM"),
    ],
)
def test_supervision_that_cannot_be(settings: WpsSamTraining, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=complaint):
        train_wps_sam(loaded(BoxSegmenter()), Tables(), "tables", tmp_path / "run", settings)
    assert not (tmp_path / "run" / "config.json").exists()


def test_small_parts_are_painted_over_large_ones() -> None:
    masks = np.zeros((2, 4, 4), bool)
    masks[0, 0, 0], masks[1] = True, True
    labels = painted(np.array([4, 7]), masks)
    assert labels[0, 0] == 5
    assert labels[1, 1] == 8
    assert not painted(np.zeros(0, np.int64), np.zeros((0, 4, 4), bool)).any()
