"""The service as a process of its own, so that signals, memory and its exit code can be seen."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from aiohttp import ClientConnectionError, ClientResponse, ClientSession

from .postgres import free_port

PREFIX = "/services/cell-monitor/"


@dataclass
class Alone:
    """A running service and requests to it."""

    address: str
    process: subprocess.Popen[bytes]
    session: ClientSession
    log: Path

    @property
    def url(self) -> str:
        return f"{self.address}{PREFIX}api/v1/"

    @property
    def rss_mib(self) -> float:
        """Memory that the process holds now."""
        return float(psutil.Process(self.process.pid).memory_info().rss / 2**20)

    async def call(
        self, method: str, route: str, token: str | None = None, **how: Any
    ) -> tuple[ClientResponse, Any]:
        """The answer and what it holds; all answers are JSON."""
        headers = how.pop("headers", {}) | ({"Authorization": f"token {token}"} if token else {})
        async with self.session.request(
            method, self.url + route, headers=headers, **how
        ) as response:
            return response, await response.json(content_type=None)

    async def exit_code(self, timeout_s: float = 90) -> int:
        """Wait for its end."""
        return await asyncio.to_thread(self.process.wait, timeout_s)


def service_environment(api_url: str, database_url: str, token: str) -> dict[str, str]:
    """What a Hub at `api_url` gives to its service."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("JUPYTER", "CELL_MONITOR"))}
    return kept | {
        "CELL_MONITOR_DATABASE_URL": database_url,
        "JUPYTERHUB_API_TOKEN": token,
        "JUPYTERHUB_API_URL": api_url,
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "service-cell-monitor",
        "JUPYTERHUB_SERVICE_NAME": "cell-monitor",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
    }


@asynccontextmanager
async def alone(
    environment: Mapping[str, str], folder: Path, *arguments: str
) -> AsyncIterator[Alone]:
    """The service, ready; ended by force where the test left it running."""
    address, log = f"http://127.0.0.1:{free_port()}", folder / "service.log"
    process = _start(dict(environment) | {"JUPYTERHUB_SERVICE_URL": address}, log, arguments)
    async with ClientSession() as session:
        found = Alone(address, process, session, log)
        try:
            await _until_up(found)
            yield found
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)


def _start(
    environment: dict[str, str], log: Path, arguments: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "jupyter_cell_monitor_server.cli", "service", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=output, stderr=output
        )


async def _until_up(service: Alone) -> None:
    async with asyncio.timeout(120):
        while service.process.poll() is None:
            try:
                await service.call("GET", "health")
                return
            except ClientConnectionError:
                await asyncio.sleep(0.05)  # another process: nothing tells of it
    raise AssertionError(service.log.read_text())
