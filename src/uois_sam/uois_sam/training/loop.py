"""The loop that every training shares: steps, learning rate, averaged weights, checkpoints that resume exactly."""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from uois_sam.denormals import flush_denormals
from uois_sam.errors import InputError, ModelError
from uois_sam.training.curves import Curves
from uois_sam.training.ranks import Ranks

CHECKPOINT = "checkpoint.pt"
LOG_EVERY = 50
BEST = "best.pt"


class Movable(Protocol):
    """A batch of any kind."""

    def to(self, device: torch.device) -> Any:
        """The batch on another device."""


B = TypeVar("B", bound=Movable)


@dataclass(frozen=True)
class Validation:
    """How a run is judged while it lasts.

    Attributes:
        every: steps between two looks.
        look: the model, in evaluation mode, to named numbers; the lowest "loss" is kept.
    """

    every: int
    look: Callable[[nn.Module], dict[str, float]]


@dataclass(frozen=True)
class LoopSettings:
    """How a training runs.

    Attributes:
        steps: number of optimiser steps.
        learning_rate: of AdamW at its highest; rises over `warmup` steps and falls as a cosine to 2 %.
        drop_every: steps after which the rate falls to a tenth, each time, in place of the cosine; 0 never.
        power: of the share of steps that are left, which the rate falls with in place of the cosine; 0 keeps the
            cosine.
        beta2: of AdamW, decay of the mean of squared gradients.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        average: decay of the exponential moving average of the weights that is kept in the end.
        seed: of the weights, the batches and everything random.
        precision: "float32" or "bfloat16" (autocast).
        checkpoint_every: steps between checkpoints.
        threads: of the main process.
        workers: processes that make batches.
    """

    steps: int = 4000
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.02
    warmup: int = 80
    drop_every: int = 0
    power: float = 0.0
    beta2: float = 0.98
    clip: float = 2.0
    average: float = 0.998
    seed: int = 0
    precision: str = "float32"
    checkpoint_every: int = 200
    threads: int = 2
    workers: int = 1

    def __post_init__(self) -> None:
        if self.precision not in ("float32", "bfloat16"):
            raise InputError(f"precision is {self.precision!r}; give float32 or bfloat16")
        if self.steps < 1 or self.checkpoint_every < 1:
            raise InputError(f"steps={self.steps}, checkpoint_every={self.checkpoint_every}; both start at 1")


PUBLISHED_LOOP = LoopSettings(learning_rate=1e-3, weight_decay=1e-4, warmup=0, average=0.0, beta2=0.999)
"""How UOIS-SAM trains its heads (section IV-A); the steps follow from the data."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that learn at `rate` times the learning rate."""

    parameters: list[nn.Parameter]
    rate: float = 1.0


def train(
    model: nn.Module,
    groups: list[ParameterGroup],
    compute: Callable[[nn.Module, B], dict[str, Tensor]],
    make_batches: Callable[[int, int], Iterator[B]],
    run: Path,
    settings: LoopSettings,
    config: dict[str, Any],
    validation: Validation | None = None,
    ranks: Ranks | None = None,
) -> nn.Module:
    """Train until `settings.steps`, going on from the run's checkpoint where there is one.

    With several ranks every process calls this alike with batches of its own; gradients are averaged over all, and
    the first one keeps the books.

    Args:
        model: to train, on its device.
        groups: the parameters that learn.
        compute: model and batch to named numbers; "loss" is minimised, the rest is only logged.
        make_batches: steps (first, last) to their batches; must not depend on earlier calls.
        run: directory for config.json, metrics.jsonl, the curves and the checkpoints.
        settings: of the loop.
        config: everything else that made this run, kept beside it.
        validation: of the averaged model; None for none.
        ranks: of `torchrun`; None for one process alone.

    Returns:
        The averaged model, at its lowest validation loss where there is validation.

    Raises:
        InputError: the run directory belongs to a run of another configuration.
    """
    ranks = ranks or Ranks()
    limit_cpu_kernels(settings.precision)
    torch.set_num_threads(settings.threads)
    flush_denormals()
    if ranks.first:
        run.mkdir(parents=True, exist_ok=True)
        _claim(run, {**config, "loop": asdict(settings)})
    optimizer = torch.optim.AdamW(
        [{"params": g.parameters, "rate": g.rate} for g in groups],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        betas=(0.9, settings.beta2),
    )
    average = deepcopy(model).eval()
    done, lowest = _resume(run / CHECKPOINT, model, average, optimizer)
    ranks.share(model)
    device = next(model.parameters()).device
    model.train()
    sums: dict[str, float] = defaultdict(float)
    started = time.monotonic()
    steps = make_batches(done, settings.steps)
    with Curves(run, done, keep=ranks.first) as curves:
        for step, batch in enumerate(
            tqdm(steps, initial=done, total=settings.steps, desc=run.name, unit="step", disable=not ranks.first),
            start=done,
        ):
            rate = learning_rate(step, settings)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["rate"]
            with autocast(device, settings.precision):
                numbers = compute(model, batch.to(device))
            optimizer.zero_grad(set_to_none=True)
            numbers["loss"].backward()
            parameters = [p for g in groups for p in g.parameters]
            ranks.average_gradients(parameters)
            nn.utils.clip_grad_norm_(parameters, settings.clip)
            optimizer.step()
            _average(average, model, min(settings.average, 1 - 1 / (step / 4 + 1)))
            for name, value in numbers.items():
                sums[name] += float(value.detach())
            last = step + 1 == settings.steps
            if (step + 1) % LOG_EVERY == 0 or last:
                count = (step + 1 - done) % LOG_EVERY or min(LOG_EVERY, step + 1 - done)
                row = {"seconds": round(time.monotonic() - started, 1), "lr": rate}
                curves.add(step + 1, "train", {**row, **{k: round(v / count, 5) for k, v in sums.items()}})
                sums.clear()
            if validation is not None and ((step + 1) % validation.every == 0 or last) and ranks.first:
                seen = validation.look(average)
                curves.add(step + 1, "validation", {k: round(v, 5) for k, v in seen.items()})
                if seen["loss"] < lowest:
                    lowest = seen["loss"]
                    _write(run / BEST, {"step": step + 1, "model": average.state_dict()})
            if ((step + 1) % settings.checkpoint_every == 0 or last) and ranks.first:
                _save(run / CHECKPOINT, step + 1, lowest, model, average, optimizer)
    ranks.wait()
    if validation is not None:
        average.load_state_dict(torch.load(run / BEST, map_location=device, weights_only=True)["model"])
    return average


def limit_cpu_kernels(precision: str) -> None:
    """Keep bfloat16 away from AMX tiles, which some virtual machines announce but cannot execute."""
    if precision == "bfloat16":
        os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """Mixed precision on a device; does nothing for float32."""
    context: AbstractContextManager[None] = torch.autocast(
        device.type, torch.bfloat16, enabled=precision == "bfloat16"
    )
    return context


def learning_rate(step: int, settings: LoopSettings) -> float:
    """Linear warm-up, then a cosine from the full rate to 2 % of it, steps down by ten, or a polynomial to 0."""
    warm = min(1.0, (step + 1) / max(settings.warmup, 1))
    if settings.drop_every:
        return settings.learning_rate * warm * 0.1 ** (step // settings.drop_every)
    if settings.power:
        return settings.learning_rate * warm * (1 - step / settings.steps) ** settings.power
    cosine = 0.5 + 0.5 * math.cos(math.pi * step / settings.steps)
    return settings.learning_rate * warm * (0.02 + 0.98 * cosine)


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def _claim(run: Path, config: dict[str, Any]) -> None:
    """Write the run's config and revision, or check that it is the same run going on.

    The number of steps may change, so that a run can be cut short or prolonged; the learning rate then follows the
    new schedule from the checkpoint on, and `config.json` keeps the numbers before in "earlier_steps".
    """
    path = run / "config.json"
    config = json.loads(json.dumps(config, default=str))
    if path.is_file():
        before = json.loads(path.read_text())
        earlier = before.pop("earlier_steps", [])
        steps = before["loop"].pop("steps")
        if before != {**config, "loop": {k: v for k, v in config["loop"].items() if k != "steps"}}:
            raise InputError(f"{run} holds a run of another configuration; give another --out or remove it")
        if steps != config["loop"]["steps"]:
            earlier.append(steps)
        if earlier:
            config["earlier_steps"] = earlier
    else:
        revision = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent, check=False
        )
        (run / "revision.txt").write_text(revision.stdout or "not a git checkout\n")
    path.write_text(json.dumps(config, indent=2, sort_keys=True))


def _save(
    path: Path,
    step: int,
    lowest: float,
    model: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    state = {
        "step": step,
        "lowest": lowest,
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    _write(path, state)


def _write(path: Path, state: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def _resume(
    path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, float]:
    """The step and the lowest validation loss of the checkpoint; 0 and infinity where there is none."""
    if not path.is_file():
        return 0, math.inf
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"checkpoint {path} cannot be read ({error}); remove it to start again") from None
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), float(state.get("lowest", math.inf))
