"""The Hub of these tests: a proxy and a service that others start, servers that outlive it."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import psutil
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets.config import Config

from jupyter_cell_monitor_server.hub import configure_hub

given = json.loads(os.environ["CELL_MONITOR_FAULTS"])
folder = Path(given["folder"])
OTHER_EXTENSIONS = [
    "jupyter_lsp",
    "jupyter_server_terminals",
    "notebook",
    "notebook_shim",
    *(
        f"nbgrader.server_extensions.{name}"
        for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
    ),
]
c: Config = get_config()  # type: ignore[name-defined]  # noqa: F821  # given by the Hub


class Spawner(SimpleLocalProcessSpawner):
    """Takes a dead server for a dead one, although nobody has collected its exit code."""

    async def poll(self) -> int | None:
        """None while the server runs."""
        try:
            if self.pid and psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE:
                self.proc = None
                self.clear_state()
                return 0
        except psutil.NoSuchProcess:
            pass
        status: int | None = await super().poll()
        return status


def prepare_home(spawner: Any) -> None:
    """A server that gives up on a silent service within seconds, and a Lab that a test drives."""
    is_lab = given["lab"] in spawner.user.name
    # What else the tests' environment holds would double the time that a start takes.
    others = dict.fromkeys(OTHER_EXTENSIONS, False)
    settings = {
        "ServerApp": {"jpserver_extensions": {"jupyterlab": is_lab, **others}},
        "CellMonitorExtension": {"request_timeout_s": given["relay_timeout_s"]},
    }
    home = folder / "home" / spawner.user.name / ".jupyter"
    home.mkdir(parents=True, exist_ok=True)
    (home / "jupyter_server_config.json").write_text(json.dumps(settings))
    lab = {"LabApp": {"expose_app_in_browser": True}}
    (home / "jupyter_lab_config.json").write_text(json.dumps(lab))
    if not is_lab:
        spawner.environment = {
            **spawner.environment,
            "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
        }


c.JupyterHub.bind_url = given["url"]
c.JupyterHub.hub_bind_url = given["hub_url"]
c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.JupyterHub.load_groups = {"nbgrader-python-intro": {"users": given["students"]}}
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = given["proxy_api_url"]
c.ConfigurableHTTPProxy.auth_token = given["proxy_token"]

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = given["password"]
c.Authenticator.allowed_users = set(given["students"])
c.JupyterHub.spawner_class = Spawner
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = 180
c.Spawner.environment = {given["mark"]: str(folder)}
c.Spawner.pre_spawn_hook = prepare_home
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "home" / "{username}")
c.LocalProcessSpawner.interrupt_timeout = 1
c.LocalProcessSpawner.term_timeout = 1

c.JupyterHub.services = [
    {"name": "cell-monitor", "url": given["service_url"], "api_token": given["service_token"]},
    {"name": "faults", "api_token": given["token"]},
]
c.JupyterHub.load_roles = [
    {
        "name": "faults",
        "scopes": ["admin:users", "servers", "tokens", "proxy"],
        "services": ["faults"],
    }
]
configure_hub(c, reached_at=given["relay_url"])
