"""`uois-sam datasets`: what can be read, whether a set is whole, and what it looks like."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.options import whole_number
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.datasets.check import CheckReport
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.datasets.labelled import LabelledDataset

_BROKEN = 2
_SHOWN_PROBLEMS = 20

_SPEC = """\
SPEC is KIND:PATH, KIND/SPLIT:PATH where a kind has splits, or synthetic-heldout; PATH is the
folder that the published archive unpacks to. "uois-sam datasets list" names the kinds."""

_EPILOG = f"""\
{_SPEC}

examples:
  uois-sam datasets list
  uois-sam datasets check ocid:data/OCID-dataset
  uois-sam datasets check uoais-sim/train:data/UOAIS-Sim
  uois-sam datasets show osd:data/OSD-0.2-depth --out out/osd.png --frames 24"""

_LIST_EPILOG = """\
For each kind: the line that opens it, its splits (the first is taken where none is given), what
it holds, its layout, and where it can be had.

example:
  uois-sam datasets list"""

_CHECK_EPILOG = f"""\
{_SPEC}

Prints the number of frames, image sizes, objects per image, the share of pixels with depth, and
problems, one a line. Exit code 2 where there is a problem.

example:
  uois-sam datasets check osd:data/OSD-0.2-depth"""

_SHOW_EPILOG = f"""\
{_SPEC}

The PNG shows frames at even distances through the set: the image with its objects outlined
(hatched: counts for nobody), and depth beside it, near blue to far red, grey where unknown.

example:
  uois-sam datasets show folder:my_table --out out/sheet.png"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its three."""
    parser = make_parser(commands, "datasets", "list, check and show labelled data sets", _EPILOG)
    actions = parser.add_subparsers(title="commands", metavar="ACTION", required=True)
    listing = make_parser(actions, "list", "name the kinds of data sets, and where to get them", _LIST_EPILOG)
    listing.set_defaults(run=run_list)
    check = make_parser(actions, "check", "open every frame of a data set", _CHECK_EPILOG)
    check.add_argument("spec", metavar="SPEC", help="the data set")
    check.set_defaults(run=run_check)
    show = make_parser(actions, "show", "write a contact sheet of a data set", _SHOW_EPILOG)
    show.add_argument("spec", metavar="SPEC", help="the data set")
    show.add_argument("--out", type=Path, required=True, metavar="FILE", help="PNG to write")
    show.add_argument(
        "--frames", type=whole_number(1), default=12, metavar="N", help="frames to show (default 12)"
    )
    show.set_defaults(run=run_show)


def run_list(options: argparse.Namespace) -> int:
    """Print the kinds."""
    from uois_sam.datasets.catalogue import HELDOUT, KINDS, SYNTHETIC_HELDOUT

    rows = [(f"{name}:PATH", kind.about) for name, kind in KINDS.items()]
    rows.insert(1, (HELDOUT, SYNTHETIC_HELDOUT))
    blocks = []
    for spec, about in rows:
        lines = [("holds", about.holds), ("layout", about.layout), ("from", about.source)]
        if len(about.splits) > 1:
            lines.insert(0, ("splits", ", ".join(about.splits)))
        blocks.append("\n".join([spec, *(f"  {title:<8}{text}" for title, text in lines)]))
    print("\n".join(blocks))
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Open every frame."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.check import check_dataset

    dataset, rule = _open(options.spec)
    with progress_bar("check", "frame") as progress:
        report = check_dataset(dataset, rule, progress)
    _print(report)
    return _BROKEN if report.problems else 0


def run_show(options: argparse.Namespace) -> int:
    """Write a contact sheet."""
    import numpy as np

    from uois_sam.commands.contact_sheet import contact_sheet
    from uois_sam.commands.outputs import make_folder, write_rgb

    if options.out.suffix.lower() != ".png":
        raise InputError(f"--out is {options.out}; wanted a name that ends in .png")
    dataset, rule = _open(options.spec)
    count = min(options.frames, len(dataset))
    picked = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    make_folder(options.out.parent)
    write_rgb(options.out, contact_sheet([dataset[int(k)] for k in picked], rule))
    print(f"{count} of {len(dataset)} frames, written to {options.out}")
    return 0


def _open(spec: str) -> tuple[LabelledDataset, LabelRule]:
    """The data set and its label rule, which is said."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.catalogue import open_dataset
    from uois_sam.datasets.rule_choice import choose_rule

    with progress_bar("draw synthetic tables", "scene") as progress:
        dataset = open_dataset(spec, progress)
    try:
        rule, origin = choose_rule(dataset)
    except InputError:  # a frame that is looked at is broken: the check will say so
        rule, origin = dataset.rule, "not detected: frames are broken"
    ignored = "none ignored" if rule.ignore is None else f"label {rule.ignore} ignored"
    print(f"labels: objects from {rule.first_object} on, {ignored} ({origin})")
    return dataset, rule


def _print(report: CheckReport) -> None:
    sizes = ", ".join(f"{w} x {h} ({count})" for (w, h), count in sorted(report.sizes.items()))
    print(f"frames             {report.frames}")
    print(f"sizes              {sizes or 'none'}")
    if report.objects:
        mean = sum(report.objects) / len(report.objects)
        print(f"objects per image  {mean:.1f} ({min(report.objects)} to {max(report.objects)})")
    sound = len(report.objects)
    if report.measured:
        share = sum(report.measured) / len(report.measured)
        print(f"depth measured     {100 * share:.1f} % of pixels, in {len(report.measured)} of {sound} frames")
    else:
        print("depth measured     no frame has depth")
    if report.depths:
        print(f"median depth       {min(report.depths):.2f} to {max(report.depths):.2f} m")
    print(f"intrinsics         in {report.cameras} of {sound} frames")
    print(f"problems           {len(report.problems) or 'none'}")
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        print(f"  {problem}")
    if len(report.problems) > _SHOWN_PROBLEMS:
        print(f"  ... and {len(report.problems) - _SHOWN_PROBLEMS} more")
