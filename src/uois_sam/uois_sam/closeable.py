"""What has to be closed, closed at the end of a `with` statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class Closeable:
    """`close` runs when the `with` statement ends, however it does."""

    def close(self) -> None:
        """Nothing to release unless a class says so."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
