"""The rows of table IV: which part of the pipeline each has, and what it says where it cannot be given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.evaluate import evaluate
from uois_sam.evaluation.table4 import GEOMETRY, Row, measure, methods
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.hpg import EmbeddingBackbone, GridPrompter, HeatmapPromptGenerator, UpsamplingHead
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.types import Camera, Frame

H, W = 48, 64
NAMES = ["SAM's automatic grid", "+ foreground", "+ heatmap", "+ HDNet", GEOMETRY]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """Untrained, with thresholds that let anything through; the foreground is about half of the image."""
    torch.manual_seed(0)
    segmenter = TinySegmenter().eval()
    hpg = HeatmapPromptGenerator(EmbeddingBackbone(1), UpsamplingHead(64, 64, (1,))).eval()
    hdnet = HDNet(segmenter.token_dim).eval()
    torch.nn.init.normal_(hdnet.mlp[-1].weight)
    settings = SegmentationSettings(foreground_threshold=0.0, score_threshold=0.0, max_area=480 * 640)
    return Pipeline(segmenter, hpg, hdnet, settings)


def frame(name: str, *, depth: bool = True) -> Frame:
    rng = np.random.default_rng(len(name))
    label = np.zeros((H, W), np.uint16)
    label[10:30, 10:40] = 1
    return Frame(
        rng.integers(0, 255, (H, W, 3), dtype=np.uint8),
        np.full((H, W), 0.8, np.float32) if depth else None,
        Camera(60, 60, 31.5, 23.5, W, H),
        name=name,
        label=label,
    )


FRAMES = [frame("a"), frame("bb")]


def test_each_row_is_one_configuration_of_the_pipeline(pipeline: Pipeline) -> None:
    rows = {method.name: measure(method, FRAMES, LabelRule()) for method in methods(pipeline)}
    assert list(rows) == NAMES
    for name, row in rows.items():
        assert row.missing == ""
        assert row.seconds_per_frame is not None
        assert row.seconds_per_frame > 0
        assert (row.prompts_per_frame is None) == (name == GEOMETRY)
    assert rows["SAM's automatic grid"].prompts_per_frame == 1024
    assert rows["+ foreground"].prompts_per_frame == 1024  # threshold 0: everything is foreground

    def scores(prompter: object, hdnet: HDNet | None) -> object:
        used = replace(pipeline, prompter=prompter, hdnet=hdnet)
        return evaluate(FRAMES, lambda f: used(f.image, f.depth, f.camera), LabelRule())

    assert rows["SAM's automatic grid"].evaluation == scores(GridPrompter(), None)
    assert rows["+ heatmap"].evaluation == scores(pipeline.prompter, None)
    assert rows["+ HDNet"].evaluation == scores(pipeline.prompter, pipeline.hdnet)
    assert pipeline.hdnet is not None  # the caller's pipeline stays as it was


def test_foreground_leaves_points_out(pipeline: Pipeline) -> None:
    strict = replace(pipeline, settings=replace(pipeline.settings, foreground_threshold=1.0))
    row = measure(methods(strict)[1], FRAMES, LabelRule())
    assert row.prompts_per_frame == 0
    assert row.evaluation is not None
    assert row.evaluation.rows[0].scores.predicted == 0


def test_a_model_without_hpg_or_without_hdnet_says_so(pipeline: Pipeline) -> None:
    def missing(one: Pipeline) -> dict[str, str]:
        return {method.name: method.missing for method in methods(one)}

    assert missing(replace(pipeline, hdnet=None)) == {
        **dict.fromkeys(NAMES, ""),
        "+ HDNet": "the model has no HDNet",
    }
    no_hpg = missing(replace(pipeline, prompter=GridPrompter()))
    assert no_hpg == {NAMES[0]: "", **dict.fromkeys(NAMES[1:4], "the model has no HPG"), GEOMETRY: ""}
    row = measure(methods(replace(pipeline, hdnet=None))[3], FRAMES, LabelRule())
    assert row == Row("+ HDNet", "the model has no HDNet")
    assert row.as_dict() == {"name": "+ HDNet", "missing": "the model has no HDNet"}


def test_the_geometric_baseline_sees_depth_where_there_is_some(pipeline: Pipeline) -> None:
    geometry = methods(pipeline)[-1]
    assert measure(geometry, FRAMES, LabelRule()).evaluation is not None
    lacking = measure(geometry, [FRAMES[0], frame("c", depth=False)], LabelRule())
    assert lacking.evaluation is None
    assert "frame 'c' has no depth" in lacking.missing


def test_what_is_wrong_with_the_data_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(InputError, match="no ground truth"):
        measure(methods(pipeline)[2], [replace(FRAMES[0], label=None)], LabelRule())
