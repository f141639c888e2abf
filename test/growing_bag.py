"""Looks into a recording while another process writes it."""

from __future__ import annotations

from pathlib import Path

from rosbags.highlevel import AnyReader


def counts(path: Path) -> dict[str, int]:
    """Messages by topic."""
    with AnyReader([path]) as reader:
        return {c.topic: c.msgcount for c in reader.connections}


def count_so_far(path: Path, topic: str) -> int:
    """Messages of a topic that have reached the disk; 0 where there is no file, or it is just being written to."""
    try:
        return counts(path).get(topic, 0)
    except Exception:  # rosbags raises whatever it stumbles over
        return 0
