"""The whole pretend world: every service of one World, started together and stopped together.

with Sandbox(story.day_1(), home) as sandbox:
    settings = sandbox.settings()
    ...
    sandbox.show(next_day)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import orjson

from nexabooks.sandbox.serving import Request, Service
from nexabooks.sandbox.stripe import StripeService
from nexabooks.sandbox.world import World
from nexabooks.settings import Settings

if TYPE_CHECKING:
    from nexabooks.sandbox.lago_service import LagoService
    from nexabooks.sandbox.nexacloud_service import NexacloudService
    from nexabooks.sandbox.odoo.service import OdooService
    from nexabooks.sandbox.vtiger_service import VtigerService

SERVICES = ("nexacloud", "stripe", "lago", "vtiger", "odoo")


class Sandbox:
    """Services on free loopback ports that all show `world`; `show` brings them to the next day.

    `home` keeps the database's files and is the product's NEXABOOKS_HOME. A service named in `world.down` does not listen;
    it comes back on its old port. Everything is stopped on leaving, whatever the reason.
    """

    def __init__(
        self,
        world: World,
        home: Path,
        *,
        services: tuple[str, ...] = SERVICES,
        vtiger_transport: Literal["selfhosted", "cloud"] = "selfhosted",
    ) -> None:
        self.world = world
        self.home = home
        self.vtiger_transport = vtiger_transport
        self.services: dict[str, Any] = {name: self._make(name) for name in SERVICES if name in services}
        self._ports: dict[str, int] = {}

    @property
    def stripe(self) -> StripeService:
        return self.services["stripe"]

    @property
    def lago(self) -> LagoService:
        return self.services["lago"]

    @property
    def vtiger(self) -> VtigerService:
        return self.services["vtiger"]

    @property
    def odoo(self) -> OdooService:
        return self.services["odoo"]

    @property
    def nexacloud(self) -> NexacloudService:
        return self.services["nexacloud"]

    def __enter__(self) -> Sandbox:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self._set_clock()
            for name in self.services:
                self._start(name)
            if "odoo" in self.services:
                self._enter_rates()
            self._keep_down()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def show(self, world: World) -> None:
        """The next day: every service shows `world`; those in `world.down` stop listening, the others listen again."""
        self.world = world
        self._set_clock()
        for name, service in self.services.items():
            if not service.is_running:
                self._start(name)
            elif name == "nexacloud":
                service.show(world)
        self._keep_down()

    def environment(self) -> dict[str, str]:
        """The NEXABOOKS_... settings that reach the services. Rates are high: nobody is spared on loopback."""
        found = {
            "NEXABOOKS_HOME": str(self.home / "var"),
            "NEXABOOKS_CLOCK": self.world.now.isoformat(),
            "NEXABOOKS_LEDGER_MODE": "post",
            "NEXABOOKS_SOURCES": ",".join(name for name in self.services if name != "odoo"),
            "NEXABOOKS_STRIPE_REQUESTS_PER_S": "10000",
            "NEXABOOKS_LAGO_REQUESTS_PER_S": "10000",
            "NEXABOOKS_VTIGER_REQUESTS_PER_S": "10000",
        }
        for name in self.services:
            found |= _SETTINGS[name](self)
        return found

    def settings(self, **overrides: Any) -> Settings:
        """The same as one settings object, whatever the process's own environment says; `overrides` win."""
        values = {name.removeprefix("NEXABOOKS_").lower(): value for name, value in self.environment().items()}
        return Settings(_env_file=None, **(values | overrides))  # type: ignore[call-arg]  # pydantic-settings takes it

    def address(self, name: str) -> str:
        """Where a service listens, or would when it is down today."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def _make(self, name: str) -> Any:
        def get_world() -> World:
            return self.world

        if name == "stripe":
            return StripeService(get_world)
        if name == "lago":
            from nexabooks.sandbox.lago_service import LagoService

            return LagoService(get_world)
        if name == "vtiger":
            from nexabooks.sandbox.vtiger_service import VtigerService

            return VtigerService(get_world, self.vtiger_transport)
        if name == "odoo":
            from nexabooks.sandbox.odoo.service import OdooService

            return OdooService()
        from nexabooks.sandbox.nexacloud_service import NexacloudService

        return NexacloudService(get_world, self.home / "nexacloud")

    def _start(self, name: str) -> None:
        service = self.services[name]
        if isinstance(service, Service):
            service.start(self._ports.get(name, 0))
            self._ports[name] = int(service.url.rsplit(":", 1)[1])
        else:
            service.start()

    def _set_clock(self) -> None:
        if "odoo" in self.services:
            self.odoo.now = self.world.now

    def _enter_rates(self) -> None:
        """The world's currency rates, as the accountant enters them in Odoo."""
        for rate in self.world.currency_rates:
            (currency,) = self._ask_odoo("res.currency/search", {"domain": [["name", "=", rate.currency_code]]})
            values = {
                "currency_id": currency,
                "name": rate.valid_from.isoformat(),
                "inverse_company_rate": str(rate.cad_per_unit),
            }
            self._ask_odoo("res.currency.rate/create", {"vals_list": [values]})

    def _ask_odoo(self, call: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"bearer {self.odoo.admin_key}", "Content-Type": "application/json"}
        reply = self.odoo.handle(Request("POST", f"/json/2/{call}", [], headers, orjson.dumps(body)))
        if reply.status != 200:
            raise RuntimeError(f"The pretend Odoo refused {call}: {reply.body.decode()}")
        return orjson.loads(reply.body)

    def _keep_down(self) -> None:
        for name in self.world.down & self.services.keys():
            self.services[name].stop()

    def _stop(self) -> None:
        for service in reversed(self.services.values()):
            service.stop()


def _vtiger(sandbox: Sandbox) -> dict[str, str]:
    mapping = sandbox.home / "vtiger_timelogs.json"
    if sandbox.vtiger.has_timelogs:
        mapping.write_bytes(orjson.dumps(sandbox.vtiger.timelog_mapping))
    return {
        "NEXABOOKS_VTIGER_URL": sandbox.address("vtiger"),
        "NEXABOOKS_VTIGER_USERNAME": sandbox.vtiger.username,
        "NEXABOOKS_VTIGER_ACCESS_KEY": sandbox.vtiger.api_key,
        "NEXABOOKS_VTIGER_TRANSPORT": sandbox.vtiger_transport,
        # A person writes this file after reading what the server describes; a server without time logs needs none.
        **({"NEXABOOKS_VTIGER_TIMELOG_MAPPING": str(mapping)} if sandbox.vtiger.has_timelogs else {}),
    }


def _odoo(sandbox: Sandbox) -> dict[str, str]:
    return {
        "NEXABOOKS_ODOO_URL": sandbox.address("odoo"),
        "NEXABOOKS_ODOO_DATABASE": sandbox.odoo.database,
        "NEXABOOKS_ODOO_API_KEY": sandbox.odoo.posting_key,
        "NEXABOOKS_ODOO_ADMIN_KEY": sandbox.odoo.admin_key,
    }


_SETTINGS: dict[str, Callable[[Sandbox], dict[str, str]]] = {
    "nexacloud": lambda s: {"NEXABOOKS_NEXACLOUD_DSN": s.nexacloud.url},
    "stripe": lambda s: {"NEXABOOKS_STRIPE_API_KEY": s.stripe.api_key, "NEXABOOKS_STRIPE_URL": s.address("stripe")},
    "lago": lambda s: {"NEXABOOKS_LAGO_API_KEY": s.lago.api_key, "NEXABOOKS_LAGO_URL": f"{s.address('lago')}/api/v1"},
    "vtiger": _vtiger,
    "odoo": _odoo,
}
