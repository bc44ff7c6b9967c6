"""The commands as an administrator runs them: in a process of their own."""

import asyncio
import os
import sys
from dataclasses import dataclass

COMMAND = (sys.executable, "-m", "jupyter_cell_monitor_server.cli")


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it wrote."""

    code: int | None
    out: bytes
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.decode().splitlines()


async def run(database_url: str, *arguments: str, answer: str = "") -> Outcome:
    """Run `jupyter cell-monitor ARGUMENTS` on a database; `answer` is what is typed."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=os.environ | {"CELL_MONITOR_DATABASE_URL": database_url},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(answer.encode())
    return Outcome(process.returncode, out, err.decode())
