"""Steps of a session beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from coloured_things import ON_BLUE, ON_GREY, ColourPipeline, write_tables

from uois_sam.annotation.instance_folder import InstanceFolder
from uois_sam.annotation.instance_session import InstanceSession
from uois_sam.annotation.instance_worker import InstanceWorker
from uois_sam.errors import InputError


@pytest.fixture
def session(tmp_path: Path) -> InstanceSession:
    files = write_tables(tmp_path / "photos")
    for name in ("label", "color"):
        (tmp_path / "out" / name).mkdir(parents=True)
    folder = InstanceFolder(tmp_path / "out", tmp_path / "photos", files)
    return InstanceSession(folder, ColourPipeline(), propose=False)  # type: ignore[arg-type]


def test_steps_run_one_after_the_other_while_the_loop_goes_on(session: InstanceSession) -> None:
    worker = InstanceWorker(session)
    loop_works = threading.Event()

    async def clicks() -> list[bool | None]:
        steps = asyncio.gather(
            worker.run(lambda: loop_works.wait(60), 0),
            worker.run(lambda: session.click(*ON_BLUE, True), 0),
            worker.run(session.next, 0),
            worker.run(session.next, 0),  # meant for the first image too
            worker.run(lambda: session.click(*ON_BLUE, True), 2),
        )
        await asyncio.sleep(0)
        assert worker.waiting == 5
        assert session.view.active is None
        loop_works.set()
        return await steps

    assert asyncio.run(clicks()) == [True, None, True, None, None]
    assert worker.waiting == 0
    worker.close()
    assert session.view.index == 1
    assert session.view.active is None
    (image,) = session.folder.images.values()
    assert len(image.objects) == 1


def test_what_a_step_raises_comes_back_and_the_next_one_runs(session: InstanceSession) -> None:
    worker = InstanceWorker(session)

    async def clicks() -> None:
        with pytest.raises(InputError, match="nothing is marked here"):
            await worker.run(lambda: session.click(*ON_GREY, False), 0)
        assert worker.waiting == 0
        await worker.run(lambda: session.click(*ON_BLUE, True), 0)

    asyncio.run(clicks())
    assert session.view.active is not None
    worker.close()
    assert session.view.active is None
    assert len(session.view.objects) == 1
