"""Scores of a segmentation over a data set, image by image."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError, UoisSamError
from uois_sam.evaluation.boundary import BoundaryKind
from uois_sam.evaluation.metrics import Scores, score_labels
from uois_sam.evaluation.results import Evaluation, ImageScores
from uois_sam.types import Frame, Instances

Segment = Callable[[Frame], "Instances | NDArray[np.integer]"]
Watch = Callable[[Frame, "NDArray[np.integer]", ImageScores], None]


def evaluate(
    dataset: Sequence[Frame],
    segment: Segment,
    rule: LabelRule,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    boundary: BoundaryKind = "davis",
    watch: Watch | None = None,
) -> Evaluation:
    """Segment and score every frame of a data set.

    Args:
        dataset: frames with labels; `ConditionedDepth` of them hides or spoils their depth.
        segment: gives the instances of a frame, or an (H, W) integer label image, positive labels objects.
        rule: which labels are objects and which pixels count for nobody.
        workers: processes that score; 1 is the calling one. Frames are read and segmented in the calling process,
            and the rows and their order do not depend on it. As ever with processes, a script that asks for more
            than one needs `if __name__ == "__main__":`.
        progress: told after each image how many are done, and of how many.
        boundary: which boundary map; see `boundary_map`.
        watch: shown each frame with its predicted (H, W) label image and its scores, in order.

    Raises:
        InputError: the data set is empty, a frame has no label, or a segmentation does not fit its frame.
        UoisSamError: a scoring process died.
    """
    if not len(dataset):
        raise InputError("the data set has no frame; nothing to evaluate")
    if workers < 1:
        raise InputError(f"workers is {workers}; wanted 1 or more processes")
    rows: list[ImageScores] = []
    for frame, prediction, scores in _scored(_predict(dataset, segment), workers, rule, boundary):
        rows.append(ImageScores(frame.name, scores))
        if watch is not None:
            watch(frame, prediction, rows[-1])
        if progress is not None:
            progress(len(rows), len(dataset))
    return Evaluation(tuple(rows))


def _predict(dataset: Sequence[Frame], segment: Segment) -> Iterator[tuple[Frame, NDArray[np.integer]]]:
    for index in range(len(dataset)):
        frame = dataset[index]
        if frame.label is None:
            raise InputError(f"frame {frame.name!r} has no ground truth; give label/{frame.name}.png")
        found = segment(frame)
        yield frame, found.label_image if isinstance(found, Instances) else found


def _scored(
    predictions: Iterable[tuple[Frame, NDArray[np.integer]]], workers: int, rule: LabelRule, boundary: BoundaryKind
) -> Iterator[tuple[Frame, NDArray[np.integer], Scores]]:
    """In order; at most two images per process wait for their scores."""
    if workers == 1:
        for frame, prediction in predictions:
            yield frame, prediction, _score(frame.name, prediction, frame.label, rule, boundary)
        return
    waiting: deque[tuple[Frame, NDArray[np.integer], Future[Scores]]] = deque()
    # spawn: the calling process holds a network's threads and maybe a GPU, which do not survive a fork.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_scoring)
    try:
        for frame, prediction in predictions:
            scores = pool.submit(_score, frame.name, prediction, frame.label, rule, boundary)
            waiting.append((frame, prediction, scores))
            while waiting and (len(waiting) > 2 * workers or waiting[0][2].done()):
                frame, prediction, scores = waiting.popleft()
                yield frame, prediction, scores.result()
        while waiting:
            frame, prediction, scores = waiting.popleft()
            yield frame, prediction, scores.result()
    except BrokenProcessPool:
        raise UoisSamError(
            f"a scoring process of {workers} ended (killed, or no memory?); use fewer workers"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start_scoring() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the calling process, which ends this one
    cv2.setNumThreads(1)


def _score(
    name: str,
    prediction: NDArray[np.integer],
    label: NDArray[np.uint16] | None,
    rule: LabelRule,
    boundary: BoundaryKind,
) -> Scores:
    assert label is not None  # `_predict` refuses frames without
    try:
        return score_labels(prediction, rule.objects(label), rule.ignored(label), boundary)
    except InputError as error:
        raise InputError(f"frame {name!r}: {error}") from None
