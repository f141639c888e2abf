"""`uois-sam segment`: masks of images on disk."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sized
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uois_sam.commands.options import add_device, add_model
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError, SourceError
from uois_sam.parts.load import BUNDLED_PARTS

if TYPE_CHECKING:
    from uois_sam.parts.protocol import PartSegmenter
    from uois_sam.segmentation.pipeline import Pipeline
    from uois_sam.sources.source import FrameSource
    from uois_sam.types import Frame, Instances, Parts

_EPILOG = """\
writes
  DIR/label/NAME.png     16-bit label image: 0 background, k = pixel of the k-th instance
  DIR/overlay/NAME.jpg   the image with every instance tinted and outlined
  DIR/instances.json     of every image: id, label, score, bbox (x, y, w, h), area (px) and prompt
                         (x, y) of each instance; and the model, its settings and the versions

with --parts also
  DIR/parts/NAME.png     16-bit label image: 0 nothing, k = pixel of the k-th part
  DIR/parts/NAME.jpg     the image with every part tinted and outlined
  DIR/instances.json     name, score, bbox and instance_id of each part too

METHOD:MODEL is guided_sam:FILE, wps_sam:FOLDER or part_clipseg:FOLDER, as uois-sam train writes
them; --parts alone takes the bundled prompter of WPS-SAM.

examples:
  uois-sam segment photo.jpg --out out/photo
  uois-sam segment folder:my_table --out out/table            color/, depth/, camera.json
  uois-sam segment folder:my_table --out out/rgb --no-depth   from colour alone
  uois-sam segment photo.jpg --out out/photo --parts
  uois-sam segment bag:recording.mcap --out out/recording

The same in Python:
  from uois_sam import load_pipeline
  instances = load_pipeline()(image, depth, camera)     depth (metres) and camera are optional

Images that cannot be used are left out and listed with the reason under "refused"; the exit
code is then 2."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(
        commands, "segment", "find the instances in an image, a folder, a video or a recording", _EPILOG
    )
    parser.add_argument("input", metavar="INPUT", help="an image, folder:PATH, video:PATH, bag:PATH, or bundled")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_model(parser)
    add_device(parser)
    parser.add_argument("--no-depth", action="store_true", help="do not look at depth, even where there is some")
    parser.add_argument(
        "--parts", nargs="?", const=f"wps_sam:{BUNDLED_PARTS}", metavar="METHOD:MODEL", help="find parts too"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Segment every frame of the input."""
    from uois_sam.commands.outputs import make_folder, versions, write_json
    from uois_sam.parts.load import load_part_segmenter
    from uois_sam.segmentation.load import load_pipeline
    from uois_sam.sources.source import open_source

    if options.input == "synthetic" or options.input.startswith("device:"):
        raise InputError(f"{options.input!r} never ends; look at it with: uois-sam demo --source {options.input}")
    with open_source(options.input) as source:
        pipeline = load_pipeline(options.model, options.device)
        finder = None
        if options.parts is not None:
            method, _, model = options.parts.partition(":")
            finder = load_part_segmenter(method, model, pipeline.segmenter)
        for name in ("label", "overlay", "parts") if finder is not None else ("label", "overlay"):
            make_folder(options.out / name)
        images, refused = _segment_all(source, pipeline, finder, options)
    path = options.out / "instances.json"
    write_json(
        path,
        {
            "input": options.input,
            "model": options.model,
            "parts": options.parts,
            "device": str(pipeline.segmenter.device),
            "settings": asdict(pipeline.settings),
            "versions": versions(),
            "images": images,
            "refused": refused,
        },
    )
    found = sum(len(image["instances"]) for image in images)
    print(f"{len(images)} images, {found} instances: {path}")
    if refused:
        raise InputError(f"{len(refused)} of {len(images) + len(refused)} images left out: {refused[0]['reason']}")
    return 0


def _segment_all(
    source: FrameSource, pipeline: Pipeline, finder: PartSegmenter | None, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries of instances.json: of the images, and of those that cannot be used."""
    from tqdm import tqdm

    images: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    total = len(source) if isinstance(source, Sized) else None
    with tqdm(desc="segment", unit="image", total=total, disable=None) as bar:
        for index in itertools.count():
            try:
                frame = next(source)
                depth = None if options.no_depth else frame.depth
                embedded = pipeline.encode(frame.image, depth, frame.camera)
                instances = pipeline.segment(embedded)
                parts = None if finder is None else finder.segment(embedded, instances)
            except StopIteration:
                break
            except InputError as error:
                refused.append({"index": index, "reason": str(error)})
            except SourceError as error:  # what was read before it is kept
                refused.append({"index": index, "reason": str(error)})
                break
            else:
                named = replace(frame, name=frame.name or f"{index:06d}")
                entry = _write(options.out, named, instances, pipeline, not options.no_depth)
                images.append(entry if parts is None else {**entry, **_write_parts(options.out, named, parts)})
            bar.update()
    return images, refused


def _write_parts(out: Path, frame: Frame, parts: Parts) -> dict[str, Any]:
    """Write label image and overlay of a frame's parts; what its entry in instances.json says of them."""
    from uois_sam.commands.outputs import write_labels, write_rgb
    from uois_sam.types import tint_labels

    labels = parts.label_image()
    write_labels(out / "parts" / f"{frame.name}.png", labels)
    write_rgb(out / "parts" / f"{frame.name}.jpg", tint_labels(frame.image, labels))
    found = [
        {"name": p.name, "instance_id": p.instance_id, "score": float(p.score), "bbox": list(p.bbox)}
        for p in parts
    ]
    return {"parts_label": f"parts/{frame.name}.png", "parts": found}


def _write(out: Path, frame: Frame, instances: Instances, pipeline: Pipeline, use_depth: bool) -> dict[str, Any]:
    """Write label image and overlay of a frame; its entry in instances.json."""
    from uois_sam.commands.outputs import write_labels, write_rgb

    label, overlay = Path("label", f"{frame.name}.png"), Path("overlay", f"{frame.name}.jpg")
    write_labels(out / label, instances.label_image)
    write_rgb(out / overlay, instances.overlay(frame.image))
    height, width = instances.label_image.shape
    has_depth = frame.depth is not None and frame.camera is not None
    return {
        "name": frame.name,
        "width": width,
        "height": height,
        "depth_used": use_depth and has_depth and pipeline.uses_depth,
        "label": str(label),
        "overlay": str(overlay),
        "instances": [asdict(instance) for instance in instances],
    }
