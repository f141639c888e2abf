"""`uois-sam annotate instances`: a person marks objects with clicks, on a local web page."""

from __future__ import annotations

import argparse
from pathlib import Path

from uois_sam.commands.local_page import add_port, need_nicegui, show_page
from uois_sam.commands.options import add_device, add_model
from uois_sam.commands.options import add_parser as make_parser

_EPILOG = """\
Each image begins with the objects that the model finds; correct them, and say that the image is done.
Left click adds to an object, right click takes away; a click beside all objects begins a new one.

saved in DIR whenever an object is finished or deleted, and when an image is done:
  instances.json          all instances, in COCO's form, with their clicks
  instances.clicks.json   how many clicks that took
  label/NAME.png          16-bit label image: 0 background, k = pixel of the k-th instance
  color/NAME.*            a copy of the image, unless IMAGES is that folder itself

The same command goes on where it was left. Ctrl-C ends it.

examples:
  uois-sam annotate instances photos --out marked
  uois-sam annotate instances my_table/color --out my_table     my_table/depth stays with it
  uois-sam evaluate --dataset folder:marked --json out/scores.json"""


def add_parser(kinds: argparse._SubParsersAction) -> None:
    """Add this kind of annotation."""
    parser = make_parser(kinds, "instances", "mark objects with clicks; a model draws the masks", _EPILOG)
    parser.add_argument("images", type=Path, metavar="IMAGES", help="folder of images")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to save in, or to go on with"
    )
    add_model(parser)
    add_device(parser)
    add_port(parser)
    parser.add_argument(
        "--empty", action="store_true", help="begin images without objects, not with those that the model finds"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Mark objects until Ctrl-C."""
    need_nicegui()
    from uois_sam.annotation.image_folder import list_images
    from uois_sam.annotation.instance_folder import InstanceFolder
    from uois_sam.annotation.instance_page import InstancePage
    from uois_sam.annotation.instance_session import InstanceSession
    from uois_sam.annotation.instance_worker import InstanceWorker
    from uois_sam.annotation.server import open_port
    from uois_sam.commands.outputs import check_writable, make_folder
    from uois_sam.commands.progress import progress_bar
    from uois_sam.segmentation.load import load_pipeline

    files = list_images(options.images)
    check_writable(options.out / "instances.json")
    with progress_bar("images", "image") as bar:
        folder = InstanceFolder(options.out, options.images, files, bar)
    for name in ("label", "color"):
        make_folder(options.out / name)
    opened = open_port(options.port)
    with opened:
        session = InstanceSession(folder, load_pipeline(options.model, options.device), propose=not options.empty)
        worker = InstanceWorker(session)
        page = InstancePage(session, worker, options.images.resolve().name, options.out.resolve().name)
        show_page(page, "uois-sam annotate instances", opened)
        worker.close()
    figures = folder.figures
    clicks = sum(of_image.total for of_image in folder.clicks.values())
    print(
        f"{figures['images']} images, {figures['objects']} objects, {clicks} clicks,"
        f" {figures['clicks_per_object']:.2f} per object: {options.out}"
    )
    return 0
