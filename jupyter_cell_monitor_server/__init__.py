"""Jupyter Cell Monitor: a class that works in JupyterLab, live on its teacher's screen."""

from typing import Any

__version__ = "0.1.0"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-cell-monitor"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .extension.app import CellMonitorExtension

    return [{"module": "jupyter_cell_monitor_server", "app": CellMonitorExtension}]
