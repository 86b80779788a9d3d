"""What Dataverse makes of rows by itself: states, numbers, names, prices, and what it refuses.

The code of the refusal to change a closed document is not documented; it is answered as missing access (0x80040220,
403), and a client should rely on nothing but that it is refused.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

from infra.local.dataverse import webhook_rules
from infra.local.dataverse.errors import DataverseError, invalid_argument, missing
from infra.local.dataverse.metadata import customizing
from infra.local.dataverse.pricing import base_amounts
from infra.local.dataverse.sales_rules import LINES, SalesRules
from infra.local.dataverse.schema import Column, Kind, Table
from infra.local.dataverse.session import Session
from infra.local.dataverse.store import Ref, Row, Store

CLOSED_STATES: Mapping[str, frozenset[int]] = {"invoice": frozenset({1, 2, 3}), "salesorder": frozenset({1, 2, 3, 4})}
"""States in which a document is read-only for everybody but an administrator."""

_COMPOSITES = ("line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country")


class Rules:
    """The system's own part in every write."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sales = SalesRules(store)
        self._prepare: Mapping[str, Callable[[dict[str, Any], bool], None]] = {
            "invoicedetail": self.sales.line,
            "salesorderdetail": self.sales.line,
            "invoice": self.sales.document,
            "salesorder": self.sales.document,
            "contact": self._contact,
            "systemuser": self._systemuser,
            "product": self._product,
            "uom": self._uom,
            "serviceendpoint": webhook_rules.endpoint,
            "publisher": lambda row, _: customizing.check_publisher(store, row),
            "solution": lambda row, _: customizing.check_solution(store, row),
            "savedquery": lambda row, _: customizing.check_view(store, row),
            "sdkmessageprocessingstep": lambda row, _: webhook_rules.step(store, row),
            "sdkmessageprocessingstepimage": lambda row, _: webhook_rules.image(store, row),
        }

    @property
    def organization(self) -> Row:
        """The one row of the table organization."""
        return self.sales.organization

    # What may be written

    def check_access(self, table: Table, row: Row, session: Session) -> None:
        """Refuse a change of a closed document, or of a line of one, unless an administrator asks."""
        document, name = row, table.name
        if table.name in LINES:
            name, lookup = LINES[table.name]
            ref = row.get(lookup)
            document = self.store.get(name, ref.id) or {} if ref is not None else {}
        closed = CLOSED_STATES.get(name)
        if closed is None or session.user.is_admin or document.get("statecode") not in closed:
            return
        label = self.store.schema[name].columns["statecode"].options[document["statecode"]]
        raise DataverseError(
            403, "0x80040220", f"This {name} can't be changed because it is read-only in the state {label}."
        )

    def set_state(self, table: Table, row: dict[str, Any], values: Mapping[str, Any], before: Row) -> None:
        """Complete and check the pair of state and status; ``before`` is the row before."""
        states, statuses = table.columns.get("statecode"), table.columns.get("statuscode")
        if states is None or statuses is None:
            return
        state = values.get("statecode")
        state = before["statecode"] if state is None else state
        status = values.get("statuscode")
        if status is None:
            status = states.partners[state] if state != before["statecode"] else before["statuscode"]
        if statuses.partners[status] != state:
            raise _not_a_pair(table, row, state, status)
        row["statecode"], row["statuscode"] = state, status

    def set_first_state(self, table: Table, row: dict[str, Any], values: Mapping[str, Any]) -> None:
        """Set the state a row is created in; a row can't be created in another one."""
        states, statuses = table.columns.get("statecode"), table.columns.get("statuscode")
        if states is None or statuses is None:
            return
        first = self.first_state(table)
        wanted = values.get("statecode")
        status = values.get("statuscode")
        if status is None:
            status = states.partners[first if wanted is None else wanted]
        if statuses.partners[status] != first or wanted not in {None, first}:
            raise _not_a_pair(table, row, first, status)
        row["statecode"], row["statuscode"] = first, status

    def first_state(self, table: Table) -> int:
        """Give the state in which a row of the table is created."""
        if table.name == "product" and not self.organization.get("createproductswithoutparentinactivestate"):
            return 2
        return 0

    def complete(self, table: Table, row: dict[str, Any], *, creating: bool) -> None:
        """Add what the system derives; DataverseError where values contradict each other."""
        if table.has_money:
            self.sales.fill_currency(table, row)
        prepare = self._prepare.get(table.name)
        if prepare is not None:
            prepare(row, creating)
        for prefix in ("billto", "shipto", "address1", "address2", "address3"):
            if f"{prefix}_composite" in table.columns:
                row[f"{prefix}_composite"] = _composite(row, prefix)
        if table.has_money:
            row.update(base_amounts(table, row, self.sales.precision(self.organization.get("basecurrencyid"))))

    def default(self, column: Column) -> object:
        """Give a column's value in a row that doesn't name it."""
        if column.kind is Kind.BOOLEAN:
            return column.default == "true"
        return None if column.default is None else int(column.default)

    # Other tables

    @staticmethod
    def _contact(row: dict[str, Any], creating: bool) -> None:  # noqa: ARG004 - every rule has this form
        row["fullname"] = _joined(row.get("firstname"), row.get("lastname"))
        customer = row.get("parentcustomerid")
        row["accountid"] = customer if customer is not None and customer.table == "account" else None
        row["parentcontactid"] = customer if customer is not None and customer.table == "contact" else None

    @staticmethod
    def _systemuser(row: dict[str, Any], creating: bool) -> None:  # noqa: ARG004 - every rule has this form
        row["fullname"] = _joined(row.get("firstname"), row.get("lastname"))

    def _product(self, row: dict[str, Any], creating: bool) -> None:
        schedule, unit = row.get("defaultuomscheduleid"), row.get("defaultuomid")
        if row.get("productstructure") == 2:
            return
        if schedule is None:
            raise invalid_argument("The unit schedule id is missing.")
        if unit is None:
            raise invalid_argument("The default unit is missing.")
        if (self.store.get("uom", unit.id) or {}).get("uomscheduleid") != schedule:
            raise invalid_argument("The default unit is not a member of the specified unit schedule.")
        number = row["productnumber"].casefold()
        if creating and any(other["productnumber"].casefold() == number for other in self._other_products(row)):
            raise DataverseError(
                412, "0x80040237", "A product with the specified product number already exists. Use a different number."
            )

    def _other_products(self, row: Row) -> list[Row]:
        return [other for other in self.store.tables["product"].values() if other["productid"] != row["productid"]]

    def _uom(self, row: dict[str, Any], creating: bool) -> None:  # noqa: ARG002 - every rule has this form
        row["organizationid"] = self.organization.get("organizationid")
        if row.get("baseuom") is None and not row.get("isschedulebaseuom"):
            raise missing("baseuom", "uom")

    def primary_unit(self, schedule: Row) -> dict[str, Any]:
        """Give the primary unit that Dataverse creates together with a unit group."""
        return {
            "uomid": str(uuid4()),
            "name": schedule.get("baseuomname") or "Primary Unit",
            "quantity": Decimal(1).quantize(Decimal(1).scaleb(-10)),
            "isschedulebaseuom": True,
            "uomscheduleid": Ref("uomschedule", schedule["uomscheduleid"]),
        }


def _not_a_pair(table: Table, row: Row, state: int, status: int) -> DataverseError:
    label = table.columns["statecode"].options[state].replace(" ", "")
    return DataverseError(
        400,
        "0x80048408",
        f"{status} is not a valid status code for state code {table.schema_name}State.{label} on {table.name} "
        f"with Id {row[table.key]}.",
    )


def _joined(*parts: str | None) -> str | None:
    return " ".join(part for part in parts if part) or None


def _composite(row: Row, prefix: str) -> str | None:
    parts = {name: row.get(f"{prefix}_{name}") for name in _COMPOSITES}
    city = _joined(
        parts["city"] and f"{parts['city']}," if parts["stateorprovince"] else parts["city"],
        parts["stateorprovince"],
        parts["postalcode"],
    )
    lines = [parts["line1"], parts["line2"], parts["line3"], city, parts["country"]]
    return "\r\n".join(line for line in lines if line) or None
