from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from uois_sam.errors import InputError, ModelError
from uois_sam.training.batches import Batch
from uois_sam.training.loop import BEST, CHECKPOINT, LoopSettings, ParameterGroup, Validation, learning_rate, train

SETTINGS = LoopSettings(steps=12, checkpoint_every=4, warmup=2, learning_rate=0.05, threads=1)


def make_batches(first: int, last: int) -> Iterator[Batch]:
    for step in range(first, last):
        generator = torch.Generator().manual_seed(step)
        x = torch.rand(8, 3, generator=generator)
        nothing = torch.zeros(0)
        yield Batch(x, x @ torch.tensor([1.0, -2, 3]), *[nothing] * 9)


def killed_at(last_step: int) -> Callable[[int, int], Iterator[Batch]]:
    def batches(first: int, last: int) -> Iterator[Batch]:
        yield from make_batches(first, min(last, last_step))
        raise KeyboardInterrupt

    return batches


def compute(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    loss = (model(batch.colour)[:, 0] - batch.geometry).square().mean()
    return {"loss": loss, "half": loss / 2}


def fresh() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def run(folder: Path, settings: LoopSettings = SETTINGS, batches=make_batches) -> nn.Module:
    model = fresh()
    return train(model, [ParameterGroup(list(model.parameters()))], compute, batches, folder, settings, {"a": 1})


def rows(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_learns_and_keeps_a_record(tmp_path: Path) -> None:
    run(tmp_path / "r", LoopSettings(steps=100, learning_rate=0.1, warmup=5, threads=1))
    first, last = rows(tmp_path / "r")
    assert (first["step"], last["step"]) == (50, 100)
    assert last["loss"] < first["loss"]
    assert last["half"] == pytest.approx(last["loss"] / 2, abs=1e-4)
    assert json.loads((tmp_path / "r" / "config.json").read_text())["loop"]["steps"] == 100
    assert (tmp_path / "r" / "revision.txt").read_text()


def test_curves_are_written_for_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(tmp_path / "r", replace(SETTINGS, steps=100))
    events = EventAccumulator(str(tmp_path / "r" / "tensorboard"))
    events.Reload()
    assert [point.step for point in events.Scalars("train/loss")] == [50, 100]
    logged = [row["loss"] for row in rows(tmp_path / "r")]
    assert [point.value for point in events.Scalars("train/loss")] == pytest.approx(logged, abs=1e-6)


def test_killed_and_resumed_is_the_same_run(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", batches=killed_at(6))
    resumed = run(tmp_path / "cut")
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name])


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = run(tmp_path / "r")
    count = len(rows(tmp_path / "r"))
    again = run(tmp_path / "r")
    assert torch.equal(first.state_dict()["weight"], again.state_dict()["weight"])
    assert len(rows(tmp_path / "r")) == count


def test_refuses_the_directory_of_another_run(tmp_path: Path) -> None:
    run(tmp_path / "r")
    with pytest.raises(InputError, match="another configuration"):
        run(tmp_path / "r", replace(SETTINGS, learning_rate=0.1))


def test_a_run_may_be_prolonged(tmp_path: Path) -> None:
    run(tmp_path / "r")
    run(tmp_path / "r", replace(SETTINGS, steps=20))
    assert rows(tmp_path / "r")[-1]["step"] == 20
    config = json.loads((tmp_path / "r" / "config.json").read_text())
    assert config["loop"]["steps"] == 20
    assert config["earlier_steps"] == [12]


def test_refuses_a_broken_checkpoint(tmp_path: Path) -> None:
    run(tmp_path / "r")
    path = tmp_path / "r" / CHECKPOINT
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="checkpoint"):
        run(tmp_path / "r")


def test_rate_rises_and_falls() -> None:
    settings = LoopSettings(steps=100, warmup=10, learning_rate=1.0)
    rates = [learning_rate(k, settings) for k in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1, abs=0.05)
    assert rates[-1] == pytest.approx(0.02, abs=0.01)


def test_rate_falls_as_a_power_of_what_is_left() -> None:
    settings = LoopSettings(steps=100, warmup=10, learning_rate=1.0, power=0.9)
    rates = [learning_rate(k, settings) for k in (0, 49, 50, 99)]
    assert rates == pytest.approx([0.1, 0.51**0.9, 0.5**0.9, 0.01**0.9])


@pytest.mark.parametrize("bad", [{"precision": "float64"}, {"steps": 0}, {"checkpoint_every": 0}])
def test_refuses_settings_that_make_no_run(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        LoopSettings(**bad)  # type: ignore[arg-type]


def test_rate_falls_to_a_tenth_at_each_drop() -> None:
    settings = LoopSettings(steps=30, warmup=0, learning_rate=1.0, drop_every=10)
    assert [learning_rate(k, settings) for k in (0, 9, 10, 19, 20, 29)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_the_lowest_validation_loss_is_kept(tmp_path: Path) -> None:
    said = iter([3.0, 1.0, 2.0])
    seen: list[Tensor] = []

    def look(model: nn.Module) -> dict[str, float]:
        assert not model.training
        seen.append(model.state_dict()["weight"].clone())
        return {"loss": next(said)}

    model = fresh()
    best = train(
        model,
        [ParameterGroup(list(model.parameters()))],
        compute,
        make_batches,
        tmp_path,
        SETTINGS,
        {},
        Validation(4, look),
    )
    assert torch.equal(best.state_dict()["weight"], seen[1])
    assert not torch.equal(seen[1], seen[2])
    assert torch.load(tmp_path / BEST, weights_only=True)["step"] == 8
    assert [row["validation_loss"] for row in rows(tmp_path) if "validation_loss" in row] == [3, 1, 2]


def test_the_lowest_loss_outlives_a_kill(tmp_path: Path) -> None:
    def begin(said: list[float], batches=make_batches) -> nn.Module:
        model, answers = fresh(), iter(said)
        validation = Validation(4, lambda _: {"loss": next(answers)})
        groups = [ParameterGroup(list(model.parameters()))]
        return train(model, groups, compute, batches, tmp_path, SETTINGS, {}, validation)

    with pytest.raises(KeyboardInterrupt):
        begin([1.0], killed_at(5))
    begin([2.0, 3.0])
    assert torch.load(tmp_path / BEST, weights_only=True)["step"] == 4
