"""The command `jupyter cell-monitor`: its subcommands, and what each needs installed."""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

DISTRIBUTION = "jupyter-cell-monitor-server"


@dataclass(frozen=True)
class Command:
    """One subcommand: the function that runs it, the extra that it needs, what it does."""

    target: str
    extra: str
    help: str


COMMANDS = {
    "service": Command(
        "jupyter_cell_monitor_server.service.app:CellMonitorService.launch_instance",
        "hub",
        "run the Hub service (the Hub starts it itself)",
    ),
    "demo": Command(
        "jupyter_cell_monitor_server.demo.launch:main",
        "demo",
        "start a whole JupyterHub with a class on this machine alone",
    ),
    "upgrade-db": Command(
        "jupyter_cell_monitor_server.cli_database:upgrade",
        "hub",
        "create the database's tables or bring them to this version",
    ),
    "rebuild": Command(
        "jupyter_cell_monitor_server.cli_rebuild:main",
        "hub",
        "compute again what follows from the stored events",
    ),
    "quarantine": Command(
        "jupyter_cell_monitor_server.cli_quarantine:main",
        "hub",
        "list, show, replay or delete events that could not be stored",
    ),
    "check": Command(
        "jupyter_cell_monitor_server.service.check:main",
        "hub",
        "say what is missing: scopes, groups, reachability, database",
    ),
}


def main() -> None:
    """Run the subcommand that the command line names; exit code 2 where it names none."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        raise SystemExit(0 if arguments else 2)
    command = COMMANDS.get(arguments[0])
    if command is None:
        raise SystemExit(f"There is no subcommand {arguments[0]!r}.\n\n{_usage()}")
    run = _load(arguments[0], command)
    sys.argv = [f"jupyter cell-monitor {arguments[0]}", *arguments[1:]]
    run()


def _load(name: str, command: Command) -> Callable[[], object]:
    module, _, path = command.target.partition(":")
    try:
        found: object = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("jupyter_cell_monitor_server"):
            raise
        raise SystemExit(
            f"`jupyter cell-monitor {name}` needs {error.name}, which is not installed: "
            f"pip install '{DISTRIBUTION}[{command.extra}]'"
        ) from None
    for attribute in path.split("."):
        found = getattr(found, attribute)
    if not callable(found):
        raise TypeError(f"{command.target} is no function")
    return found


def _usage() -> str:
    lines = [f"  {name:<12}{command.help}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: jupyter cell-monitor COMMAND [--help]", "", *lines])


if __name__ == "__main__":
    main()
