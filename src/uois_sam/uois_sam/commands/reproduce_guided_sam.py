"""`uois-sam reproduce guided-sam`: the tables of the Guided SAM paper."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_device, add_model, whole_number
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.train_guided_sam import add_drawing
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.parts.guided_sam.drawing import RegionDrawer
    from uois_sam.parts.guided_sam.settings import Variant

_EPILOG = """\
The classifiers learn from patches of --train images; everything is measured on others.

prints
  table 1         AUC of the patch classifiers
  tables 2 and 3  IoU of each part by each variant; perfect: the segmenter prompted in the
                  true region with a true point, that is, without any error of the guidance
  the loss        the same guided by the true labels of the patches, and what is lost by the
                  classifiers, by the grouping and the prompt, and by the segmenter
  figure 6        the fused model after 1, 2, 4, ... images, with lower and upper bound:
                  of the paper's three variants of a region, and with the two of ours
  figure 7        the learning curve over the number of training images
  figure 4b       clicks per image of somebody who labels the training images' patches by
                  prototypes until 9 in 10 with a part are found, and corners of polygons

The paper, with DINOv2 ViT-B and SAM, on 64 images: AUC 0.985; IoU 0.493 fused, 0.415 LGSAM,
0.365 CGSAM, 0.386 GGSAM, 0.305 naive. Features of the images are kept beside FILE.

examples:
  uois-sam reproduce guided-sam --data data/car-parts --json out/guided.json --encode frame
  uois-sam reproduce guided-sam --data data/car-parts --json out/both.json --encode frame \\
      --no-curve --compare 40"""

_CURVE = (1, 2, 4, 8, 16, 32, 64)


def add_parser(tables: argparse._SubParsersAction) -> None:
    """Add the tables to `uois-sam reproduce`."""
    parser = make_parser(tables, "guided-sam", "Guided SAM's patch AUC and IoU of parts (tables 1 to 3)", _EPILOG)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="Car Parts Segmentation: a folder with annotations.json and the images",
    )
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="file to write the tables to")
    parser.add_argument(
        "--train", type=whole_number(1), default=64, metavar="N", help="images to train on (default 64)"
    )
    parser.add_argument("--frames", type=whole_number(2), metavar="N", help="held-out images; all where not given")
    parser.add_argument(
        "--variants",
        nargs="+",
        metavar="V",
        help="columns, of roi-cgsam, roi-lgsam, naive, patch-cgsam, ours: roi-mgsam, roi-pgsam, and, with "
        "--detector, roi-ggsam and patch-ggsam (default: all of them)",
    )
    parser.add_argument("--detector", metavar="G", help="Grounding DINO folder or hub name, for GGSAM")
    add_drawing(parser)
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.5,
        metavar="C",
        help="least probability of a patch (default 0.5)",
    )
    parser.add_argument("--no-curve", action="store_true", help="leave out the learning curve")
    parser.add_argument(
        "--compare",
        type=whole_number(2),
        metavar="N",
        help="also draw N held-out images with each way to encode, and compare IoU and seconds",
    )
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings of the classifiers")
    add_model(parser)
    add_device(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train, draw, measure and print."""
    from uois_sam.commands.guided_text import guided_text
    from uois_sam.commands.outputs import check_writable, write_results
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.car_parts import CarParts
    from uois_sam.datasets.part_image import ChosenImages, split_images
    from uois_sam.evaluation.guided_clicks import count_clicks
    from uois_sam.evaluation.guided_encode import compare_encodings
    from uois_sam.evaluation.guided_sam import Drawing
    from uois_sam.evaluation.guided_tables import FUSED_WITH_OURS, classify, measure_tables
    from uois_sam.parts.guided_sam.guided_sam import load_features
    from uois_sam.parts.guided_sam.patches import PatchGrid
    from uois_sam.parts.guided_sam.prototypes import PrototypeSettings
    from uois_sam.training.config import read_settings
    from uois_sam.training.feature_cache import FeatureCache
    from uois_sam.training.guided_sam import ClassifierTraining
    from uois_sam.training.patch_sets import PatchDescriber, patches_of_masks

    check_writable(options.json)
    settings = read_settings(options.config, ClassifierTraining())
    dataset = CarParts(options.data)
    train, held = split_images(dataset, options.train, options.frames, settings.seed)
    drawer = _drawer(options)
    features = load_features(options.features, drawer.segmenter)
    cache = FeatureCache(options.json.parent / "features", features.network, str(options.data.resolve()))
    describe = PatchDescriber(features, PatchGrid(), cache)
    drawing = Drawing(drawer, describe.grid, options.threshold, _variants(options))
    with progress_bar("patches to train on", "image") as bar:
        training = patches_of_masks(train, dataset.parts, describe, settings.min_coverage, bar)
    with progress_bar("patches to test on", "image") as bar:
        testing = patches_of_masks(held, dataset.parts, describe, settings.min_coverage, bar)
    with progress_bar("clicks", "part") as bar:
        clicks = count_clicks(training, describe.grid, PrototypeSettings(), bar)
    corners = [dataset.corners(k) for k in train.chosen]
    outlined = {name: sum(of_image.get(name, 0) for of_image in corners) for name in dataset.parts}
    probability = classify(training, testing, settings)
    compared = []
    if options.compare is not None:
        rois = replace(drawing, variants=tuple(v for v in drawing.variants if v in FUSED_WITH_OURS))
        with progress_bar("compare", "image") as bar:
            compared = compare_encodings(
                ChosenImages(held, range(min(options.compare, len(held)))),
                dataset.parts,
                lambda i: probability[testing.image == i],
                rois,
                bar,
            )
    curve = [] if options.no_curve else [count for count in _CURVE if count < len(train)]
    tables = measure_tables(
        held, training, testing, probability, drawing, settings, curve, lambda title: progress_bar(title, "image")
    )
    print("\n\n".join(guided_text(tables, clicks, outlined, len(train), compared)))
    document = {
        "tables": "Guided SAM 1 to 3, figures 4b, 6 and 7",
        "data": str(options.data),
        "model": options.model,
        "features": options.features,
        "detector": options.detector,
        "encode": options.encode,
        "threshold": options.threshold,
        "settings": asdict(settings),
        "training_images": len(train),
        "held_out_images": len(held),
        **tables.as_dict(),
        "clicks": {part.name: asdict(part) for part in clicks},
        "polygon_corners": outlined,
        "encodings": [asdict(way) for way in compared],
    }
    write_results(options.json, document)
    return 0


def _drawer(options: argparse.Namespace) -> RegionDrawer:
    from uois_sam.parts.guided_sam.drawing import RegionDrawer
    from uois_sam.segmentation.load import choose_device, load_segmenter

    device = choose_device(options.device)
    detector = None
    if options.detector is not None:
        from uois_sam.parts.guided_sam.grounding import GroundingDino

        detector = GroundingDino.from_pretrained(options.detector, device)
    return RegionDrawer(load_segmenter(options.model, device).segmenter, options.encode, detector)


def _variants(options: argparse.Namespace) -> tuple[Variant, ...]:
    """The columns that the options ask for, in the order of table 3.

    Raises:
        InputError: one is unknown, or needs a detector that is not given.
    """
    from uois_sam.parts.guided_sam.settings import Variant

    known = [v for v in Variant if options.detector is not None or not v.needs_text]
    unknown = set(options.variants or []) - {v.value for v in known}
    if unknown:
        raise InputError(
            f"variant {sorted(unknown)[0]!r} is not known here; give some of {', '.join(v.value for v in known)}"
            " (those with ggsam need --detector)"
        )
    chosen = tuple(v for v in known if not options.variants or v.value in options.variants)
    if not any(v.value.startswith("roi") for v in chosen):
        raise InputError("--variants names none that draws regions; fusion wants one, such as roi-lgsam")
    return chosen
