"""The drawing that lies on an image."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from coloured_things import ON_BLUE, ON_GREEN, ON_ORANGE, ColourPipeline, write_tables

from uois_sam.annotation.instance_drawing import css_colour, draw_objects
from uois_sam.annotation.instance_folder import InstanceFolder
from uois_sam.annotation.instance_session import InstanceSession
from uois_sam.types import label_colours


def drawn(session: InstanceSession) -> ElementTree.Element:
    return ElementTree.fromstring(f"<svg>{draw_objects(session.view)}</svg>")


def test_objects_are_drawn_in_their_colours_and_clicks_on_top(tmp_path: Path) -> None:
    files = write_tables(tmp_path / "photos", 1)
    (tmp_path / "out" / "label").mkdir(parents=True)
    (tmp_path / "out" / "color").mkdir()
    folder = InstanceFolder(tmp_path / "out", tmp_path / "photos", files)
    session = InstanceSession(folder, ColourPipeline(), propose=True)  # type: ignore[arg-type]
    (shape, number) = drawn(session)
    assert (shape.get("data-object"), shape.get("fill"), number.text) == ("1", css_colour(1), "1")

    session.click(*ON_BLUE, True)
    session.click(*ON_GREEN, True)
    session.click(*ON_ORANGE, False)
    kinds = [element.get("class") for element in drawn(session)]
    assert kinds == ["object", "halo", "object active", None, "click on", "click on", "click off"]
    circle = drawn(session)[4][0]
    assert (circle.get("cx"), circle.get("cy")) == (str(ON_BLUE[0] + 0.5), str(ON_BLUE[1] + 0.5))
    session.finish()
    session.begin()
    assert [element.get("class") for element in drawn(session)] == ["object", "object", None, None]


def test_colours_are_those_of_label_images() -> None:
    for number in (1, 2, 9):
        red, green, blue = label_colours(number)[number]
        assert css_colour(number) == f"#{red:02x}{green:02x}{blue:02x}"
