"""True labels of a recording: from a topic or a folder, by stamp or by order."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from recordings import START, image, write_bag
from replay_doubles import COLOUR, STEP, TRUTH, H, W, recorded_frame, recorded_tables, table

from uois_sam.errors import InputError, SourceError
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.truth import FolderLabels, TopicLabels, label_rule, open_labels
from uois_sam.sources.bag import BagSource

SIZE = (H, W)
STAMPS = [START + k * STEP for k in range(3)]


def write_labels(folder: Path, names: list[str]) -> Path:
    """The k-th file has the labels of k + 1 squares."""
    folder.mkdir()
    for k, name in enumerate(names):
        cv2.imwrite(str(folder / f"{name}.png"), table(k + 1)[1])
    return folder


def squares(labels: np.ndarray | None) -> int | None:
    return None if labels is None else int(labels.max())


def test_a_topic_of_truth_is_found_and_read(tmp_path: Path) -> None:
    with BagSource(recorded_tables(tmp_path / "x.mcap", (2, 3, 1), truth=True)) as source:
        labels = open_labels(source, None)
        assert isinstance(labels, TopicLabels)
        assert labels.topic == TRUTH
        assert labels.describe() == f"topic {TRUTH}, 3 label images"
        assert [squares(labels.find(stamp, SIZE)) for stamp in STAMPS] == [2, 3, 1]
        assert squares(labels.find(STAMPS[1] + 900_000, SIZE)) == 3
        assert labels.find(STAMPS[1] + 2_000_000, SIZE) is None
        with pytest.raises(InputError, match="its colour image"):
            labels.find(STAMPS[0], (10, 10))
        assert len(list(source)) == 3


@pytest.mark.parametrize(
    ("kind", "encoding", "bigendian"),
    [(np.uint8, "mono8", 0), (np.uint8, "8UC1", 0), (np.dtype(">u2"), "16UC1", 1), (np.dtype("<u2"), "mono16", 0)],
)
def test_labels_of_all_encodings(tmp_path: Path, kind: np.dtype, encoding: str, bigendian: int) -> None:
    label = image("/gt", table(5)[1].astype(kind), encoding, is_bigendian=bigendian)
    with BagSource(write_bag(tmp_path / "x.mcap", [*recorded_frame(0, 5, depth=False), label])) as source:
        labels = open_labels(source, "/gt")
        assert labels is not None
        assert np.array_equal(labels.find(START, SIZE), table(5)[1])


def test_a_label_image_that_is_cut_short(tmp_path: Path) -> None:
    label = image("/gt", table(5)[1], "16UC1", step=2)
    with (
        BagSource(write_bag(tmp_path / "x.mcap", [*recorded_frame(0, 5, depth=False), label])) as source,
        pytest.raises(InputError, match=r"a label image has .* bytes"),
    ):
        open_labels(source, "/gt")


def test_no_truth(tmp_path: Path) -> None:
    with BagSource(recorded_tables(tmp_path / "x.mcap")) as source:
        assert open_labels(source, None) is None
        with pytest.raises(InputError, match=rf"'/nowhere' are neither a folder nor .*{COLOUR} \(rgb8\)"):
            open_labels(source, "/nowhere")
        with pytest.raises(SourceError, match="its images are 'rgb8'"):
            open_labels(source, COLOUR)


@pytest.mark.parametrize("names", [[str(s) for s in STAMPS], [f"{s / 1e9:.3f}" for s in STAMPS], ["1", "2", "10"]])
def test_a_folder_by_stamp_or_order(tmp_path: Path, names: list[str]) -> None:
    folder = write_labels(tmp_path / "labels", names)
    with BagSource(recorded_tables(tmp_path / "x.mcap", (1, 2, 3))) as source:
        labels = open_labels(source, str(folder))
    assert isinstance(labels, FolderLabels)
    assert ("by order" if names[0] == "1" else "by stamp") in labels.describe()
    assert [squares(labels.find(stamp, SIZE)) for stamp in STAMPS] == [1, 2, 3]


def test_a_folder_of_some_frames(tmp_path: Path) -> None:
    folder = write_labels(tmp_path / "labels", [str(STAMPS[2]), "notes"])
    labels = FolderLabels(folder, STAMPS)
    assert labels.find(STAMPS[0], SIZE) is None
    assert squares(labels.find(STAMPS[2], SIZE)) == 1
    with pytest.raises(InputError, match="its colour image"):
        labels.find(STAMPS[2], (10, 10))


def test_folders_of_no_use(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no PNG file"):
        FolderLabels(tmp_path / "empty", STAMPS)
    with pytest.raises(InputError, match="holds 2 files for 3 images; name them by the images' stamps"):
        FolderLabels(write_labels(tmp_path / "two", ["a", "b"]), STAMPS)


def test_the_rule_is_that_of_the_options_or_detected(tmp_path: Path) -> None:
    with BagSource(recorded_tables(tmp_path / "x.mcap", truth=True)) as source:
        labels = open_labels(source, None)
        assert labels is not None
        rule, origin = label_rule(source, labels, ReplayOptions(first_object=2))
        assert (rule.first_object, rule.ignore, origin) == (2, None, "option")
        assert label_rule(source, labels, ReplayOptions(ignore=7))[0].ignore == 7
        rule, origin = label_rule(source, labels, ReplayOptions())
        assert (rule.first_object, rule.ignore) == (1, None)
        assert origin.startswith("detected")
        assert len(list(source)) == 4


def test_labels_that_were_drawn_in_the_depth_map_are_detected(tmp_path: Path) -> None:
    """As OSD has them: 0 where there is no depth, 1 the table, objects from 2 on."""
    picture, squares_of = table(3)
    label = squares_of + 1
    label[:4] = 0
    depth = np.where(label > 0, 600, 0).astype(np.uint16)
    messages = [
        image(COLOUR, picture, "rgb8"),
        image("/camera/aligned_depth_to_color/image", depth, "16UC1"),
        image(TRUTH, label.astype(np.uint16), "16UC1"),
    ]
    with BagSource(write_bag(tmp_path / "x.mcap", messages)) as source:
        labels = open_labels(source, None)
        assert labels is not None
        rule, _ = label_rule(source, labels, ReplayOptions())
    assert (rule.first_object, rule.ignore) == (2, 0)
