"""The demo's processes together: started in order, watched, and ended without a remainder."""

import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from . import processes
from .settings import DemoProblem, Settings

START_TIMEOUT_S = 120.0
END_TIMEOUT_S = 8.0
POLL_S = 0.2
CONFIG = Path(__file__).with_name("jupyterhub_config.py")
STUDENTS_MODULE = "jupyter_cell_monitor_server.demo.simulated_students"


class Ended(Exception):
    """Somebody asked the demo to end."""


class Demo:
    """The processes of one demo. `say` tells the person who started it; `ending` asks it to end."""

    def __init__(
        self, settings: Settings, say: Callable[[str], None], ending: threading.Event
    ) -> None:
        self.settings = settings
        self._say = say
        self._ending = ending
        self._environment = settings.environment(secrets.token_hex(32))
        folders = [os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)]
        self._environment["PATH"] = os.pathsep.join(folders)
        self._hub: subprocess.Popen[bytes] | None = None
        self._students: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start everything and return once a person can log in.

        Raises `DemoProblem` where something does not start, `Ended` when asked to end.
        """
        settings = self.settings
        self._say("Starting JupyterHub and the cell monitor …")
        self._hub = self._process("hub.log", "jupyterhub", "-f", str(CONFIG))
        self._wait_until_up("JupyterHub", settings.hub_api_url)
        self._wait_until_up("The cell monitor", f"{settings.service_url}api/v1/health")
        if settings.students:
            self._say(f"Starting {settings.students} simulated students …")
            self._students = self._process(
                "students.log",
                *(STUDENTS_MODULE, "--students", str(settings.students), "--seed", "1"),
                *("--hub-api-url", settings.hub_api_url, "--service-url", settings.service_url),
            )

    def watch(self) -> None:
        """Go on until `Ended`, or `DemoProblem` where the Hub ended by itself."""
        while True:
            self._pause()
            if self._students and self._students.poll() is not None:
                self._say(f"The simulated students have ended: see {self._log('students.log')}.")
                self._students = None

    def end(self) -> None:
        """End all processes; the Hub gets time to end its servers in order."""
        if self._students:
            self._students.terminate()
        if self._hub:
            self._hub.terminate()
            try:
                self._hub.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._say("Some servers take too long and are ended at once …")
        processes.end_all(self.settings.data_dir, patience_s=1.0)

    def _process(self, log: str, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", module, *arguments]
        return processes.start(command, self._environment, self.settings.folder, self._log(log))

    def _log(self, name: str) -> Path:
        return self.settings.folder / name

    def _wait_until_up(self, what: str, url: str) -> None:
        give_up = time.monotonic() + START_TIMEOUT_S
        while not _answers(url):
            self._pause()
            if time.monotonic() > give_up:
                raise DemoProblem(
                    f"{what} did not start within {START_TIMEOUT_S:.0f} s: "
                    f"see {self._log('hub.log')}."
                )

    def _pause(self) -> None:
        if self._ending.wait(POLL_S):
            raise Ended
        if self._hub and self._hub.poll() is not None:
            raise DemoProblem(f"JupyterHub ended by itself: see {self._log('hub.log')}.")


def _answers(url: str) -> bool:
    # Loopback needs no proxy of the machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
