"""Real middleware: a domain of our own, the shared-memory profile, and nodes in processes of their own."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    """A domain id that no other run of these tests on this machine has."""
    for number in range(101, 200):
        path = Path(tempfile.gettempdir()) / f"uois_sam_test_domain_{number}"
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            continue
        yield number
        os.close(handle)
        return
    pytest.fail("all 99 domains for tests are taken")


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
