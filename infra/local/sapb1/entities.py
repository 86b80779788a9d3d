"""Entity sets: create, read, change, delete by set, and what each set allows."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.local.sapb1.books import key_text
from infra.local.sapb1.changes import DocumentChanges, put_body
from infra.local.sapb1.context import Context
from infra.local.sapb1.documents import Documents
from infra.local.sapb1.edm import Body, EntityType, schema
from infra.local.sapb1.errors import SapError, action_not_supported, already_exists, no_such_record, stale
from infra.local.sapb1.flow import Flow
from infra.local.sapb1.kinds import BY_SET, DRAFTS
from infra.local.sapb1.masterdata import ITEMS, PARTNERS, MasterData
from infra.local.sapb1.odata import Segment, unrecognized
from infra.local.sapb1.payments import PAYMENTS, Payments
from infra.local.sapb1.userdefined import FIELDS, KEYS, TABLES, UserDefined


@dataclass(frozen=True)
class Found:
    """A row that an address names."""

    kind: EntityType
    set: str
    key: str
    row: Body
    version: int


class Entities:
    """All entity sets of the company."""

    def __init__(self, context: Context, documents: Documents, changes: DocumentChanges) -> None:
        self._context = context
        self._documents = documents
        self._changes = changes
        self._flow = Flow(context)
        self._master = MasterData(context)
        self._payments = Payments(context)
        self._user = UserDefined(context)
        self._creators: dict[str, Callable[[Body], Body]] = {
            DRAFTS: documents.create_draft,
            PARTNERS: self._master.create_partner,
            ITEMS: self._master.create_item,
            PAYMENTS: self._payments.create,
            FIELDS: self._user.create_field,
            TABLES: self._user.create_table,
            KEYS: self._user.create_key,
        }

    def type_of(self, set_name: str) -> EntityType:
        """Give the type of a set's rows. SapError for an address that is no set."""
        if set_name in schema().sets:
            return self._context.model.type(schema().sets[set_name])
        if set_name.startswith("U_") and set_name[2:] in set(self._context.user_tables()):
            return self._context.model.user_table(set_name[2:])
        raise unrecognized()

    def find(self, segment: Segment) -> Found:
        """Give the row that ``Invoices(1)`` names. SapError (404) where there is none."""
        kind = self.type_of(segment.name)
        given = segment.key or ()
        if len(given) != len(kind.key):
            raise unrecognized()
        named = {name: value for name, value in given if name}
        values = [named.get(name) for name in kind.key] if named else [value for _, value in given]
        for name, value in zip(kind.key, values, strict=True):
            if value is None or isinstance(value, int) != (kind.properties[name].type == "Int32"):
                raise unrecognized()
        key = key_text(*values)
        row = self._context.books.get(segment.name, key)
        if row is None:
            raise no_such_record()
        return Found(kind, segment.name, key, row, self._context.books.version(segment.name, key))

    def check_version(self, found: Found, if_match: str | None, etag: Callable[[int], str]) -> None:
        """Refuse a change on the ground of what is no longer true."""
        if if_match is not None and if_match != "*" and if_match != etag(found.version):
            raise stale()

    def create(self, set_name: str, body: object) -> Found:
        """Add a row."""
        kind = self.type_of(set_name)
        sent = {**self._context.model.defaults(kind), **self._context.model.check(kind, body)}
        if set_name in BY_SET:
            row = self._documents.create(BY_SET[set_name], sent)
        elif set_name in self._creators:
            row = self._creators[set_name](sent)
        elif set_name.startswith("U_"):
            row = self._user.create_row(set_name[2:], sent)
        else:
            row = self._create_plain(set_name, kind, sent)
        key = key_text(*(row[name] for name in kind.key))
        return Found(self.type_of(set_name), set_name, key, row, self._context.books.version(set_name, key))

    def _create_plain(self, set_name: str, kind: EntityType, sent: Body) -> Body:
        name = kind.key[0]
        row = dict(sent)
        if kind.properties[name].type == "Int32":
            row[name] = max((one[name] for _, _, one in self._context.books.rows(set_name)), default=0) + 1
        elif not row.get(name):
            raise SapError(-5002, f"Enter a value [{kind.name}.{name}]")
        key = key_text(row[name])
        if self._context.books.exists(set_name, key):
            raise already_exists()
        self._context.books.insert(set_name, key, row, row[name] if isinstance(row[name], int) else 0)
        return row

    def change(self, found: Found, body: object, *, replace: bool, put: bool) -> None:
        """Merge a body into a row, or put it in its place."""
        sent = self._context.model.check(found.kind, body)
        if put:
            if found.set in BY_SET or found.set in {PAYMENTS, FIELDS, TABLES, KEYS}:
                raise action_not_supported()
            sent = put_body(found.kind, found.row, sent)
            replace = True
        match found.set:
            case name if name in BY_SET:
                self._changes.patch(BY_SET[name], found.row, sent, replace=replace)
            case "Drafts":
                self._changes.patch_draft(found.row, sent, replace=replace)
            case "BusinessPartners":
                self._master.update_partner(found.row, sent, replace=replace)
            case "Items":
                self._master.update_item(found.row, sent, replace=replace)
            case "UserFieldsMD":
                self._user.update_field(found.row, sent)
            case "IncomingPayments" | "UserKeysMD" | "UserTablesMD":
                raise action_not_supported()
            case name if name.startswith("U_"):
                self._user.update_row(name[2:], found.row, sent)
            case _:
                self._context.books.update(found.set, found.key, {**found.row, **sent})

    def delete(self, found: Found) -> None:
        """Take a row away, where that is possible."""
        match found.set:
            case "BusinessPartners":
                self._master.delete_partner(found.row["CardCode"])
            case "Items":
                self._master.delete_item(found.row["ItemCode"])
            case "UserFieldsMD":
                self._user.delete_field(found.row)
            case "UserTablesMD":
                self._user.delete_table(found.row)
            case "Drafts" | "UserKeysMD":
                self._context.books.delete(found.set, found.key)
            case name if name.startswith("U_"):
                self._context.books.delete(name, found.key)
            case _:
                raise action_not_supported()

    def act(self, found: Found, action: str) -> Body | None:
        """Run a bound action; give what it answers with, None for 204."""
        if found.set == PAYMENTS and action == "Cancel":
            self._payments.cancel(found.row)
            return None
        kind = BY_SET.get(found.set)
        if kind is None or action not in {"Cancel", "Close", "CreateCancellationDocument", "Reopen"}:
            raise unrecognized()
        if action == "Close":
            self._flow.close(kind, found.row)
            return None
        if action == "Reopen" or (action == "CreateCancellationDocument" and not kind.reversed_by_document):
            raise action_not_supported()
        twin = self._flow.cancel(kind, found.row, {})
        return twin if action == "CreateCancellationDocument" else None

    def shown(self, found: Found) -> Body:
        """Give a row as it is read now: with its version, an item with its stock."""
        row = {**found.row, "DataVersion": found.version}
        return self._master.with_stock(row) if found.set == ITEMS else row
