"""The service: all the wiring, its shutdown."""

import asyncio
import gc
import logging
import os
import secrets
import signal
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.web import Application as WebApplication

from .. import __version__
from ..contract.fields import MAX_BATCH_EVENTS, MAX_BODY_BYTES, MAX_EVENT_BYTES
from ..contract.people import Limits, Me, Role
from .announce import Announcer
from .auth import HeaderOAuth, HubGroups, Identity
from .bounds import Bounds, InFlight
from .bus.memory import MemoryBus
from .class_of_notebook import resolver
from .clock import utcnow
from .contents import Contents
from .cookie_secret import cookie_secret
from .db.engine import create_engine, upgrade
from .db.store import Store
from .handlers import events
from .handlers.base import NotFoundHandler, State
from .handlers.routes import routes
from .hub_questions import HubLimits
from .ingest import Ingest
from .logs import set_up_log
from .metrics import Metrics
from .people import GroupRoles
from .quota import Quota
from .readiness import Readiness
from .roster import Roster
from .settings import Settings
from .shutdown import shut_down
from .writer import Writer, WriterLimits

log = logging.getLogger(__name__)
DEFAULT_URL = "http://127.0.0.1:10101"
DRAIN_S = 10.0
BODY_TIMEOUT_S = 60.0
# Tokens that are remembered; one takes about 2 KiB.
MAX_KNOWN = 10_000


class CellMonitorService(Settings):
    """The Hub service that stores what students run and shows it to their teachers."""

    name = "jupyter-cell-monitor-service"
    description = "Runs as a service of a JupyterHub, which starts it and gives it its token."
    version = __version__

    aliases = {  # noqa: RUF012  (the base class's own way)
        "config": "CellMonitorService.config_file",
        "database-url": "CellMonitorService.database_url",
        "log-level": "Application.log_level",
    }

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the command line and the configuration file."""
        super().initialize(argv)
        if self.config_file:
            self.load_config_file(self.config_file)
            self.update_config(self.cli_config)

    def start(self) -> None:
        """Serve until a signal says stop."""
        set_up_log(self.log_level)
        # What students wrote is for no other account of this machine.
        os.umask(0o077)
        # Events make many small objects and no cycles: looking for cycles took a third of parsing.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        asyncio.run(self.serve())

    async def serve(self) -> None:
        """Bring the database up to date, listen, and stop in order."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await upgrade(self.database_url)
        await self.serve_until(stop)

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Listen on the Hub's URL for this service until `stop` is set."""
        address = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", DEFAULT_URL))
        metrics = Metrics()
        hub_auth = self._hub_auth(metrics)
        groups = HubGroups(hub_auth.api_url, hub_auth.api_token, self.hub_timeout_s)
        state = self._state(hub_auth, groups, metrics)
        application = self.web_application(state)
        self._watch(state, application)
        server = HTTPServer(
            application,
            xheaders=True,
            max_body_size=events.MAX_READ_BYTES,
            body_timeout=BODY_TIMEOUT_S,
        )
        state.writer.start()
        server.listen(address.port or 80, address.hostname or "127.0.0.1")
        log.info("Cell Monitor %s listens on %s", __version__, address.geturl())
        try:
            await stop.wait()
        finally:
            await shut_down(state, server, application, DRAIN_S)
            groups.close()

    def _hub_auth(self, metrics: Metrics) -> HeaderOAuth:
        hub_auth = HeaderOAuth()
        limits = HubLimits(
            cache_s=self.hub_cache_s,
            away_s=self.hub_away_s,
            timeout_s=self.hub_timeout_s,
            max_open=self.max_hub_questions,
            max_known=MAX_KNOWN,
        )
        hub_auth.ask_within(limits, metrics.hub_question)
        return hub_auth

    def _writer(self, store: Store, bus: MemoryBus, metrics: Metrics) -> Writer:
        limits = WriterLimits(
            max_waiting_events=self.max_waiting_events,
            max_transaction_events=self.max_transaction_events,
            max_user_events=self.max_user_waiting_events,
            answer_s=self.answer_timeout_s,
        )
        return Writer(store, Announcer(bus), limits, metrics.transaction)

    def _ingest(self, writer: Writer, metrics: Metrics) -> Ingest:
        return Ingest(
            writer,
            utcnow,
            metrics.event,
            contents=Contents(self.content_cache_bytes),
            retention_days=self.retention_days,
        )

    def _bounds(self) -> Bounds:
        return Bounds(
            in_flight=InFlight(self.max_in_flight_bytes, self.max_user_in_flight_bytes),
            quota=Quota(self.user_events_per_s, self.user_burst_events),
            max_sockets=self.max_sockets,
            max_sockets_per_user=self.max_user_sockets,
        )

    @staticmethod
    def _watch(state: State, application: WebApplication) -> None:
        watch = state.metrics.watch
        watch(
            "waiting_events", "Events that wait to be stored.", lambda: state.writer.waiting_events
        )
        watch(
            "in_flight_bytes",
            "Bytes of the requests that are read, parsed or waiting.",
            lambda: state.bounds.in_flight.bytes,
        )
        watch("sockets", "Open WebSockets.", lambda: len(application.settings["sockets"]))
        watch("hub_away", "1 while the Hub does not answer.", lambda: state.identity.is_hub_away)

    def _roles(self) -> GroupRoles:
        patterns: dict[Role, list[str]] = {
            "student": self.student_groups,
            "assistant": self.assistant_groups,
            "teacher": self.teacher_groups,
        }
        return GroupRoles(patterns)

    def _state(self, hub_auth: HeaderOAuth, groups: HubGroups, metrics: Metrics) -> State:
        engine = create_engine(self.database_url, self.database_timeout_s)
        store = Store(engine, resolver(self.notebook_patterns), utcnow)
        bus, roles = MemoryBus(), self._roles()
        writer = self._writer(store, bus, metrics)
        identity = Identity(hub_auth, roles)
        return State(
            identity=identity,
            ingest=self._ingest(writer, metrics),
            writer=writer,
            readiness=Readiness(store.ping, writer.has_room, lambda: identity.is_hub_away),
            store=store,
            engine=engine,
            bus=bus,
            roster=Roster(groups, roles, store.replace_members, self.hub_cache_s),
            me=self._me(),
            prefix=os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/cell-monitor/"),
            hub_prefix=hub_auth.hub_prefix,
            now=utcnow,
            max_missed_updates=self.max_missed_updates,
            max_socket_messages=self.max_socket_messages,
            recheck_s=self.recheck_s,
            bounds=self._bounds(),
            metrics=metrics,
        )

    def _me(self) -> Me:
        return Me(
            name="",
            display_name="",
            classes=[],
            may_teach=False,
            notebook_patterns=list(self.notebook_patterns),
            collects=["code", "outputs", "errors", "times", "cells"],
            limits=Limits(
                batch_events=MAX_BATCH_EVENTS,
                body_bytes=MAX_BODY_BYTES,
                event_bytes=MAX_EVENT_BYTES,
            ),
            version=__version__,
        )

    def web_application(self, state: State) -> WebApplication:
        """All routes below the service's prefix."""
        given = {"state": state}
        token = os.environ.get("JUPYTERHUB_API_TOKEN", secrets.token_hex())
        return WebApplication(
            routes(state),
            default_handler_class=NotFoundHandler,
            default_handler_args=given,
            cookie_secret=cookie_secret(self.cookie_secret_file, token),
            xsrf_cookies=False,
            websocket_ping_interval=20,
            websocket_max_message_size=64 * 1024,
            sockets=set(),
            unanswered=set(),
        )
