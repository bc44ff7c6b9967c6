"""`jupyter cell-monitor check`: says what a hub still lacks, and what to do about it."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from .auth import HubGroups
from .db.engine import DatabaseUnavailable, is_up_to_date
from .hub_questions import HubUnavailable
from .people import GroupRoles

TIMEOUT_S = 10.0
NEEDED_SCOPES = ("list:groups", "read:groups")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `advice` says what to do where it is not right."""

    right: bool
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Hub:
    """Where to look. `token` is the service's own, or an administrator's."""

    api_url: str
    service_url: str
    database_url: str
    token: str


async def findings(hub: Hub, roles: GroupRoles) -> AsyncIterator[Finding]:
    """Look at the database, the service, the Hub, its scopes and its groups, in this order."""
    yield await _database(hub.database_url)
    yield await _service(hub.service_url)
    answer = await _get_json(hub.api_url)
    if "version" not in answer:
        yield Finding(
            False,
            f"the Hub's API does not answer at {hub.api_url}",
            "Start the Hub, or name its API with --hub-api-url.",
        )
        return
    yield Finding(True, f"JupyterHub {answer['version']} answers at {hub.api_url}")
    if not hub.token:
        yield Finding(
            False,
            "scopes and groups were not looked at",
            "Set JUPYTERHUB_API_TOKEN to an administrator's API token and run this again.",
        )
        return
    async for finding in _token(hub, roles):
        yield finding


async def _database(database_url: str) -> Finding:
    try:
        current = await is_up_to_date(database_url)
    except (DatabaseUnavailable, OSError) as error:
        return Finding(False, f"the database cannot be opened: {error}", "Check the database URL.")
    if not current:
        advice = "Run `jupyter cell-monitor upgrade-db`, or start the service: it does the same."
        return Finding(False, "the database's tables are not those of this version", advice)
    return Finding(True, "the database has the tables of this version")


async def _service(service_url: str) -> Finding:
    answer = await _get_json(service_url.rstrip("/") + "/api/v1/health")
    if answer.get("ready"):
        return Finding(True, f"the service answers at {service_url}")
    reason = answer.get("reason", "no answer")
    return Finding(
        False,
        f"the service is not ready at {service_url}: {reason}",
        "Look for it in the Hub's log; is `configure_hub(c)` the last line of the Hub's file?",
    )


async def _token(hub: Hub, roles: GroupRoles) -> AsyncIterator[Finding]:
    me = await _get_json(hub.api_url.rstrip("/") + "/user", hub.token)
    scopes = set(me.get("scopes", ()))
    missing = [s for s in NEEDED_SCOPES if s not in scopes and "admin:groups" not in scopes]
    if missing:
        yield Finding(
            False,
            f"the token lacks the scopes {', '.join(missing)}",
            "Give them to the role of the service, or use an administrator's token.",
        )
        return
    yield Finding(True, "the token may read the Hub's groups")
    groups = HubGroups(hub.api_url, hub.token, TIMEOUT_S)
    try:
        members = roles.members_of(await groups.read())
    except HubUnavailable as error:
        yield Finding(False, str(error), "Is the Hub busy? Try again.")
        return
    finally:
        groups.close()
    for finding in _classes(members):
        yield finding


def _classes(members: dict[str, dict[str, Any]]) -> list[Finding]:
    if not members:
        advice = "Make the groups formgrade-COURSE (teachers) and nbgrader-COURSE (students)."
        return [Finding(False, "no Hub group names a class", advice)]
    found = []
    for class_id, of_class in sorted(members.items()):
        students = sum(role == "student" for role in of_class.values())
        text = f"class {class_id}: {len(of_class) - students} teachers, {students} students"
        advice = f"Put its teachers into the Hub group formgrade-{class_id}."
        found.append(Finding(len(of_class) > students, text, advice))
    return found


async def _get_json(url: str, token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"token {token}"} if token else {}
    try:
        answer = await AsyncHTTPClient().fetch(
            url, headers=headers, request_timeout=TIMEOUT_S, raise_error=False
        )
        decoded = msgspec.json.decode(answer.body or b"{}")
    except (OSError, HTTPClientError, msgspec.DecodeError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="jupyter cell-monitor check", description=__doc__)
    api_url = os.environ.get("JUPYTERHUB_API_URL", "http://127.0.0.1:8081/hub/api")
    service_url = "http://127.0.0.1:10101/services/cell-monitor/"
    parser.add_argument("--hub-api-url", default=api_url)
    parser.add_argument(
        "--service-url", default=os.environ.get("CELL_MONITOR_SERVICE_URL", service_url)
    )
    database = os.environ.get("CELL_MONITOR_DATABASE_URL", "sqlite:///cell-monitor.sqlite")
    parser.add_argument("--database-url", default=database)
    parser.add_argument("--student-groups", nargs="+", default=["nbgrader-{class_id}"])
    parser.add_argument("--teacher-groups", nargs="+", default=["formgrade-{class_id}"])
    return parser.parse_args(argv)


async def _run(hub: Hub, roles: GroupRoles) -> int:
    wrong = 0
    async for finding in findings(hub, roles):
        sys.stdout.write(f"{'ok     ' if finding.right else 'MISSING'} {finding.text}\n")
        if not finding.right:
            wrong += 1
            sys.stdout.write(f"        {finding.advice}\n")
    return wrong


def main(argv: list[str] | None = None) -> None:
    """Print what was found; exit code 1 where something is missing."""
    chosen = _arguments(argv)
    hub = Hub(
        api_url=chosen.hub_api_url,
        service_url=chosen.service_url,
        database_url=chosen.database_url,
        token=os.environ.get("JUPYTERHUB_API_TOKEN", ""),
    )
    roles = GroupRoles({"student": chosen.student_groups, "teacher": chosen.teacher_groups})
    sys.exit(1 if asyncio.run(_run(hub, roles)) else 0)
