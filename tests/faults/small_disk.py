"""A disk of one MiB: a tmpfs where this user may mount one, else a limit on each file's size."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOM_MIB = 16


@dataclass
class SmallDisk:
    """A folder that is soon full for the processes that are started with `prefix`."""

    folder: Path
    kind: str
    prefix: Sequence[str] = ()

    def grow(self, pid: int) -> None:
        """Make room for the process."""
        if self.kind == "tmpfs":
            command = ["mount", "-o", f"remount,size={ROOM_MIB}m", str(self.folder)]
        else:
            command = ["prlimit", "--pid", str(pid), f"--fsize={ROOM_MIB * 2**20}"]
        subprocess.run(command, check=True, timeout=10)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A disk of one MiB on `folder`."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs", str(folder)]
    done = subprocess.run(mount, check=False, capture_output=True, timeout=10)
    if done.returncode != 0:
        # The soft limit, which may be raised again.
        yield SmallDisk(folder, "RLIMIT_FSIZE", ("prlimit", f"--fsize={2**20}:"))
        return
    try:
        yield SmallDisk(folder, "tmpfs")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)
