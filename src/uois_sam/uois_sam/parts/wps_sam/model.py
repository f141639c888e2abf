"""A trained prompter as a model folder, and its answers as prompts of the promptable segmenter.

The folder holds prompter.safetensors and config.json:

    {"kind": "wps-sam", "supervision": "box", "names": ["blade", "handle"], "channels": 256, "grid": [64, 64],
     "token_dim": 256, "prompter": {"width": 256, ...}, "scale": 1.0, "segmenter": {"kind": "sam", "name": ...},
     "decoder": "5f0c..."}

`kind` is "wps-sam", or "det-sam" for a network that answers boxes; `supervision` is what it learned from, "box" or
"point"; `prompter.proposals` says which network it is. `decoder` is the digest of the mask decoder and prompt
encoder whose tokens it learned to give.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.wps_sam.cells import CellPrompter
from uois_sam.parts.wps_sam.matching import corners
from uois_sam.parts.wps_sam.prompter import PrompterSettings, StudentPrompter
from uois_sam.sam.protocol import Embedding, PromptableSegmenter, Prompts
from uois_sam.sam.weights import fingerprint, load_weights

KINDS = ("wps-sam", "det-sam")
SUPERVISIONS = ("box", "point")
WEIGHTS = "prompter.safetensors"
_LEAST_PEAK = 0.2
"""Score from which a cell stands for a part; chosen on validation tables."""
_BOX_TOKENS, _POINT_TOKENS, _BOX_NUMBERS = 2, 1, 4


@dataclass(frozen=True)
class PrompterDescription:
    """What a prompter was made for.

    Attributes:
        names: K, the kinds of parts.
        channels, grid: of the segmenter's image embedding.
        token_dim: C of its prompt tokens.
        kind: of `KINDS`.
        supervision: of `SUPERVISIONS`.
        prompter: size of the network.
        scale: of the tokens; the network gives them divided by it.

    Raises:
        InputError: kind or supervision is unknown, the scale not positive, or boxes are to be learned from points.
    """

    names: tuple[str, ...]
    channels: int
    grid: tuple[int, int]
    token_dim: int
    kind: str = "wps-sam"
    supervision: str = "box"
    prompter: PrompterSettings = field(default_factory=PrompterSettings)
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.supervision not in SUPERVISIONS:
            raise InputError(
                f"a prompter cannot be {self.kind!r} from {self.supervision!r}; give {' or '.join(KINDS)}, "
                f"from {' or '.join(SUPERVISIONS)}"
            )
        if not self.scale > 0:
            raise InputError(f"token scale is {self.scale}; wanted a positive number")
        if self.kind == "det-sam" and self.supervision == "point":
            raise InputError("Det-SAM learns boxes; points do not hold any: give supervision box")
        if self.by_cells and (self.kind, self.supervision) != ("wps-sam", "box"):
            raise InputError(
                "proposals of cells are WPS-SAM's from boxes alone; take queries for points and Det-SAM"
            )

    @property
    def by_cells(self) -> bool:
        """Whether the cells of the embedding propose parts, and not learned queries."""
        return self.prompter.proposals == "cells"

    @property
    def gives_boxes(self) -> bool:
        """Whether the network answers boxes, and not prompt tokens."""
        return self.by_cells or self.kind == "det-sam"

    @property
    def tokens(self) -> int:
        """T, prompt tokens of a part: two of a box, one of a point."""
        return _BOX_TOKENS if self.supervision == "box" else _POINT_TOKENS

    def build(self) -> StudentPrompter | CellPrompter:
        """The network, with random weights."""
        if self.by_cells:
            return CellPrompter(self.prompter, self.channels, self.grid, len(self.names))
        outputs = _BOX_NUMBERS if self.kind == "det-sam" else self.tokens * self.token_dim
        return StudentPrompter(self.prompter, self.channels, self.grid, len(self.names), outputs)


@dataclass(frozen=True)
class PartPrompts:
    """The proposals of one frame that stand for a part.

    Attributes:
        kinds: (N,) int64, index into the prompter's names.
        scores: (N,) float32, probability of the class.
        prompts: N prompts, or None for N = 0.
    """

    kinds: Tensor
    scores: Tensor
    prompts: Prompts | None


@dataclass(frozen=True)
class PartPrompter:
    """A trained network and what its answers mean."""

    network: StudentPrompter | CellPrompter
    description: PrompterDescription

    @torch.no_grad()
    def propose(
        self, embedding: Embedding, kinds: Sequence[int] | None = None, threshold: float = 0.0
    ) -> PartPrompts:
        """The parts of a frame: queries whose likeliest class is a part (section 3.3, inference), or cells' peaks.

        Args:
            embedding: of the segmenter that the prompter learned with.
            kinds: that are wanted; None for all.
            threshold: least probability of the class.

        Raises:
            InputError: the embedding is another segmenter's.
        """
        if isinstance(self.network, CellPrompter):
            peaks = self.network.peaks(embedding.features[0], kinds, max(threshold, _LEAST_PEAK))
            prompts = Prompts(boxes=pixel_boxes(peaks.boxes, embedding)) if len(peaks.kinds) else None
            return PartPrompts(peaks.kinds, peaks.scores, prompts)
        proposals = self.network(embedding.features[0])
        scores, best = proposals.logits[0].softmax(-1).max(-1)
        kept = (best < len(self.description.names)) & (scores >= threshold)
        if kinds is not None:
            kept &= torch.isin(best, torch.tensor(list(kinds), dtype=best.dtype, device=best.device))
        rows = kept.nonzero()[:, 0]
        prompts = self._prompts(proposals.prompts[0, rows], embedding) if len(rows) else None
        return PartPrompts(best[rows], scores[rows].float(), prompts)

    def _prompts(self, answers: Tensor, embedding: Embedding) -> Prompts:
        if self.description.kind == "det-sam":
            return Prompts(boxes=pixel_boxes(answers.sigmoid(), embedding))
        return Prompts(tokens=answers.unflatten(1, (self.description.tokens, -1)) * self.description.scale)


def unit_boxes(boxes: Tensor, embedding: Embedding) -> Tensor:
    """(P, 4) cx, cy, w, h in 0 .. 1 of the padded square, of x0, y0, x1, y1 in pixels."""
    scaled = boxes * _unit(embedding, boxes.device)
    return torch.cat([(scaled[:, :2] + scaled[:, 2:]) / 2, scaled[:, 2:] - scaled[:, :2]], 1)


def pixel_boxes(boxes: Tensor, embedding: Embedding) -> Tensor:
    """The inverse of `unit_boxes`, cut to the image."""
    lower, upper = corners(boxes)
    height, width = embedding.image_size
    limit = torch.tensor([width, height, width, height], device=boxes.device)
    pixels = torch.cat([lower, upper], 1) / _unit(embedding, boxes.device)
    return torch.minimum(pixels.clamp(min=0), limit)


def _unit(embedding: Embedding, device: torch.device) -> Tensor:
    height, width = embedding.image_size
    x, y = embedding.extent[1] / width, embedding.extent[0] / height
    return torch.tensor([x, y, x, y], device=device)


def load_prompter(folder: Path, segmenter: PromptableSegmenter) -> PartPrompter:
    """Read a model folder, for the segmenter that the prompter learned with.

    Raises:
        ModelError: a file is missing or broken, or the prompter belongs to another segmenter.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        given = {name: config[name] for name in PrompterDescription.__dataclass_fields__}
        given["names"], given["grid"] = tuple(map(str, given["names"])), tuple(map(int, given["grid"]))
        given["prompter"] = PrompterSettings(**given["prompter"])
        description = PrompterDescription(**given)
        decoder = config["decoder"]
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}; train it with uois-sam train wps-sam") from None
    except (ValueError, KeyError, TypeError, InputError) as error:
        raise ModelError(f"{path} describes no prompter of WPS-SAM: {error}; train it again") from None
    if decoder != fingerprint(segmenter.decoder):
        raise ModelError(
            f"{folder} learned the prompt tokens of another segmenter ({config.get('segmenter')}); "
            "load that one, or train a prompter for this one with uois-sam train wps-sam"
        )
    network = description.build()
    load_weights(network, folder / WEIGHTS)
    return PartPrompter(network.to(segmenter.device).eval(), description)
