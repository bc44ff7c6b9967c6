"""The relay serves the owner of its Jupyter server, and nobody else."""

import json
from collections.abc import Callable

import pytest

from jupyter_cell_monitor_server.extension.app import CellMonitorExtension

from .conftest import OWNER, Lab
from .service_standin import StandIn

ROUTES = ["me", "executions", "progress", "events"]
StartLab = Callable[..., Lab]


def _method(route: str) -> str:
    return "POST" if route == "events" else "GET"


async def test_every_verb_of_every_handler_refuses_the_unauthenticated(
    lab: Lab, standin: StandIn
) -> None:
    """Walks the handlers that the extension registers, so that a new one cannot be forgotten."""
    extension: CellMonitorExtension = lab.app.web_app.settings["jupyter_cell_monitor_server"]
    assert len(extension.handlers) == 5
    for pattern, handler, _ in extension.handlers:
        route = pattern.removeprefix("/api/v1/")
        if route == "ws":
            assert await lab.refused_socket(user=None) == 401
        for verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            response = await lab.fetch(route, user=None, method=verb, body=b"")
            expected = 401 if verb in handler.SUPPORTED_METHODS else 405
            assert response.code == expected, (route, verb)
    assert standin.seen == []


@pytest.mark.parametrize("route", ROUTES)
async def test_nobody_without_a_login_is_served(lab: Lab, standin: StandIn, route: str) -> None:
    """401 with a problem document, as the service itself would say."""
    response = await lab.fetch(route, user=None, method=_method(route), body=b"")
    assert (response.code, json.loads(response.body)["code"]) == (401, "not_signed_in")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert standin.seen == []


@pytest.mark.parametrize("route", ROUTES)
async def test_another_user_of_this_server_is_refused(
    lab: Lab, standin: StandIn, route: str
) -> None:
    """What somebody else does here is never recorded as the owner's."""
    response = await lab.fetch(route, user="student-02", method=_method(route), body=b"")
    assert (response.code, json.loads(response.body)["code"]) == (403, "forbidden")
    assert standin.seen == []


async def test_a_login_by_cookie_needs_the_xsrf_token(lab: Lab, standin: StandIn) -> None:
    """Another page cannot post events with the student's cookie."""
    first = await lab.fetch("me")
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    without = await lab.post(b"{}", user=None, headers={"Cookie": cookie})
    assert (without.code, json.loads(without.body)["code"]) == (403, "forbidden")
    both = {"Cookie": f"{cookie}; _xsrf=abcd", "X-XSRFToken": "abcd"}
    assert (await lab.post(b"{}", user=None, headers=both)).code == 200
    assert [seen.method for seen in standin.seen] == ["GET", "POST"]


async def test_a_page_of_another_origin_is_refused(lab: Lab, standin: StandIn) -> None:
    """A cookie alone does not make a foreign page the student."""
    cookie = (await lab.fetch("me")).headers["Set-Cookie"].partition(";")[0]
    headers = {"Cookie": cookie, "Origin": "https://elsewhere.example"}
    assert (await lab.fetch("progress", user=None, headers=headers)).code == 404
    assert len(standin.seen) == 1


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("JUPYTERHUB_USER", "not started by a JupyterHub"),
        ("JUPYTERHUB_API_TOKEN", "not started by a JupyterHub"),
        ("CELL_MONITOR_SERVICE_URL", "no service_url is set"),
    ],
)
async def test_where_there_is_no_service_the_log_and_every_route_say_so(
    at_the_hub: None,
    start_lab: StartLab,
    standin: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    missing: str,
    reason: str,
) -> None:
    """One warning at the start; `no_service` without `Retry-After`, for the sidebar to show."""
    monkeypatch.delenv(missing)
    lab = start_lab()
    log = capsys.readouterr().err.splitlines()
    warnings = [line for line in log if "cell monitor" in line]
    assert len(warnings) == 1
    assert reason in warnings[0]
    for route in ROUTES:
        response = await lab.fetch(route, method=_method(route), body=b"")
        assert (response.code, json.loads(response.body)["code"]) == (503, "no_service")
        assert "Retry-After" not in response.headers
    assert await lab.refused_socket() == 503
    assert standin.seen == []


async def test_a_service_url_that_is_no_address_is_named_in_the_log(
    at_the_hub: None, start_lab: StartLab, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake in the settings is said in one sentence, and the server starts."""
    lab = start_lab(service_url="127.0.0.1:10101")
    assert "service_url '127.0.0.1:10101' is no http or https address" in capsys.readouterr().err
    response = await lab.fetch("me")
    assert (response.code, json.loads(response.body)["code"]) == (503, "no_service")


async def test_the_setting_wins_over_the_environment(
    at_the_hub: None,
    start_lab: StartLab,
    standin: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`c.CellMonitorExtension.service_url` is the admin's word."""
    monkeypatch.setenv("CELL_MONITOR_SERVICE_URL", "http://127.0.0.1:1/")
    lab = start_lab(service_url=standin.url.rstrip("/"))
    assert (await lab.fetch("me")).code == 200


async def test_the_hub_token_is_read_at_each_call(
    lab: Lab, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the owner's login is kept."""
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "a-newer-one")
    await lab.fetch("me", user=OWNER)
    assert standin.seen[0].headers["Authorization"] == "token a-newer-one"


def test_every_setting_says_its_default() -> None:
    """An admin reads the unit and the default in the help."""
    for name, trait in CellMonitorExtension.class_own_traits(config=True).items():
        assert "Default:" in str(trait.help), name
