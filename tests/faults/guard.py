"""Ends what a stack has started when its own process has ended, however that happened.

A student's Jupyter server outlives the Hub that started it, and would outlive a killed test too.
"""

import shutil
import sys

from jupyter_cell_monitor_server.demo import processes

PATIENCE_S = 2


def main() -> None:
    """Wait for the end of the input, then end the processes of the folder, and remove it."""
    sys.stdin.read()
    processes.end_all(sys.argv[1], PATIENCE_S)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
