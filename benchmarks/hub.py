"""A real JupyterHub with students, and the service as a process of its own beside it."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from jupyter_cell_monitor_server.demo import processes
from jupyter_cell_monitor_server.demo.simulated_students.client import Tokens

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
PREFIX = "/services/cell-monitor/"
ACCESS_SCOPE = "access:services!service=cell-monitor"
TEACH_SCOPE = "custom:cell-monitor:teach"
START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 15.0
POLL_S = 0.1


@dataclass(frozen=True)
class Service:
    """A running service. Below `url` lies `api/v1/`."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Seconds of processor time that it has used so far."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


@dataclass
class Hub:
    """A running Hub. `student_tokens`: a token of each student, by name."""

    folder: Path
    api_url: str
    service_address: str
    service_token: str
    student_tokens: Mapping[str, str]
    teacher_token: str

    @asynccontextmanager
    async def service(self, database: Path) -> AsyncIterator[Service]:
        """Run the service with a SQLite database."""
        command = [sys.executable, "-m", "jupyter_cell_monitor_server.cli", "service"]
        own = {
            "CELL_MONITOR_DATABASE_URL": f"sqlite:///{database}",
            "JUPYTERHUB_API_TOKEN": self.service_token,
            "JUPYTERHUB_API_URL": self.api_url,
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": "service-cell-monitor",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([ACCESS_SCOPE]),
            "JUPYTERHUB_OAUTH_SCOPES": json.dumps([ACCESS_SCOPE]),
            "JUPYTERHUB_SERVICE_NAME": "cell-monitor",
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
            "JUPYTERHUB_SERVICE_URL": self.service_address,
        }
        url = self.service_address + PREFIX
        process = _start(command, own, self.folder, "service.log")
        try:
            await _until_up(f"{url}api/v1/health", process, self.folder / "service.log")
            yield Service(url, process.pid)
        finally:
            await _end(process)

    async def warm_up(self, service_url: str) -> None:
        """Let the service ask the Hub once who each student is, as it does each minute."""
        turns = asyncio.Semaphore(8)

        async def ask(http: aiohttp.ClientSession, token: str) -> None:
            headers = {"Authorization": f"token {token}"}
            async with turns, http.get(f"{service_url}api/v1/me", headers=headers) as answer:
                answer.raise_for_status()

        async with aiohttp.ClientSession() as http:
            await asyncio.gather(*(ask(http, token) for token in self.student_tokens.values()))


@asynccontextmanager
async def running_hub(students: int) -> AsyncIterator[Hub]:
    """A Hub with the students `student-01` … of the class `python-intro` and their tokens."""
    names = [f"student-{number:02}" for number in range(1, students + 1)]
    with tempfile.TemporaryDirectory(prefix="cell-monitor-benchmark-") as name:
        folder = Path(name)
        public, hub, proxy, service = processes.free_ports(4)
        service_address = f"http://{HOST}:{service}"
        service_token, token = secrets.token_hex(32), secrets.token_hex(32)
        given = {
            "url": f"http://{HOST}:{public}",
            "hub_url": f"http://{HOST}:{hub}",
            "proxy_api_url": f"http://{HOST}:{proxy}",
            "proxy_pid_file": str(folder / "proxy.pid"),
            "service_url": service_address,
            "service_token": service_token,
            "token": token,
            "students": names,
        }
        config = str(Path(__file__).with_name("jupyterhub_config.py"))
        command = [sys.executable, "-m", "jupyterhub", "-f", config]
        process = _start(command, {"CELL_MONITOR_BENCHMARK": json.dumps(given)}, folder, "hub.log")
        try:
            api_url = f"http://{HOST}:{hub}/hub/api"
            await _until_up(api_url, process, folder / "hub.log")
            async with aiohttp.ClientSession() as http:
                tokens = Tokens(http, api_url, token)
                got = await asyncio.gather(*(tokens.new(name) for name in names))
                teacher = await tokens.new("sensei", [ACCESS_SCOPE, TEACH_SCOPE])
            yield Hub(
                folder=folder,
                api_url=api_url,
                service_address=service_address,
                service_token=service_token,
                student_tokens=dict(zip(names, got, strict=True)),
                teacher_token=teacher,
            )
        finally:
            await _end(process)


def _start(
    command: list[str], own: Mapping[str, str], folder: Path, log: str
) -> subprocess.Popen[bytes]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "CONFIGPROXY_", "CELL_MONITOR_"))
    }
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**inherited, "PYTHONPATH": path, **own}
    return processes.start(command, environment, folder, folder / log)


async def _until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(START_TIMEOUT_S), aiohttp.ClientSession() as http:
        while process.poll() is None:
            try:
                async with http.get(url) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(POLL_S)
    raise RuntimeError(f"It ended by itself:\n{await asyncio.to_thread(log.read_text)}")


async def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        await asyncio.to_thread(process.wait, END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        await asyncio.to_thread(process.wait)
