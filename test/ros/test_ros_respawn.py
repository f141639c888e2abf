"""A process of the stack is killed and started again: the others go on, and frames are answered as before."""

from __future__ import annotations

import time

import pytest
from doubles import BLOBS
from probe import NodeProcess, Probe, clouds_of

from uois_sam.nodes.stamps import stamp_ns

COMPOSED = ("perception", "camera")
SEPARATE = ("segmentation", "grasp_bridge", "camera")


@pytest.mark.parametrize(
    ("executables", "victims"), [(COMPOSED, COMPOSED), (SEPARATE, SEPARATE)], ids=["composed", "separate"]
)
def test_a_process_that_was_killed_takes_its_place_again(
    probe: Probe, executables: tuple[str, ...], victims: tuple[str, ...]
) -> None:
    namespace = f"/{executables[0]}_dies"

    def start(executable: str) -> NodeProcess:
        common = {"model": BLOBS, "source": "counting", "rate": 8.0}
        return NodeProcess(executable, "-r", f"__ns:={namespace}", **common)

    clouds = clouds_of(probe, f"{namespace}/")
    processes = {executable: start(executable) for executable in executables}
    try:
        assert clouds.wait() is not None
        for victim in victims:
            processes[victim].kill()
            killed = time.time_ns()
            processes[victim] = start(victim)
            assert clouds.wait(lambda m, killed=killed: stamp_ns(m.header.stamp) > killed) is not None, victim
            assert all(process.alive for process in processes.values())
    finally:
        codes = {executable: process.stop() for executable, process in processes.items()}
    assert set(codes.values()) == {0}
