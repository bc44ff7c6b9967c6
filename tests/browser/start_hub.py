"""Starts what `make demo` starts, with the Hub configuration of these tests."""

from pathlib import Path

from jupyter_cell_monitor_server.demo import launch, running

if __name__ == "__main__":
    running.CONFIG = Path(__file__).with_name("jupyterhub_config.py")
    launch.main()
