"""One declarative table of parameters per node: declared with descriptor and range, and read back as settings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from uois_sam.errors import UoisSamError

S = TypeVar("S")
Value = bool | int | float | str


@dataclass(frozen=True)
class Row:
    """One parameter.

    Attributes:
        name: as `ros2 param` shows it.
        default: also fixes the type.
        description: one line, with the unit.
        low, high: range of a number; None for any.
        choices: the values a text may have; empty for any.
        live: whether it may change while the node is configured; else only before `configure`.
    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows; the middleware's client library enforces the range."""
        limits = [f"one of {', '.join(repr(c) for c in self.choices)}"] if self.choices else []
        limits.append("may change at any time" if self.live else "read when the node is configured")
        out = ParameterDescriptor(description=self.description, additional_constraints="; ".join(limits))
        if self.low is not None and self.high is not None:
            if isinstance(self.default, float):
                out.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high))
                ]
            else:
                out.integer_range = [IntegerRange(from_value=int(self.low), to_value=int(self.high))]
        return out

    def complaint(self, value: Value) -> str | None:
        """Why a value cannot be taken, beside type and range; None if it can."""
        if self.choices and value not in self.choices:
            return f"{self.name} is {value!r}; it must be one of {', '.join(repr(c) for c in self.choices)}"
        return None


def settings_rows(
    settings: type, ranges: Mapping[str, tuple[float, float]], without: Collection[str] = ()
) -> list[Row]:
    """One live row per field of a settings dataclass, except those that the node has no use for.

    Descriptions are those of the docstring's "Attributes:".
    """
    described = attribute_docs(settings)
    defaults = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name not in without}
    rows = []
    for name, default in defaults.items():
        low, high = ranges.get(name, (None, None))
        rows.append(Row(name, default, described[name], low, high, live=True))
    return rows


def attribute_docs(cls: type) -> dict[str, str]:
    """The lines "name: text" of a docstring's "Attributes:" section, each as one line."""
    section = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2].split("\n\n")[0]
    found = re.finditer(r"^    (\w+): (.+(?:\n {8,}.+)*)", section, re.MULTILINE)
    return {match[1]: " ".join(match[2].split()) for match in found}


class ParameterTable:
    """The parameters of one node.

    Every change is checked against the table and against the settings dataclasses that are made of it; what they
    refuse is refused with their words.
    """

    def __init__(
        self,
        node: Node,
        rows: Sequence[Row],
        settings: Sequence[type] = (),
        configured: Callable[[], bool] = lambda: False,
        changed: Callable[[], None] = lambda: None,
        refusal: Callable[[Mapping[str, Value]], str | None] = lambda values: None,
    ) -> None:
        """Declare the rows on a node.

        Args:
            node: values given to it on the command line or in a file win over the defaults.
            rows: the table.
            settings: dataclasses whose fields are rows.
            configured: whether rows that are not live are fixed by now.
            changed: called after every change.
            refusal: asked last, with all values as they would be; why they cannot be taken, or None.

        Raises:
            rclpy.exceptions.InvalidParameterTypeException: a given value is of another type.
            rclpy.exceptions.InvalidParameterValueException: a given value is refused.
        """
        self._node = node
        self._rows: dict[str, Row] = {}
        self._settings = settings
        self._configured = configured
        self._changed = changed
        self._refusal_of_node = refusal
        self._values: dict[str, Value] = {}
        self._chosen: set[str] = set()
        self._adopting = False
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._store)
        self._declare(rows)

    def add(self, rows: Sequence[Row]) -> None:
        """Declare further rows; those that are there stay as they are.

        Raises:
            rclpy.exceptions.ParameterException: as the constructor.
        """
        new = {row.name: row for row in rows if row.name not in self._rows}
        self._declare(list(new.values()))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def settings(self, cls: type[S]) -> S:
        """The settings dataclass made of the current values."""
        return cls(**{name: self._values[name] for name in self._names(cls)})

    def adopt(self, settings: object) -> None:
        """Take over a model's own settings as the values of those rows that nobody has set."""
        own = {name: getattr(settings, name) for name in self._names(type(settings))}
        self._adopting = True
        try:
            self._node.set_parameters(
                [Parameter(name, value=value) for name, value in own.items() if name not in self._chosen]
            )
        finally:
            self._adopting = False

    def _declare(self, rows: Sequence[Row]) -> None:
        self._rows.update({row.name: row for row in rows})
        self._values.update({row.name: row.default for row in rows})
        self._adopting = True
        try:
            for row in rows:
                kind = Parameter.Type.from_parameter_value(row.default)
                given = self._node.declare_parameter(row.name, kind, row.descriptor())
                if given.type_ == Parameter.Type.NOT_SET:
                    self._node.set_parameters([Parameter(row.name, value=row.default)])
                else:
                    self._chosen.add(row.name)
                    self._values[row.name] = given.value
        finally:
            self._adopting = False

    def _names(self, cls: type) -> set[str]:
        """The fields of a settings dataclass that are rows."""
        return {f.name for f in fields(cls)} & self._rows.keys()

    def _check(self, parameters: list[Parameter]) -> SetParametersResult:
        reason = self._refusal(
            {p.name: p.value for p in parameters if p.name in self._rows and p.value is not None}
        )
        return SetParametersResult(successful=reason is None, reason=reason or "")

    def _refusal(self, values: dict[str, Value]) -> str | None:
        for name, value in values.items():
            row = self._rows[name]
            if not (row.live or self._adopting) and self._configured():
                return f"{name} is fixed while the node is configured; clean it up first (transition cleanup)"
            complaint = row.complaint(value)
            if complaint:
                return complaint
        for cls in self._settings:
            names = self._names(cls)
            if names & values.keys():
                try:
                    cls(**{name: values.get(name, self._values[name]) for name in names})
                except UoisSamError as error:
                    return str(error)
        return None if self._adopting else self._refusal_of_node({**self._values, **values})

    def _store(self, parameters: list[Parameter]) -> None:
        ours = [p for p in parameters if p.name in self._rows]
        for parameter in ours:
            self._values[parameter.name] = parameter.value
            if not self._adopting:
                self._chosen.add(parameter.name)
        if ours and not self._adopting:
            self._changed()
