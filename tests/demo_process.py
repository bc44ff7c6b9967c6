"""A demo as its own process, and a person who uses it over HTTP."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil

from jupyter_cell_monitor_server.demo.processes import free_ports, of_demo

PATIENCE_S = 90.0


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Return the condition's first true value; fails after `PATIENCE_S` seconds."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


def demo_command(folder: Path, port: int, *more: str) -> list[str]:
    """What `make demo` runs."""
    cli = [sys.executable, "-m", "jupyter_cell_monitor_server.cli", "demo"]
    return [*cli, "--port", str(port), "--data-dir", str(folder), *more]


class DemoProcess:
    """One running demo; leaving the block ends it."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder.resolve()
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}/"
        self._people = ExitStack()
        self._output = folder.with_suffix(".txt")
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                demo_command(folder, self.port, *more), stdout=output, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> Self:
        wait_until(lambda: "Password" in self.said() or self.ended(), "the demo's welcome")
        assert not self.ended(), self.said()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._people.close()
        if not self.ended():
            self.end(signal.SIGTERM)

    def person(self) -> "Person":
        """A new browser, not logged in."""
        client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        return Person(self._people.enter_context(client))

    def said(self) -> str:
        """What the demo told the person who started it."""
        return self._output.read_text("utf-8")

    def ended(self) -> bool:
        """Whether the launcher has ended."""
        return self.process.poll() is not None

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def processes(self) -> list[psutil.Process]:
        """The demo's processes without its launcher."""
        return of_demo(str(self.folder))

    @property
    def password(self) -> str:
        """The password that the demo printed."""
        found = re.search(r"Password.*? ([a-z0-9-]{19}) ", self.said())
        assert found, self.said()
        return found[1]


class Person:
    """Somebody at a browser, logged in or not."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def log_in(self, name: str, password: str) -> httpx.Response:
        """Fill in the Hub's login page."""
        self.client.get("hub/login")
        form = {"username": name, "password": password, "_xsrf": self._xsrf("/hub/")}
        return self.client.post("hub/login", data=form)

    def start_server(self, name: str) -> str:
        """Start one's own Jupyter server; its path below the Hub's URL."""
        self.client.get("hub/home")
        headers = {"X-XSRFToken": self._xsrf("/hub/"), "Sec-Fetch-Mode": "cors"}
        users = f"hub/api/users/{name}"
        self.client.post(f"{users}/server", json={}, headers=headers).raise_for_status()
        wait_until(
            lambda: self.client.get(users, headers=headers).json()["servers"][""]["ready"],
            f"the server of {name}",
        )
        return f"user/{name}/"

    def _xsrf(self, path: str) -> str:
        (token,) = (
            one for one in self.client.cookies.jar if one.name == "_xsrf" and one.path == path
        )
        return str(token.value)


def server_token(demo: DemoProcess, name: str) -> str:
    """The Hub token of a person's Jupyter server, as code in a notebook finds it."""
    for process in demo.processes():
        environment = process.environ()
        if environment.get("JUPYTERHUB_USER") == name:
            return str(environment["JUPYTERHUB_API_TOKEN"])
    raise AssertionError(f"{name} has no server")


def ask(url: str, token: str) -> httpx.Response:
    """A GET request with a Hub token."""
    headers = {"Authorization": f"token {token}"}
    return httpx.get(url, headers=headers, timeout=30, trust_env=False)


def kernel_of(demo: DemoProcess, name: str) -> psutil.Process:
    """Start a kernel on a person's server and return its process."""
    token = server_token(demo, name)
    url = f"{demo.url}user/{name}/api/kernels"
    headers = {"Authorization": f"token {token}"}
    httpx.post(url, headers=headers, timeout=30, trust_env=False).raise_for_status()

    def kernel() -> psutil.Process | None:
        running = (
            one for one in demo.processes() if "ipykernel_launcher" in " ".join(one.cmdline())
        )
        return next(running, None)

    found: psutil.Process = wait_until(kernel, "a kernel")
    return found
