"""Times of a person's click, and of what the decoder learns from it, in this process."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import torch

from uois_sam.adaptation.adapter import DecoderAdapter
from uois_sam.adaptation.interactive import InteractiveSession
from uois_sam.adaptation.settings import COMPLETE, AdaptationSettings
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.types import Frame

CLICK, DECODE, STEP, FINISH = "click to mask", "decode", "step on clicks", "step on mask and clicks"
_WARM_UP = 3


def time_clicks(
    pipeline: Pipeline, frames: Iterable[Frame], count: int, progress: Callable[[int, int], None]
) -> dict[str, list[float]]:
    """Milliseconds over `count` clicks, one a frame on the best instance, with the frame's embedding held.

    CLICK is what a person waits for, from the click to the full mask; DECODE the segmenter's share of it; STEP an
    adaptation step on clicks (CA), FINISH one on mask and clicks (RM, CM), each with its own decoding.
    """
    adapter = DecoderAdapter(pipeline.segmenter, AdaptationSettings.from_label(COMPLETE, pipeline.learning_rate))
    times: dict[str, list[float]] = defaultdict(list)
    done = -_WARM_UP
    for frame in itertools.islice(frames, 10 * (count + _WARM_UP)):
        embedded = pipeline.encode(frame.image, frame.depth, frame.camera)
        instances = pipeline.segment(embedded)
        if len(instances) == 0:
            continue
        x, y = instances.prompt[0]
        session = adapter.begin(embedded.embedding)
        for name, act in _acts(adapter, session, float(x), float(y)):
            start = time.perf_counter()
            act()
            if done >= 0:
                times[name].append(1e3 * (time.perf_counter() - start))
        done += 1
        if done > 0:
            progress(done, count)
        if done == count:
            break
    return dict(times)


def _acts(
    adapter: DecoderAdapter, session: InteractiveSession, x: float, y: float
) -> list[tuple[str, Callable[[], object]]]:
    @torch.no_grad()
    def decode() -> object:
        return adapter.segmenter.decode(session.embedding, session.answers[-1].prompts)

    return [
        (CLICK, lambda: session.add_click(x, y, True)),
        (DECODE, decode),
        (STEP, lambda: adapter.learn_from_clicks(session)),
        (FINISH, lambda: adapter.finish(session)),
    ]
