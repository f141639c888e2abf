"""Training settings from YAML."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.training.config import read_settings


@dataclass(frozen=True)
class Inner:
    steps: int = 10
    rate: float = 0.5
    name: str = "a"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"steps is {self.steps}; give 1 or more")


@dataclass(frozen=True)
class Outer:
    active: bool = True
    inner: Inner = field(default_factory=lambda: Inner(steps=20))


def read(text: str, tmp_path: Path) -> Outer:
    """The settings of a YAML text."""
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return read_settings(path, Outer())


def test_no_file_means_the_defaults() -> None:
    assert read_settings(None, Outer()) == Outer()


@pytest.mark.parametrize("text", ["", "# nothing\n", "inner: {}\n"])
def test_an_empty_file_means_the_defaults(text: str, tmp_path: Path) -> None:
    assert read(text, tmp_path) == Outer()


def test_values_take_the_place_of_those_named_only(tmp_path: Path) -> None:
    settings = read("active: false\ninner:\n  rate: 1e-3\n  name: b\n", tmp_path)
    assert settings == Outer(False, Inner(20, 0.001, "b"))
    assert read("inner: {rate: 2}", tmp_path).inner.rate == 2.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("activ: true", "unknown setting activ; known are active, inner"),
        ("inner:\n  step: 3", "unknown setting inner.step; known are inner.steps"),
        ("inner: 3", "inner holds a int; wanted names and values"),
        ("- active", "the file holds a list"),
        ("inner: {steps: 1.5}", "inner.steps is 1.5; wanted a whole number"),
        ("inner: {steps: true}", "inner.steps is True; wanted a whole number"),
        ("inner: {rate: fast}", "inner.rate is 'fast'; wanted a number"),
        ("inner: {rate: .nan}", "inner.rate is nan; wanted a number"),
        ("inner: {rate: true}", "inner.rate is True; wanted a number"),
        ("inner: {name: 3}", "inner.name is 3; wanted text"),
        ("active: 1", "active is 1; wanted true or false"),
        ("active:", "active is None; wanted true or false"),
        ("inner: {steps: 0}", "steps is 0; give 1 or more"),
        ("active: [", "is no YAML"),
        ("active: !!python/object:os.system x", "is no YAML"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"c\.yaml") as caught:
        read(text, tmp_path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nothing\.yaml: No such file"):
        read_settings(tmp_path / "nothing.yaml", Outer())
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match="is no YAML"):
        read_settings(tmp_path / "c.yaml", Outer())


@given(st.integers(1, 10**9), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_what_is_written_is_read(steps: int, rate: float, on: bool) -> None:
    import tempfile

    import yaml

    wanted = Outer(on, Inner(steps, rate, "x y: z"))
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(asdict(wanted), file)
        file.flush()
        assert read_settings(Path(file.name), Outer()) == wanted


def test_the_settings_of_all_trainings_can_be_read(tmp_path: Path) -> None:
    from uois_sam.training.hdnet import HDNetTraining
    from uois_sam.training.hpg import HPGTraining
    from uois_sam.training.segmenter import SegmenterTraining

    path = tmp_path / "c.yaml"
    path.write_text("batch: {frames: 2}\nloop: {steps: 7, precision: bfloat16}\n")
    segmenter = read_settings(path, SegmenterTraining())
    assert (segmenter.batch.frames, segmenter.loop.steps) == (2, 7)
    path.write_text("epochs: 3\nshare: {percent: 10}\nloop: {seed: 7}\n")
    hdnet = read_settings(path, HDNetTraining())
    assert (hdnet.epochs, hdnet.share.percent, hdnet.points, hdnet.loop.seed) == (3, 10.0, 30, 7)
    path.write_text("scales: [2, 1.75]\n")
    assert read_settings(path, HPGTraining()).scales == (2.0, 1.75)
    path.write_text("scales: [2, wide]\n")
    with pytest.raises(InputError, match="scales is 'wide'; wanted a number"):
        read_settings(path, HPGTraining())
    path.write_text("loop: {precision: float8}\n")
    with pytest.raises(InputError, match="precision is 'float8'"):
        read_settings(path, SegmenterTraining())


@pytest.mark.parametrize("name", ["train_segmenter", "train_hpg", "train_hdnet"])
def test_the_sample_configs_are_of_use(name: str) -> None:
    from uois_sam.paths import config_dir
    from uois_sam.training.hdnet import HDNetTraining
    from uois_sam.training.hpg import HPGTraining
    from uois_sam.training.segmenter import SegmenterTraining

    defaults = {"train_segmenter": SegmenterTraining(), "train_hpg": HPGTraining(), "train_hdnet": HDNetTraining()}
    assert read_settings(config_dir() / f"{name}.yaml", defaults[name]) != defaults[name]
