"""The demo's Hub, and one guest: `student-02` is let into the server of `student-01`."""

from pathlib import Path
from typing import Any

import jupyter_cell_monitor_server.demo

DEMO = Path(jupyter_cell_monitor_server.demo.__file__).with_name("jupyterhub_config.py")

load_subconfig(str(DEMO))  # type: ignore[name-defined]  # noqa: F821  # given by the Hub
c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821  # given by the Hub
c.JupyterHub.load_roles.append(
    {
        "name": "guests",
        "description": "Look at a friend's server",
        "scopes": ["access:servers!user=student-01"],
        "users": ["student-02"],
    }
)
