"""Named decoders on disk, one for each class of things or site, in safetensors files."""

from __future__ import annotations

import copy
import os
import re
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from uois_sam.errors import InputError, ModelError
from uois_sam.sam.pretrained import read_with_header
from uois_sam.sam.protocol import PromptableSegmenter
from uois_sam.sam.weights import fingerprint

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SUFFIX = ".safetensors"
_ENTRY = "adapted_from"


class DecoderStore:
    """A folder of decoders that all began as the one of the same segmenter.

    A file NAME.safetensors holds a decoder's state, and in its header as `adapted_from` the digest of the decoder
    that it began as. It is replaced at once or not at all, so that a crash leaves what was saved before.
    """

    def __init__(self, folder: Path, segmenter: PromptableSegmenter) -> None:
        """Open a folder; it is made with the first decoder that is saved.

        Args:
            folder: of the files.
            segmenter: with the decoder as it was before any adaptation.
        """
        self.folder = folder
        self._origin = copy.deepcopy(segmenter.decoder)
        self._digest = fingerprint(self._origin)

    def names(self) -> list[str]:
        """Names under which something was saved, in alphabetical order; of other segmenters too."""
        return sorted(p.stem for p in self.folder.glob(f"*{_SUFFIX}") if _NAME.fullmatch(p.stem) and p.is_file())

    def save(self, name: str, decoder: nn.Module) -> Path:
        """Write a decoder, in place of what has this name.

        Args:
            name: letters, digits, _ and -; up to 64, the first a letter or digit.
            decoder: a copy of the segmenter's, adapted.

        Returns:
            The file.

        Raises:
            InputError: the name cannot be one, or the file cannot be written.
            ModelError: the decoder is of another network than the segmenter's.
        """
        path = self._path(name)
        state = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in decoder.state_dict().items()}
        self._check(state, f"the decoder to save as {name!r}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, save(state, metadata={_ENTRY: self._digest}))
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}; give another folder") from None
        return path

    def load(self, name: str) -> nn.Module:
        """A saved decoder, on the segmenter's device.

        Raises:
            InputError: the name cannot be one.
            ModelError: nothing was saved under it, the file is broken, or it was adapted from another network.
        """
        path = self._path(name)
        if not path.is_file():
            known = ", ".join(self.names()) or "none"
            raise ModelError(f"no decoder {name!r} in {self.folder}; saved are: {known}")
        header, state = read_with_header(path)
        self._check(state, str(path))
        if header.get(_ENTRY) != self._digest:
            raise ModelError(f"{path} was adapted from another model than this one; load that, or adapt anew")
        decoder = copy.deepcopy(self._origin)
        decoder.load_state_dict(state)
        return decoder

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} names no decoder; give up to 64 letters, digits, _ and -")
        return self.folder / f"{name}{_SUFFIX}"

    def _check(self, state: dict[str, Tensor], what: str) -> None:
        """Refuse a state that is not one of this network."""
        wanted = self._origin.state_dict()
        odd = sorted(set(wanted) ^ set(state)) or sorted(k for k in wanted if wanted[k].shape != state[k].shape)
        if odd:
            raise ModelError(f"{what} is of another network than this segmenter's decoder ({odd[0]} differs)")
        broken = sorted(k for k, tensor in state.items() if not torch.isfinite(tensor).all())
        if broken:
            raise ModelError(f"{what} holds values that are no numbers ({broken[0]}); adapt anew")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any time leaves the whole old one or the whole new one.

    Raises:
        OSError: it cannot be written; the old one stays.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the renaming itself
    finally:
        os.close(folder)
