"""A ROS domain of one's own, so that a demo or a measurement hears no other nodes of this machine."""

from __future__ import annotations

import fcntl
import os
import random
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from uois_sam.errors import UoisSamError
from uois_sam.paths import config_dir

# DDS ports of a domain begin at 7400 + 250 * domain (DDSI-RTPS 9.6.1.1); Linux hands those of high domains out.
_FIRST_PORT = 7400
_PORTS = 250
_DOMAINS = range(1, 101)

_PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"
_WIDENS = ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_STATIC_PEERS", "ROS_LOCALHOST_ONLY")


@contextmanager
def free_domain() -> Iterator[int]:
    """A domain that nobody on this machine uses; no other caller gets it before the block ends.

    Raises:
        UoisSamError: all are taken.
    """
    taken = {(port - _FIRST_PORT) // _PORTS for port in _ports_in_use()}
    candidates = [domain for domain in _DOMAINS if domain not in taken]
    random.shuffle(candidates)
    for domain in candidates:
        lock = os.open(
            Path(tempfile.gettempdir(), f"uois_sam-domain-{domain}.lock"), os.O_CREAT | os.O_RDWR, 0o666
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        try:
            yield domain
        finally:
            os.close(lock)
        return
    raise UoisSamError("every ROS domain from 1 to 100 is in use on this machine; end some ROS nodes")


@contextmanager
def own_domain() -> Iterator[int]:
    """`free_domain`, with this process and its children set up to talk over shared memory alone in it.

    Raises:
        UoisSamError: all domains are taken.
    """
    before = dict(os.environ)
    with free_domain() as domain:
        _replace_environment(middleware_environment(before, domain))
        try:
            yield domain
        finally:
            _replace_environment(before)


def present_domain() -> int:
    """The domain that ROS_DOMAIN_ID names, or 0.

    Raises:
        UoisSamError: it names none.
    """
    text = os.environ.get("ROS_DOMAIN_ID") or "0"
    if not text.isdecimal():
        raise UoisSamError(f"ROS_DOMAIN_ID is {text!r}; wanted a number, or nothing for 0")
    return int(text)


def middleware_environment(environ: Mapping[str, str], domain: int) -> dict[str, str]:
    """The environment of processes in a domain; a Fast DDS profile that is set already stays."""
    kept = {name: value for name, value in environ.items() if name not in _WIDENS}
    return {_PROFILE: str(config_dir() / "fastdds_shm.xml"), **kept, "ROS_DOMAIN_ID": str(domain)}


def _replace_environment(environ: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)


def _ports_in_use() -> set[int]:
    """UDP ports, and the ports in shared memory that Fast DDS has open."""
    ports = set()
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        ports |= {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
    for file in Path("/dev/shm").glob("fastrtps_port*"):
        match = re.fullmatch(r"fastrtps_port(\d+)_[es]l", file.name)
        if match and _held(file):
            ports.add(int(match[1]))
    return ports


def _held(lock: Path) -> bool:
    """Whether a process that lives holds a lock file of Fast DDS; killed ones leave theirs behind."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # held, or another user's
        return True
    return False
