"""Which images the page keeps, and what it shows of them."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.commands.report.document import Picture, embedded
from uois_sam.commands.report.plot import histogram
from uois_sam.commands.report.worst import WorstImages
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.evaluation.metrics import Scores
from uois_sam.evaluation.results import Evaluation, ImageScores
from uois_sam.types import Frame

H, W = 24, 32
RULE = LabelRule(2, 0)


def frame(name: str = "a") -> Frame:
    """Two things (2, 3) on a table (1); the bottom rows are not labelled (0)."""
    label = np.ones((H, W), np.uint16)
    label[2:8, 2:10], label[2:8, 20:30], label[20:] = 2, 3, 0
    return Frame(np.full((H, W, 3), 120, np.uint8), name=name, label=label)


def row(name: str, f: float) -> ImageScores:
    return ImageScores(name, Scores(1, f, f, 1, f, f, f, 1, 1))


def decoded(picture: Picture) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(picture.uri.partition(",")[2]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(int)


@given(st.lists(st.floats(0, 1), max_size=12), st.integers(1, 5))
def test_the_same_images_as_the_evaluation_finds(values: list[float], count: int) -> None:
    rows = [row(f"image{k}", value) for k, value in enumerate(values)]
    worst = WorstImages(count, RULE)
    for one in rows:
        worst.see(frame(one.name), np.zeros((H, W), np.uint16), one)
    assert [kept.row for kept in worst.worst()] == Evaluation(tuple(rows)).worst(count)


def test_matched_objects_have_one_colour_and_what_counts_for_nobody_is_dark() -> None:
    found = np.zeros((H, W), np.uint16)
    found[2:8, 20:30] = 1  # the second thing, found first
    found[12:18, 4:12] = 2  # nothing there
    found[21:, :] = 3  # where nothing is known
    worst = WorstImages(1, RULE)
    worst.see(frame(), found, row("a", 0.5))
    image, prediction, truth = worst.worst()[0].pictures
    assert [p.caption for p in (image, prediction, truth)] == [
        "image",
        "prediction: 2 objects",
        "truth: 2 objects",
    ]
    plain, predicted, true = decoded(image), decoded(prediction), decoded(truth)
    assert np.abs(predicted[5, 25] - true[5, 25]).max() < 12  # JPEG
    assert np.abs(predicted[15, 8] - true[5, 5]).max() > 40
    assert np.abs(predicted[5, 5] - plain[5, 5]).max() < 12
    assert plain[22, 16].min() > 100
    assert predicted[22, 16].max() < 60
    assert true[22, 16].max() < 60


@pytest.mark.parametrize(("size", "shown"), [((40, 60), (40, 60)), ((40, 120), (20, 60)), ((1, 600), (1, 60))])
def test_wide_pictures_are_made_smaller(size: tuple[int, int], shown: tuple[int, int]) -> None:
    image = np.full((*size, 3), 80, np.uint8)
    assert decoded(Picture(embedded(image, 60), "")).shape == (*shown, 3)
    assert decoded(Picture(embedded(image), "")).shape == (*size, 3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_histogram_counts_everything_once(values: list[float]) -> None:
    from xml.etree import ElementTree

    svg = ElementTree.fromstring(histogram(values, "overlap <F>", "images"))
    bars = svg.findall("rect")
    counts = [int((bar[0].text or "").rpartition(": ")[2].split()[0]) for bar in bars]
    assert sum(counts) == len(values)
    assert counts[-1] == sum(value >= 0.95 for value in values)
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert all(y >= 0 for y in (float(bar.attrib["y"]) for bar in bars))
    assert heights.index(max(heights)) == counts.index(max(counts))
    assert all((tall == 0) == (count == 0) for tall, count in zip(heights, counts, strict=True))
