"""The page on which objects are marked, as the command serves it, in a headless Chromium."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsed_pages import needs_chromium, playwright, served, window
from coloured_things import BLUE, GREEN, ON_BLUE, ON_GREEN, ON_ORANGE, ORANGE, RED, H, W, of, write_tables
from numpy.typing import NDArray

from uois_sam.annotation.instance_labels import draw_labels, read_instances
from uois_sam.datasets.folder import FolderDataset

pytestmark = needs_chromium
PROGRAM = [str(Path(__file__).with_name("mark_coloured_things.py"))]


def click(page: Any, place: tuple[int, int], **how: Any) -> None:
    """Click on a pixel of the image."""
    picture = page.locator(".picture img")
    box = picture.bounding_box()
    x, y = ((place[0] + 0.5) / W * box["width"], (place[1] + 0.5) / H * box["height"])
    picture.click(position={"x": x, "y": y}, **how)


def saved(out: Path, index: int) -> NDArray[np.uint16]:
    """The label image of an image, which must be that of instances.json."""
    label = {frame.name: frame.label for frame in FolderDataset(out)}[str(index)]
    image = read_instances(out / "instances.json")[f"{index}.png"]
    assert label is not None
    assert np.array_equal(label, draw_labels(image.objects, image.size))
    return label


def refuses(url: str, **headers: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, headers=headers))
    return caught.value.code


def test_a_person_marks_objects(tmp_path: Path) -> None:
    write_tables(tmp_path / "photos")
    out = tmp_path / "out"
    command = ["annotate", "instances", tmp_path / "photos", "--out", out, "--device", "cpu"]
    expect = playwright.expect
    with served(command, PROGRAM) as (url, said), window(url, tmp_path / "profile") as page:
        assert refuses(url, Host="elsewhere.example") == 400
        objects, title = page.locator(".picture path.object"), page.locator(".question")
        active, count = page.locator(".picture path.active"), page.locator('[data-count="this object"]')
        idle = "Is every object marked, and marked right?"
        expect(page.locator(".picture")).to_have_attribute("data-image", "0")
        expect(objects).to_have_count(1)
        expect(title).to_have_text(idle)
        source = page.locator(".picture img").get_attribute("src")
        assert refuses(f"{url}{source.replace('/0.jpg', '/3.jpg')}") == 404
        assert page.locator(".picture").evaluate(
            "e => !e.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true, cancelable: true}))"
        )

        click(page, ON_ORANGE, button="right")
        expect(title).to_have_text("Correcting object 1")
        expect(page.locator(".picture .click.off")).to_have_count(1)
        assert not (out / "instances.json").exists()
        page.get_by_role("button", name="Finish object").click()
        expect(title).to_have_text(idle)
        assert np.array_equal(saved(out, 0), of(RED))

        click(page, ON_BLUE)
        expect(title).to_have_text("New object 2")
        only_blue = active.get_attribute("d")
        click(page, ON_GREEN)
        expect(count).to_have_text("2")
        expect(active).not_to_have_attribute("d", only_blue)
        click(page, ON_GREEN, modifiers=["Shift"])
        expect(count).to_have_text("3")
        expect(page.locator(".picture .click.on")).to_have_count(2)
        expect(active).to_have_attribute("d", only_blue)
        page.get_by_role("button", name="Undo").click()
        expect(count).to_have_text("2")
        page.keyboard.press("Control+z")
        expect(count).to_have_text("1")
        expect(active).to_have_attribute("d", only_blue)
        page.keyboard.press("f")
        expect(title).to_have_text(idle)
        assert np.array_equal(saved(out, 0), of(RED) + 2 * of(BLUE))
        expect(page.locator('[data-count="this image"]')).to_have_text("6")
        expect(page.locator('[data-count="per object"]')).to_have_text("3.00")

        page.keyboard.press("m")
        expect(page.get_by_text("The model finds nothing more.")).to_be_visible()
        page.locator('.entry[data-object="2"]').click()
        expect(title).to_have_text("Correcting object 2")
        page.keyboard.press("Delete")
        listed = page.locator(".side .entry")
        expect(listed).to_have_count(1)
        page.get_by_role("button", name="delete 1").click()
        expect(listed).to_have_count(0)
        assert not saved(out, 0).any()
        page.keyboard.press("m")
        expect(listed).to_have_count(1)
        assert np.array_equal(saved(out, 0), of(RED, ORANGE))
        page.keyboard.press("u")
        expect(listed).to_have_count(0)
        page.keyboard.press("u")
        expect(listed).to_have_count(1)
        page.keyboard.press("n")
        expect(title).to_have_text("New object 2")
        click(page, ON_GREEN, button="right")
        expect(page.get_by_text("the first click is beside the object")).to_be_visible()
        click(page, ON_GREEN)
        expect(count).to_have_text("1")

        page.keyboard.press("ArrowRight")
        expect(page.get_by_text("Image 2 of 3")).to_be_visible()
        expect(page.locator(".picture")).to_have_attribute("data-image", "1")
        assert np.array_equal(saved(out, 0), of(RED) + 2 * of(GREEN))
        assert not (out / "label" / "1.png").exists()
        page.keyboard.press("+")
        expect(objects).to_have_count(1)
        click(page, ON_BLUE)
        expect(title).to_have_text("New object 2")
    assert said == [f"2 images, 4 objects, 12 clicks, 3.00 per object: {out}", "decoded in clicks_0"]
    assert np.array_equal(saved(out, 1), of(RED, ORANGE) + 2 * of(BLUE))  # finished when the command ended
    counted = json.loads((out / "instances.clicks.json").read_text())
    assert counted["clicks"]["0.png"] == {"on": 3, "off": 2, "deleted": 2, "undone": 4}
    assert counted["clicks_per_image"] == 6
    before = (out / "instances.json").read_text()

    with served(command, PROGRAM) as (url, said), window(url, tmp_path / "profile") as page:
        expect(page.get_by_text("Image 2 of 3")).to_be_visible()
        expect(page.locator(".picture path.object")).to_have_count(2)
        expect(page.get_by_text("1 done")).to_be_visible()
        expect(page.locator('[data-count="all images"]')).to_have_text("12")
        page.get_by_role("button", name="Previous").click()
        expect(page.get_by_text("Image 1 of 3")).to_be_visible()
        expect(page.locator(".picture")).to_have_attribute("data-image", "0")
        expect(page.locator(".picture path.object")).to_have_count(2)
    assert (out / "instances.json").read_text() == before
