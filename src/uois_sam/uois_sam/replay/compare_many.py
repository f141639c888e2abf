"""Two replays of the same folder of recordings beside each other, recording by recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from uois_sam.errors import InputError
from uois_sam.replay.compare import Compared, compare, read_report
from uois_sam.replay.summary import read_summary


@dataclass(frozen=True)
class ComparedBag:
    """One recording in both.

    Attributes:
        name: of the recording.
        figures: of both; empty where one has no report.
        failure: in what the second failed where the first did not; empty where it did not.
    """

    name: str
    figures: Sequence[Compared] = ()
    failure: str = ""

    @property
    def worse(self) -> bool:
        """Whether the second failed, or is worse in a figure."""
        return bool(self.failure) or any(one.worse for one in self.figures)


def compare_many(
    first: Path, second: Path, tolerances: Mapping[str, float]
) -> tuple[list[ComparedBag], list[str]]:
    """Each recording that went well in the first, and the names of those left out, which did not.

    Args:
        first, second: folders that `uois-sam replay` wrote for a folder of recordings.
        tolerances: see `compare`.

    Raises:
        InputError: a summary or report is missing or of something else, no recording went well in the first, or
            two reports do not hold the same figures.
    """
    ours, theirs = read_summary(first), read_summary(second)
    whole = [name for name, reason in ours.items() if not reason]
    if not whole:
        raise InputError(f"no recording of {first} went well; nothing to compare with")
    compared = []
    for name in whole:
        if name not in theirs:
            compared.append(ComparedBag(name, failure="is not in B"))
        elif theirs[name]:
            compared.append(ComparedBag(name, failure=f"failed in B: {theirs[name]}"))
        else:
            try:
                figures = compare(read_report(first / name), read_report(second / name), tolerances)
            except InputError as error:
                raise InputError(f"{name}: {error}") from None
            compared.append(ComparedBag(name, figures))
    return compared, sorted({*ours, *theirs} - set(whole))
