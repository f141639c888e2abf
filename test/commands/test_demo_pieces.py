"""The pieces of the demo that need no middleware: pairing by stamp, sampling, diagnostics, names and truth."""

from __future__ import annotations

import random
import socket
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_tables import H, W, true_label, write_frame

from uois_sam.commands.demo_answers import Answer, AnswerCollector, header_stamp
from uois_sam.commands.demo_diagnostics import DiagnosticsLog
from uois_sam.commands.demo_record import EvenSample
from uois_sam.commands.demo_source import Reference, Scoring, look_at, open_reference
from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError, SourceError
from uois_sam.types import Frame

MS = 1_000_000


def cdr(stamp: int) -> bytes:
    """The beginning of a serialized message with a header."""
    return b"\x00\x01\x00\x00" + struct.pack("<iI", stamp // 10**9, stamp % 10**9) + b"rest"


def collect(wanted: set[str]) -> tuple[AnswerCollector, list[Answer]]:
    answers: list[Answer] = []
    return AnswerCollector(frozenset(wanted), answers.append), answers


@given(st.integers(0, 2**31 - 1), st.integers(0, 10**9 - 1))
def test_the_stamp_of_a_serialized_message(seconds: int, nanoseconds: int) -> None:
    stamp = seconds * 10**9 + nanoseconds
    assert header_stamp(cdr(stamp)) == stamp


def test_messages_of_one_stamp_become_one_answer() -> None:
    collector, answers = collect({"image", "instances", "clouds"})
    for name, later in (("image", 3), ("instances", 150), ("clouds", 200)):
        collector.add(name, cdr(5), 5 + later * MS)
    (answer,) = answers
    assert answer.stamp == 5
    assert answer.messages.keys() == {"image", "instances", "clouds"}
    assert (answer.latency_ms("instances"), answer.latency_ms("clouds")) == (150, 200)
    assert answer.latency_ms("depth") is None
    assert (collector.sent, collector.unanswered, collector.unmatched) == (1, 0, 0)


def test_frames_are_told_apart_by_stamp_and_counted() -> None:
    collector, answers = collect({"image", "instances", "clouds"})
    for stamp in (1, 2, 3, 4):
        collector.add("image", cdr(stamp), stamp)
    collector.add("instances", cdr(2), 12)  # its clouds never come
    collector.add("instances", cdr(9), 13)  # no image has this stamp
    collector.add("instances", cdr(4), 14)
    collector.add("clouds", cdr(4), 15)
    assert [answer.stamp for answer in answers] == [2, 4]
    assert "clouds" not in answers[0].messages
    assert (collector.sent, collector.unanswered) == (4, 2)
    collector.add("clouds", cdr(2), 20)  # too late
    collector.flush()
    assert [answer.stamp for answer in answers] == [2, 4]
    assert collector.unmatched == 1


@given(st.lists(st.integers(1, 40), min_size=1, unique=True), st.randoms(use_true_random=False))
def test_every_complete_answer_comes_once_in_order(stamps: list[int], chance: random.Random) -> None:
    collector, answers = collect({"image", "instances"})
    for stamp in sorted(stamps):
        pair = ["image", "instances"]
        chance.shuffle(pair)
        for name in pair:
            collector.add(name, cdr(stamp), stamp)
    collector.flush()
    assert [answer.stamp for answer in answers] == sorted(stamps)
    assert (collector.unanswered, collector.unmatched) == (0, 0)


@given(st.integers(0, 500), st.integers(1, 12))
def test_a_sample_is_even_and_within_its_capacity(count: int, capacity: int) -> None:
    sample: EvenSample[int] = EvenSample(capacity)
    for k in range(count):
        sample.offer(k)
    kept = sample.kept()
    assert len(kept) <= capacity
    assert kept[:1] == list(range(min(count, 1)))
    steps = np.diff(kept)
    assert len(set(steps.tolist())) <= 1
    if count:
        assert len(kept) >= min(count, (capacity + 1) // 2)


def status(node: str, level: int, message: str, host: str = "", **values: object) -> SimpleNamespace:
    pairs = [SimpleNamespace(key=k.replace("_", " "), value=str(v)) for k, v in values.items()]
    return SimpleNamespace(
        name=f"/{node}: {node}", level=bytes([level]), message=message, hardware_id=host, values=pairs
    )


def test_diagnostics_are_read_once_per_answered_frame() -> None:
    log, fresh = DiagnosticsLog(), []
    for answered, encode in ((0, 1.0), (1, 80.0), (1, 80.0), (3, 90.0)):
        entry = status("segmentation", 0, "fine", frames_answered=answered, encode_ms=encode, frames_refused=0)
        fresh.append(log.add(SimpleNamespace(status=[entry])))
    assert fresh == [{}, {"segmentation": {"encode": 80}}, {}, {"segmentation": {"encode": 90}}]
    assert log.stages["segmentation"] == {"encode": [80, 90]}
    assert (log.refused, log.failure) == ({}, "")


def test_diagnostics_tell_of_refusals_and_failures() -> None:
    log = DiagnosticsLog()
    log.add(SimpleNamespace(status=[status("a", 1, "x", frames_refused=2, last_refusal="too small")]))
    assert log.refused == {"a": (2, "too small")}
    log.add(SimpleNamespace(status=[status("a", 2, "no image on x for 9 s")]))
    assert log.failure == ""
    log.add(SimpleNamespace(status=[status("b", 2, "unconfigured; configure failed: no model; give one")]))
    assert log.failure == "b: configure failed: no model; give one"
    assert log.count == 3


def test_diagnostics_tell_of_the_processes_on_this_machine() -> None:
    log, here = DiagnosticsLog(), socket.gethostname()
    for host, process in ((here, 12), (f"not {here}", 13), ("", 14), (here, 12), (here, 15)):
        log.add(SimpleNamespace(status=[status("a", 0, "fine", host, process_id=process)]))
    log.add(SimpleNamespace(status=[status("of somebody else", 0, "fine", here)]))
    assert log.processes == {12, 15}


def test_a_folder_seen_before_the_camera_sees_it(table: Path) -> None:
    facts = look_at(str(table))
    assert (facts.with_depth, facts.endless, facts.has_clock, facts.count) == (True, False, False, 3)
    assert facts.folder == table
    assert open_reference(facts) is not None
    assert look_at("bundled").count == 24


def test_sources_without_depth_or_folder(table: Path) -> None:
    facts = look_at(str(table / "color" / "1.png"))
    assert (facts.with_depth, facts.count, facts.folder) == (False, 1, None)
    assert open_reference(facts) is None
    assert look_at("synthetic").endless
    device = look_at("device:0")
    assert (device.endless, device.has_clock, device.with_depth) == (True, True, False)


def test_a_first_frame_that_is_damaged_is_passed_over(table: Path) -> None:
    (table / "color" / "1.png").write_bytes(b"damaged")
    assert look_at(f"folder:{table}").with_depth
    for name in ("2", "10"):
        (table / "color" / f"{name}.png").write_bytes(b"damaged")
    with pytest.raises(SourceError, match="no frame that can be used"):
        look_at(f"folder:{table}")


def test_the_reference_finds_the_frame_that_was_sent(tmp_path: Path) -> None:
    for k in range(4):
        write_frame(tmp_path, str(k), label=true_label() * (k + 1))
    import cv2

    for k in range(4):  # every image another one
        cv2.imwrite(str(tmp_path / "color" / f"{k}.png"), np.full((H, W, 3), 10 * k, np.uint8))
    (tmp_path / "color" / "2.png").write_bytes(b"damaged")
    reference = Reference(FolderDataset(tmp_path))

    def found(value: int) -> str | None:
        frame = reference.find(np.full((H, W, 3), value, np.uint8))
        return None if frame is None else frame.name

    assert [found(v) for v in (10, 30, 0, 0, 10, 20, 5)] == ["1", "3", "0", "0", "1", None, None]


def test_scores_of_packed_labels() -> None:
    scoring = Scoring()
    assert scoring.evaluate(LabelRule()) is None
    scoring.add("a", true_label(), true_label())
    scoring.add("b", np.zeros((H, W), np.uint16), true_label() + np.uint16(300))
    evaluation = scoring.evaluate(LabelRule(301))
    assert evaluation is not None
    assert [row.name for row in evaluation.rows] == ["a", "b"]
    assert evaluation.rows[0].scores.objects == 0
    assert (evaluation.rows[1].scores.objects, evaluation.rows[1].scores.overlap_f) == (2, 0)


def test_a_reference_that_raises_for_all_frames() -> None:
    class Broken(list[Frame]):
        def __getitem__(self, index: object) -> Frame:  # type: ignore[override]
            raise InputError("broken")

    assert Reference(Broken([Frame(np.zeros((2, 2, 3), np.uint8))])).find(np.zeros((2, 2, 3), np.uint8)) is None
