"""The demo's JupyterHub: one password, named people only, everything on loopback."""

import os
import sys
from typing import Any

from traitlets.config import Config

from jupyter_cell_monitor_server.demo.data_dir import password, prepare_home
from jupyter_cell_monitor_server.demo.people import GROUPS, NAMES
from jupyter_cell_monitor_server.demo.settings import (
    HOST,
    MARK_VARIABLE,
    TOKEN_VARIABLE,
    settings_from,
)
from jupyter_cell_monitor_server.hub import configure_hub

settings = settings_from(os.environ)
folder = settings.folder
mark = {MARK_VARIABLE: settings.data_dir}
c: Config = get_config()  # type: ignore[name-defined]  # noqa: F821  # given by the Hub

c.JupyterHub.bind_url = settings.url
c.JupyterHub.hub_bind_url = f"http://{HOST}:{settings.hub_port}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
c.JupyterHub.upgrade_db = True
c.JupyterHub.cookie_secret_file = str(folder / "jupyterhub_cookie_secret")
c.JupyterHub.load_groups = {name: {"users": people} for name, people in GROUPS.items()}

# Named whole, since another proxy of the same name may stand on PATH.
run_proxy = "from configurable_http_proxy.cli import main; main()"
c.ConfigurableHTTPProxy.command = [sys.executable, "-c", run_proxy]
c.ConfigurableHTTPProxy.api_url = f"http://{HOST}:{settings.proxy_api_port}"
c.ConfigurableHTTPProxy.pid_file = str(folder / "jupyterhub-proxy.pid")

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = password(folder)
c.Authenticator.allowed_users = set(NAMES)

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "home" / "{username}")
# Shorter than the Hub's, so that Ctrl-C takes seconds.
c.LocalProcessSpawner.interrupt_timeout = 4
c.LocalProcessSpawner.term_timeout = 2
c.LocalProcessSpawner.kill_timeout = 2
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
c.Spawner.default_url = "/lab"
# A slow or busy machine takes its time.
c.Spawner.http_timeout = c.Spawner.start_timeout = 180
c.Spawner.environment = dict(mark)


def _prepare_home(spawner: Any) -> None:
    prepare_home(folder, spawner.user.name)


c.Spawner.pre_spawn_hook = _prepare_home

if settings.students:
    c.JupyterHub.services = [
        {"name": "simulated-students", "api_token": os.environ[TOKEN_VARIABLE]}
    ]
    c.JupyterHub.load_roles = [
        {
            "name": "simulated-students",
            "description": "Get a token for each simulated student",
            "scopes": ["read:users:name", "list:users", "tokens"],
            "services": ["simulated-students"],
        }
    ]

configure_hub(
    c,
    service_url=f"http://{HOST}:{settings.service_port}",
    database_url=settings.database_url,
    environment=mark,
)
