"""Oracle-Obj and Pred-All on maps made by hand."""

from __future__ import annotations

import numpy as np
import torch

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.network import PartMaps
from uois_sam.parts.part_clipseg.predict import embed_words, oracle_obj, part_maps, pred_all

CLASSES = torch.tensor([[0, 0], [0, 1], [1, 0]])
NOTHING = 3


def maps(objects: list[list[float]], classes: list[list[float]]) -> PartMaps:
    """Logits of a picture of one row; a list for each channel."""
    return PartMaps(torch.tensor(objects)[None, :, None], torch.zeros(0), torch.tensor(classes)[None, :, None])


def test_oracle_obj_chooses_among_the_parts_of_the_known_object() -> None:
    said = maps([[0.0] * 4] * 3, [[1, 1, 1, 1], [2, 0, 2, 2], [9, 9, 9, 9], [99, 99, 99, 99]])
    known = np.array([[0, 0, 1, -1]], np.int16)
    assert oracle_obj(said, CLASSES, known).tolist() == [[1, 0, 2, NOTHING]]
    fewer = maps([[0.0] * 4] * 3, [[1, 1, 1, 1], [2, 0, 2, 2], [99, 99, 99, 99]])
    assert oracle_obj(fewer, CLASSES[:2], known).tolist() == [[1, 0, 2, 2]], "an object without parts has none"


def test_pred_all_chooses_the_object_first() -> None:
    said = maps(
        [[5, 0, 0, 1], [0, 5, 0, 0], [0, 0, 5, 0]],
        [[1, 9, 9, 0], [2, 9, 9, 3], [9, 1, 9, 9], [0, 99, 0, 9]],
    )
    assert pred_all(said, CLASSES, (1, 4)).tolist() == [[1, 2, NOTHING, 1]]


def test_answers_have_the_images_size(model: PartClipSegModel, vocabulary: PartVocabulary) -> None:
    words = embed_words(model, vocabulary)
    said = part_maps(model, words, [np.zeros((30, 50, 3), np.uint8)])
    assert pred_all(said, words.classes, (30, 50)).shape == (30, 50)
    known = np.zeros((30, 50), np.int16)
    assert set(np.unique(oracle_obj(said, words.classes, known)).tolist()) <= {0, 1}
