"""The page on which patches are labelled, as the command serves it, in a headless Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from browsed_pages import needs_chromium, playwright, served, window

from uois_sam.annotation.clicks import clicks_file, read_clicks
from uois_sam.annotation.part_labels import PartClicks
from uois_sam.parts.guided_sam.labels import read_patch_labels

pytest.importorskip("sklearn", reason="scikit-learn, which groups the patches, is not installed")
pytestmark = needs_chromium


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two noisy grey images, each with a large red square."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(2):
        image = rng.integers(60, 120, (120, 160, 3), np.uint8)
        cv2.rectangle(image, (20 + 50 * k, 20), (75 + 50 * k, 75), (20, 20, 230), -1)
        cv2.imwrite(str(folder / f"{k}.png"), image)
    return folder


def command(photos: Path, labels: Path) -> list[object]:
    return ["annotate", "parts", photos, "--names", "handle,blade", "--out", labels, "--device", "cpu"]


def labelled(path: Path) -> dict[str, dict[str, int]]:
    """Per part, how many patches were said to be with and without."""
    counted: dict[str, dict[str, int]] = {}
    for parts in json.loads(path.read_text())["images"].values():
        for part, lists in parts.items():
            for word, patches in lists.items():
                of_part = counted.setdefault(part, {"with": 0, "without": 0})
                of_part[word] += len(patches)
    return counted


def test_a_person_labels_patches(photos: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    with served(command(photos, labels)) as (url, said), window(url, tmp_path / "profile") as page:
        expect = playwright.expect
        patches = page.locator(".patch")
        patches.first.wait_for()
        shown = patches.count()
        assert shown > 2
        assert page.locator(".patch img").evaluate_all(
            "images => Promise.all(images.map(i => i.decode().then(() => i.naturalWidth)))"
        ) == pytest.approx([144] * shown, abs=2)
        assert re.fullmatch(r"[01]\.png", page.locator(".patch .file").first.inner_text())

        page.get_by_role("button", name="All contain it").click()
        expect(page.locator(".patch.with")).to_have_count(shown)
        assert labelled(labels)["handle"] == {"with": shown, "without": 0}

        corrected = int(patches.nth(1).get_attribute("data-row"))
        patches.nth(1).click()
        expect(page.locator(".patch.without")).to_have_attribute("data-row", str(corrected))
        assert labelled(labels)["handle"] == {"with": shown - 1, "without": 1}
        assert read_clicks(clicks_file(labels), PartClicks)["handle"] == PartClicks(prototypes=1, patches=1)
        expect(page.get_by_text("2 clicks, 1.00 per image")).to_be_visible()

        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".patch.without")).to_have_count(0)
        assert labelled(labels)["handle"] == {"with": shown, "without": 0}

        page.keyboard.press("ArrowRight")
        expect(page.locator(".patch.unsaid").first).to_be_visible()
        page.keyboard.press("n")
        expect(page.locator(".patch.unsaid")).to_have_count(0)
        others = page.locator(".patch.without").count()
        assert labelled(labels)["handle"] == {"with": shown, "without": others}

        page.get_by_role("button", name="blade").click()
        expect(page.get_by_text("contain “blade”")).to_be_visible()
        page.locator(".patch .look").first.click()
        expect(page.locator(".q-dialog img")).to_be_visible()
    assert said == ["handle: 4 clicks, 2.00 per image", "blade: 0 clicks, 0.00 per image"]
    before = read_patch_labels(labels)

    with served(command(photos, labels)) as (url, said), window(url, tmp_path / "profile") as page:
        playwright.expect(page.get_by_text("4 clicks, 2.00 per image")).to_be_visible()
        playwright.expect(page.get_by_text("2 of ")).to_be_visible()
        page.locator(".patch").first.wait_for()
        assert page.locator(".patch.unsaid").count() > 0
    after = read_patch_labels(labels)
    assert {file: values.tolist() for file, values in after.images.items()} == {
        file: values.tolist() for file, values in before.images.items()
    }
