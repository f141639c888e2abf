from __future__ import annotations

from pathlib import Path

import pytest

from uois_sam.datasets.kinds import Kind, open_kind
from uois_sam.datasets.published import About
from uois_sam.errors import InputError

KINDS = {
    "one": Kind(About("One", "what", "PATH/color", "where"), lambda path, split: (path, split)),
    "two": Kind(About("Two", "what", "PATH/x", "where", ("val", "train")), lambda path, split: (path, split)),
}


def test_a_line_names_kind_split_and_path() -> None:
    assert open_kind("two/train:a:b", KINDS) == (Path("a:b"), "train")
    assert open_kind("two:a", KINDS) == (Path("a"), "val")
    assert open_kind("two:a", KINDS, "train") == (Path("a"), "train")
    assert open_kind("two/val:a", KINDS, "train") == (Path("a"), "val")


@pytest.mark.parametrize("spec", ["three:x", "", ":x", "/val:x"])
def test_kinds_that_are_not_there(spec: str) -> None:
    with pytest.raises(InputError, match="is unknown; give one:PATH, two:PATH or other"):
        open_kind(spec, KINDS, others=["other"])


def test_a_kind_without_a_path_or_with_another_split() -> None:
    for spec in ("one", "one:"):
        with pytest.raises(InputError, match="names no folder; give one:PATH with PATH/color"):
            open_kind(spec, KINDS)
    with pytest.raises(InputError, match="two has no split 'test'; give two/val:PATH or two/train:PATH"):
        open_kind("two/test:x", KINDS)
