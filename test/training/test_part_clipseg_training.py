"""Training of PartCLIPSeg at a toy size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from uois_sam.datasets.ov_parts import PartFrame, PartLabels, PartVocabulary, VocabularyDataset
from uois_sam.errors import InputError, ModelError
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.network import PartClipSegNetwork
from uois_sam.parts.part_clipseg.small import SmallClipSeg
from uois_sam.training.loop import LoopSettings
from uois_sam.training.part_clipseg import (
    PartClipSegTraining,
    learning_parameters,
    part_clipseg_losses,
    start_model,
    train_part_clipseg,
)
from uois_sam.training.part_clipseg_ablation import ablate
from uois_sam.training.part_frames import SeenFrames, part_batches
from uois_sam.training.ranks import Ranks

CPU = torch.device("cpu")
VOCABULARY = PartVocabulary.of({"mug": ["body", "handle"], "pan": ["body", "handle"]}, ["pan"])
SETTINGS = PartClipSegTraining(
    clipseg="small",
    small=SmallClipSeg(input_size=32, tokens=4, width=16, heads=2, reduce=8, word_width=8, imagenet=False),
    batch=4,
    validate_every=100,
    loop=LoopSettings(
        steps=3, learning_rate=3e-3, warmup=0, power=0.9, average=0.0, clip=0.01, threads=1, weight_decay=1e-4
    ),
)


class Drawn(VocabularyDataset):
    """A green handle right of a red body; every third picture shows a pan instead of a mug."""

    def __init__(self, count: int = 12, seen_alone: bool = False) -> None:
        self._pans = [k for k in range(count) if k % 3 == 2 and not seen_alone]
        super().__init__(Path("drawn"), [str(k) for k in range(count)], VOCABULARY)

    def _read(self, index: int) -> PartFrame:
        thing = 1 if index in self._pans else 0
        objects = np.full((24, 36), -1, np.int16)
        classes = objects.copy()
        objects[4:20, 6:30], classes[4:20, 6:20], classes[4:20, 20:30] = thing, 2 * thing, 2 * thing + 1
        image = np.full((24, 36, 3), 40, np.uint8)
        image[classes % 2 == 0], image[(classes % 2 == 1) & (classes >= 0)] = (200, 40, 40), (40, 200, 40)
        return PartFrame(image, PartLabels(objects, classes), self.names[index])


def test_unseen_objects_are_background_to_training() -> None:
    frames = SeenFrames(Drawn(), (0, 2), VOCABULARY.only_seen())
    assert len(frames) == 2
    assert frames[0].labels.classes.max() == 1
    assert frames[1].labels.objects.max() == frames[1].labels.classes.max() == -1


def test_batches() -> None:
    model = start_model(VOCABULARY.only_seen(), SETTINGS, CPU)
    frames = SeenFrames(Drawn(), tuple(range(12)), VOCABULARY.only_seen())
    first, second = (list(part_batches(frames, model, 4, (0, 2), 5, Ranks())) for _ in range(2))
    torch.testing.assert_close(first[1].pixels, second[1].pixels)
    assert not torch.equal(first[0].pixels, first[1].pixels)
    (later,) = part_batches(frames, model, 4, (1, 2), 5, Ranks())
    torch.testing.assert_close(later.pixels, first[1].pixels)
    assert first[0].pixels.shape == (4, 3, 32, 32)
    assert first[0].objects.shape == first[0].classes.shape == (4, 32, 32)
    for picture in first[0].classes:
        assert picture.unique().tolist() == [-1, 0, 1], "every picture shows a seen part"
    lefts = [int(torch.nonzero(picture == 1)[:, 1].min()) for batch in first for picture in batch.classes]
    assert {left > 12 for left in lefts} == {True, False}, "some are mirrored"


def test_a_batch_may_ask_for_few_of_the_objects_that_it_does_not_show() -> None:
    several = {"cup": ["handle"], "mug": ["body", "handle"], **{f"thing {k}": ["body"] for k in range(6)}}
    seen = PartVocabulary.of(several)
    model = start_model(seen, SETTINGS, CPU)
    frames = SeenFrames(Drawn(seen_alone=True), (0, 1), seen)
    asked = [batch.vocabulary.objects for batch in part_batches(frames, model, 2, (0, 6), 0, Ranks(), absent=2)]
    assert {len(objects) for objects in asked} == {3}
    assert all("mug" in objects for objects in asked)
    assert len(set(asked)) > 1, "others every time"
    (few,) = part_batches(frames, model, 2, (0, 1), 0, Ranks(), absent=0)
    assert few.vocabulary == VOCABULARY.only_seen()
    assert few.classes.unique().tolist() == [-1, 0, 1]
    (every,) = part_batches(frames, model, 2, (0, 1), 0, Ranks())
    assert every.vocabulary == seen
    assert every.classes.unique().tolist() == [-1, 1, 2]


def test_frames_without_seen_parts_are_refused() -> None:
    model = start_model(VOCABULARY.only_seen(), SETTINGS, CPU)
    frames = SeenFrames(Drawn(), (2, 5), VOCABULARY.only_seen())
    with pytest.raises(InputError, match="show no seen part"):
        next(part_batches(frames, model, 4, (0, 1), 0, Ranks()))
    with pytest.raises(InputError, match="no part of a seen object"):
        start_model(PartVocabulary.of({}), SETTINGS, CPU)


def test_losses_are_summed_with_their_weights() -> None:
    seen = VOCABULARY.only_seen()
    torch.manual_seed(0)
    model = start_model(seen, SETTINGS, CPU)
    (batch,) = part_batches(SeenFrames(Drawn(), (0, 1), seen), model, 2, (0, 1), 0, Ranks())
    with torch.no_grad():
        full = part_clipseg_losses(model, batch, replace(SETTINGS, object_weight=2.0, part_weight=3.0))
        bare = part_clipseg_losses(model, batch, replace(SETTINGS, separation_weight=0.0, enhancement_weight=0.0))
    expected = full["class"] + 2 * full["object"] + 3 * full["part"]
    expected = expected + 0.1 * full["separation"] + 0.01 * full["enhancement"]
    assert float(full["loss"]) == pytest.approx(float(expected), rel=1e-5)
    assert set(bare) == {"loss", "class", "object", "part"}
    assert float(bare["loss"]) == pytest.approx(float(bare["class"] + bare["object"] + bare["part"]), rel=1e-5)


def test_training_goes_on_from_a_model_that_was_trained_here(tmp_path: Path) -> None:
    once = replace(SETTINGS, loop=replace(SETTINGS.loop, steps=1))
    folder = train_part_clipseg(Drawn(), "drawn", tmp_path, once, CPU)
    further = replace(once, clipseg=str(folder), small=SmallClipSeg())
    model, before = start_model(VOCABULARY.only_seen(), further, CPU), PartClipSegModel.from_folder(folder, CPU)
    assert model.input_size == 32
    for (name, weight), kept in zip(model.network.named_parameters(), before.network.parameters(), strict=True):
        torch.testing.assert_close(weight, kept, msg=name)
    with pytest.raises(InputError, match="cannot read the word 'spout'"):
        start_model(PartVocabulary.of({"mug": ["body", "spout"]}), further, CPU)


def test_what_learns() -> None:
    model = start_model(VOCABULARY.only_seen(), SETTINGS, CPU)
    published = replace(model, network=PartClipSegNetwork(model.network.config))
    some = {id(p) for p in learning_parameters(published)}
    names = {name for name, p in published.network.named_parameters() if id(p) in some}
    clip = {name for name in names if name.startswith("clip.")}
    assert clip == {
        "clip.text_model.embeddings.token_embedding.weight",
        "clip.text_model.embeddings.position_embedding.weight",
    }
    assert {"background", "film_mul.weight", "adapter.0.weight", "join_words.weight"} <= names
    everything = {id(p) for p in learning_parameters(model)}
    assert {name for name, p in model.network.named_parameters() if id(p) in everything} > names
    vision = model.network.clip.vision_model
    assert id(vision.views[0].weight) in everything
    assert not everything & {id(p) for p in vision.colour.parameters()}


def test_a_run_learns_and_writes_a_model(tmp_path: Path) -> None:
    settings = replace(SETTINGS, loop=replace(SETTINGS.loop, steps=25))
    folder = train_part_clipseg(Drawn(), "drawn", tmp_path / "r", settings, CPU)
    assert folder == tmp_path / "r" / "model"
    rows = [json.loads(line) for line in (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 25
    assert 0 <= rows[-1]["validation_oracle_iou"] <= 1
    torch.manual_seed(0)
    seen = VOCABULARY.only_seen()
    frames = SeenFrames(Drawn(), tuple(range(12)), seen)
    trained = PartClipSegModel.from_folder(folder, CPU)
    (batch,) = part_batches(frames, trained, 8, (99, 100), 1, Ranks())
    with torch.no_grad():
        after = part_clipseg_losses(trained, batch, settings)["loss"]
        before = part_clipseg_losses(start_model(seen, settings, CPU), batch, settings)["loss"]
    assert float(after) < 0.95 * float(before)
    assert cv2.imread(str(tmp_path / "r" / "validation.png")).shape == (240, 960, 3)


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = train_part_clipseg(Drawn(), "drawn", tmp_path / "a", SETTINGS, CPU)
    constant = replace(SETTINGS.loop, steps=2, power=0.0, drop_every=100)
    short = replace(SETTINGS, validate_every=1, loop=constant)
    longer = replace(short, loop=replace(short.loop, steps=3))
    train_part_clipseg(Drawn(), "drawn", tmp_path / "b", short, CPU)
    resumed = train_part_clipseg(Drawn(), "drawn", tmp_path / "b", longer, CPU)
    straight = train_part_clipseg(Drawn(), "drawn", tmp_path / "c", longer, CPU)
    models = [PartClipSegModel.from_folder(folder, CPU).network for folder in (resumed, straight, whole)]
    torch.testing.assert_close(models[0].join_words.weight, models[1].join_words.weight)
    assert not torch.equal(models[0].join_words.weight, models[2].join_words.weight)
    with pytest.raises(InputError, match="another configuration"):
        train_part_clipseg(Drawn(), "drawn", tmp_path / "a", replace(SETTINGS, threshold=0.2), CPU)


def test_table_5(tmp_path: Path) -> None:
    settings = replace(SETTINGS, loop=replace(SETTINGS.loop, steps=1))
    judged = Drawn(6)
    rows = ablate(Drawn(12, seen_alone=True), "drawn", (judged, judged), tmp_path, settings, CPU)
    assert list(rows) == ["without both", "separation", "separation and enhancement"]
    for row in rows.values():
        assert 0 <= row["oracle-obj"].iou.harmonic <= 1
        assert 0 <= row["pred-all"].iou.unseen <= 1
    weights = [
        json.loads((tmp_path / name / "config.json").read_text()) for name in ("without", "separation", "both")
    ]
    assert [(w["separation_weight"], w["enhancement_weight"]) for w in weights] == [(0, 0), (0.1, 0), (0.1, 0.01)]


@pytest.mark.parametrize("bad", [{"threshold": 0.0}, {"threshold": 1.0}, {"batch": 0}, {"validate_every": 0}])
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="wanted a threshold"):
        PartClipSegTraining(**bad)


def test_clipseg_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no folder"):
        train_part_clipseg(Drawn(), "d", tmp_path / "r", replace(SETTINGS, clipseg=str(tmp_path / "no")), CPU)
    assert not (tmp_path / "r").exists()


def test_the_papers_settings() -> None:
    paper = PartClipSegTraining()
    assert (paper.loop.steps, paper.loop.learning_rate, paper.loop.clip) == (20_000, 1e-4, 0.01)
    assert (paper.threshold, paper.batch, paper.object_weight, paper.part_weight) == (0.3, 8, 1.0, 1.0)
