"""The health_check executable tells a stack that works from one that does not."""

from __future__ import annotations

import subprocess
import sys

from doubles import BLOBS
from probe import WAIT, NodeProcess, Probe, clouds_of

NAMESPACE = "/checked"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from uois_sam.nodes.health_check import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=2 * WAIT, check=False
    )


def test_what_works_is_well_and_what_has_no_model_is_not(probe: Probe) -> None:
    there = ["--within", str(WAIT), "--ros-args", "-r", f"__ns:={NAMESPACE}"]
    process = NodeProcess(
        "perception", "-r", f"__ns:={NAMESPACE}", model="no/such/model", source="counting", camera=True
    )
    try:
        probe.status(f"{NAMESPACE}/segmentation", lambda s: "configure failed" in s.message)
        ill = check("segmentation", "grasp_bridge", *there)
        assert ill.returncode == 1, ill.stderr
        segmentation, grasp_bridge = ill.stdout.splitlines()
        assert segmentation.startswith(f"{NAMESPACE}/segmentation: unconfigured; ")
        assert "no/such/model" in segmentation
        assert grasp_bridge.startswith(f"{NAMESPACE}/grasp_bridge: active; ")

        assert probe.set(f"{NAMESPACE}/segmentation", model=BLOBS, adaptation="none")[0].successful
        clouds = clouds_of(probe, f"{NAMESPACE}/")
        assert probe.change(f"{NAMESPACE}/segmentation", "configure")
        assert probe.change(f"{NAMESPACE}/segmentation", "activate")
        assert clouds.wait() is not None
        well = check(*(f"{NAMESPACE}/{node}" for node in ("segmentation", "grasp_bridge", "camera")), *there[:2])
        assert well.returncode == 0, well.stdout + well.stderr
        assert len(well.stdout.splitlines()) == 3
    finally:
        assert process.stop() == 0


def test_what_is_not_there_is_not_well(middleware: None) -> None:
    missing = check("/nowhere/segmentation", "--within", "1")
    assert missing.returncode == 1
    assert missing.stdout == "/nowhere/segmentation: does not report\n"
