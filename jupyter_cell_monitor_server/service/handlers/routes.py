"""All routes of the service."""

from tornado.routing import URLSpec

from . import classes, events, health, metrics, openapi, page, people, ws
from .base import NotFoundHandler, State


def routes(state: State) -> list[URLSpec]:
    """The service's routes; the first that matches counts."""
    api = state.prefix + "api/v1/"
    given = {"state": state}
    one_class = api + r"classes/([^/]+)"
    hub_auth = {"hub_auth": state.identity.hub_auth}
    assets = {"path": str(page.PAGE / "assets")}
    return [
        URLSpec(api + "events", events.EventsHandler, given),
        URLSpec(api + "me", people.MeHandler, given),
        URLSpec(api + "executions", people.ExecutionsHandler, given),
        URLSpec(api + "progress", people.ProgressHandler, given),
        URLSpec(api + "classes", classes.ClassesHandler, given),
        URLSpec(one_class, classes.ClassHandler, given),
        URLSpec(one_class + "/students", classes.StudentsHandler, given),
        URLSpec(one_class + "/progress", classes.GridHandler, given),
        URLSpec(one_class + "/errors", classes.ErrorsHandler, given),
        URLSpec(api + "ws", ws.SocketHandler, given),
        URLSpec(api + "health", health.HealthHandler, given),
        URLSpec(api + "metrics", metrics.MetricsHandler, given),
        URLSpec(api + r"openapi\.json", openapi.OpenApiHandler, given),
        URLSpec(state.prefix + "api/.*", NotFoundHandler, given),
        URLSpec(state.prefix + "oauth_callback", page.CallbackHandler, hub_auth),
        URLSpec(state.prefix + r"static/assets/(.*)", page.AssetHandler, assets),
        URLSpec(state.prefix + ".*", page.PageHandler, given),
        URLSpec(state.prefix.rstrip("/"), page.SlashHandler, given),
    ]
