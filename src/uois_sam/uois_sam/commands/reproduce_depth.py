"""`uois-sam reproduce depth`: how the answer depends on depth."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from uois_sam.commands.evaluate import (
    DATA_EPILOG,
    HELDOUT,
    add_data,
    add_json,
    described_model,
    described_run,
    open_frames,
    score,
    segment_with,
)
from uois_sam.commands.options import add_device, add_model
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.evaluation.bootstrap import Mean
    from uois_sam.evaluation.depth import DepthCondition
    from uois_sam.evaluation.results import Evaluation

_SHOWN = {"overlap_f": "overlap F", "boundary_f": "boundary F", "percent75": "%75"}

_EPILOG = f"""\
rows
  RGB                  without depth
  RGB-D                depth as the set has it
  RGB-D, half removed  without half of the measured pixels of each frame, in a few large random
                       regions, the same at every run
  RGB-D, wrong         the depth of the frame half the set away

Below, how much higher each row is than RGB, image by image, with its 95 % interval (paired
bootstrap): depth helps where the interval is above 0, and harms where it is below.

{DATA_EPILOG}

examples:
  uois-sam reproduce depth --dataset folder:my_table --json out/depth.json
  uois-sam reproduce depth --dataset {HELDOUT} --json out/depth.json --frames 20"""


def add_depth_table(tables: argparse._SubParsersAction) -> None:
    """Add the table to those of `uois-sam reproduce`."""
    parser = make_parser(
        tables, "depth", "what depth brings: without it, with it, with half of it, and with wrong depth", _EPILOG
    )
    add_data(parser)
    add_json(parser)
    add_model(parser)
    add_device(parser)
    parser.set_defaults(run=run_depth)


def run_depth(options: argparse.Namespace) -> int:
    """Score a model under each condition of depth."""
    from uois_sam.commands.outputs import check_writable, write_results
    from uois_sam.evaluation.depth import TITLES, ConditionedDepth, has_depth
    from uois_sam.evaluation.difference import difference
    from uois_sam.evaluation.results import means_as_dict
    from uois_sam.segmentation.load import load_pipeline

    check_writable(options.json)
    frames, rule = open_frames(options)
    if not has_depth(frames):
        raise InputError(f"{options.dataset} has no depth with intrinsics; give a set that has")
    conditions = {depth: ConditionedDepth(frames, depth) for depth in TITLES}
    pipeline = load_pipeline(options.model, options.device)
    if not pipeline.uses_depth:
        raise InputError(f"{options.model} does not look at depth; all rows would be those of RGB")
    segment = segment_with(pipeline)
    found = {depth: score(options, seen, rule, segment, TITLES[depth]) for depth, seen in conditions.items()}
    with_depth: list[DepthCondition] = ["measured", "half", "wrong"]
    rises = {depth: difference(found[depth], found["none"]) for depth in with_depth}
    print(_table(found, rises))
    rows = [
        {"name": TITLES[depth], "depth": depth, **evaluation.as_dict()}
        | ({"against_rgb": means_as_dict(rises[depth])} if depth in rises else {})
        for depth, evaluation in found.items()
    ]
    document = {
        "table": "depth",
        **described_run(options, rule),
        **described_model(options.model, pipeline),
        "images": len(frames),
        "rows": rows,
    }
    write_results(options.json, document)
    return 0


def _table(found: Mapping[DepthCondition, Evaluation], rises: Mapping[DepthCondition, Mapping[str, Mean]]) -> str:
    """The rows in per cent, and what each is above RGB."""
    from uois_sam.commands.tables import text_table
    from uois_sam.evaluation.depth import TITLES
    from uois_sam.evaluation.results import HEADS, per_cent

    scores = [[TITLES[depth], *per_cent(evaluation.means())] for depth, evaluation in found.items()]
    risen = [[TITLES[depth], *(_points(means[figure]) for figure in _SHOWN)] for depth, means in rises.items()]
    return "\n\n".join(
        [text_table([["", *HEADS], *scores]), text_table([["above RGB, points", *_SHOWN.values()], *risen])]
    )


def _points(mean: Mean) -> str:
    return f"{100 * mean.value:+.1f} ({100 * mean.low:+.1f} to {100 * mean.high:+.1f})"
