"""`uois-sam annotate`: a person says what images show, on a local web page."""

from __future__ import annotations

import argparse

from uois_sam.commands import annotate_instances, annotate_parts
from uois_sam.commands.options import add_parser as make_parser

_EPILOG = """\
examples:
  uois-sam annotate instances photos --out marked
  uois-sam annotate parts photos --names handle,blade --out labels.json"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its kinds."""
    parser = make_parser(commands, "annotate", "label images by hand, on a local web page", _EPILOG)
    kinds = parser.add_subparsers(title="what to annotate", metavar="KIND", required=True)
    annotate_instances.add_parser(kinds)
    annotate_parts.add_parser(kinds)
