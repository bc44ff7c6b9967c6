"""Logins that strangers begin fill no memory."""

import pytest

from jupyter_cell_monitor_server.service import auth
from jupyter_cell_monitor_server.service.auth import HeaderOAuth


def test_the_oldest_of_too_many_logins_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest still lead where their visitors wanted to go."""
    monkeypatch.setattr(auth, "MAX_LOGINS", 3)
    hub_auth = HeaderOAuth(oauth_client_id="service-x", api_token="a token")
    states = [hub_auth.generate_state(f"/page/{number}") for number in range(5)]
    assert len(hub_auth._oauth_states.values) == 3
    assert [hub_auth.get_next_url(state) for state in states[2:]] == [
        "/page/2",
        "/page/3",
        "/page/4",
    ]
