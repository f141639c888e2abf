"""The demo's report, from recorded data."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import needs_nothing_else, read

from uois_sam.commands.demo_record import (
    Cloud,
    DemoRecord,
    FrameFigures,
    InstanceFigures,
    PartFigures,
    SampledFrame,
)
from uois_sam.commands.demo_source import Scoring
from uois_sam.commands.demo_summary import summary
from uois_sam.commands.report.page import report_page
from uois_sam.commands.report.pictures import colour_depth, pictures, shown_cloud
from uois_sam.commands.report.plot import latency_plot, stage_plot, tick_step
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.types import Frame, Instances, Part, Parts, number_colours

H, W = 48, 64


def record(*, depth: bool = True, frames: int = 3) -> DemoRecord:
    """A run over `frames` frames of one thing with a cloud and one without."""
    made = DemoRecord(
        "folder:<b>", "folder <b> & co: 3 frames", "a <model>", "auto", depth, "wps_sam:x", True, sent=frames + 1
    )
    label = np.zeros((H, W), np.uint16)
    label[10:20, 10:30], label[30:40, 40:50] = 1, 2
    instances = Instances.from_label_image(label, np.array([0.91, 0.52], np.float32))
    handle = Part(1, "handle", 0.8, (10, 10, 5, 10), np.ones((10, 5), bool))
    parts = Parts(H, W, [handle, replace(handle, name="blade & tip", bbox=(20, 10, 5, 10), preference=0.0)])
    scoring = Scoring()
    rng = np.random.default_rng(0)
    for k in range(frames):
        size = (0.1, 0.05, 0.12) if depth else None
        things = (
            InstanceFigures(1, 1, 0.91, 200, 180 if depth else 0, 190, 0.8 if depth else None, size),
            InstanceFigures(7, 2, 0.52, 100, refusal="only 3 <points>" if depth else ""),
        )
        named = (PartFigures(1, "handle", 0.8, 1.0), PartFigures(1, "blade & tip", 0.7, 0.0))
        figures = FrameFigures(f"f{k}", k, 180.0 + k, 220.0 + k if depth else None, things, named)
        made.frames.append(figures)
        scoring.add(figures.name, label, label)
        points = rng.normal(0, 0.1, (500, 3)).astype(np.float32) + np.float32([0, 0, 1])
        colours = np.full((500, 3), 200, np.uint8)
        scene = Cloud(points, colours, np.repeat(np.uint32([0, 1]), 250))
        cloud = Cloud(points[250:], colours[250:], np.ones(250, np.uint32))
        metres = np.linspace(0.5, 1.5, H * W, dtype=np.float32).reshape(H, W) if depth else None
        frame = Frame(np.full((H, W, 3), 90, np.uint8), metres, name=figures.name)
        made.samples.append(
            SampledFrame(figures, frame, instances, scene if depth else None, (cloud,) if depth else (), parts)
        )
    made.seconds = 1.5
    made.stages = {"segmentation": {"encode": [80.0, 90.0]}, "camera": {"convert": [1.0]}}
    made.rule, made.evaluation = LabelRule(), scoring.evaluate(LabelRule())
    return made


def test_a_page_that_needs_nothing_else() -> None:
    page = report_page(record())
    assert len(read(page).images) == 6 * 3
    assert needs_nothing_else(page)


def test_what_the_page_says() -> None:
    made = record()
    made.unanswered, made.unmatched, made.refused = 1, 2, {"grasp_bridge": (4, "no <depth>")}
    text = read(report_page(made)).text
    for words in (
        "folder <b> & co: 3 frames",
        "a <model>",
        "1 of 4 images were passed over",
        "2 answers had the stamp of no image",
        "grasp_bridge refused 4 frames; last reason: no <depth>.",
        "2.0instances per frame",
        "100.0overlap F, %",
        "181 mscamera to masks, median",
        "segmentation: encode85.0 ms",
        "10 × 5 × 12",
        "no cloud",
        "overlap F 100, boundary F 100",
        "handle, blade & tip",
        "2 parts: green to hold",
    ):
        assert words in text.replace("\n", "")
    assert "camera: convert" not in text


def test_colour_alone() -> None:
    made = record(depth=False)
    made.rule = made.evaluation = None
    reader = read(report_page(made))
    assert len(reader.images) == 3 * 3
    assert "no depth" in reader.text
    assert "clouds/*.ply" not in reader.text
    assert "Scores" not in reader.text
    assert "no clouds" in summary(made)


def test_a_run_without_any_instance() -> None:
    made = record(frames=1)
    empty = Instances.empty(H, W)
    figures = FrameFigures("f", 0, 100.0, 120.0, ())
    made.frames, made.stages = [figures], {}
    scene = Cloud(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8), np.zeros(0, np.uint32))
    made.samples = [SampledFrame(figures, made.samples[0].frame, empty, scene, ())]
    assert "0 instances" in read(report_page(made)).text


def test_the_table_at_the_end() -> None:
    text = summary(record())
    assert "3 frames answered, 2.00 frames/s; 2.0 instances per frame (2 to 2), 1.0 clouds" in text
    assert "camera to clouds" in text
    assert "3 images, 6 objects" in text


def test_report_json_holds_every_frame() -> None:
    import json

    written = json.loads(json.dumps(record().as_dict()))
    assert written["answered"] == len(written["frames"]) == 3
    assert written["frames"][0]["instances"][1]["refusal"] == "only 3 <points>"
    assert written["latency_ms"]["masks"]["median"] == 181
    assert written["scores"]["mean"]["overlap_f"] == 1
    assert written["scores"]["first_object"] == 1
    assert written["stage_ms"]["segmentation"] == {"encode": 85}


def test_depth_in_colour() -> None:
    depth = np.full((10, 10), 0.5, np.float32)
    depth[5:], depth[0, 0] = 1.5, 0
    coloured, low, high = colour_depth(depth)
    assert (low, high) == (0.5, 1.5)
    assert coloured.shape == (10, 10, 3)
    near, far, unknown = coloured[1, 1].astype(int), coloured[9, 9].astype(int), coloured[0, 0]
    assert near[2] > near[0]
    assert far[0] > far[2]
    assert tuple(unknown) == (48, 48, 52)
    assert colour_depth(np.zeros((4, 4), np.float32))[1:] == (0, 0)


def test_the_clouds_shown_are_the_clean_ones_in_what_is_near() -> None:
    points = np.float32([[0, 0, 1], [0.02, 0, 1], [5, 0, 1], [0, 0, 1.01]])
    scene = Cloud(points, np.full((4, 3), 100, np.uint8), np.uint32([0, 0, 0, 7]))
    clean = Cloud(points[3:], np.full((1, 3), 100, np.uint8), np.uint32([7]))
    shown = shown_cloud(scene, (clean,))
    assert np.array_equal(shown.points, points[[0, 1, 3]])
    assert shown.colours[0].tolist() == [100, 100, 100]
    overlay = number_colours(np.array([7]))[0]  # the colour of the thing's id, not of its label
    assert shown.colours[2].tolist() == (0.35 * 100 + 0.65 * overlay).astype(np.uint8).tolist()


def test_the_table_of_instances_has_the_colours_of_the_overlay() -> None:
    page = report_page(record())
    for r, g, b in number_colours(np.array([1, 7])):
        assert f"background:rgb({r},{g},{b})" in page


def test_clouds_of_a_sampled_frame_carry_ids() -> None:
    pytest.importorskip("rclpy", reason="rclpy is not on this machine")
    pytest.importorskip("uois_sam_msgs", reason="the ROS messages are not on this machine")
    from uois_sam.commands.demo_session import sampled_frame
    from uois_sam.nodes.answer import DecodedAnswer

    labels = np.zeros((H, W), np.uint16)
    labels[:4, :4], labels[6:9, :4] = 1, 2
    instances = replace(Instances.from_label_image(labels), id=np.array([41, 7]))
    fields = [("x", "f4"), ("y", "f4"), ("z", "f4"), ("rgb", "f4"), ("label", "u4")]
    points = np.zeros(3, fields)
    points["label"] = [0, 1, 2]
    frame = record().samples[0].frame
    sample = sampled_frame(record().frames[0], DecodedAnswer(frame, instances, points, None, None))
    assert sample.scene is not None
    assert sample.scene.ids.tolist() == [0, 41, 7]


def test_pictures_have_the_size_of_the_image() -> None:
    import base64

    import cv2

    for picture in pictures(record().samples[0]):
        data = np.frombuffer(base64.b64decode(picture.uri.partition(",")[2]), np.uint8)
        assert cv2.imdecode(data, cv2.IMREAD_COLOR).shape == (H, W, 3)


@given(st.floats(0.001, 1e6))
def test_ticks_are_round_and_few(highest: float) -> None:
    step = tick_step(highest)
    assert 1 <= highest / step <= 10.001
    mantissa = float(f"{step:e}".partition("e")[0])
    assert round(mantissa, 6) in (1, 2, 5)


@pytest.mark.parametrize("latencies", [{"masks": [100.0]}, {"masks": [1.0, 2.0], "clouds": [3.0]}, {"masks": []}])
def test_latency_plot_is_well_formed(latencies: dict[str, list[float]]) -> None:
    svg = ElementTree.fromstring(latency_plot(latencies))
    assert len(svg.findall("circle")) == sum(map(len, latencies.values()))
    heights = [float(c.attrib["cy"]) for c in svg.findall("circle")]
    assert all(0 <= y <= 240 for y in heights)


def test_stage_plot_is_well_formed() -> None:
    svg = ElementTree.fromstring(stage_plot([("a <b>", 10.0), ("c", 0.0)]))
    widths = [float(r.attrib["width"]) for r in svg.findall("rect")]
    assert widths[0] > widths[1] == 1
    assert svg.findall("text")[0].text == "a <b>"
