"""What `configure_hub` adds to an admin's config, what it keeps, and what it refuses."""

import asyncio
import logging
from typing import Any

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets.config import Config

from jupyter_cell_monitor_server.hub import (
    ACCESS_SCOPE,
    TEACH_SCOPE,
    UnsafeHubConfig,
    configure_hub,
)


def roles(c: Config) -> dict[str, dict[str, Any]]:
    return {role["name"]: role for role in c.JupyterHub.load_roles}


def service(c: Config) -> dict[str, Any]:
    (found,) = (one for one in c.JupyterHub.services if one["name"] == "cell-monitor")
    return dict(found)


def spawner_environment(c: Config) -> dict[str, Any]:
    return dict(SimpleLocalProcessSpawner(config=c).environment)


def spawner_scopes(c: Config) -> list[str]:
    scopes = SimpleLocalProcessSpawner(config=c).server_token_scopes
    return list(asyncio.run(scopes(None)) if callable(scopes) else scopes)


def test_an_empty_config_gets_service_scope_roles_and_environment() -> None:
    c = Config()
    configure_hub(c, database_url="sqlite:////srv/cells.sqlite")
    assert service(c)["url"] == "http://127.0.0.1:10101"
    assert service(c)["command"][-1] == "service"
    assert service(c)["oauth_no_confirm"] is True
    assert service(c)["oauth_client_allowed_scopes"] == [TEACH_SCOPE]
    assert service(c)["environment"] == {"CELL_MONITOR_DATABASE_URL": "sqlite:////srv/cells.sqlite"}
    assert list(c.JupyterHub.custom_scopes) == [TEACH_SCOPE]
    assert roles(c)["cell-monitor"]["services"] == ["cell-monitor"]
    assert roles(c)["cell-monitor"]["scopes"] == ["list:groups", "read:groups", "read:users:name"]
    assert roles(c)["user"]["scopes"] == ["self", ACCESS_SCOPE, TEACH_SCOPE]
    assert roles(c)["server"]["scopes"] == [
        "users:activity!user",
        "access:servers!server",
        ACCESS_SCOPE,
    ]
    assert spawner_environment(c) == {
        "CELL_MONITOR_SERVICE_URL": "http://127.0.0.1:10101/services/cell-monitor/"
    }


def test_the_hub_itself_accepts_what_is_added() -> None:
    c = Config()
    configure_hub(c)
    hub = JupyterHub(config=c)
    assert hub.services == c.JupyterHub.services
    assert hub.load_roles == c.JupyterHub.load_roles


def test_calling_it_twice_changes_nothing() -> None:
    c = Config()
    configure_hub(c)
    once = c.copy()
    configure_hub(c)
    assert c == once


def test_what_the_admin_set_or_appended_stays() -> None:
    c = Config()
    c.JupyterHub.services = [{"name": "cull", "command": ["cull"]}]
    c.JupyterHub.load_roles.append({"name": "cull", "scopes": ["servers"], "services": ["cull"]})
    c.JupyterHub.custom_scopes.update({"custom:other:read": {"description": "other"}})
    c.Spawner.environment.update({"LANG": "ja_JP.UTF-8"})
    configure_hub(c)
    assert [one["name"] for one in c.JupyterHub.services] == ["cull", "cell-monitor"]
    assert roles(c)["cull"]["scopes"] == ["servers"]
    assert set(c.JupyterHub.custom_scopes) == {"custom:other:read", TEACH_SCOPE}
    assert spawner_environment(c)["LANG"] == "ja_JP.UTF-8"


def test_an_admins_own_roles_are_widened_and_not_replaced() -> None:
    c = Config()
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": ["self", "read:groups"]},
        {
            "name": "server",
            "scopes": ["users:activity!user", "access:servers!server", "shares!user"],
        },
    ]
    configure_hub(c)
    assert roles(c)["user"]["scopes"] == ["self", "read:groups", ACCESS_SCOPE, TEACH_SCOPE]
    assert roles(c)["server"]["scopes"][-2:] == ["shares!user", ACCESS_SCOPE]


def test_extra_user_scopes_go_on_counting() -> None:
    c = Config()
    c.JupyterHub.extra_user_scopes = {"access:services!service=other"}
    configure_hub(c)
    extra = JupyterHub(config=c).extra_user_scopes
    assert extra == {"access:services!service=other", ACCESS_SCOPE, TEACH_SCOPE}
    assert "user" not in roles(c)


def test_an_admins_own_entry_for_the_service_wins() -> None:
    c = Config()
    own = {"name": "cell-monitor", "url": "http://monitor:9000", "api_token": "their-own-token"}
    c.JupyterHub.services = [own]
    configure_hub(c)
    assert "command" not in service(c)
    assert service(c)["url"] == "http://monitor:9000"
    url = spawner_environment(c)["CELL_MONITOR_SERVICE_URL"]
    assert url == "http://monitor:9000/services/cell-monitor/"


@pytest.mark.parametrize(
    ("name", "value"), [("base_url", "/jupyter"), ("bind_url", "http://:8000/jupyter/")]
)
def test_the_hubs_base_url_is_part_of_the_services_address(name: str, value: str) -> None:
    c = Config()
    c.JupyterHub[name] = value
    configure_hub(c, reached_at="http://hub:10101/")
    url = spawner_environment(c)["CELL_MONITOR_SERVICE_URL"]
    assert url == "http://hub:10101/jupyter/services/cell-monitor/"


def test_a_spawner_subclass_that_replaces_the_environment_learns_the_address_too() -> None:
    c = Config()
    c.Spawner.environment = {"A": "1"}
    c.SimpleLocalProcessSpawner.environment = {"B": "2"}
    configure_hub(c)
    assert set(spawner_environment(c)) == {"B", "CELL_MONITOR_SERVICE_URL"}


def test_a_spawner_subclass_that_adds_to_the_environment_still_adds() -> None:
    c = Config()
    c.Spawner.environment = {"A": "1"}
    c.SimpleLocalProcessSpawner.environment.update({"B": "2"})
    configure_hub(c)
    assert set(spawner_environment(c)) == {"A", "B", "CELL_MONITOR_SERVICE_URL"}


def test_server_token_scopes_keep_the_hubs_defaults() -> None:
    c = Config()
    c.Spawner.server_token_scopes = ["shares!user"]
    configure_hub(c)
    defaults = {"users:activity!user", "access:servers!server"}
    assert set(spawner_scopes(c)) == {"shares!user", ACCESS_SCOPE, *defaults}


def test_a_function_for_server_token_scopes_is_widened_at_each_start() -> None:
    c = Config()
    c.Spawner.server_token_scopes = lambda spawner: ["shares!user"]
    configure_hub(c)
    assert {"shares!user", ACCESS_SCOPE, "access:servers!server"} <= set(spawner_scopes(c))


@pytest.mark.parametrize("scope", ["inherit", "self", "tokens!user", TEACH_SCOPE])
def test_a_server_that_could_teach_is_refused(scope: str) -> None:
    c = Config()
    c.Spawner.server_token_scopes = ["users:activity!user", scope]
    with pytest.raises(UnsafeHubConfig, match=r"Spawner\.server_token_scopes holds the scope"):
        configure_hub(c)


def test_a_server_role_that_could_teach_is_refused() -> None:
    c = Config()
    c.JupyterHub.load_roles = [{"name": "server", "scopes": ["inherit"]}]
    with pytest.raises(UnsafeHubConfig, match="the role `server` holds the scope `inherit`"):
        configure_hub(c)


def test_a_servers_login_that_could_teach_is_refused() -> None:
    c = Config()
    c.SimpleLocalProcessSpawner.oauth_client_allowed_scopes = ["inherit"]
    with pytest.raises(UnsafeHubConfig, match="oauth_client_allowed_scopes"):
        configure_hub(c)


def test_a_servers_oauth_role_that_could_teach_is_refused() -> None:
    c = Config()
    c.Spawner.oauth_roles = ["token"]
    with pytest.raises(UnsafeHubConfig, match="oauth_roles"):
        configure_hub(c)


def test_a_custom_scope_that_contains_the_teachers_is_refused() -> None:
    c = Config()
    c.JupyterHub.custom_scopes = {
        "custom:ours:all": {"description": "all", "subscopes": [TEACH_SCOPE]}
    }
    c.Spawner.server_token_scopes = ["custom:ours:all"]
    with pytest.raises(UnsafeHubConfig, match="custom:ours:all"):
        configure_hub(c)


def test_a_function_that_gives_a_server_the_teachers_scope_stops_its_start() -> None:
    c = Config()
    c.Spawner.server_token_scopes = lambda spawner: [TEACH_SCOPE]
    configure_hub(c)
    with pytest.raises(UnsafeHubConfig, match="server_token_scopes"):
        spawner_scopes(c)


def test_a_hub_without_subdomains_is_warned(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        configure_hub(Config())
    assert "subdomain_host is not set" in caplog.text


def test_a_hub_with_subdomains_is_not_warned(caplog: pytest.LogCaptureFixture) -> None:
    c = Config()
    c.JupyterHub.subdomain_host = "https://hub.example.org"
    with caplog.at_level(logging.WARNING):
        configure_hub(c)
    assert not caplog.text
