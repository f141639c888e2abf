"""Part models and patch annotations on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import load_file, safe_open, save_file

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.guided_sam.classifier import PatchClassifier
from uois_sam.parts.guided_sam.labels import PatchLabels, read_patch_labels, write_patch_labels
from uois_sam.parts.guided_sam.model import PartModel, load_part_model, save_part_model
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.settings import GuidedSamSettings, Variant


def some_model() -> PartModel:
    generator = torch.Generator().manual_seed(0)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    classifier = PatchClassifier(
        numbers(3), numbers(3), numbers(5, 3), numbers(5, 2), numbers(2), -numbers(2), numbers(2), 0.25
    )
    settings = GuidedSamSettings(0.4, "frame", Variant.ROI_CGSAM, {"lid": Variant.NAIVE})
    return PartModel(("handle", "lid"), PatchGrid(12, 3), "encoder", "abc", classifier, settings)


def test_a_model_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = some_model()
    save_part_model(model, path)
    read = load_part_model(path)
    assert replace(read, classifier=model.classifier) == model
    features = torch.rand(4, 3)
    assert torch.equal(read.classifier.probability(features), model.classifier.probability(features))
    assert read.settings.variant_of("lid") is Variant.NAIVE
    assert read.settings.variant_of("handle") is Variant.ROI_CGSAM
    assert list(tmp_path.iterdir()) == [path]


def damaged(path: Path, header: dict[str, Any], **tensors: torch.Tensor) -> Path:
    """The model with some of its header and tensors replaced."""
    save_part_model(some_model(), path)
    with safe_open(path, framework="pt") as file:
        content = json.loads(file.metadata()["guided_sam"])
    save_file(load_file(path) | tensors, path, metadata={"guided_sam": json.dumps(content | header)})
    return path


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ({"format": 2}, "its format is 2"),
        ({"names": ["handle"]}, "weights is"),
        ({"names": ["handle", "handle"]}, "wanted one or more different"),
        ({"names": 3}, "TypeError"),
        ({"grid": {"cells": 1, "span": 2}}, "patches of 2 of 1 cells"),
        ({"grid": {}}, "KeyError"),
        ({"gamma": "wide"}, "ValueError"),
        ({"settings": {"threshold": 2}}, "threshold is 2"),
        ({"settings": {"encode": "twice"}}, "encode is 'twice'"),
        ({"settings": {"variant": "best"}}, "'best'"),
        ({"settings": {"speed": 1}}, "'speed' of Guided SAM is unknown"),
        ({"settings": []}, "AttributeError"),
    ],
)
def test_damaged_headers(tmp_path: Path, header: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ModelError, match="is a damaged part model") as error:
        load_part_model(damaged(tmp_path / "m.safetensors", header))
    assert complaint in str(error.value)


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match="is missing"):
        load_part_model(path)
    with pytest.raises(ModelError, match=r"mean is \(7,\)"):
        load_part_model(damaged(path, {}, mean=torch.zeros(7)))
    save_file({"mean": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match="no part model"):
        load_part_model(path)
    save_file({"mean": torch.zeros(3)}, path, metadata={"guided_sam": "{"})
    with pytest.raises(ModelError, match="damaged"):
        load_part_model(path)
    path.write_bytes(b"no")
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        load_part_model(path)
    with pytest.raises(InputError, match="cannot write"):
        save_part_model(some_model(), tmp_path / "nowhere" / "m.safetensors")


@given(arrays(np.int8, (9, 2), elements=st.integers(-1, 1)))
def test_annotations_come_back(tmp_path_factory: pytest.TempPathFactory, said: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("labels") / "patches.json"
    write_patch_labels(PatchLabels(PatchGrid(4, 2), ("a", "b"), {"x/1.jpg": said}), path)
    read = read_patch_labels(path)
    assert (read.grid, read.names, list(read.images)) == (PatchGrid(4, 2), ("a", "b"), ["x/1.jpg"])
    assert np.array_equal(read.images["x/1.jpg"], said)


GOOD = {"format": 1, "grid": {"cells": 4, "span": 2}, "names": ["a"], "images": {"1.jpg": {"a": {"with": [0]}}}}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": 9}, "its format is 9"),
        ({"names": []}, "wanted one or more"),
        ({"grid": {"cells": 4, "span": 5}}, "patches of 5 of 4"),
        ({"grid": None}, "no file of patch annotations"),
        ({"images": {"1.jpg": {"b": {"with": [0]}}}}, "part 'b' of 1.jpg is none of a"),
        ({"images": {"1.jpg": {"a": {"with": [9]}}}}, "patches are 0 to 8; found 9 to 9"),
        ({"images": {"1.jpg": {"a": {"with": [-1]}}}}, "found -1"),
        ({"images": {"1.jpg": {"a": {"maybe": [0]}}}}, "'maybe'"),
        ({"images": {"1.jpg": {"a": {"with": "all"}}}}, "no file of patch annotations"),
        ({"images": []}, "no file of patch annotations"),
    ],
)
def test_damaged_annotations(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    path = tmp_path / "patches.json"
    path.write_text(json.dumps(GOOD | changes))
    with pytest.raises(InputError) as error:
        read_patch_labels(path)
    assert complaint in str(error.value)
    with pytest.raises(InputError, match="cannot write"):
        write_patch_labels(PatchLabels(PatchGrid(), ("a",), {}), tmp_path / "nowhere" / "p.json")
