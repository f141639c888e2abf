"""PartCLIPSeg's tables 1 to 4, 6 and A5: a model on a set with seen and unseen objects, in both settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from uois_sam.datasets.ov_parts import PartFrame, PartVocabulary
from uois_sam.evaluation.parts_metrics import PartFigures, PartScores
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.predict import SETTINGS, Setting, embed_words, oracle_obj, part_maps, pred_all


class PartFrames(Protocol):
    """Frames that can be counted and read one by one."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> PartFrame: ...


def measure_parts(
    model: PartClipSegModel,
    frames: PartFrames,
    vocabulary: PartVocabulary,
    progress: Callable[[int, int], None] | None = None,
) -> dict[Setting, PartFigures]:
    """Score a model; on another set than it was trained on, this is the cross-dataset evaluation.

    Args:
        model: in evaluation mode.
        frames: with labels of the vocabulary.
        vocabulary: the words of the set, unseen ones included; the model is given their names alone.
        progress: told of frames done and frames in all.
    """
    words = embed_words(model, vocabulary)
    scores = {setting: PartScores(vocabulary.seen) for setting in SETTINGS}
    for k in range(len(frames)):
        frame = frames[k]
        maps = part_maps(model, words, [frame.image])
        size = (frame.image.shape[0], frame.image.shape[1])
        scores["pred-all"].add(pred_all(maps, words.classes, size), frame.labels.classes)
        scores["oracle-obj"].add(oracle_obj(maps, words.classes, frame.labels.objects), frame.labels.classes)
        if progress is not None:
            progress(k + 1, len(frames))
    return {setting: found.figures() for setting, found in scores.items()}
