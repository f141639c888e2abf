"""sequence.json: what is written is read, what cannot be used is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.sequence_file import (
    EVENT_KINDS,
    SequenceEvent,
    SequenceInfo,
    read_sequence,
    sequence_json,
)
from uois_sam.errors import InputError

WHOLE = {
    "name": "a",
    "frame_rate": 10.0,
    "stamps": {"0": 1, "1": 2},
    "events": [{"kind": "hidden", "first": 0, "last": 1, "object": 3, "by": 4}],
}
EVENTS = st.builds(
    lambda kind, first, length, label, by: SequenceEvent(kind, first, first + length, label, by),
    st.sampled_from(EVENT_KINDS),
    st.integers(0, 999),
    st.integers(0, 99),
    st.none() | st.integers(1, 65535),
    st.none() | st.integers(1, 65535),
)


@given(
    name=st.text(),
    rate=st.none() | st.floats(0.001, 1000),
    stamps=st.dictionaries(st.text(), st.integers(0, 2**62)),
    events=st.lists(EVENTS).map(tuple),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    rate: float | None,
    stamps: dict[str, int],
    events: tuple[SequenceEvent, ...],
) -> None:
    folder = tmp_path_factory.mktemp("sequence")
    info = SequenceInfo(name, rate, stamps, events)
    (folder / "sequence.json").write_text(json.dumps(sequence_json(info)))
    assert read_sequence(folder) == info


def test_a_folder_without_it_is_no_sequence(tmp_path: Path) -> None:
    assert read_sequence(tmp_path) is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": 3}, "name is 3"),
        ({"frame_rate": 0}, "frame_rate is 0"),
        ({"frame_rate": "fast"}, 'frame_rate is "fast"'),
        ({"stamps": None}, "stamps has other values"),
        ({"stamps": {"0": 1.5}}, "stamps has other values"),
        ({"stamps": {"0": -1}}, "stamps has other values"),
        ({"events": {}}, "events is a JSON dict"),
        ({"events": [3]}, "cannot use the event 3"),
        ({"events": [{"kind": "fall", "first": 0, "last": 0}]}, "cannot use the event"),
        ({"events": [{"kind": "push", "first": 2, "last": 1, "object": 1}]}, "cannot use the event"),
        ({"events": [{"kind": "push", "first": 0, "last": 1, "object": "mug"}]}, "cannot use the event"),
    ],
)
def test_bad_values_are_refused_in_one_line(changed: dict[str, Any], says: str, tmp_path: Path) -> None:
    (tmp_path / "sequence.json").write_text(json.dumps({**WHOLE, **changed}))
    with pytest.raises(InputError, match=says) as caught:
        read_sequence(tmp_path)
    assert "\n" not in str(caught.value)
