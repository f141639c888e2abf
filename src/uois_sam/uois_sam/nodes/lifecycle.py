"""What all nodes share: lifecycle with autostart, parameters, diagnostics, and how errors are reported."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.task import Future

from uois_sam.errors import InputError, UoisSamError
from uois_sam.nodes.background import BackgroundJobs
from uois_sam.nodes.diagnostics import DiagnosticsPublisher
from uois_sam.nodes.health import Health, Level
from uois_sam.nodes.parameters import ParameterTable, Row, Value
from uois_sam.nodes.worker import FrameWorker

R = TypeVar("R")

_AUTOSTART_PERIOD = 0.02
AUTOSTART = Row("autostart", True, "configure and activate without being asked")


class ManagedNode(LifecycleNode):
    """A lifecycle node that starts by itself, reports its health, and survives a failed configure.

    A node overrides `setup` and `teardown` (configure, cleanup) and `start` and `stop` (activate, deactivate).
    `setup` and `start` raise a `UoisSamError` where they cannot do their work: the transition then fails with one
    line, and can be tried again.
    """

    def __init__(self, name: str, rows: Sequence[Row], settings: Sequence[type] = (), **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.state = "unconfigured"
        self.health = Health()
        self.parameters = ParameterTable(
            self,
            [AUTOSTART, *rows],
            settings,
            lambda: self.state != "unconfigured",
            self.parameters_changed,
            self.parameters_refused,
        )
        self._report_state()
        self._diagnostics = DiagnosticsPublisher(self, self.health)
        if self.parameters["autostart"]:
            self._autostart = self.create_timer(_AUTOSTART_PERIOD, self._start_up)

    def setup(self) -> None:
        """Load and create what the node needs."""

    def teardown(self) -> None:
        """Undo `setup`, also one that failed half way."""

    def start(self) -> None:
        """Begin to take input."""

    def stop(self) -> None:
        """Take no more input, and finish the work in hand."""

    def may_start(self) -> bool:
        """Whether what the node builds on is there, so that it can start by itself; asked until it is."""
        return True

    def parameters_changed(self) -> None:
        """A live parameter has a new value."""

    def parameters_refused(self, values: Mapping[str, Value]) -> str | None:
        """Why all parameters together cannot be as a change would make them; None if they can."""
        return None

    def refuse(self, error: Exception) -> None:
        """Count a frame that cannot be used; the log gets a line when the reason is a new one."""
        expected = isinstance(error, UoisSamError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        if self.health.refuse(reason):
            trace = "" if expected else "\n" + "".join(traceback.format_exception(error))
            self.get_logger().warning(f"frame refused: {reason}{trace}")

    async def on_worker(self, worker: FrameWorker[Any] | BackgroundJobs | None, request: Callable[[], R]) -> R:
        """Run a request on a thread that takes such, without holding up the executor meanwhile.

        Raises:
            InputError: the node is not configured, too many requests wait, or it stops before this one's turn.
            UoisSamError: what the request raised; another error is logged and becomes an InputError.
        """
        if worker is None:
            raise InputError(f"{self.get_name()} is {self.state}; configure it first")
        done = Future()
        executor = self.executor

        def wake(_: object) -> None:
            done.set_result(None)
            if executor is not None:
                executor.wake()

        pending = worker.submit(request)
        pending.add_done_callback(wake)
        await done
        if pending.cancelled():
            raise InputError(f"{self.get_name()} has too much to do, or stopped before the request's turn")
        error = pending.exception()
        if error is None:
            return pending.result()
        if isinstance(error, UoisSamError):
            raise error
        self.get_logger().error("".join(traceback.format_exception(error)))
        raise InputError(f"{type(error).__name__}: {error}")

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition("configure", "inactive", self.setup, self.teardown)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        super().on_activate(state)
        result = self._transition("activate", "active", self.start, self.stop)
        if result != TransitionCallbackReturn.SUCCESS:
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.stop()
        self._enter("inactive")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.teardown()
        self._enter("unconfigured")
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Stop and release everything, whatever the state."""
        if self.state == "active":
            self.stop()
        if self.state in ("active", "inactive"):
            self.teardown()
        self._enter("finalized")

    def _transition(
        self, name: str, goal: str, do: Callable[[], None], undo: Callable[[], None]
    ) -> TransitionCallbackReturn:
        try:
            do()
        except Exception as error:
            expected = isinstance(error, UoisSamError)
            reason = str(error) if expected else f"{type(error).__name__}: {error}"
            trace = "" if expected else "\n" + "".join(traceback.format_exception(error))
            self.get_logger().error(f"{name} failed: {reason}{trace}")
            self.health.set_fault(name, f"{name} failed: {reason}")
            undo()
            return TransitionCallbackReturn.FAILURE
        self.health.clear_fault(name)
        self._enter(goal)
        return TransitionCallbackReturn.SUCCESS

    def _enter(self, state: str) -> None:
        self.state = state
        self._report_state()

    def _report_state(self) -> None:
        if self.state == "active":
            self.health.clear_fault("state")
        else:
            self.health.set_fault("state", self.state, Level.WARN)

    def _start_up(self) -> None:
        if not self.may_start():
            return
        self._autostart.cancel()
        self.destroy_timer(self._autostart)
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()
