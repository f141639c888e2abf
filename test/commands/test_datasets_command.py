"""`uois-sam datasets`: the list, the check and the contact sheet, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_tables import H, W, true_label, write_frame

from uois_sam.cli import main
from uois_sam.commands import evaluate
from uois_sam.commands.contact_sheet import contact_sheet
from uois_sam.datasets.catalogue import HELDOUT, KINDS
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.types import Frame


def write_osd(root: Path) -> None:
    image, depth = np.full((H, W, 3), 90, np.uint8), np.full((H, W), 800, np.uint16)
    depth[:12] = 0
    planes = {"image_color": image, "disparity": depth, "annotation": true_label().astype(np.uint8)}
    for name in ("learn0", "test1"):
        for kind, plane in planes.items():
            (root / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / kind / f"{name}.png"), plane)


def test_list_names_every_kind_and_where_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets", "list"]) == 0
    said = capsys.readouterr().out
    assert HELDOUT in said
    for name, kind in KINDS.items():
        assert f"\n{name}:PATH\n" in "\n" + said
        for text in (kind.about.holds, kind.about.layout, kind.about.source):
            assert text in said
    assert "splits  val, train" in said


def test_evaluate_speaks_of_every_kind() -> None:
    assert evaluate.HELDOUT == HELDOUT
    for name in KINDS:
        assert f"{name}:PATH" in evaluate._EPILOG


def test_check_says_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_osd(tmp_path)
    assert main(["datasets", "check", f"osd:{tmp_path}"]) == 0
    said = capsys.readouterr().out
    assert "objects from 1 on, none ignored (as the set is published)" in said
    for line in (
        "frames             2",
        f"sizes              {W} x {H} (2)",
        "objects per image  2.0 (2 to 2)",
        "depth measured     75.0 % of pixels, in 2 of 2 frames",
        "median depth       0.80 to 0.80 m",
        "intrinsics         in 0 of 2 frames",
        "problems           none",
    ):
        assert f"\n{line}\n" in said


def test_check_goes_on_after_a_broken_frame(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (table / "color" / "1.png").write_bytes(b"no image")
    (table / "label" / "2.png").unlink()
    assert main(["datasets", "check", f"folder:{table}"]) == 2
    said = capsys.readouterr().out
    assert "(not detected: frames are broken)" in said
    assert f"\nframes             3\nsizes              {W} x {H} (2)\n" in said
    assert "intrinsics         in 1 of 1 frames\nproblems           2\n  1: " in said
    assert "1.png is no readable image" in said
    assert "\n  2: no ground truth\n" in said
    monkeypatch.setattr("uois_sam.commands.datasets._SHOWN_PROBLEMS", 1)
    assert main(["datasets", "check", f"folder:{table}"]) == 2
    said = capsys.readouterr().out
    assert "2: no ground truth" not in said
    assert "  ... and 1 more\n" in said


def test_check_without_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_frame(tmp_path, "a", depth=False, label=true_label())
    assert main(["datasets", "check", f"folder:{tmp_path}"]) == 0
    assert "depth measured     no frame has depth" in capsys.readouterr().out


def test_show_writes_a_contact_sheet(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "sheet.png"
    assert main(["datasets", "show", f"folder:{table}", "--out", str(out), "--frames", "2"]) == 0
    assert f"2 of 3 frames, written to {out}" in capsys.readouterr().out
    two = cv2.imread(str(out))
    assert main(["datasets", "show", f"folder:{table}", "--out", str(out)]) == 0
    assert "3 of 3 frames" in capsys.readouterr().out
    assert cv2.imread(str(out)).shape[1] > two.shape[1]


def test_the_sheet_shows_objects_depth_and_what_is_ignored() -> None:
    height, width = 240, 320
    image = np.full((height, width, 3), 128, np.uint8)
    label = np.ones((height, width), np.uint16)
    label[:60] = 0
    label[100:160, 100:200] = 2
    depth = np.linspace(0.5, 1.5, height, dtype=np.float32)[:, None].repeat(width, 1)
    depth[:60] = 0
    rule = LabelRule(2, 0)
    sheet = contact_sheet([Frame(image, depth, name="a", label=label)], rule)
    top = sheet.shape[0] - 8 - height
    shown, beside = sheet[top : top + height, 8 : 8 + width], sheet[top : top + height, 8 + width : 8 + 2 * width]
    assert (shown[170:230] == 128).all()  # the table is left as it is
    assert (shown[110:150, 110:190] != 128).any(axis=2).all()  # the object is tinted
    hatched = (shown[:60] != 128).any(axis=2).mean()
    assert 0.2 < hatched < 0.5
    assert (beside[:60] == beside[0, 0]).all()  # unknown depth in one grey
    assert beside[70, 0, 2] > beside[70, 0, 0]  # near is blue
    assert beside[-1, 0, 0] > beside[-1, 0, 2]  # far is red
    assert (sheet[8:top] < 200).any()  # a caption
    bare = contact_sheet([Frame(image, name="a", label=label)], rule)
    assert bare.shape[1] == sheet.shape[1] - width
    mixed = contact_sheet([Frame(image, depth, label=label), Frame(image, label=None, name="x" * 300)], rule)
    assert mixed.shape[1] == 2 * sheet.shape[1] - 8
    strange = contact_sheet([Frame(np.zeros((30, 7, 3), np.uint8), label=np.zeros((30, 7), np.uint16))] * 9, rule)
    assert strange.shape[1] <= 2000


def test_what_is_refused(table: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    assert "required: ACTION" in refused("datasets")
    assert "required: SPEC" in refused("datasets", "check")
    assert "unknown; give folder:PATH" in refused("datasets", "check", "coco:x")
    assert "is no folder" in refused("datasets", "check", f"folder:{tmp_path / 'nowhere'}")
    assert "OCID: " in refused("datasets", "check", f"ocid:{tmp_path / 'nowhere'}")
    assert "required: --out" in refused("datasets", "show", f"folder:{table}")
    show = ("datasets", "show", f"folder:{table}", "--out")
    assert "ends in .png" in refused(*show, tmp_path / "sheet.jpg")
    assert "'0' is no whole number from 1 on" in refused(*show, tmp_path / "sheet.png", "--frames", "0")
    (tmp_path / "folder.png").mkdir()
    assert "cannot write" in refused(*show, tmp_path / "folder.png")
    for label in (table / "label").iterdir():
        label.unlink()
    (table / "label").rmdir()
    assert "has no folder label/" in refused("datasets", "check", f"folder:{table}")
