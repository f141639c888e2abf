"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable

DEFAULT_MODEL = "uois-sam-tiny"


def add_parser(
    commands: argparse._SubParsersAction, name: str, summary: str, epilog: str
) -> argparse.ArgumentParser:
    """The parser of one command; `summary` stands in the list of commands and above its own help."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_model(parser: argparse.ArgumentParser) -> None:
    """--model."""
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="M",
        help="a bundled model, a model folder, or a SAM checkpoint: a Hugging Face folder or hub name, "
        f"or a segment-anything .pth (default {DEFAULT_MODEL})",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """--device."""
    parser.add_argument(
        "--device",
        default="auto",
        metavar="D",
        help="auto (CUDA where there is one, the default), cpu, cuda or cuda:N",
    )


def add_parts(parser: argparse.ArgumentParser) -> None:
    """--parts."""
    parser.add_argument(
        "--parts",
        metavar="METHOD:MODEL",
        help="find parts too: wps_sam (the bundled model), or guided_sam:FILE, wps_sam:DIR or part_clipseg:DIR as "
        "uois-sam train wrote them",
    )


def whole_number(low: int) -> Callable[[str], int]:
    """Reads a whole number that is `low` or more."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} on")
        return value

    return read


def positive_seconds(text: str) -> float:
    """Reads a time that is longer than nothing."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value
