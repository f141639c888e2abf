from __future__ import annotations

from pathlib import Path

import pytest
import torch

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.load import METHODS, load_part_segmenter, method_and_model
from uois_sam.segmentation.load import load_segmenter

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
    for text in ("", "wps_sam", "wps_sam:", "magic:x", ":x"):
        with pytest.raises(InputError, match="give METHOD:MODEL"):
            method_and_model(text)
