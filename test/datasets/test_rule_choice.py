"""How ground truth is read where nobody says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.rule_choice import choose_rule, detect_rule
from uois_sam.errors import InputError
from uois_sam.types import Frame

H, W = 20, 30


def frame(*, unmeasured_zero: float, depth: bool = True, table: int = 1) -> Frame:
    """Label 0 in ten columns, of which a share has no depth; a surface; an object in two rows."""
    label = np.full((H, W), table, np.uint16)
    label[:2] = 3 - table
    label[:, :10] = 0
    metres = np.ones((H, W), np.float32)
    metres[: round(H * unmeasured_zero), :10] = 0
    return Frame(np.zeros((H, W, 3), np.uint8), metres if depth else None, name="f", label=label)


@pytest.mark.parametrize(
    ("frames", "rule"),
    [
        ([frame(unmeasured_zero=1)], LabelRule(2, 0)),
        ([frame(unmeasured_zero=0.5)], LabelRule()),
        ([frame(unmeasured_zero=0)], LabelRule()),
        ([frame(unmeasured_zero=1, depth=False)], LabelRule()),
        ([frame(unmeasured_zero=1, table=2)], LabelRule()),
        ([frame(unmeasured_zero=1), frame(unmeasured_zero=1), frame(unmeasured_zero=0)], LabelRule()),
        ([], LabelRule()),
    ],
)
def test_detection(frames: list[Frame], rule: LabelRule) -> None:
    found, reason = detect_rule(frames)
    assert found == rule
    assert reason.startswith("detected: ")


def test_holes_in_depth_elsewhere_do_not_matter() -> None:
    one = frame(unmeasured_zero=1)
    assert one.depth is not None
    one.depth[10:, 15:] = 0
    assert detect_rule([one])[0] == LabelRule(2, 0)


def test_a_frame_without_label_is_refused() -> None:
    with pytest.raises(InputError, match="frame 'x' has no ground truth"):
        detect_rule([Frame(np.zeros((H, W, 3), np.uint8), name="x")])


def test_real_tables_that_were_labelled_in_the_depth_map(shared_dir: Path) -> None:
    rule, reason = choose_rule(FolderDataset(shared_dir / "realdata" / "osd-learn"))
    assert rule == LabelRule(2, 0)
    assert "no depth" in reason
