"""What processes ask of the kernel, seen by `strace`: when a file was synced, when one answered."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

CALLS = "trace=recvfrom,read,sendto,write,fdatasync,fsync"
SYNCED = re.compile(r"\bf(?:data)?sync\b.*\) += 0$")
UNFINISHED = re.compile(r"^(?P<pid>\d+) +f(?:data)?sync\(\d+<(?P<path>[^>]*)> <unfinished")
RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. f(?:data)?sync resumed>")
PATH = re.compile(r"sync\(\d+<(?P<path>[^>]*)>")


@asynccontextmanager
async def traced(pids: Sequence[int], folder: Path) -> AsyncIterator[Path]:
    """The trace of these processes and of those that they start, whole when the block ends.

    Skips the test where this machine lets nobody trace.
    """
    output = folder / "trace"
    attach = [part for pid in pids for part in ("-p", str(pid))]
    process = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-y", "-s", "4096", "-e", CALLS, "-o", str(output), *attach),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    for _ in pids:
        said = (await process.stderr.readline()).decode()
        if "attached" not in said:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            if "not permitted" in said:
                pytest.skip(f"this machine lets nobody trace: {said.strip()}")
            raise AssertionError(said)
    try:
        yield output
    finally:
        process.terminate()
        await process.communicate()


def synced_files(lines: Sequence[str]) -> list[tuple[int, int, str]]:
    """Each file that was brought to the disk, with the lines at which that began and was done."""
    found, waiting = [], dict[str, tuple[int, str]]()
    for number, line in enumerate(lines):
        began, ended = UNFINISHED.match(line), RESUMED.match(line)
        if began:
            waiting[began["pid"]] = number, began["path"]
        elif SYNCED.search(line):
            path = PATH.search(line)
            if ended and ended["pid"] in waiting:
                start, name = waiting.pop(ended["pid"])
                found.append((start, number, name))
            elif path:
                found.append((number, number, path["path"]))
    return found


def answered_before_synced(lines: Sequence[str], marks: Sequence[str], file: str) -> list[str]:
    """The marks whose answer left before a file of this name was on the disk.

    A mark stands in a request and in its answer, and in no other.
    """
    synced = [(begun, done) for begun, done, path in synced_files(lines) if file in path]
    early = []
    for mark in marks:
        asked = _first(lines, mark, ("recvfrom(", "read(", "recvfrom resumed"), "POST ")
        answered = _first(lines, mark, ("sendto(", "write("), "HTTP/1.1 200")
        if not any(asked < begun and done < answered for begun, done in synced):
            early.append(mark)
    return early


def _first(lines: Sequence[str], mark: str, calls: Sequence[str], text: str) -> int:
    found = (
        number
        for number, line in enumerate(lines)
        if mark in line and text in line and any(call in line for call in calls)
    )
    return next(found)
