"""Rows of scores: means, intervals, and the files they are written to and read from."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.evaluation.metrics import Scores
from uois_sam.evaluation.results import FIGURES, Evaluation, ImageScores, means_table, read_evaluation

fractions = st.floats(0, 1)
names = st.text(st.characters(blacklist_categories=("Cs", "Cc")))
scores = st.builds(Scores, *[fractions] * 7, st.integers(0, 50), st.integers(0, 50))
evaluations = st.lists(st.builds(ImageScores, names, scores), min_size=1, max_size=5).map(
    lambda rows: Evaluation(tuple(rows))
)


def rows_of(*overlap_f: float) -> Evaluation:
    return Evaluation(
        tuple(ImageScores(f"image{k}", Scores(1, f, f, 1, f, f, f, 1, 1)) for k, f in enumerate(overlap_f))
    )


def test_intervals_hold_the_mean_are_repeatable_and_shrink_with_images() -> None:
    few, many = rows_of(*np.linspace(0, 1, 10)), rows_of(*np.linspace(0, 1, 1000))
    for evaluation in (few, many):
        mean = evaluation.means()["overlap_f"]
        assert mean.low < mean.value < mean.high
        assert evaluation.means() == evaluation.means()
    few_mean, many_mean = few.means()["overlap_f"], many.means()["overlap_f"]
    assert many_mean.high - many_mean.low < (few_mean.high - few_mean.low) / 5
    # 1.96 standard errors of a uniform distribution over 1000 images
    assert many_mean.high - many_mean.value == pytest.approx(1.96 * np.sqrt(1 / 12 / 1000), rel=0.15)


def test_one_image_has_an_interval_of_no_width() -> None:
    mean = rows_of(0.5).means()["overlap_f"]
    assert (mean.low, mean.value, mean.high) == (0.5, 0.5, 0.5)


def test_worst_images_come_first() -> None:
    evaluation = rows_of(0.9, 0.2, 0.5, 0.2)
    assert [row.name for row in evaluation.worst(3)] == ["image1", "image3", "image2"]
    assert len(evaluation.worst(99)) == 4


def test_json_holds_counts_means_intervals_and_rows() -> None:
    evaluation = rows_of(0.5, 1, 0)
    content = json.loads(evaluation.to_json())
    assert (content["images"], content["objects"], content["predicted"]) == (3, 3, 3)
    assert content["mean"]["overlap_f"] == evaluation.means()["overlap_f"].value == 0.5
    assert set(content["mean"]) == set(content["interval95"]) == set(FIGURES)
    assert content["rows"][1] == {"name": "image1", **dict.fromkeys(FIGURES, 1), "predicted": 1, "objects": 1}


def test_the_table_is_in_per_cent() -> None:
    lines = rows_of(0.5, 1, 0.333).table().splitlines()
    assert lines[0].split() == ["overlap", "P", "R", "F", "boundary", "P", "R", "F", "%75"]
    assert lines[1].split()[:4] == ["mean", "100.0", "61.1", "61.1"]
    assert lines[2].split()[:3] == ["95", "%", "100.0-100.0"]
    assert lines[3] == "3 images, 3 objects"


def test_differences_carry_their_sign() -> None:
    lines = means_table("difference", rows_of(0.25).means(), "+").splitlines()
    assert lines[1].split()[:4] == ["difference", "+100.0", "+25.0", "+25.0"]
    assert "+25.0 to +25.0" in lines[2]


@given(evaluations)
def test_what_is_written_as_json_is_read_back_exactly(evaluation: Evaluation) -> None:
    assert Evaluation.from_dict(json.loads(evaluation.to_json())) == evaluation


@given(evaluations)
def test_csv_has_every_value_of_every_image(evaluation: Evaluation) -> None:
    header, *lines = csv.reader(io.StringIO(evaluation.to_csv(), newline=""))
    assert header == ["name", *FIGURES, "predicted", "objects"]
    for line, row in zip(lines, evaluation.rows, strict=True):
        assert line[0] == row.name
        assert [float(cell) for cell in line[1:8]] == [getattr(row.scores, figure) for figure in FIGURES]
        assert [int(cell) for cell in line[8:]] == [row.scores.predicted, row.scores.objects]


def test_a_file_is_read_with_all_it_says(tmp_path: Path) -> None:
    evaluation = rows_of(0.5, 1)
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"boundary": "davis", **evaluation.as_dict()}))
    read, document = read_evaluation(path)
    assert read == evaluation
    assert document["boundary"] == "davis"


ROW: dict[str, Any] = rows_of(0.5).as_dict()["rows"][0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "as JSON"),
        (b"\xff\xfe\xff", "as JSON"),
        ("[" * 100000, "as JSON"),
        ("[]", "holds a JSON list"),
        ("{}", "no rows"),
        ({"rows": []}, "no rows"),
        ({"rows": {"a": 1}}, "no rows"),
        ({"rows": [3]}, "row 0 has no name"),
        ({"rows": [ROW, {"name": 3}]}, "row 1 has no name"),
        ({"rows": [{"name": "a"}]}, r"row 0 \('a'\): overlap_precision is None; wanted a fraction"),
        ({"rows": [{**ROW, "overlap_f": 1.5}]}, "overlap_f is 1.5"),
        ({"rows": [{**ROW, "overlap_f": float("nan")}]}, "overlap_f is nan"),
        ({"rows": [{**ROW, "percent75": True}]}, "percent75 is True"),
        ({"rows": [{**ROW, "objects": 1.0}]}, "objects is 1.0; wanted a whole number"),
        ({"rows": [{**ROW, "predicted": -1}]}, "predicted is -1"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "a.json"
    data = json.dumps(content) if isinstance(content, dict) else content
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(InputError, match=message) as error:
        read_evaluation(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nowhere"):
        read_evaluation(tmp_path / "nowhere.json")
