"""What the nodes say of themselves on /diagnostics, gathered over a run."""

from __future__ import annotations

from typing import Any

_ERROR = b"\x02"
_STAGE = " ms"
_FAILED = ("configure failed", "activate failed")


class DiagnosticsLog:
    """Stage times, refused frames and failures, by node.

    Attributes:
        count: messages so far.
        stages: milliseconds by node and stage, one value per report in which the node had answered something new.
        refused: number of refused frames and the last reason, of nodes that refused any.
        failure: why a node could not start; empty while none has failed.
    """

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, list[float]]] = {"segmentation": {}, "grasp_bridge": {}}
        self.count = 0
        self.refused: dict[str, tuple[int, str]] = {}
        self.failure = ""
        self._answered: dict[str, str] = {}

    def add(self, message: Any) -> None:
        """Take a diagnostic_msgs/DiagnosticArray."""
        self.count += 1
        for status in message.status:
            node = status.name.rpartition(": ")[2]
            values = {pair.key: pair.value for pair in status.values}
            failures = [
                status.message[status.message.index(words) :] for words in _FAILED if words in status.message
            ]
            if status.level == _ERROR and failures:
                self.failure = f"{node}: {failures[0]}"
            if int(values.get("frames refused", 0)):
                self.refused[node] = (int(values["frames refused"]), values.get("last refusal", ""))
            answered = values.get("frames answered", "0")
            if answered != self._answered.get(node, "0"):
                self._answered[node] = answered
                for key, value in values.items():
                    if key.endswith(_STAGE):
                        stages = self.stages.setdefault(node, {})
                        stages.setdefault(key.removesuffix(_STAGE), []).append(float(value))
