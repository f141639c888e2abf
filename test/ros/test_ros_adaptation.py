"""A running segmentation learns from corrections, and keeps what it learned under names."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles import plane, table
from probe import NodeProcess, Probe, instances_of
from std_msgs.msg import String
from std_srvs.srv import Trigger
from uois_sam_msgs.srv import NamedDecoder

SERVICES = "/segmentation/adaptation"


class Taught:
    """A segmentation with the bundled model, whose decoders are kept in a folder."""

    def __init__(self, probe: Probe, folder: Path) -> None:
        self.probe, self.folder = probe, folder
        self.instances = instances_of(probe)
        self.reports = probe.listen(String, f"{SERVICES}/report")
        self.start()

    def start(self) -> None:
        self.process = NodeProcess("segmentation", model="uois-sam-tiny", decoders=self.folder)
        self.probe.active("/segmentation")

    def correct(self) -> Any:
        """A new thing in the newest frame, where a square is."""
        self.probe.answer(self.instances, lambda: self.probe.send(table(3), plane()))
        return self.probe.correct((21.0, 21.0, 1))

    def named(self, what: str, name: str) -> Any:
        return self.probe.call(NamedDecoder, f"{SERVICES}/{what}", NamedDecoder.Request(name=name))


@pytest.fixture
def taught(probe: Probe, tmp_path: Path) -> Iterator[Taught]:
    taught = Taught(probe, tmp_path / "decoders")
    yield taught
    assert taught.process.stop() == 0


def test_learn_save_crash_load_reset(taught: Taught) -> None:
    probe = taught.probe
    probe.until(lambda: probe.node.count_publishers(f"{SERVICES}/report"), "its reports")
    assert taught.correct().success
    report = taught.reports.wait()
    assert report is not None
    assert report.data.startswith("learned from the correction")

    saved = taught.named("save", "site-1")
    assert saved.success, saved.message
    assert (taught.folder / "site-1.safetensors").is_file()
    refused = taught.named("save", "../site")
    assert not refused.success
    assert "names no decoder" in refused.message

    taught.process.process.send_signal(signal.SIGKILL)
    taught.process.wait()
    probe.until(
        lambda: not probe.node.count_publishers(f"{SERVICES}/report"), "the end of the killed node's lease"
    )
    taught.start()
    loaded = taught.named("load", "site-1")
    assert (loaded.success, loaded.message) == (True, "site-1 is in force")
    unknown = taught.named("load", "site-2")
    assert not unknown.success
    assert "saved are: site-1" in unknown.message
    reset = probe.call(Trigger, f"{SERVICES}/reset", Trigger.Request())
    assert (reset.success, reset.message) == (True, "the decoder is as it was trained")
    assert taught.correct().success
