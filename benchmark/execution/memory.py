"""Did the kernel kill a process for want of memory?"""

from __future__ import annotations

from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def oom_kills(root: Path = _ROOT, own: Path = Path("/proc/self/cgroup")) -> int:
    """Return how many processes of our control group the kernel has killed for want of memory.

    Reads ``memory.events`` (cgroup v2) or ``memory.oom_control`` (v1), of our own group or of the
    one mounted as root, which is what a container sees; 0 where there is neither.
    """
    folders = [root, root / "memory"]
    for line in _lines(own):
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        relative = name.lstrip("/")
        if not controllers:
            folders.insert(0, root / relative)
        elif "memory" in controllers.split(","):
            folders.insert(0, root / "memory" / relative)
    counts = (_count(folder / name) for folder in folders for name in _FILES)
    return next((count for count in counts if count is not None), 0)


_FILES = ("memory.events", "memory.oom_control")


def _count(path: Path) -> int | None:
    for line in _lines(path):
        key, _, value = line.partition(" ")
        if key == "oom_kill" and value.strip().isdigit():
            return int(value)
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
