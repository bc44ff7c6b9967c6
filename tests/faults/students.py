"""The simulated browsers as a schedule sees them."""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from .actors import ROOT, environment
from .ledger import Ledger
from .student import Settings

LINE_BYTES = 8 * 1024 * 1024


class SimulatedStudent:
    """One student's browser, that can be killed and opened again with its profile."""

    def __init__(self, settings: Settings, ledger: Ledger, log: Path) -> None:
        self.settings = settings
        self.waiting = 0
        self.made = 0
        self._ordered = 0
        self._ledger = ledger
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def is_done(self) -> bool:
        """Whether all that was ordered is made."""
        return self.made >= self._ordered

    async def start(self) -> None:
        """Open the browser."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "faults.student"),
                cwd=ROOT / "tests",
                env=environment(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LINE_BYTES,
            )
        self._write(msgspec.json.encode(self.settings).decode())
        self.made = self._ordered = 0
        self._reading = asyncio.create_task(self._read())

    def make(self, count: int) -> None:
        """Have it make so many moves; does not wait."""
        self._ordered += 1
        self._write(str(count))

    def _write(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            # What a kill cut off in the middle of a line was never reported.
            if line.endswith(b"\n"):
                self._take(json.loads(line))

    def _take(self, report: dict[str, Any]) -> None:
        self._ledger.take(report)
        self.waiting = report.get("waiting", self.waiting)
        if report["kind"] == "made":
            self.made += 1

    async def kill(self) -> None:
        """End it as a crash does, and read the reports that it got out."""
        if self._process is None or self._reading is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    def suspend(self) -> None:
        """A laptop whose lid is closed."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """The lid is open."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.is_alive and self._process is not None:
            self._process.send_signal(number)
