"""User-defined fields, tables and keys, and the rows of user tables."""

from infra.local.sapb1.books import key_text, property_where
from infra.local.sapb1.context import LINE_TABLES, Context, canonical_table
from infra.local.sapb1.edm import Body, schema
from infra.local.sapb1.errors import Duplicate, SapError, already_exists, not_updatable, unsupported
from infra.local.sapb1.keys import check_unique_keys, kind_of

FIELDS, TABLES, KEYS = "UserFieldsMD", "UserTablesMD", "UserKeysMD"
_ALPHA_LIMIT = 254


class UserDefined:
    """The company's own metadata."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create_field(self, sent: Body) -> Body:
        """Add a field to a table: OINV for the heads of all documents, INV1 for their lines, @NAME for a user table."""
        field: Body = {"Type": "db_Alpha", "SubType": "st_None", "Mandatory": "tNO", **sent}
        name, table = field.get("Name"), field.get("TableName")
        if not name or not name.isidentifier():
            raise SapError(-5002, "Invalid field name  [CUFD.AliasID]")
        if not table or not self._knows(table):
            raise SapError(-2004, f"Invalid table name '{table}'  [CUFD.TableID]")
        if field["Type"] == "db_Alpha":
            size = field.get("EditSize") or field.get("Size") or 10
            if size > _ALPHA_LIMIT:
                raise SapError(-5002, "Invalid field size  [CUFD.EditSize]")
            field["Size"] = field["EditSize"] = size
        rows = [row for _, _, row in self._context.books.rows(FIELDS)]
        if any(
            row["Name"].lower() == name.lower() and canonical_table(row["TableName"]) == canonical_table(table)
            for row in rows
        ):
            raise already_exists("'CUFD'")
        field["FieldID"] = max((row["FieldID"] for row in rows if row["TableName"] == table), default=-1) + 1
        key = key_text(table, field["FieldID"])
        self._context.books.insert(FIELDS, key, field, len(rows))
        self._context.books.index(f"U_{name}")
        self._context.metadata_changed()
        return field

    def _knows(self, table: str) -> bool:
        if table.startswith("@"):
            return self._context.books.exists(TABLES, table[1:])
        known = {kind.udf_table for kind in schema().types.values()}
        return canonical_table(table) in known and table not in set(LINE_TABLES) - {"INV1", "RDR1", "DLN1", "RIN1"}

    def update_field(self, stored: Body, sent: Body) -> None:
        """Change a field: its description, or a larger size."""
        for name in ("Name", "TableName", "Type", "SubType"):
            if sent.get(name) not in {None, stored.get(name)}:
                raise not_updatable(f"CUFD.{name}")
        size = sent.get("EditSize") or sent.get("Size")
        if size is not None and size < stored.get("Size", 0):
            raise not_updatable("CUFD.EditSize")
        row = {**stored, **sent}
        if size is not None:
            row["Size"] = row["EditSize"] = size
        self._context.books.update(FIELDS, key_text(stored["TableName"], stored["FieldID"]), row)
        self._context.reload_metadata()

    def delete_field(self, stored: Body) -> None:
        """Take a field away."""
        self._context.books.delete(FIELDS, key_text(stored["TableName"], stored["FieldID"]))
        self._context.metadata_changed()

    def create_table(self, sent: Body) -> Body:
        """Add a user table; its rows live at /U_NAME."""
        table: Body = {"TableType": "bott_NoObject", "Archivable": "tNO", **sent}
        name = table.get("TableName")
        if not name or name.startswith("@") or not name.isidentifier():
            raise SapError(-5002, "Invalid table name  [OUTB.TableName]")
        if not table.get("TableDescription"):
            raise SapError(-5002, "Enter a description  [OUTB.Descr]")
        if table["TableType"] != "bott_NoObject":
            raise unsupported(f"A user table of type '{table['TableType']}'")
        try:
            self._context.books.insert(TABLES, key_text(name), table)
        except Duplicate:
            raise already_exists("'OUTB'") from None
        self._context.metadata_changed()
        return table

    def delete_table(self, stored: Body) -> None:
        """Take a user table and its rows away."""
        name = stored["TableName"]
        for key, _, _ in list(self._context.books.rows(f"U_{name}")):
            self._context.books.delete(f"U_{name}", key)
        for key, _, row in list(self._context.books.rows(FIELDS)):
            if row["TableName"] == f"@{name}":
                self._context.books.delete(FIELDS, key)
        self._context.books.delete(TABLES, key_text(name))
        self._context.metadata_changed()

    def create_key(self, sent: Body) -> Body:
        """Add a key. On a table whose rows already break it: refused, as a database refuses to build the index."""
        key: Body = {"Unique": "tNO", "UserKeysMD_Elements": [], **sent}
        table, name = key.get("TableName"), key.get("KeyName")
        if not table or not self._knows(table):
            raise SapError(-2004, f"Invalid table name '{table}'  [OUKD.TableName]")
        if not name or not key["UserKeysMD_Elements"]:
            raise SapError(-5002, "Enter a key name and its columns  [OUKD.KeyName]")
        columns = {
            row["Name"]
            for _, _, row in self._context.books.rows(FIELDS)
            if canonical_table(row["TableName"]) == canonical_table(table)
        }
        for position, element in enumerate(key["UserKeysMD_Elements"]):
            if element.get("ColumnAlias") not in {*columns, "Code", "Name"}:
                raise SapError(-5002, "Invalid column  [UKD1.ColAlias]")
            element["SubKeyIndex"] = position
        rows = [row for _, _, row in self._context.books.rows(KEYS)]
        if any(row["KeyName"] == name and row["TableName"] == table for row in rows):
            raise already_exists("'OUKD'")
        key["KeyIndex"] = max((row["KeyIndex"] for row in rows if row["TableName"] == table), default=-1) + 1
        self._context.books.insert(KEYS, key_text(table, key["KeyIndex"]), key, len(rows))
        for stored_key, _, row in self._context.books.rows(kind_of(canonical_table(table))):
            check_unique_keys(self._context, table, row, stored_key)
        return key

    def create_row(self, table: str, sent: Body) -> Body:
        """Add a row to a user table. -2035 where its Code (or Name) is taken."""
        row = dict(sent)
        if not row.get("Code"):
            raise SapError(-5002, f"Enter a code  [@{table}.Code]")
        kind = f"U_{table}"
        name = row.get("Name")
        if self._context.settings.unique_name and name is not None:
            self._context.books.index("Name")
            if next(iter(self._context.books.rows(kind, property_where("Name", "=", name), limit=1)), None) is not None:
                raise already_exists(f"'@{table}'")
        check_unique_keys(self._context, f"@{table}", row)
        try:
            self._context.books.insert(kind, key_text(row["Code"]), row)
        except Duplicate:
            raise already_exists(f"'@{table}'") from None
        return row

    def update_row(self, table: str, stored: Body, sent: Body) -> None:
        """Change a row of a user table."""
        if sent.get("Code") not in {None, stored["Code"]}:
            raise not_updatable(f"@{table}.Code")
        row = {**stored, **sent}
        check_unique_keys(self._context, f"@{table}", row, key_text(stored["Code"]))
        self._context.books.update(f"U_{table}", key_text(stored["Code"]), row)
