"""What the launch file refuses, and which processes it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from launch.actions import DeclareLaunchArgument
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launched import LAUNCH_FILE

from launch import LaunchContext, LaunchDescription


def description() -> LaunchDescription:
    return PythonLaunchDescriptionSource(str(LAUNCH_FILE)).get_launch_description(LaunchContext())


def executables(**arguments: str) -> list[str]:
    """What the launch file would start, given some arguments.

    Raises:
        RuntimeError: an argument is refused.
    """
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    nodes = []
    for entity in description().entities:
        nodes = entity.execute(context) or []
    return [node.node_executable for node in nodes]


def test_every_argument_is_described_and_has_a_default() -> None:
    arguments = [entity for entity in description().entities if isinstance(entity, DeclareLaunchArgument)]
    assert {argument.name for argument in arguments} > {"composed", "namespace", "source", "parts", "respawn"}
    for argument in arguments:
        assert argument.default_value is not None
        assert argument.description != "no description given"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "perception"),
        ({"camera": "false", "parts": "true"}, "perception"),
        ({"composed": "false"}, "segmentation grasp_bridge camera"),
        ({"composed": "false", "camera": "false"}, "segmentation grasp_bridge"),
        ({"composed": "false", "parts": "true"}, "segmentation part_segmentation grasp_bridge camera"),
    ],
)
def test_processes(arguments: dict[str, str], expected: str) -> None:
    assert executables(**arguments) == expected.split()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("composed", "maybe"),
        ("camera", "no"),
        ("loop", "yes"),
        ("respawn", "2"),
        ("log_level", "loud"),
        ("rate", "fast"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(RuntimeError, match=f"(?s){name}.*{value}|{value}.*{name}"):
        executables(**{name: value})


def test_a_parameter_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="there is no such file"):
        executables(config=str(tmp_path / "nothing.yaml"))
