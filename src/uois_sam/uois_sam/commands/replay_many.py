"""`uois-sam replay FOLDER`: every recording below it, several at a time; and two such replays compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.replay.many import Outcome, Task
    from uois_sam.replay.options import ReplayOptions

FAILED = 1
"""Exit code where a recording failed, or is worse in the second replay."""


def holds_many(path: Path, out: Path, asked: bool) -> bool:
    """Whether a path is a folder whose recordings are replayed one by one.

    Args:
        path: that was given.
        out: where outputs go.
        asked: whether options say so that go with folders alone; else a folder with one .mcap or .db3 file is that
            recording.

    Raises:
        InputError: it was asked for and is no such folder, or it is a folder that holds no recording.
    """
    from uois_sam.replay.folder import find_bags, is_recording

    if not path.is_dir() or is_recording(path):
        if asked:
            raise InputError(f"--workers and --ray go with a folder of recordings; {path} is none")
        return False
    if asked:
        return True
    bags = list(find_bags(path, out).values())
    return not (len(bags) == 1 and bags[0].parent == path and bags[0].suffix in (".mcap", ".db3"))


def replay_many(folder: Path, out: Path, options: ReplayOptions, workers: int | None, ray: str | None) -> int:
    """Replay all recordings below a folder that are not done yet, and sum up all."""
    from uois_sam.replay.folder import find_bags
    from uois_sam.replay.many import kept_outcome, make_tasks
    from uois_sam.replay.summary import SUMMARY_HTML, write_summary

    tasks = make_tasks(find_bags(folder, out), out, options)
    outcomes = {task.name: kept for task in tasks if (kept := kept_outcome(task)) is not None}
    waiting = [task for task in tasks if task.name not in outcomes]
    print(f"{len(tasks)} recordings below {folder}; {len(outcomes)} of them are done", flush=True)
    try:
        for outcome in _replayed(waiting, len(tasks), workers, ray):
            outcomes[outcome.name] = outcome
    except KeyboardInterrupt:
        print(f"{len(outcomes)} of {len(tasks)} recordings are done; the same command goes on with the others")
        raise
    summary = write_summary(folder, out, tasks, outcomes)
    _print_summary(summary)
    print(f"summary: {out / SUMMARY_HTML}")
    return FAILED if summary["failed"] else 0


def compare_folders(first: Path, second: Path, tolerances: Mapping[str, float]) -> int:
    """Compare the replays of two folders recording by recording."""
    from uois_sam.commands.tables import text_table
    from uois_sam.replay.compare_many import compare_many

    compared, left_out = compare_many(first, second, tolerances)
    rows = [("", "figures", "worse", "")]
    for bag in compared:
        counts = ("-", "-") if bag.failure else (str(len(bag.figures)), str(sum(one.worse for one in bag.figures)))
        rows.append((bag.name, *counts, "worse" if bag.worse else "ok"))
    print(text_table(rows))
    for bag in compared:
        if bag.failure:
            print(f"{bag.name}: {bag.failure}")
        for one in bag.figures:
            if one.worse:
                print(
                    f"{bag.name}: {one.first.name} is {one.first.value:.4g} in A and {one.second.value:.4g} in B"
                )
    if left_out:
        print(f"note: left out, for they did not go well in A: {', '.join(left_out)}")
    worse = [bag.name for bag in compared if bag.worse]
    print(f"B is worse: {', '.join(worse)}" if worse else "B is not worse")
    return FAILED if worse else 0


def _replayed(tasks: Sequence[Task], total: int, workers: int | None, ray: str | None) -> Iterator[Outcome]:
    """Outcomes, each with its line and a step of the progress bar."""
    if not tasks:
        return
    with tqdm(total=total, initial=total - len(tasks), desc="replay", unit="bag", disable=None) as bar:
        at: dict[str, int] = {}

        def watch(name: str, frames: int) -> None:
            at[name] = frames
            bar.set_postfix_str(", ".join(f"{k} frame {n}" for k, n in at.items()))

        if ray is not None:
            from uois_sam.replay.cluster import replay_on_ray

            outcomes = replay_on_ray(tasks, ray, workers)
        else:
            from uois_sam.replay.processes import replay_in_processes

            outcomes = replay_in_processes(tasks, workers or 1, watch=watch)
        with closing(outcomes):
            for outcome in outcomes:
                at.pop(outcome.name, None)
                tqdm.write(f"{outcome.name}: {outcome.reason or outcome.topics}")
                bar.update()
                yield outcome


def _print_summary(summary: Mapping[str, Any]) -> None:
    from uois_sam.commands.tables import text_table

    head = ("", "frames", "answered", "frames/s", "95 % ms", "instances", "overlap F")
    rows = [head]
    for bag in summary["bags"]:
        if bag["reported"]:
            score = bag["overlap_f"]
            rows.append(
                (
                    bag["name"],
                    f"{bag['frames_in']}",
                    f"{bag['answered']}",
                    f"{bag['frames_per_second']:.2f}",
                    f"{bag['latency_p95_ms']:.0f}",
                    f"{bag['instances_mean']:.1f}",
                    "-" if score is None else f"{100 * score:.1f}",
                )
            )
    print()
    if len(rows) > 1:
        print(text_table(rows))
    for bag in summary["bags"]:
        if bag["reason"]:
            print(f"failed: {bag['name']}: {bag['reason']}")
    print(f"{summary['recordings']} recordings, {summary['failed']} failed")
