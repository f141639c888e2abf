"""The images of a folder that a person annotates."""

from __future__ import annotations

from pathlib import Path

from uois_sam.datasets.folder import IMAGE_SUFFIXES
from uois_sam.datasets.image_files import natural_key
from uois_sam.errors import InputError


def list_images(folder: Path) -> tuple[str, ...]:
    """Names of the image files that lie in a folder itself, sorted as a person would.

    Raises:
        InputError: there is no such folder, or it holds no image.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give a folder of images")
    found = [
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
    if not found:
        raise InputError(f"{folder} holds no image; wanted files that end in {', '.join(IMAGE_SUFFIXES)}")
    return tuple(sorted(found, key=natural_key))
