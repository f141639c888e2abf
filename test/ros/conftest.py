"""Real middleware: a domain of our own, the shared-memory profile, and nodes in processes of their own."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from uois_sam.commands.domain import free_domain

if any(importlib.util.find_spec(name) is None for name in ("rclpy", "uois_sam_msgs")):
    collect_ignore_glob = ["test_*.py"]

REPOSITORY = Path(__file__).resolve().parents[2]
PROFILE = REPOSITORY / "config" / "fastdds_shm.xml"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ros)


@pytest.fixture(scope="session")
def domain() -> Iterator[int]:
    """A domain id that nobody on this machine uses."""
    with free_domain() as number:
        yield number


@pytest.fixture(scope="session")
def middleware(domain: int) -> Iterator[None]:
    """Initialised in this process; child processes inherit the domain."""
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    before = dict(os.environ)
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(PROFILE)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    yield
    rclpy.shutdown()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def probe(middleware: None) -> Iterator[object]:
    """A node of the test's own that publishes, listens and calls."""
    from probe import Probe

    probe = Probe()
    yield probe
    probe.close()
