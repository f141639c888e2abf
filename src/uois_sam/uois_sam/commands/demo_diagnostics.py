"""What the nodes say of themselves on /diagnostics, gathered over a run."""

from __future__ import annotations

import socket
from typing import Any

_ERROR = b"\x02"
_STAGE = " ms"
_PROCESS = "process id"
_FAILED = ("configure failed", "activate failed")


class DiagnosticsLog:
    """Stage times, refused frames and failures, by node.

    Attributes:
        count: messages so far.
        stages: milliseconds by node and stage, one value per report in which the node had answered something new.
        refused: number of refused frames and the last reason, of nodes that refused any.
        failure: why a node could not start; empty while none has failed.
        processes: ids of the nodes' processes on this machine.
    """

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, list[float]]] = {"segmentation": {}, "grasp_bridge": {}}
        self.count = 0
        self.refused: dict[str, tuple[int, str]] = {}
        self.failure = ""
        self.processes: set[int] = set()
        self._answered: dict[str, str] = {}

    def add(self, message: Any) -> dict[str, dict[str, float]]:
        """Take a diagnostic_msgs/DiagnosticArray.

        Returns:
            Milliseconds by stage of each node that has answered something since its last report.
        """
        self.count += 1
        fresh: dict[str, dict[str, float]] = {}
        for status in message.status:
            node = status.name.rpartition(": ")[2]
            values = {pair.key: pair.value for pair in status.values}
            failures = [
                status.message[status.message.index(words) :] for words in _FAILED if words in status.message
            ]
            if status.level == _ERROR and failures:
                self.failure = f"{node}: {failures[0]}"
            if status.hardware_id == socket.gethostname() and _PROCESS in values:
                self.processes.add(int(values[_PROCESS]))
            if int(values.get("frames refused", 0)):
                self.refused[node] = (int(values["frames refused"]), values.get("last refusal", ""))
            answered = values.get("frames answered", "0")
            if answered != self._answered.get(node, "0"):
                self._answered[node] = answered
                fresh[node] = {
                    key.removesuffix(_STAGE): float(value) for key, value in values.items() if key.endswith(_STAGE)
                }
                for stage, milliseconds in fresh[node].items():
                    self.stages.setdefault(node, {}).setdefault(stage, []).append(milliseconds)
        return fresh
