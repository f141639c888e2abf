from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from uois_sam.adaptation.interactive import Click
from uois_sam.errors import InputError, ModelError
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.hpg import UpsamplingHead
from uois_sam.segmentation.load import choose_device, load_pipeline, load_segmenter
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.segmentation.tracking import Tracker
from uois_sam.segmentation.tracking_settings import TrackingSettings
from uois_sam.training.export import write_hdnet, write_model
from uois_sam.training.segmenter import HPG_CONFIG

STAGES = {"encode", "prompts", "decode", "postprocess"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model folder whose thresholds let anything through."""
    torch.manual_seed(0)
    folder = write_model(
        tmp_path_factory.mktemp("model"), TinySegmenter(), UpsamplingHead(64, 64, (1,)), HPG_CONFIG
    )
    write_hdnet(folder, load_segmenter(str(folder), torch.device("cpu")), HDNet(96), 256)
    config = json.loads((folder / "config.json").read_text())
    config["settings"] = {"foreground_threshold": 0.0, "score_threshold": 0.0, "max_area": 480 * 640}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> Pipeline:
    return load_pipeline(str(folder), "cpu")


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)


def test_answers_with_the_images_size_and_stage_times(pipeline: Pipeline, image: np.ndarray) -> None:
    instances = pipeline(image)
    assert instances.label_image.shape == (120, 160)
    assert set(pipeline.stage_ms) == STAGES
    assert (np.diff(instances.score) <= 0).all()


def test_same_frame_same_answer(pipeline: Pipeline, image: np.ndarray) -> None:
    assert np.array_equal(pipeline(image).label_image, pipeline(image).label_image)


def test_no_prompts_no_instances(pipeline: Pipeline, image: np.ndarray) -> None:
    loaded = pipeline.settings
    pipeline.settings = type(loaded)(foreground_threshold=1.0)
    try:
        assert len(pipeline(image)) == 0
        assert set(pipeline.stage_ms) == STAGES
    finally:
        pipeline.settings = loaded


class TestTrack:
    def test_the_same_frame_again_has_the_same_ids(self, pipeline: Pipeline, image: np.ndarray) -> None:
        pipeline.tracker = Tracker()
        frame = pipeline.encode(image)
        first = pipeline.track(frame, 1)
        assert len(first)
        assert first.id.tolist() == list(range(1, len(first) + 1))
        assert pipeline.track(frame, 2).id.tolist() == first.id.tolist()
        assert pipeline.stage_ms["track"] > 0

    def test_switched_off_ids_are_labels_and_all_is_forgotten(self, pipeline: Pipeline, image: np.ndarray) -> None:
        pipeline.tracker = Tracker()
        frame = pipeline.encode(image)
        count = len(pipeline.track(frame))
        pipeline.tracker.settings = TrackingSettings(tracking=False)
        assert pipeline.track(frame).id.tolist() == list(range(1, count + 1))
        pipeline.tracker.settings = TrackingSettings()
        assert pipeline.track(frame).id.tolist() == list(range(count + 1, 2 * count + 1))

    def test_a_corrected_thing_keeps_its_id_and_a_new_one_has_its_own(
        self, pipeline: Pipeline, image: np.ndarray
    ) -> None:
        pipeline.tracker = Tracker()
        frame = pipeline.encode(image)
        pipeline.track(frame)
        pipeline.tracker.reset()
        before = pipeline.track(frame)
        number = int(before.id[0])
        after, _ = pipeline.correct(frame, before, number, [Click(80, 60, True)])
        assert number in after.id
        added, _ = pipeline.correct(frame, before, None, [Click(80, 60, True)])
        (new,) = set(added.id.tolist()) - set(before.id.tolist())
        assert new == max(before.id) + 1


class TestCorrect:
    def corrected(self, pipeline: Pipeline, image: np.ndarray, instance_id: int | None):
        frame = pipeline.encode(image)
        before = pipeline.segment(frame)
        after, correction = pipeline.correct(frame, before, instance_id, [Click(80, 60, True)])
        assert correction.clicks == (Click(80, 60, True),)
        assert (correction.initial is None) == (instance_id is None)
        return before, after

    def test_adds_a_new_instance_on_top(self, pipeline: Pipeline, image: np.ndarray) -> None:
        before, after = self.corrected(pipeline, image, None)
        new = set(after.id.tolist()) - set(before.id.tolist())
        assert len(new) == 1
        assert after.prompt[after.id.tolist().index(new.pop())].tolist() == [80, 60]

    def test_redraws_one_and_keeps_the_ids(self, pipeline: Pipeline, image: np.ndarray) -> None:
        before, after = self.corrected(pipeline, image, 1)
        assert set(after.id.tolist()) <= set(before.id.tolist())
        assert 1 in after.id

    @pytest.mark.parametrize(
        ("clicks", "instance_id", "reason"),
        [
            ([Click(500, 5, True)], None, "outside"),
            ([Click(-1, 5, True)], None, "outside"),
            ([Click(5, 5, False)], None, "there is no mask yet"),
            ([], None, "0 clicks"),
            ([Click(5, 5, True)], 999, "no instance 999"),
        ],
    )
    def test_refusals(
        self,
        pipeline: Pipeline,
        image: np.ndarray,
        clicks: list[Click],
        instance_id: int | None,
        reason: str,
    ) -> None:
        frame = pipeline.encode(image)
        with pytest.raises(InputError, match=reason):
            pipeline.correct(frame, pipeline.segment(frame), instance_id, clicks)


class TestLoad:
    def test_settings_of_the_folder_and_of_the_caller(self, folder: Path) -> None:
        pipeline = load_pipeline(str(folder), "cpu", nms_iou=0.5)
        assert pipeline.settings.score_threshold == 0.0
        assert pipeline.settings.nms_iou == 0.5
        assert pipeline.hdnet is not None

    def test_refuses_settings_that_do_not_exist(self, folder: Path) -> None:
        with pytest.raises(InputError, match="unknown setting"):
            load_pipeline(str(folder), "cpu", threshold=0.5)

    @pytest.mark.parametrize("device", ["gpu", "cuda"])
    def test_refuses_devices_that_are_not_here(self, device: str) -> None:
        if device == "cuda" and torch.cuda.is_available():
            pytest.skip("CUDA is here")
        with pytest.raises(ModelError, match="device"):
            choose_device(device)

    def test_missing_weights(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text((folder / "config.json").read_text())
        with pytest.raises(ModelError, match="missing"):
            load_pipeline(str(tmp_path), "cpu")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("{", "cannot be read"),
            ("[]", "wanted an object"),
            ('{"segmenter": {}}', "lacks 'kind'"),
            ('{"segmenter": {"kind": "huge"}}', "unknown"),
        ],
    )
    def test_broken_config(self, tmp_path: Path, text: str, reason: str) -> None:
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(ModelError, match=reason):
            load_pipeline(str(tmp_path), "cpu")

    def test_a_folder_that_is_no_model(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"no config\.json"):
            load_pipeline(str(tmp_path), "cpu")
