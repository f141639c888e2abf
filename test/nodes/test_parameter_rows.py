"""The tables of parameters, and the files in config/ that name them."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from uois_sam.grasping.settings import CLOUD_RANGES, CloudSettings
from uois_sam.nodes import camera, grasp_bridge, perception, segmentation
from uois_sam.nodes.lifecycle import AUTOSTART
from uois_sam.nodes.parameters import Row, attribute_docs, settings_rows
from uois_sam.segmentation.settings import SETTING_RANGES, SegmentationSettings
from uois_sam.segmentation.tracking_settings import TRACKING_RANGES, TrackingSettings

CONFIG = Path(__file__).resolve().parents[2] / "config"
TABLES = {
    "camera": (AUTOSTART, *camera.ROWS),
    "segmentation": (AUTOSTART, *segmentation.ROWS),
    "grasp_bridge": (AUTOSTART, *grasp_bridge.ROWS),
    "perception": perception.ROWS,
}


@pytest.mark.parametrize("node", TABLES)
def test_names_are_unique_and_described_and_defaults_are_in_their_range(node: str) -> None:
    rows = TABLES[node]
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.description
        assert row.complaint(row.default) is None
        if row.low is not None and row.high is not None:
            assert row.low <= row.default <= row.high  # type: ignore[operator]


@pytest.mark.parametrize("node", TABLES)
def test_the_file_of_a_node_names_its_parameters_and_says_their_defaults(node: str) -> None:
    (section, content), *others = yaml.safe_load((CONFIG / f"{node}.yaml").read_text()).items()
    assert (section, others) == (f"/**/{node}", [])
    defaults = {row.name: row.default for row in TABLES[node]}
    given = content["ros__parameters"]
    assert given == {name: defaults[name] for name in given}
    assert {name: type(value) for name, value in given.items()} == {name: type(defaults[name]) for name in given}


@pytest.mark.parametrize(
    ("settings", "ranges"),
    [
        (SegmentationSettings, SETTING_RANGES),
        (TrackingSettings, TRACKING_RANGES),
        (CloudSettings, CLOUD_RANGES),
    ],
)
def test_every_setting_is_a_live_row_with_its_default_range_and_words(
    settings: type, ranges: dict[str, tuple[float, float]]
) -> None:
    rows = {row.name: row for row in settings_rows(settings, ranges)}
    assert set(rows) == {f.name for f in fields(settings)}
    assert all(row.live and row.description and "\n" not in row.description for row in rows.values())
    assert {name: (row.low, row.high) for name, row in rows.items() if type(row.default) is not bool} == ranges
    assert settings(**{name: row.default for name, row in rows.items()}) == settings()


def test_settings_that_a_node_has_no_use_for_are_left_out() -> None:
    names = {row.name for row in settings_rows(CloudSettings, CLOUD_RANGES, without=("voxel",))}
    assert "voxel" not in names
    assert "scene_voxel" in names


def test_descriptions_come_from_the_docstring_also_over_several_lines() -> None:
    class Documented:
        """A class.

        Attributes:
            short: one line.
            long_one: first line
                and second line.

        Raises:
            none: this is no attribute.
        """

    assert attribute_docs(Documented) == {"short": "one line.", "long_one": "first line and second line."}


def test_descriptors_tell_type_range_choices_and_when_to_change() -> None:
    real = Row("a", 0.5, "text", 0.0, 1.0, live=True).descriptor()
    assert (real.floating_point_range[0].from_value, real.floating_point_range[0].to_value) == (0.0, 1.0)
    assert real.additional_constraints == "may change at any time"
    whole = Row("b", 3, "text", 1, 9).descriptor()
    assert (whole.integer_range[0].from_value, whole.integer_range[0].to_value) == (1, 9)
    choice = Row("c", "raw", "text", choices=("raw", "compressed"))
    assert (
        choice.descriptor().additional_constraints
        == "one of 'raw', 'compressed'; read when the node is configured"
    )
    assert choice.complaint("theora") == "c is 'theora'; it must be one of 'raw', 'compressed'"


def test_what_the_launch_file_passes_on_are_parameters_of_that_type() -> None:
    """Read from the source: the launch packages have no wheels."""
    tree = ast.parse((CONFIG.parent / "launch" / "perception.launch.py").read_text())
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PARAMETERS"
    )
    assert isinstance(table, ast.Dict)
    passed = {
        ast.literal_eval(key): ast.unparse(value.elts[0])
        for key, value in zip(table.keys, table.values, strict=True)
        if key is not None and isinstance(value, ast.Tuple)
    }
    types = {row.name: type(row.default).__name__ for rows in TABLES.values() for row in rows}
    assert len(passed) == len(table.keys) > 5
    assert passed == {name: types[name] for name in passed}
