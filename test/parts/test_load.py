from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from uois_sam.datasets.folder import FolderDataset
from uois_sam.errors import InputError, ModelError
from uois_sam.parts.load import BUNDLED_PROMPTER, METHODS, load_part_segmenter, method_and_model
from uois_sam.paths import bundled_sequence
from uois_sam.segmentation.load import load_segmenter
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances

SEGMENTER = load_segmenter("uois-sam-tiny", torch.device("cpu")).segmenter


@pytest.mark.parametrize("method", METHODS)
def test_a_method_without_a_model_says_how_to_make_one(method: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"uois-sam train {method.replace('_', '-')}"):
        load_part_segmenter(method, "", SEGMENTER)
    with pytest.raises(ModelError, match="nothing_here"):
        load_part_segmenter(method, str(tmp_path / "nothing_here"), SEGMENTER)


def test_there_is_no_such_method() -> None:
    with pytest.raises(InputError, match="choose one of guided_sam, wps_sam, part_clipseg"):
        load_part_segmenter("magic", "x", SEGMENTER)


def test_method_and_model_in_one_word() -> None:
    assert method_and_model("wps_sam:runs/a:b") == ("wps_sam", "runs/a:b")
    assert method_and_model("wps_sam") == method_and_model("wps-sam") == ("wps_sam", BUNDLED_PROMPTER)
    for text in ("", "guided_sam", "wps_sam:", "magic:x", ":x"):
        with pytest.raises(InputError, match="give METHOD:MODEL"):
            method_and_model(text)


def test_the_bundled_prompter_finds_parts_of_what_it_was_made_for() -> None:
    finder = load_part_segmenter(*method_and_model("wps_sam"), SEGMENTER)
    assert {"body", "handle", "blade", "head", "lid"} <= set(finder.names)
    frame = FolderDataset(bundled_sequence())[0]
    assert frame.label is not None
    instances = Instances.from_label_image(frame.label.astype(np.uint16))
    embedded = EmbeddedFrame(frame.image, SEGMENTER.encode(frame.image, frame.depth, frame.camera))
    assert "body" in {part.name for part in finder.segment(embedded, instances)}
