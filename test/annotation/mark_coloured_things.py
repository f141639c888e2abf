"""The `uois-sam` command with a pipeline that knows things by their colours; says where it decoded."""

from __future__ import annotations

import sys
import threading

from coloured_things import ColourPipeline, ColourSegmenter

from uois_sam import cli
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts
from uois_sam.segmentation import load

threads: set[str] = set()


class WatchedSegmenter(ColourSegmenter):
    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        threads.add(threading.current_thread().name)
        return super().decode(embedding, prompts)


pipeline = ColourPipeline()
pipeline.segmenter = WatchedSegmenter()
load.load_pipeline = lambda model, device: pipeline  # type: ignore[assignment]
code = cli.main()
print("decoded in", *sorted(threads))
sys.exit(code)
