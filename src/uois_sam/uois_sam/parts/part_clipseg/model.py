"""A PartCLIPSeg model: network, tokenizer and known words, from its folder or from CLIPSeg.

The folder of a model holds `config.json`, its weights and `tokenizer/`:

    {"kind": "part-clipseg", "weights": "part_clipseg.safetensors", "input_size": 352, "hypernym": "",
     "objects": ["cat", ...], "parts": ["head", ...], "vision": "clip" | "efficientnet-lite0", "clipseg": {...}}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub.errors import StrictDataclassError
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoTokenizer, CLIPSegConfig, CLIPSegForImageSegmentation

from uois_sam.errors import ModelError
from uois_sam.parts.part_clipseg.network import MEAN, STD, PartClipSegNetwork
from uois_sam.sam.pretrained import model_folder, read_config
from uois_sam.sam.weights import load_weights
from uois_sam.segmentation.load import read_config as read_model_config

KIND = "part-clipseg"
WEIGHTS = "part_clipseg.safetensors"
TOKENIZER = "tokenizer"
CLIPSEG = "CIDAS/clipseg-rd64-refined"
CLIPSEG_SIZE = 352
_TOKENIZER_FILES = ("tokenizer*", "vocab.json", "merges.txt", "special_tokens_map.json")
_CONVOLUTIONAL = "efficientnet-lite0"
_CLIP = "clip"


@dataclass
class PartClipSegModel:
    """A network with what it needs to take images and words.

    Attributes:
        network: on its device.
        tokenizer: a tokenizer of transformers.
        input_size: side in pixels of the square that images are resized to.
        objects, parts: names that it was trained on; others may mean something to it too.
        hypernym: the object that stands for any object, and for every name that the tokenizer lacks; "" for none,
            as with CLIP, whose tokenizer spells any name.
    """

    network: PartClipSegNetwork
    tokenizer: Any
    input_size: int
    objects: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    hypernym: str = ""

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.background.device

    def knows(self, name: str) -> bool:
        """Whether the tokenizer has or can spell a name."""
        ids = self.tokenizer(name, add_special_tokens=False).input_ids
        return len(ids) > 0 and (name == self.hypernym or self.tokenizer.unk_token_id not in ids)

    def embed(self, names: Sequence[str]) -> Tensor:
        """(N, D) embeddings of N names (eq. 1), which may learn."""
        if not names:
            return self.network.background.new_zeros(0, self.network.background.shape[1])
        tokens = self.tokenizer(list(names), padding=True, truncation=True, return_tensors="pt").to(self.device)
        return self.network.embed(tokens.input_ids, tokens.attention_mask)

    def pixels(self, images: Sequence[NDArray[np.uint8] | NDArray[np.float32]]) -> Tensor:
        """(B, 3, S, S) float32 on the network's device, normalised, of (H, W, 3) RGB images.

        Args:
            images: uint8, or float32 in 0 .. 1; stretched to the square, as CLIPSeg's processor does.
        """
        size = (self.input_size, self.input_size)
        scaled = []
        for image in images:
            plane = torch.from_numpy(np.ascontiguousarray(image)).to(self.device).permute(2, 0, 1)[None].float()
            plane = plane / 255 if image.dtype == np.uint8 else plane
            scaled.append(F.interpolate(plane, size=size, mode="bilinear", align_corners=False, antialias=True))
        mean, std = (scaled[0].new_tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
        return (torch.cat(scaled) - mean) / std

    @classmethod
    def from_clipseg(cls, name: str, device: torch.device) -> PartClipSegModel:
        """CLIPSeg as it is published, for training: a folder in Hugging Face format, or a hub name.

        Raises:
            ModelError: it is missing, broken or no CLIPSeg.
        """
        folder = model_folder(name, _TOKENIZER_FILES)
        read_config(folder, CLIPSegConfig.model_type)
        try:
            loaded: Any = CLIPSegForImageSegmentation.from_pretrained(
                folder, output_loading_info=True, ignore_mismatched_sizes=True
            )
        except (OSError, ValueError, RuntimeError, SafetensorError, StrictDataclassError) as error:
            raise ModelError(f"the weights in {folder} cannot be read: {str(error).splitlines()[0]}") from None
        clipseg, report = loaded
        if report["missing_keys"] or report["mismatched_keys"]:  # transformers would leave them random
            raise ModelError(f"the weights in {folder} do not fit its config.json; fetch the model again")
        network = PartClipSegNetwork(clipseg.config)
        network.clip.load_state_dict(clipseg.clip.state_dict())
        network.decoder.load_state_dict(clipseg.decoder.state_dict())
        network.start_from_clipseg()
        return cls(network.to(device), _tokenizer(folder), CLIPSEG_SIZE)

    @classmethod
    def from_folder(cls, folder: Path, device: torch.device) -> PartClipSegModel:
        """A model that was trained here, ready to run.

        Raises:
            ModelError: the folder is missing or broken, or holds a model of another kind.
        """
        config = read_model_config(folder)
        if config.get("kind") != KIND:
            raise ModelError(f"{folder} holds a model of kind {config.get('kind')!r}; wanted {KIND}")
        try:
            convolutional = {_CLIP: False, _CONVOLUTIONAL: True}[config["vision"]]
            network = PartClipSegNetwork(CLIPSegConfig.from_dict(config["clipseg"]), convolutional=convolutional)
            words = (tuple(map(str, config["objects"])), tuple(map(str, config["parts"])), str(config["hypernym"]))
            size, weights = int(config["input_size"]), str(config["weights"])
        except (KeyError, TypeError, ValueError, StrictDataclassError) as error:
            raise ModelError(f"{folder / 'config.json'} is no {KIND} model: {error}") from None
        load_weights(network, folder / weights)
        return cls(network.to(device).eval(), _tokenizer(folder / TOKENIZER), size, *words)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder holds a model that was trained here."""
        return (folder / WEIGHTS).is_file()

    def description(self) -> dict[str, Any]:
        """The config.json of its folder."""
        return {
            "kind": KIND,
            "weights": WEIGHTS,
            "input_size": self.input_size,
            "hypernym": self.hypernym,
            "objects": list(self.objects),
            "parts": list(self.parts),
            "vision": _CONVOLUTIONAL if self.network.convolutional else _CLIP,
            "clipseg": self.network.config.to_dict(),
        }


def _tokenizer(folder: Path) -> Any:
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{folder} holds no tokenizer ({reason}); fetch or train the model again") from None
