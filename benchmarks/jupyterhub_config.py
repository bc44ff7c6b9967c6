"""The benchmarks' JupyterHub: a class of students, and a service that somebody else starts."""

import json
import os
import sys

from traitlets.config import Config

from jupyter_cell_monitor_server.hub import configure_hub

given = json.loads(os.environ["CELL_MONITOR_BENCHMARK"])
c: Config = get_config()  # type: ignore[name-defined]  # noqa: F821  # given by the Hub

c.JupyterHub.bind_url = given["url"]
c.JupyterHub.hub_bind_url = given["hub_url"]
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret = os.urandom(32)
c.JupyterHub.load_groups = {
    "nbgrader-python-intro": {"users": given["students"]},
    "formgrade-python-intro": {"users": ["sensei"]},
}
run_proxy = "from configurable_http_proxy.cli import main; main()"
c.ConfigurableHTTPProxy.command = [sys.executable, "-c", run_proxy]
c.ConfigurableHTTPProxy.api_url = given["proxy_api_url"]
c.ConfigurableHTTPProxy.pid_file = given["proxy_pid_file"]

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.urandom(16).hex()
c.Authenticator.allowed_users = {*given["students"], "sensei"}
c.JupyterHub.spawner_class = "simple"

c.JupyterHub.services = [
    {"name": "cell-monitor", "url": given["service_url"], "api_token": given["service_token"]},
    {"name": "benchmark", "api_token": given["token"]},
]
c.JupyterHub.load_roles = [
    {
        "name": "benchmark",
        "scopes": ["read:users:name", "list:users", "tokens"],
        "services": ["benchmark"],
    }
]
configure_hub(c)
