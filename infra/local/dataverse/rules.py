"""What Dataverse makes of rows by itself: states, numbers, names, prices, and what it refuses.

The code of the refusal to change a closed document is not documented; it is answered as missing access (0x80040220,
403), and a client should rely on nothing but that it is refused.
"""

import secrets
import string
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

from infra.local.dataverse import webhook_rules
from infra.local.dataverse.errors import DataverseError, does_not_exist, invalid_argument, missing
from infra.local.dataverse.pricing import DOCUMENT_INPUTS, LINE_INPUTS, base_amounts, document_totals, line_amounts
from infra.local.dataverse.pricing import money as money_value
from infra.local.dataverse.schema import Column, Kind, Table
from infra.local.dataverse.session import Session
from infra.local.dataverse.store import Ref, Row, Store

LINES: Mapping[str, tuple[str, str]] = {
    "invoicedetail": ("invoice", "invoiceid"),
    "salesorderdetail": ("salesorder", "salesorderid"),
}
"""Line table -> its document's table, and the lookup to it."""

DOCUMENTS: Mapping[str, str] = {document: line for line, (document, _) in LINES.items()}

CLOSED_STATES: Mapping[str, frozenset[int]] = {"invoice": frozenset({1, 2, 3}), "salesorder": frozenset({1, 2, 3, 4})}
"""States in which a document is read-only for everybody but an administrator."""

_MISSING_PRICE_LEVEL, _NOT_IN_PRICE_LEVEL = 2, 11
_NUMBER_ALPHABET = string.ascii_uppercase + string.digits
_COMPOSITES = ("line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country")


class Rules:
    """The system's own part in every write."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._prepare: Mapping[str, Callable[[dict[str, Any], bool], None]] = {
            "invoicedetail": self._line,
            "salesorderdetail": self._line,
            "invoice": self._document,
            "salesorder": self._document,
            "contact": self._contact,
            "systemuser": self._systemuser,
            "product": self._product,
            "uom": self._uom,
            "serviceendpoint": webhook_rules.endpoint,
            "sdkmessageprocessingstep": lambda row, _: webhook_rules.step(store, row),
            "sdkmessageprocessingstepimage": lambda row, _: webhook_rules.image(store, row),
        }

    @property
    def organization(self) -> Row:
        """The one row of the table organization."""
        return next(iter(self.store.tables["organization"].values()), {})

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

    def set_state(self, table: Table, row: dict[str, Any], values: Mapping[str, Any], current: int) -> None:
        """Complete and check the pair of state and status; ``current`` is the state before."""
        states, statuses = table.columns.get("statecode"), table.columns.get("statuscode")
        if states is None or statuses is None:
            return
        state = values.get("statecode")
        state = current if state is None else state
        status = values.get("statuscode")
        if status is None:
            status = states.partners[state] if state != current else row["statuscode"]
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
            self._currency(table, row)
        prepare = self._prepare.get(table.name)
        if prepare is not None:
            prepare(row, creating)
        for prefix in ("billto", "shipto", "address1", "address2", "address3"):
            if f"{prefix}_composite" in table.columns:
                row[f"{prefix}_composite"] = _composite(row, prefix)
        if table.has_money:
            row.update(base_amounts(table, row, self._precision(self.organization.get("basecurrencyid"))))

    def default(self, column: Column) -> object:
        """Give a column's value in a row that doesn't name it."""
        if column.kind is Kind.BOOLEAN:
            return column.default == "true"
        return None if column.default is None else int(column.default)

    # Money

    def _precision(self, ref: Ref | None) -> int:
        currency = None if ref is None else self.store.get(ref.table, ref.id)
        return 2 if currency is None else int(currency["currencyprecision"])

    def _currency(self, table: Table, row: dict[str, Any]) -> None:
        if table.name in LINES:
            document_table, lookup = LINES[table.name]
            ref = row.get(lookup)
            document = {} if ref is None else self.store.get(document_table, ref.id) or {}
            row["transactioncurrencyid"] = document.get("transactioncurrencyid")
        elif row.get("transactioncurrencyid") is None:
            row["transactioncurrencyid"] = self.organization.get("basecurrencyid")
        currency_ref = row["transactioncurrencyid"]
        currency = {} if currency_ref is None else self.store.get(currency_ref.table, currency_ref.id) or {}
        rate = currency.get("exchangerate")
        if rate is not None:
            row["exchangerate"] = rate.quantize(Decimal(1).scaleb(-12))
        precision, price = self._precision(currency_ref), self.organization.get("pricingdecimalprecision") or 2
        for column in table.columns.values():
            if column.kind is Kind.MONEY and (value := row.get(column.name)) is not None:
                row[column.name] = money_value(value, price if column.is_price else precision)

    def _document(self, row: dict[str, Any], creating: bool) -> None:
        table = "invoice" if "invoiceid" in row else "salesorder"
        customer = row.get("customerid")
        for kind in ("account", "contact"):
            row[f"{kind}id"] = customer if customer is not None and customer.table == kind else None
        row["pricingerrorcode"] = row.get("pricingerrorcode") or 0
        if creating:
            self._number(self.store.schema[table], row)
        row.update(self.totals(table, row))

    def totals(self, table: str, row: Row) -> dict[str, Decimal]:
        """Give the totals of a document from the lines it has now."""
        line_table, schema = DOCUMENTS[table], self.store.schema[table]
        lines = self.store.referring(line_table, LINES[line_table][1], row[schema.key])
        return document_totals(row, lines, self._precision(row.get("transactioncurrencyid")))

    @staticmethod
    def affects_document(table: Table, values: Mapping[str, Any]) -> bool:
        """Say whether a change of a line makes its document's totals be calculated again."""
        return table.name in LINES and not LINE_INPUTS.isdisjoint(values)

    @staticmethod
    def affects_totals(table: Table, values: Mapping[str, Any]) -> bool:
        """Say whether a change of a document touches its totals."""
        return table.name in DOCUMENTS and not DOCUMENT_INPUTS.isdisjoint(values)

    def _number(self, table: Table, row: dict[str, Any]) -> None:
        if table.number_prefix is None or row.get(table.number_prefix[0]) is not None:
            return
        column, prefix = table.number_prefix
        organization = dict(self.organization)
        counter = f"current{'invoice' if table.name == 'invoice' else 'order'}number"
        number = (organization.get(counter) or 999) + 1
        organization[counter] = number
        self.store.put("organization", organization)
        suffix = "".join(secrets.choice(_NUMBER_ALPHABET) for _ in range(6))
        row[column] = f"{prefix}-{number:05d}-{suffix}"

    # Lines

    def _line(self, row: dict[str, Any], creating: bool) -> None:
        name = "invoicedetail" if "invoicedetailid" in row else "salesorderdetail"
        document_table, lookup = LINES[name]
        ref = row.get(lookup)
        if ref is None:
            raise invalid_argument(f"The {document_table} id is missing.")
        document = self.store.get(document_table, ref.id)
        if document is None:
            raise does_not_exist(document_table, ref.id)
        for column in ("ownerid", "owninguser", "owningbusinessunit"):
            row[column] = document.get(column)
        if creating:
            self._number_line(name, lookup, ref.id, row)
        if row.get("isproductoverridden"):
            self._write_in(row)
        else:
            self._existing_product(row, document)
        row[f"{name}name"] = None if row.get("productname") is None else row["productname"][:100]
        if row.get("quantity") is None:
            row["pricingerrorcode"] = 4
        method = self.organization.get("discountcalculationmethod") or 0
        row.update(line_amounts(row, method, self._precision(document.get("transactioncurrencyid"))))

    def _number_line(self, name: str, lookup: str, document_id: str, row: dict[str, Any]) -> None:
        last = max(
            (line.get("lineitemnumber") or 0 for line in self.store.referring(name, lookup, document_id)), default=0
        )
        if row.get("lineitemnumber") is None:
            row["lineitemnumber"] = last + 1
        if row.get("sequencenumber") is None:
            row["sequencenumber"] = row["lineitemnumber"]

    @staticmethod
    def _write_in(row: dict[str, Any]) -> None:
        if row.get("productid") is not None:
            raise invalid_argument("A write-in product can't have a product id.")
        if row.get("productdescription") is None:
            raise invalid_argument("The product description of a write-in product is missing.")
        row["productname"] = row["productdescription"]
        row["ispriceoverridden"] = True
        row["pricingerrorcode"] = 0 if row.get("priceperunit") is not None else 5

    def _existing_product(self, row: dict[str, Any], document: Row) -> None:
        product_ref, unit_ref = row.get("productid"), row.get("uomid")
        if product_ref is None:
            raise invalid_argument("The product id is missing.")
        if unit_ref is None:
            raise invalid_argument("The unit id is missing.")
        product = self.store.get("product", product_ref.id) or {}
        unit = self.store.get("uom", unit_ref.id) or {}
        if unit.get("uomscheduleid") != product.get("defaultuomscheduleid"):
            raise invalid_argument("The unit id is invalid for the unit group of the product.")
        if product.get("statecode") not in {0, 3}:
            raise invalid_argument("Only active products can be added: the product is retired or a draft.")
        row["productname"] = product.get("name")
        row["pricingerrorcode"] = 0
        if not row.get("ispriceoverridden"):
            self._list_price(row, document, product_ref.id, unit_ref.id)
        elif row.get("priceperunit") is None:
            row["pricingerrorcode"] = 5

    def _list_price(self, row: dict[str, Any], document: Row, product_id: str, unit_id: str) -> None:
        row["priceperunit"] = None
        level = document.get("pricelevelid")
        if level is None:
            row["pricingerrorcode"] = _MISSING_PRICE_LEVEL
            return
        for item in self.store.referring("productpricelevel", "productid", product_id):
            if item["pricelevelid"] == level and item["uomid"].id == unit_id:
                row["priceperunit"] = item.get("amount")
                return
        row["pricingerrorcode"] = _NOT_IN_PRICE_LEVEL

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
