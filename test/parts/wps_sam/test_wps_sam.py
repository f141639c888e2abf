"""WPS-SAM as a part segmenter, its model folder, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from part_stand_ins import GRID, BoxSegmenter, H, W, loaded
from torch import Tensor

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.wps_sam.cells import CellMaps, CellPrompter
from uois_sam.parts.wps_sam.model import (
    PartPrompter,
    PrompterDescription,
    load_prompter,
    pixel_boxes,
    unit_boxes,
)
from uois_sam.parts.wps_sam.prompter import PrompterSettings, Proposals, StudentPrompter
from uois_sam.parts.wps_sam.wps_sam import WpsSam, WpsSamSettings
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.training.export import write_prompter
from uois_sam.types import Instances

SMALL = PrompterSettings(width=16, heads=2, feed_forward=8, encoder_layers=1, decoder_layers=1, queries=5)
CELLS = replace(SMALL, proposals="cells", strides=(1, 2))
NAMES = ("body", "handle")
FOUND = [
    (0, (8, 8, 32, 32), 6.0),
    (1, (32, 12, 44, 24), 4.0),
    (0, (8, 8, 32, 30), 5.0),
    (1, (50, 40, 60, 46), 3.0),
]
"""Kind, box and logit of what the fixed prompter finds: body, handle, the body again, and one on the table."""


def description(
    kind: str = "wps-sam", supervision: str = "box", settings: PrompterSettings = SMALL
) -> PrompterDescription:
    return PrompterDescription(NAMES, 3, GRID, 4, kind, supervision, settings)


class FixedNetwork(StudentPrompter):
    """Answers the same to every frame."""

    def __init__(self, found: list[tuple[int, tuple[float, ...], float]], kind: str = "wps-sam") -> None:
        super().__init__(SMALL, 3, GRID, len(NAMES), 8)
        logits = torch.zeros(1, 5, 3)
        logits[..., 2] = 2.0
        boxes = torch.tensor([box for _, box, _ in found] or np.zeros((0, 4)), dtype=torch.float32).view(-1, 4)
        for row, (part, _, logit) in enumerate(found):
            logits[0, row, part] = logit
        if kind == "det-sam":
            embedding = Embedding((), (H, W))
            prompts = unit_boxes(boxes, embedding).logit()
        else:
            corners = boxes.view(-1, 2, 2) / torch.tensor([W, H])
            prompts = torch.cat([corners, torch.zeros_like(corners)], -1).flatten(1)
        answers = torch.zeros(1, 5, prompts.shape[1])
        answers[0, : len(found)] = prompts
        self.answer = Proposals(logits, answers)

    def forward(self, features: Tensor) -> Proposals:
        return self.answer


@pytest.fixture
def frame() -> EmbeddedFrame:
    image = np.zeros((H, W, 3), np.uint8)
    return EmbeddedFrame(image, BoxSegmenter().encode(image))


@pytest.fixture
def instances() -> Instances:
    label = np.zeros((H, W), np.uint16)
    label[8:32, 8:40] = 2
    label[34:38, 2:6] = 1
    return Instances.from_label_image(label)


def model(kind: str = "wps-sam", found: list[tuple[int, tuple[float, ...], float]] = FOUND) -> WpsSam:
    return WpsSam(PartPrompter(FixedNetwork(found, kind), description(kind)), BoxSegmenter())


@pytest.mark.parametrize("kind", ["wps-sam", "det-sam"])
def test_parts_lie_within_the_instance_that_they_overlap_most(
    kind: str, frame: EmbeddedFrame, instances: Instances
) -> None:
    wps_sam = model(kind)
    parts = list(wps_sam.segment(frame, instances))
    assert [(part.instance_id, part.name) for part in parts] == [(2, "body"), (2, "handle")]
    assert parts[0].bbox == (8, 8, 24, 24)
    assert parts[1].bbox == (32, 12, 8, 12)
    assert parts[0].mask.all()
    assert parts[0].score > parts[1].score > 0.5
    assert wps_sam.segmenter.decoded == [4]  # type: ignore[attr-defined]


def test_only_the_wanted_parts_are_decoded(frame: EmbeddedFrame, instances: Instances) -> None:
    wps_sam = model()
    wps_sam.set_parts(["handle"])
    assert wps_sam.names == ("handle",)
    assert [part.name for part in wps_sam.segment(frame, instances)] == ["handle"]
    assert wps_sam.segmenter.decoded == [2]  # type: ignore[attr-defined]
    wps_sam.set_parts([])
    assert wps_sam.names == NAMES
    with pytest.raises(InputError, match="'lid' is unknown; known are body, handle"):
        wps_sam.set_parts(["lid"])


def test_a_threshold_leaves_out_the_doubtful(frame: EmbeddedFrame, instances: Instances) -> None:
    wps_sam = model()
    wps_sam.settings = WpsSamSettings(score_threshold=0.9)
    assert [part.name for part in wps_sam.segment(frame, instances)] == ["body"]
    with pytest.raises(InputError, match="score threshold is 2"):
        WpsSamSettings(score_threshold=2)


def test_nothing_to_find(frame: EmbeddedFrame, instances: Instances) -> None:
    empty = model().segment(frame, Instances.empty(H, W))
    assert (len(empty), empty.height, empty.width) == (0, H, W)
    assert len(model(found=[]).segment(frame, instances)) == 0
    with pytest.raises(InputError, match="give the instances of this frame"):
        model().segment(frame, Instances.empty(H, W + 1))


def test_boxes_of_padded_images_and_back() -> None:
    embedding = Embedding((), (30, 40), (0.75, 1.0))
    boxes = torch.tensor([[0.0, 0.0, 40.0, 30.0], [10.0, 5.0, 20.0, 25.0]])
    unit = unit_boxes(boxes, embedding)
    assert unit[0].tolist() == pytest.approx([0.5, 0.375, 1.0, 0.75])
    torch.testing.assert_close(pixel_boxes(unit, embedding), boxes)
    assert pixel_boxes(torch.tensor([[0.9, 0.9, 1.0, 1.0]]), embedding)[0, 2:].tolist() == [40, 30]


@pytest.mark.parametrize(("kind", "supervision"), [("wps-sam", "box"), ("wps-sam", "point"), ("det-sam", "box")])
def test_a_model_folder_gives_back_what_was_written(kind: str, supervision: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    segmenter = BoxSegmenter()
    written = PartPrompter(description(kind, supervision).build().eval(), description(kind, supervision))
    folder = write_prompter(tmp_path / "model", loaded(segmenter), written)
    read = load_prompter(folder, segmenter)
    assert read.description == written.description
    features = torch.rand(1, 3, *GRID)
    with torch.no_grad():
        torch.testing.assert_close(
            read.network(features).prompts, written.network(features).prompts, atol=1e-2, rtol=1e-2
        )
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    assert WpsSam.from_folder(folder, segmenter).names == NAMES


class FixedCells(CellPrompter):
    """A body in the middle of the frame, and a doubtful handle."""

    def __init__(self) -> None:
        super().__init__(CELLS, 3, GRID, len(NAMES))
        for parameter in self.parameters():
            torch.nn.init.zeros_(parameter)
        self.logits = torch.full((1, len(NAMES), *GRID), -9.0)
        self.logits[0, 0, 5, 5], self.logits[0, 1, 5, 10] = 2.0, -3.0

    def forward(self, features: Tensor) -> CellMaps:
        return CellMaps(self.logits, torch.zeros(1, CELLS.width, *GRID))


def test_cells_that_are_no_part_are_left_out(frame: EmbeddedFrame, instances: Instances) -> None:
    wps_sam = WpsSam(PartPrompter(FixedCells(), description(settings=CELLS)), BoxSegmenter())
    part = next(iter(wps_sam.segment(frame, instances)))
    assert (part.name, part.score) == ("body", pytest.approx(0.881, abs=1e-3))
    assert part.bbox == (14, 14, 16, 16)  # 4 cells of 4 pixels
    assert wps_sam.segmenter.decoded == [1]  # type: ignore[attr-defined]
    wps_sam.set_parts(["handle"])
    assert len(wps_sam.segment(frame, instances)) == 0


def test_a_folder_of_cells_gives_back_what_was_written(tmp_path: Path) -> None:
    torch.manual_seed(0)
    segmenter = BoxSegmenter()
    written = PartPrompter(description(settings=CELLS).build().eval(), description(settings=CELLS))
    read = load_prompter(write_prompter(tmp_path / "model", loaded(segmenter), written), segmenter)
    assert read.description == written.description
    features = torch.rand(1, 3, *GRID)
    with torch.no_grad():
        torch.testing.assert_close(
            read.network(features).logits, written.network(features).logits, atol=1e-2, rtol=1e-2
        )


def test_a_prompter_of_another_segmenter(tmp_path: Path) -> None:
    written = PartPrompter(description().build(), description())
    folder = write_prompter(tmp_path / "model", loaded(BoxSegmenter()), written)
    with pytest.raises(ModelError, match=r"tokens of another segmenter \(\{'kind': 'boxes'\}\)"):
        load_prompter(folder, BoxSegmenter(mark=1.0))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "describes no prompter"),
        ("[]", "describes no prompter"),
        ({"names": None}, "describes no prompter"),
        ({"kind": "mask-sam"}, "cannot be 'mask-sam'"),
        ({"prompter": {"depth": 3}}, "describes no prompter"),
        ({"prompter": {"proposals": "pixels"}}, "wanted queries or cells"),
        ({"prompter": {"proposals": "cells"}, "supervision": "point"}, "take queries for points"),
        ({"kind": "det-sam", "supervision": "point"}, "Det-SAM learns boxes"),
        ({"channels": 4}, "holds another network"),
    ],
)
def test_broken_model_folders(content: object, complaint: str, tmp_path: Path) -> None:
    written = PartPrompter(description().build(), description())
    folder = write_prompter(tmp_path / "model", loaded(BoxSegmenter()), written)
    config = folder / "config.json"
    if isinstance(content, dict):
        content = json.dumps({**json.loads(config.read_text()), **content})
    config.write_text(str(content))
    with pytest.raises(ModelError, match=complaint):
        load_prompter(folder, BoxSegmenter())


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        load_prompter(tmp_path, BoxSegmenter())
    written = PartPrompter(description().build(), description())
    folder = write_prompter(tmp_path / "model", loaded(BoxSegmenter()), written)
    (folder / "prompter.safetensors").unlink()
    with pytest.raises(ModelError, match=r"prompter.safetensors is missing"):
        load_prompter(folder, BoxSegmenter())
