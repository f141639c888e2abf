"""How many clicks a person needed, kept beside the labels (Guided SAM, section 4.2 counts them per image).

{"format": 1, "images": 20, "clicks": {"handle": {"prototypes": 31, "patches": 12, "undone": 1}},
 "clicks_per_image": {"handle": 2.2}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from uois_sam.datasets.json_files import read_object
from uois_sam.errors import InputError

_FORMAT = 1


@dataclass(frozen=True)
class Clicks:
    """Clicks on one part. Moving from prototype to prototype is none.

    Attributes:
        prototypes: that said the same of all patches of a prototype.
        patches: that corrected a single patch.
        undone: that took one of those back; a wrong click and its undoing cost a person two.
    """

    prototypes: int = 0
    patches: int = 0
    undone: int = 0

    @property
    def total(self) -> int:
        """All clicks."""
        return self.prototypes + self.patches + self.undone


def clicks_file(labels: Path) -> Path:
    """The file that stands beside a file of labels."""
    return labels.with_name(f"{labels.stem}.clicks.json")


def write_clicks(clicks: Mapping[str, Clicks], images: int, path: Path) -> None:
    """Write the clicks per part on a number of images, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    document = {
        "format": _FORMAT,
        "images": images,
        "clicks": {part: asdict(of_part) for part, of_part in clicks.items()},
        "clicks_per_image": {part: round(of_part.total / images, 3) for part, of_part in clicks.items()},
    }
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; give another file") from None


def read_clicks(path: Path) -> dict[str, Clicks]:
    """The clicks per part; none where there is no file.

    Raises:
        InputError: it cannot be read, or is not as described here.
    """
    if not path.exists():
        return {}
    content = read_object(path)
    try:
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}")
        return {str(part): _counted(counts) for part, counts in content["clicks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is no file of counted clicks ({error!r}); move it away to count anew") from None


def _counted(counts: Mapping[str, Any]) -> Clicks:
    values = {field.name: counts[field.name] for field in fields(Clicks)}
    if not all(type(value) is int and value >= 0 for value in values.values()):
        raise ValueError(f"counts {values}")
    return Clicks(**values)
