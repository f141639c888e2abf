"""Features of frozen networks kept on disk, so that each frame is encoded once in all epochs and runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from uois_sam.sam.weights import fingerprint


class FeatureCache:
    """A folder of half precision tensors, one file per frame, for one network and one data set."""

    def __init__(self, folder: Path, network: nn.Module, dataset: str) -> None:
        """Open or begin.

        Args:
            folder: holds the caches of any number of networks and data sets.
            network: its weights are part of the key.
            dataset: what tells the data set from others, such as its path.
        """
        self.folder = folder / hashlib.sha256(f"{fingerprint(network)} {dataset}".encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, make: Callable[[], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """The float32 tensors of a frame; made, and kept, where they are not there or cannot be read."""
        path = self.folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.safetensors"
        if path.is_file():
            try:
                stored = load_file(path)
                return tuple(stored[str(k)].float() for k in range(len(stored)))
            except (SafetensorError, KeyError):
                path.unlink()
        made = make()
        part = path.with_suffix(".part")
        kept = [_packed(t) for t in made]
        save_file({str(k): t for k, t in enumerate(kept)}, part)
        part.replace(path)
        return tuple(t.float() for t in kept)


def _packed(tensor: Tensor) -> Tensor:
    """Half precision for maps; vectors and numbers as they are."""
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if tensor.dim() > 1 else tensor.float()
