"""A fresh organization: what a real one has on its first day, and nothing more.

Root business unit, the organization's row with its base currency, the users Administrator and Accounting bridge, the
unit group Default Unit with Primary Unit, the SDK messages that steps are registered for, and their filters.
"""

from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from infra.local.dataverse.clock import Clock
from infra.local.dataverse.metadata.customizing import Customizing
from infra.local.dataverse.metadata.describing import ENGLISH, RIGHTS, identity
from infra.local.dataverse.rules import Rules
from infra.local.dataverse.store import Ref, Store
from infra.local.dataverse.webhook_rules import IMAGE_PROPERTIES

CURRENCIES = {
    "EUR": ("Euro", "€"),
    "USD": ("US Dollar", "$"),
    "RUB": ("Russian Ruble", "₽"),
    "GBP": ("Pound Sterling", "£"),
    "KZT": ("Tenge", "₸"),
}
_WITH_EVENTS = (
    "account",
    "contact",
    "product",
    "uom",
    "pricelevel",
    "transactioncurrency",
    "salesorder",
    "salesorderdetail",
    "invoice",
    "invoicedetail",
)
_DEFINITIONS = ("Entity", "Attribute", "Relationship", "OptionSet", "EntityKey")
"""Definitions have privileges of their own."""


def stable_id(*parts: str) -> str:
    """Give the id of something that every organization has under the same id."""
    return str(uuid5(NAMESPACE_URL, "/".join(parts)))


class Seeder:
    """Fills an empty store."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._customizing = Customizing(store, clock)
        self._admin = Ref("systemuser", str(uuid4()))
        self._organization = Ref("organization", str(uuid4()))

    def _put(self, table: str, values: dict[str, Any]) -> Ref:
        schema, now = self._store.schema[table], self._clock.text()
        row: dict[str, Any] = {name: self._rules.default(column) for name, column in schema.columns.items()}
        if "statecode" in row:
            row["statecode"], row["statuscode"] = 0, schema.columns["statecode"].partners[0]
        if "organizationid" in row:
            row["organizationid"] = self._organization
        row |= {"createdon": now, "modifiedon": now, "createdby": self._admin, "modifiedby": self._admin}
        row |= {schema.key: str(uuid4())} | values
        self._store.put(table, row)
        return Ref(table, row[schema.key])

    def fill(self, organization_id: str, name: str, currency: str, clients: dict[str, str]) -> None:
        """Create everything; ``clients`` are the application ids of ``admin`` and ``app``."""
        self._organization = Ref("organization", organization_id)
        label, symbol = CURRENCIES.get(currency, (currency, currency))
        base = self._put(
            "transactioncurrency",
            {
                "currencyname": label,
                "currencysymbol": symbol,
                "isocurrencycode": currency,
                "currencyprecision": 2,
                "exchangerate": Decimal("1.0000000000"),
            },
        )
        self._put(
            "organization",
            {
                "organizationid": organization_id,
                "name": name,
                "basecurrencyid": base,
                "expirechangetrackingindays": 7,
                "currencydecimalprecision": 2,
                "pricingdecimalprecision": 2,
                "invoiceprefix": "INV",
                "orderprefix": "ORD",
                "createproductswithoutparentinactivestate": True,
                "discountcalculationmethod": 0,
                "languagecode": ENGLISH,
            },
        )
        unit = self._put("businessunit", {"name": name, "transactioncurrencyid": base})
        self._users(unit, clients)
        self._units()
        self._messages()
        self._publishers()
        for table in self._store.schema.values():
            self._customizing.table_added(table)

    def _users(self, unit: Ref, clients: dict[str, str]) -> None:
        users = {"admin": ("System", "Administrator", self._admin.id), "app": ("Accounting", "bridge", str(uuid4()))}
        for kind, (first, last, row_id) in users.items():
            self._put(
                "systemuser",
                {
                    "systemuserid": row_id,
                    "firstname": first,
                    "lastname": last,
                    "fullname": f"{first} {last}",
                    "applicationid": clients[kind],
                    "azureactivedirectoryobjectid": str(uuid4()),
                    "accessmode": 4,
                    "businessunitid": unit,
                },
            )

    def _units(self) -> None:
        schedule = self._put("uomschedule", {"name": "Default Unit", "baseuomname": "Primary Unit"})
        values = self._rules.primary_unit(self._store.tables["uomschedule"][schedule.id])
        self._put("uom", values | {"organizationid": self._organization.id})

    def _messages(self) -> None:
        for message in IMAGE_PROPERTIES:
            ref = self._put(
                "sdkmessage",
                {"sdkmessageid": stable_id("sdkmessage", message), "name": message, "isactive": True},
            )
            for table in _WITH_EVENTS:
                if message.startswith("SetState") and "statecode" not in self._store.schema[table].columns:
                    continue
                self._put(
                    "sdkmessagefilter",
                    {
                        "sdkmessagefilterid": stable_id("sdkmessagefilter", message, table),
                        "primaryobjecttypecode": table,
                        "secondaryobjecttypecode": "none",
                        "iscustomprocessingstepallowed": True,
                        "sdkmessageid": ref,
                    },
                )

    def _publishers(self) -> None:
        names = {"uniquename": "DefaultPublisherbridge", "friendlyname": "Default Publisher for bridge"}
        prefixes = {"customizationprefix": "new", "customizationoptionvalueprefix": 10_000, "isreadonly": False}
        default = self._put("publisher", names | prefixes)
        solution = {"uniquename": "Default", "friendlyname": "Default Solution", "version": "1.0", "ismanaged": False}
        self._put("solution", solution | {"publisherid": default})
        for name in (f"prv{right}{what}" for right in RIGHTS[:4] for what in _DEFINITIONS):
            levels = {"canbebasic": False, "canbelocal": False, "canbedeep": False, "canbeglobal": True}
            self._put("privilege", {"privilegeid": identity("privilege", name), "name": name, **levels})
