"""What one demo is started with, and how its Hub and its students learn of it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

# Every process of a demo carries its data folder here: so that none is ever left or mixed up.
MARK_VARIABLE = "CELL_MONITOR_DEMO_DATA_DIR"
TOKEN_VARIABLE = "CELL_MONITOR_DEMO_TOKEN"  # the variable's name, no secret
_SETTINGS_VARIABLE = "CELL_MONITOR_DEMO_SETTINGS"
HOST = "127.0.0.1"


class DemoProblem(Exception):
    """The demo cannot go on; the message is one sentence for the person who started it."""


@dataclass(frozen=True)
class Settings:
    """One demo: where its data lies and which ports it has; all of them on loopback alone."""

    data_dir: str
    port: int
    students: int
    hub_port: int
    proxy_api_port: int
    service_port: int

    @property
    def url(self) -> str:
        """What a person opens."""
        return f"http://{HOST}:{self.port}/"

    @property
    def service_url(self) -> str:
        """The teacher page, and below it the service's API."""
        return f"{self.url}services/cell-monitor/"

    @property
    def hub_api_url(self) -> str:
        """The Hub's own API."""
        return f"{self.url}hub/api"

    @property
    def database_url(self) -> str:
        """The service's database."""
        return f"sqlite+aiosqlite:///{self.folder / 'cell-monitor.sqlite'}"

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.data_dir)

    def environment(self, token: str) -> dict[str, str]:
        """The environment of the demo's processes: the machine's own without another Hub's."""
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "CONFIGPROXY_", "CELL_MONITOR_"))
        }
        settings = {_SETTINGS_VARIABLE: json.dumps(asdict(self)), TOKEN_VARIABLE: token}
        return {**own, **settings, MARK_VARIABLE: self.data_dir}


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings that `Settings.environment` passed on."""
    return Settings(**json.loads(environment[_SETTINGS_VARIABLE]))
