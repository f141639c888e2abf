"""The `uois-sam` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from uois_sam import __version__
from uois_sam.commands import (
    annotate,
    bench,
    convert,
    datasets,
    demo,
    evaluate,
    record,
    replay,
    reproduce,
    segment,
    synth,
    train,
)
from uois_sam.errors import UoisSamError
from uois_sam.memory import keep_freed_memory
from uois_sam.spinning import spin_briefly

BAD_INPUT = 2
INTERRUPTED = 130

_COMMANDS = (demo, segment, record, replay, evaluate, reproduce, datasets, synth, convert, annotate, train, bench)

_DESCRIPTION = """\
Instance masks and metric point clouds of tables of things never seen before,
from RGB-D images or RGB alone (UOIS-SAM)."""

_EPILOG = """\
examples:
  uois-sam demo --out out/demo                        the whole stack on a recorded table
  uois-sam segment photo.jpg --out out/photo          masks of one picture
  uois-sam segment folder:my_table --out out/table    of a folder: color/, depth/, camera.json
  uois-sam evaluate --dataset folder:my_table --json out/scores.json
  uois-sam replay recording.mcap --out out/recording  a recording through the stack, with a report

Exit code: 0 when all went well, 1 where `replay compare` finds the second worse, 2 after one line that
says what cannot be used, 130 after Ctrl-C.
Each command explains itself: uois-sam COMMAND --help"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the whole usage."""
        self.exit(BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command and all its commands; `run` of the chosen one is in the options."""
    parser = _Parser(
        prog="uois-sam",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"uois-sam {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; `sys.argv` where no arguments are given.

    Returns:
        The exit code.
    """
    options = make_parser().parse_args(arguments)
    keep_freed_memory()
    spin_briefly()
    try:
        code: int = options.run(options)
    except UoisSamError as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        exec("")  # once it has passed through an `exec`, CPython dies of the signal until the next one resets that
        print("\nuois-sam: interrupted", file=sys.stderr)
        return INTERRUPTED
    return code


def _complain(message: str) -> int:
    print(f"uois-sam: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
