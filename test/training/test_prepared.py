from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.sam.tiny.tiny import INPUT_SIZE
from uois_sam.training.prepared import dequantise, prepare, quantise


def test_frames_come_with_geometry_over_their_table(tables: Path) -> None:
    data = prepare(tables, workers=1)
    assert data.colour.shape == (4, *INPUT_SIZE, 3)
    assert set(np.unique(data.parts[0])) == {0, 257, 258, 513, 514}
    assert np.array_equal(data.parts[0] >> 8, data.label[0])
    geometry = dequantise(np.array(data.geometry[0]))
    measured = geometry[..., 6] > 0.5
    things, table = (data.label[0] > 0) & measured, (data.label[0] == 0) & measured
    assert np.median(geometry[things, 0]) == pytest.approx(0.6, abs=0.15)
    assert np.median(geometry[table, 0]) == pytest.approx(0, abs=0.15)
    assert not geometry[~measured].any()


def test_second_time_reads_what_the_first_wrote(tables: Path) -> None:
    first = prepare(tables, workers=1)
    stamp = (tables / "prepared" / "colour.npy").stat().st_mtime_ns
    second = prepare(tables, workers=1)
    assert (tables / "prepared" / "colour.npy").stat().st_mtime_ns == stamp
    assert np.array_equal(first.geometry, second.geometry)


def test_quantise_there_and_back() -> None:
    rng = np.random.default_rng(0)
    geometry = rng.uniform(-1, 1, (50, 7)).astype(np.float32)
    geometry[:, 5] = rng.uniform(0, 2, 50)
    geometry[:, 6] = 1
    assert np.abs(dequantise(quantise(geometry)) - geometry).max() < 0.011


def test_refuses_folders_without_frames(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="uois-sam synth"):
        prepare(tmp_path, workers=1)
