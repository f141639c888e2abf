"""launch_testing tests of the launch file: a launch of its own for each file, in a ROS domain of its own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NEEDED = ("launch_testing", "launch_ros", "rclpy", "uois_sam_msgs")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]

sys.path.append(str(Path(__file__).parents[1] / "ros"))  # its probe listens here too


class SkippedModule(pytest.Module):
    """A file of tests that cannot even be imported here."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(f"{self.path.name}: {MISSING[0]} does not import here")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """launch_testing comes with a ROS installation, and not as a wheel: where it is missing, say so by name."""
    return SkippedModule.from_parent(parent, path=module_path) if MISSING else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fixtures do not reach launch_testing's items."""
    from uois_sam.commands.domain import own_domain

    with own_domain():
        return (yield)
