"""Creates, changes and deletes rows, with all that follows from it; every call is inside a transaction."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from infra.local.dataverse.body import Body, BodyReader
from infra.local.dataverse.clock import Clock
from infra.local.dataverse.errors import (
    DataverseError,
    duplicate_key,
    duplicate_record,
    invalid_argument,
    missing,
    not_understood,
)
from infra.local.dataverse.rules import Rules
from infra.local.dataverse.sales_rules import DOCUMENTS, LINES
from infra.local.dataverse.schema import Kind, Navigation, Table
from infra.local.dataverse.session import Event, Session
from infra.local.dataverse.store import Ref, Row, Store

_SYSTEM = frozenset({"createdon", "createdby", "modifiedon", "modifiedby", "versionnumber"})


class RowEditor:
    """Writes rows; ``notify`` is told every event while the transaction is still open."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, notify: Callable[[Event, Session], None]) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._notify = notify

    def create(self, table: Table, body: Body, session: Session, reader: BodyReader) -> Row:
        """Create a row, and the rows that its body nests; give it as it stands at the end."""
        if table.read_only or table.name == "organization":
            raise not_understood(f"The entity '{table.name}' can't be created.", "0x80040800")
        values = body.values
        row_id = values.get(table.key) or str(uuid4())
        if self._store.get(table.name, row_id) is not None:
            raise duplicate_record()
        row = self._new_row(table, row_id, values, session)
        if table.name in LINES:
            self._rules.check_access(table, row, session)
        self._rules.set_first_state(table, row, values)
        self._check_required(table, row)
        self._rules.complete(table, row, creating=True)
        self._check_keys(table, row, None)
        stored = self._store.put(table.name, row)
        if table.name == "uomschedule":
            self._create_primary_unit(stored, session)
        written = {name: value for name, value in stored.items() if value is not None or name in values}
        self._notify(Event("Create", table, row_id, values, written, None, stored, 1), session)
        self._recalculate(table, stored, session)
        for navigation, items in body.children:
            for item in items:
                self._create_child(table, row_id, navigation, item, session=session, reader=reader)
        return self._store.tables[table.name][row_id]

    def _create_child(
        self,
        table: Table,
        row_id: str,
        navigation: Navigation,
        item: Mapping[str, Any],
        *,
        session: Session,
        reader: BodyReader,
    ) -> None:
        child_table = self._store.schema[navigation.table]
        child = reader.read(child_table, item, creating=True)
        child.values[navigation.column] = Ref(table.name, row_id)
        self.create(child_table, child, session, reader)

    def _new_row(self, table: Table, row_id: str, values: Mapping[str, Any], session: Session) -> dict[str, Any]:
        now, user = self._clock.text(), session.user.ref
        row: dict[str, Any] = {name: self._rules.default(column) for name, column in table.columns.items()}
        row.update(values)
        row.update({table.key: row_id, "createdon": now, "modifiedon": now, "createdby": user, "modifiedby": user})
        if values.get("overriddencreatedon") is not None:
            # What an import says about the past becomes the date of creation, and the import's own date its shadow.
            row["createdon"], row["overriddencreatedon"] = values["overriddencreatedon"], now
        if table.owned == "user":
            row["ownerid"] = row["ownerid"] or user
            self._own(row)
        if "organizationid" in table.columns and table.columns["organizationid"].kind is Kind.LOOKUP:
            row["organizationid"] = Ref("organization", self._rules.organization["organizationid"])
        return row

    def _own(self, row: dict[str, Any]) -> None:
        row["owninguser"] = row["ownerid"]
        owner = self._store.get("systemuser", row["ownerid"].id) or {}
        row["owningbusinessunit"] = owner.get("businessunitid")

    def _create_primary_unit(self, schedule: Row, session: Session) -> None:
        uom = self._store.schema["uom"]
        values = self._rules.primary_unit(schedule)
        row = self._new_row(uom, values["uomid"], values, session)
        self._rules.complete(uom, row, creating=True)
        self._store.put("uom", row)

    def _check_required(self, table: Table, row: Row) -> None:
        for column in table.columns.values():
            if column.required and row.get(column.name) is None:
                raise missing(column.name, table.name)

    def _check_keys(self, table: Table, row: Row, row_id: str | None) -> None:
        for column, key in table.alternate_keys.items():
            value = row.get(column)
            found = None if value is None else self._store.by_key(table.name, column, value)
            if found is not None and found != row_id:
                raise duplicate_key(column, str(value), key)

    def update(
        self,
        table: Table,
        row_id: str,
        body: Body,
        session: Session,
        *,
        silent: bool = False,
        by_system: bool = False,
    ) -> Row:
        """Change a row; give it as it stands at the end.

        ``silent``: no event is raised. ``by_system``: it follows from another operation, whatever the user may change.
        """
        if table.read_only:
            raise not_understood(f"The entity '{table.name}' can't be changed.", "0x80040800")
        before = self._store.tables[table.name][row_id]
        values = {name: value for name, value in body.values.items() if name != table.key}
        if body.values.get(table.key, row_id) != row_id:
            raise invalid_argument("The id in the body is not the id of the address.")
        if table.name == "organization" and not session.user.is_admin:
            raise DataverseError(403, "0x80040220", "Principal user is missing prvWriteOrganization privilege")
        if not by_system:
            self._rules.check_access(table, before, session)
        row = dict(before)
        row.update(values)
        row["modifiedon"], row["modifiedby"] = self._clock.text(), session.user.ref
        if "ownerid" in values and table.owned == "user":
            if row["ownerid"] is None:
                raise missing("ownerid", table.name)
            self._own(row)
        if "statecode" in before:
            self._rules.set_state(table, row, values, before)
        self._check_required(table, row)
        self._rules.complete(table, row, creating=False)
        self._check_keys(table, row, row_id)
        stored = self._store.put(table.name, row)
        if not silent:
            self._tell_update(table, values, before, stored, session=session, depth=2 if by_system else 1)
        if self._rules.sales.affects_document(table, values):
            self._recalculate(table, stored, session)
        if "exchangerate" in values or "transactioncurrencyid" in values:
            self._reprice(table, stored, session)
        return self._store.tables[table.name][row_id]

    def _tell_update(
        self, table: Table, values: Mapping[str, Any], before: Row, after: Row, *, session: Session, depth: int
    ) -> None:
        changed = {name for name, value in after.items() if before.get(name) != value and name not in _SYSTEM}
        names = [name for name in after if name in values or name in changed or name in {"modifiedon", "modifiedby"}]
        target = {name: after[name] for name in (*names, table.key)}
        row_id = after[table.key]
        self._notify(Event("Update", table, row_id, values, target, before, after, depth), session)
        if "statecode" in values or "statuscode" in values:
            state = {"statecode": after["statecode"], "statuscode": after["statuscode"]}
            for message in ("SetState", "SetStateDynamicEntity"):
                self._notify(Event(message, table, row_id, values, state, before, after, depth), session)

    def _recalculate(self, table: Table, line: Row, session: Session) -> None:
        """Calculate the totals of a line's document again, which is a write of the document."""
        if table.name not in LINES:
            return
        name, lookup = LINES[table.name]
        ref = line.get(lookup)
        before = None if ref is None else self._store.get(name, ref.id)
        if before is None:
            return
        document = self._store.schema[name]
        row = dict(before)
        self._rules.complete(document, row, creating=False)
        row["modifiedon"], row["modifiedby"] = self._clock.text(), session.user.ref
        stored = self._store.put(name, row)
        changed = {
            key: value for key, value in self._rules.sales.totals(name, stored).items() if before.get(key) != value
        }
        if changed:
            self._tell_update(document, changed, before, stored, session=session, depth=2)

    def _reprice(self, table: Table, document: Row, session: Session) -> None:
        """Carry a document's new currency over to its lines."""
        if table.name not in DOCUMENTS:
            return
        line_table = self._store.schema[DOCUMENTS[table.name]]
        last: Row | None = None
        for line in list(self._store.referring(line_table.name, LINES[line_table.name][1], document[table.key])):
            row = dict(line)
            self._rules.complete(line_table, row, creating=False)
            last = self._store.put(line_table.name, row)
        if last is not None:
            self._recalculate(line_table, last, session)

    def delete(self, table: Table, row_id: str, session: Session, *, cascaded: bool = False) -> None:
        """Delete a row and what hangs on it; refused where something restricts it."""
        if table.name in {"organization", "sdkmessage", "sdkmessagefilter"}:
            raise not_understood(f"The entity '{table.name}' can't be deleted.", "0x80040800")
        row = self._store.tables[table.name][row_id]
        self._rules.check_access(table, row, session)
        self._restricted(table, row_id)
        for navigation in table.navigations.values():
            if navigation.many:
                self._unhook(navigation, row_id, session)
        self._store.remove(table.name, row_id, self._clock.time())
        self._notify(Event("Delete", table, row_id, {}, {}, row, None, 1), session)
        if not cascaded:
            self._recalculate(table, row, session)

    def _restricted(self, table: Table, row_id: str) -> None:
        for navigation in table.navigations.values():
            if not navigation.many or navigation.on_delete != "restrict":
                continue
            if next(self._store.referring(navigation.table, navigation.column, row_id), None) is not None:
                raise DataverseError(
                    400,
                    "0x80048534",
                    f"The object you tried to delete is associated with another object and cannot be deleted. "
                    f"({table.name} {row_id} is referred to by {navigation.table}.{navigation.column})",
                )

    def _unhook(self, navigation: Navigation, row_id: str, session: Session) -> None:
        other = self._store.schema[navigation.table]
        for row in list(self._store.referring(other.name, navigation.column, row_id)):
            if navigation.on_delete == "cascade":
                if self._store.get(other.name, row[other.key]) is not None:
                    self.delete(other, row[other.key], session, cascaded=True)
            else:
                self._store.put(other.name, {**row, navigation.column: None})
