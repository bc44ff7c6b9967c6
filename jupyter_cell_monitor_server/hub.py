"""What a JupyterHub needs to know of the cell monitor: `configure_hub(c)` adds it to its config.

It merges: what the admin's file says stays, and wins where both say something.
"""

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import urlparse

from jupyterhub.roles import get_default_roles
from jupyterhub.utils import maybe_future
from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue

SERVICE_NAME = "cell-monitor"
TEACH_SCOPE = "custom:cell-monitor:teach"
ACCESS_SCOPE = f"access:services!service={SERVICE_NAME}"
SERVICE_SCOPES = ("list:groups", "read:groups", "read:users:name")
# What makes a token a teacher's, or lets it make itself one that is.
TEACHING_SCOPES = frozenset({TEACH_SCOPE, "inherit", "all", "self", "tokens"})

_log = logging.getLogger("JupyterHub.cell_monitor")


class UnsafeHubConfig(ValueError):
    """The config would let code in a notebook act as a teacher."""


def configure_hub(
    c: Config,
    *,
    service_url: str = "http://127.0.0.1:10101",
    reached_at: str | None = None,
    database_url: str | None = None,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
) -> None:
    """Add service, scopes, roles and spawner environment to `c`; call it last in the Hub's file.

    `service_url`: where the service listens. `reached_at`: the same as users' servers reach it,
    where that differs (containers). `database_url`: SQLAlchemy's, asynchronous; without it the
    service's own default. `environment`: more variables for the service. `command`: what starts
    it. Raises `UnsafeHubConfig` where the config would put the teacher's scope into a server.
    """
    variables = dict(environment or {})
    if database_url:
        variables["CELL_MONITOR_DATABASE_URL"] = database_url
    _define_scope(c)
    listening_at = _add_service(c, service_url, variables, command)
    _add_roles(c)
    _keep_servers_from_teaching(c)
    prefix = f"{_base_url(c)}services/{SERVICE_NAME}/"
    _tell_servers(c, (reached_at or listening_at).rstrip("/") + prefix)
    if not (c.JupyterHub.get("subdomain_host") or c.JupyterHub.get("public_url")):
        _log.warning(
            "JupyterHub.subdomain_host is not set: users' pages and the cell monitor's share one "
            "origin, so the browser does not keep a student's page from a teacher's."
        )


def _define_scope(c: Config) -> None:
    scopes = _value(c.JupyterHub, "custom_scopes", {})
    definition = {"description": "See the classes that one teaches, live."}
    c.JupyterHub.custom_scopes = {TEACH_SCOPE: definition, **scopes}


def _add_service(
    c: Config, url: str, environment: Mapping[str, str], command: Sequence[str] | None
) -> str:
    services = [dict(service) for service in _value(c.JupyterHub, "services", [])]
    service = _named(services, SERVICE_NAME)
    # With its own API token it is started by somebody else, not by the Hub.
    if not service.get("api_token"):
        started_by = [sys.executable, "-m", "jupyter_cell_monitor_server.cli", "service"]
        service.setdefault("command", list(command or started_by))
    service.setdefault("url", url)
    service.setdefault("oauth_no_confirm", True)
    service["environment"] = {**environment, **service.get("environment", {})}
    service["oauth_client_allowed_scopes"] = _with(
        service.get("oauth_client_allowed_scopes", []), TEACH_SCOPE
    )
    c.JupyterHub.services = services
    return str(service["url"])


def _add_roles(c: Config) -> None:
    roles = [dict(role) for role in _value(c.JupyterHub, "load_roles", [])]
    service = _named(roles, SERVICE_NAME)
    service.setdefault("description", "See which user is in which group")
    service["scopes"] = _with(service.get("scopes", []), *SERVICE_SCOPES)
    service["services"] = _with(service.get("services", []), SERVICE_NAME)
    server = _named(roles, "server")
    server["scopes"] = _with(server.get("scopes") or _default_scopes("server"), ACCESS_SCOPE)
    extra = _value(c.JupyterHub, "extra_user_scopes", set())
    overridden = any(role["name"] == "user" and role.get("scopes") for role in roles)
    if extra and not overridden:
        c.JupyterHub.extra_user_scopes = {*extra, ACCESS_SCOPE, TEACH_SCOPE}
    else:
        user = _named(roles, "user")
        scopes = user.get("scopes") or _default_scopes("user")
        user["scopes"] = _with(scopes, ACCESS_SCOPE, TEACH_SCOPE)
    c.JupyterHub.load_roles = roles


def _keep_servers_from_teaching(c: Config) -> None:
    teaching = _teaching_scopes(c.JupyterHub.custom_scopes)
    roles = {role["name"]: role for role in [*get_default_roles(), *c.JupyterHub.load_roles]}
    _refuse(roles["server"]["scopes"], teaching, "the role `server`")
    for name, spawner in _spawners(c):
        if "server_token_scopes" in spawner:
            where = f"{name}.server_token_scopes"
            value = _value(spawner, "server_token_scopes", [])
            scopes = _server_token_scopes(value, teaching, where)
            if _only_adds(name, spawner, "server_token_scopes"):
                spawner.server_token_scopes.extend(scopes)
            else:
                spawner.server_token_scopes = scopes
        where = f"{name}.oauth_client_allowed_scopes"
        value = _value(spawner, "oauth_client_allowed_scopes", [])
        if callable(value):
            spawner.oauth_client_allowed_scopes = _checked(value, teaching, where, ())
        else:
            _refuse(value, teaching, where)
        oauth_roles = _value(spawner, "oauth_roles", [])
        for role in [] if callable(oauth_roles) else oauth_roles:
            _refuse(roles.get(role, {}).get("scopes", []), teaching, f"{name}.oauth_roles")


def _server_token_scopes(
    value: Any, teaching: frozenset[str], where: str
) -> list[str] | Callable[[Any], Any]:
    needed = (*_default_scopes("server"), ACCESS_SCOPE)
    if callable(value):
        return _checked(value, teaching, where, needed)
    _refuse(value, teaching, where)
    # An empty list means the role `server`, which has them already.
    return _with(value, *needed) if value else []


def _checked(
    chosen: Callable[[Any], Any], teaching: frozenset[str], where: str, more: Sequence[str]
) -> Callable[[Any], Any]:
    async def scopes(spawner: Any) -> list[str]:
        found = list(await maybe_future(chosen(spawner)) or [])
        _refuse(found, teaching, where)
        return _with(found, *more) if found else found

    return scopes


def _refuse(scopes: Iterable[str], teaching: frozenset[str], where: str) -> None:
    for scope in scopes:
        if scope.split("!")[0] in teaching:
            raise UnsafeHubConfig(
                f"{where} holds the scope `{scope}`, with which code in a notebook could act as a "
                f"teacher: the cell monitor needs servers without it. Take it out."
            )


def _teaching_scopes(custom: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    found = set(TEACHING_SCOPES)
    while more := {
        name
        for name, definition in custom.items()
        if name not in found and found.intersection(definition.get("subscopes", []))
    }:
        found |= more
    return frozenset(found)


def _tell_servers(c: Config, url: str) -> None:
    for name, spawner in _spawners(c):
        replaces = "environment" in spawner and not _only_adds(name, spawner, "environment")
        if name == "Spawner" or replaces:
            variables = _value(spawner, "environment", {})
            spawner.environment = {"CELL_MONITOR_SERVICE_URL": url, **variables}


def _spawners(c: Config) -> list[tuple[str, Config]]:
    # A subclass's section replaces what `c.Spawner` says, so each one is looked at.
    sections = {"Spawner": c.Spawner} | {
        name: section
        for name, section in c.items()
        if name.endswith("Spawner") and isinstance(section, Config)
    }
    return list(sections.items())


def _only_adds(name: str, section: Config, trait: str) -> bool:
    return name != "Spawner" and isinstance(section.get(trait), LazyConfigValue)


def _base_url(c: Config) -> str:
    hub = c.JupyterHub
    path = hub.get("base_url") or urlparse(hub.get("bind_url") or "").path
    return f"/{path.strip('/')}/" if path.strip("/") else "/"


def _default_scopes(role: str) -> list[str]:
    return next(list(known["scopes"]) for known in get_default_roles() if known["name"] == role)


def _value(section: Config, name: str, default: Any) -> Any:
    value = section.get(name, default)
    if isinstance(value, LazyConfigValue):
        # A copy, since a lazy value keeps what it once gave.
        return deepcopy(value).get_value(default)
    return value


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for item in items:
        if item.get("name") == name:
            return item
    items.append({"name": name})
    return items[-1]


def _with(items: Iterable[str], *more: str) -> list[str]:
    return list(dict.fromkeys([*items, *more]))
