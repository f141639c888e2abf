"""The file of counted clicks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.annotation.clicks import clicks_file, read_clicks, write_clicks
from uois_sam.annotation.part_labels import PartClicks
from uois_sam.errors import InputError

counts = st.builds(PartClicks, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))


@given(st.dictionaries(st.text(min_size=1), counts, max_size=3), st.integers(1, 100))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, clicks: dict[str, PartClicks], images: int
) -> None:
    path = tmp_path_factory.mktemp("clicks") / "x.clicks.json"
    write_clicks(clicks, {"images": images}, path)
    assert read_clicks(path, PartClicks) == clicks
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert json.loads(path.read_text())["images"] == images


def test_all_kinds_count() -> None:
    assert PartClicks(1, 20, 300).total == 321


def test_it_stands_beside_the_labels(tmp_path: Path) -> None:
    assert clicks_file(tmp_path / "my.labels.json") == tmp_path / "my.labels.clicks.json"
    assert read_clicks(tmp_path / "none.clicks.json", PartClicks) == {}


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        '{"format": 2, "clicks": {}}',
        '{"format": 1, "clicks": []}',
        '{"format": 1, "clicks": {"handle": {"prototypes": 1, "patches": 2}}}',
        '{"format": 1, "clicks": {"handle": {"prototypes": -1, "patches": 2, "undone": 0}}}',
        '{"format": 1, "clicks": {"handle": {"prototypes": true, "patches": 2, "undone": 0}}}',
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.clicks.json"
    path.write_text(content)
    with pytest.raises(InputError, match="no file of counted clicks"):
        read_clicks(path, PartClicks)


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_clicks({}, {}, tmp_path / "nowhere" / "x.clicks.json")
