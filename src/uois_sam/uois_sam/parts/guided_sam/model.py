"""The part model file: classifiers and all that they depend on, in one safetensors file.

Its header's entry `guided_sam` is JSON:

    {"format": 1, "names": ["handle", "blade"], "grid": {"cells": 28, "span": 2}, "features": "encoder",
     "fingerprint": "…", "gamma": 0.0029, "settings": {"threshold": 0.5, "encode": "crop", …}}

and its tensors are those of `PatchClassifier`. `features` is "encoder" (the bundled segmenter's colour backbone),
"imagenet" (the same with its ImageNet weights) or a DINOv2 folder or hub name; `fingerprint` tells that network's
weights from others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.guided_sam.classifier import PatchClassifier
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.settings import GuidedSamSettings
from uois_sam.sam.pretrained import read_with_header

ENCODER, IMAGENET = "encoder", "imagenet"
_ENTRY = "guided_sam"
_FORMAT = 1
_TENSORS = tuple(f.name for f in fields(PatchClassifier) if f.name != "gamma")


@dataclass(frozen=True)
class PartModel:
    """What `uois-sam train guided-sam` makes.

    Attributes:
        names: of the parts, in the order of the classifier's columns.
        grid: of the patches.
        features: "encoder", "imagenet", or a DINOv2 folder or hub name.
        fingerprint: of the network behind the features.
        classifier: of patches.
        settings: of guidance and drawing.
    """

    names: tuple[str, ...]
    grid: PatchGrid
    features: str
    fingerprint: str
    classifier: PatchClassifier
    settings: GuidedSamSettings = field(default_factory=GuidedSamSettings)


def save_part_model(model: PartModel, path: Path) -> None:
    """Write a part model file; its folder must be there.

    Raises:
        InputError: the file cannot be written.
    """
    header = {
        "format": _FORMAT,
        "names": list(model.names),
        "grid": {"cells": model.grid.cells, "span": model.grid.span},
        "features": model.features,
        "fingerprint": model.fingerprint,
        "gamma": model.classifier.gamma,
        "settings": model.settings.as_dict(),
    }
    tensors = {name: getattr(model.classifier, name).detach().cpu().contiguous() for name in _TENSORS}
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(save(tensors, metadata={_ENTRY: json.dumps(header)}))
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; give another file") from None


def load_part_model(path: Path) -> PartModel:
    """Read a part model file.

    Raises:
        ModelError: it is missing, broken, or no part model of Guided SAM.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing; make it with `uois-sam train guided-sam`")
    entries, tensors = read_with_header(path)
    header = entries.get(_ENTRY)
    if header is None:
        raise ModelError(f"{path} is no part model of Guided SAM; make one with `uois-sam train guided-sam`")
    try:
        return _model(json.loads(header), tensors)
    except (KeyError, TypeError, ValueError, AttributeError, InputError, ModelError) as error:
        reason = error if isinstance(error, (InputError, ModelError)) else repr(error)
        raise ModelError(f"{path} is a damaged part model ({reason}); train it again") from None


def _model(header: dict[str, Any], tensors: dict[str, Tensor]) -> PartModel:
    if header["format"] != _FORMAT:
        raise ModelError(f"its format is {header['format']}; this version reads {_FORMAT}")
    names = tuple(str(name) for name in header["names"])
    classifier = PatchClassifier(
        **{name: tensors[name].float() for name in _TENSORS}, gamma=float(header["gamma"])
    )
    count, channels = classifier.support.shape
    shapes = {"mean": (channels,), "deviation": (channels,), "weights": (count, len(names))}
    shapes |= {name: (len(names),) for name in ("intercept", "slope", "offset")}
    for name, shape in shapes.items():
        if tuple(tensors[name].shape) != shape:
            raise ModelError(f"{name} is {tuple(tensors[name].shape)}; wanted {shape}")
    if not names or len(set(names)) != len(names):
        raise ModelError(f"its names are {list(names)}; wanted one or more different ones")
    return PartModel(
        names,
        PatchGrid(int(header["grid"]["cells"]), int(header["grid"]["span"])),
        str(header["features"]),
        str(header["fingerprint"]),
        classifier,
        GuidedSamSettings.from_dict(header["settings"]),
    )
