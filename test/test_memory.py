from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys
from uois_sam.memory import keep_freed_memory
n = 20_000_000
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(5):
    first, second = b"x" * n, b"x" * n
    del first, second
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    first, second = b"x" * n, b"x" * n
    del first, second
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="speaks to glibc alone")
def test_freed_memory_is_used_again() -> None:
    def faults(how: str) -> int:
        return int(subprocess.run([sys.executable, "-c", _FAULTS, how], capture_output=True, check=True).stdout)

    assert faults("keep") < 0.3 * faults("hand back")
