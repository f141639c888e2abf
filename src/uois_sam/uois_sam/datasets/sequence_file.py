"""sequence.json: says that the frames of a folder are one sequence, when each was taken, and what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from uois_sam.datasets.json_files import number, read_object
from uois_sam.errors import InputError

FILE_NAME = "sequence.json"
EVENT_KINDS = ("push", "carry", "remove", "add", "turn", "hidden")


@dataclass(frozen=True)
class SequenceEvent:
    """Something that happened from one frame to another, both included, counted from 0 in the order of frames.

    Attributes:
        kind: "push" (an object slides over the table), "carry" (it is lifted, carried past another one and put
            down again), "remove" (it is lifted out of view and does not come back), "add" (a new one is put down),
            "turn" (the camera looks away and back), or "hidden" (an object is there, but no pixel of it is seen).
        first, last: frames; of "remove", the last with the object in the scene; of "add", the first.
        object: its label; None for "turn".
        by: for "carry" the label of the object that is passed; for "hidden" of the one that stands before it, None
            where it is out of the image.
    """

    kind: str
    first: int
    last: int
    object: int | None = None
    by: int | None = None


@dataclass(frozen=True)
class SequenceInfo:
    """What a sequence.json holds.

    Attributes:
        name: of the sequence.
        frame_rate: frames per second; None where the stamps keep no rate.
        stamps: nanoseconds by frame name, increasing.
        events: in order of their first frame; empty where nobody knows.
    """

    name: str
    frame_rate: float | None
    stamps: Mapping[str, int]
    events: Sequence[SequenceEvent] = field(default_factory=tuple)


def sequence_json(info: SequenceInfo) -> dict[str, Any]:
    """The object that a sequence.json holds."""
    return {
        "name": info.name,
        "frame_rate": info.frame_rate,
        "stamps": dict(info.stamps),
        "events": [{k: v for k, v in asdict(event).items() if v is not None} for event in info.events],
    }


def read_sequence(folder: Path) -> SequenceInfo | None:
    """The sequence.json of a folder, None where it has none.

    Raises:
        InputError: the file is no JSON, or a value is missing or of another kind.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    content = read_object(path)
    name, stamps, events = content.get("name"), content.get("stamps"), content.get("events", [])
    rate = None if content.get("frame_rate") is None else number(path, content, "frame_rate")
    if not isinstance(name, str):
        raise InputError(f"{path}: name is {json.dumps(name)}; wanted a text")
    if rate is not None and rate <= 0:
        raise InputError(f"{path}: frame_rate is {rate}; wanted frames per second, or null")
    if not isinstance(stamps, dict) or not all(type(s) is int and s >= 0 for s in stamps.values()):
        raise InputError(f"{path}: stamps has other values than nanoseconds by frame name; give whole numbers")
    if not isinstance(events, list):
        raise InputError(f"{path}: events is a JSON {type(events).__name__}; wanted a list")
    return SequenceInfo(name, rate, stamps, tuple(_event(path, event) for event in events))


def _event(path: Path, content: Any) -> SequenceEvent:
    fields = dict(content) if isinstance(content, dict) else {}
    kind, first, last = fields.get("kind"), fields.get("first"), fields.get("last")
    labels = (fields.get("object"), fields.get("by"))
    usable = kind in EVENT_KINDS and type(first) is int and type(last) is int and 0 <= first <= last
    if not usable or any(label is not None and type(label) is not int for label in labels):
        raise InputError(
            f"{path}: cannot use the event {json.dumps(content)}; wanted kind ({', '.join(EVENT_KINDS)}), "
            "first <= last (frames from 0), and labels for object and by"
        )
    return SequenceEvent(str(kind), int(first or 0), int(last or 0), *labels)
