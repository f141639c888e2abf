"""How many clicks a person needed, kept beside what was said with them.

{"format": 1, "clicks": {"handle": {"prototypes": 31, "patches": 12, "undone": 1}}, "images": 20,
 "clicks_per_image": {"handle": 2.2}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from uois_sam.annotation.whole_file import write_whole
from uois_sam.datasets.json_files import read_object
from uois_sam.errors import InputError

_FORMAT = 1


@dataclass(frozen=True)
class Clicks:
    """Counted clicks; the fields of a child, whole numbers, are their kinds."""

    @property
    def total(self) -> int:
        """All clicks."""
        return sum(asdict(self).values())


C = TypeVar("C", bound=Clicks)


def clicks_file(labels: Path) -> Path:
    """The file that stands beside a file of labels."""
    return labels.with_name(f"{labels.stem}.clicks.json")


def write_clicks(clicks: Mapping[str, Clicks], figures: Mapping[str, Any], path: Path) -> None:
    """Write the clicks on each thing that is asked for, whole or not at all.

    Args:
        clicks: by the thing's name.
        figures: that a reader wants beside them, as JSON has them.
        path: of the file.

    Raises:
        InputError: the file cannot be written.
    """
    counted = {name: asdict(of_name) for name, of_name in clicks.items()}
    document = {"format": _FORMAT, "clicks": counted, **figures}
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode())


def read_clicks(path: Path, kind: type[C]) -> dict[str, C]:
    """The clicks of a file; none where there is no file.

    Raises:
        InputError: it cannot be read, is not as described here, or has clicks of other kinds.
    """
    if not path.exists():
        return {}
    content = read_object(path)
    try:
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}")
        return {str(name): _counted(counts, kind) for name, counts in content["clicks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is no file of counted clicks ({error!r}); move it away to count anew") from None


def _counted(counts: Mapping[str, Any], kind: type[C]) -> C:
    values = {field.name: counts[field.name] for field in fields(kind)}
    if not all(type(value) is int and value >= 0 for value in values.values()):
        raise ValueError(f"counts {values}")
    return kind(**values)
