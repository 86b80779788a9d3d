"""The action ``Merge``: two accounts or two contacts become one.

What is known of it (Microsoft's reference of the action, and public descriptions by those who took it apart): both
records must be active and different; UpdateContent is written to the target; every lookup that names the subordinate,
also those of closed documents, is turned to the target by the system, which is an Update of those rows; the subordinate
gets ``masterid`` and ``merged`` and is deactivated. Lookups of earlier merges (``masterid``) stay as they are.

Which events the two records themselves raise is not documented. Here they raise none, so that whoever relies on one is
found out. Nor are the codes of its refusals known here: a client should rely on nothing but that it is refused.
"""

from typing import Any

from infra.local.dataverse.body import Body, BodyReader
from infra.local.dataverse.errors import DataverseError, does_not_exist, invalid_argument, not_understood
from infra.local.dataverse.schema import Table
from infra.local.dataverse.session import Session
from infra.local.dataverse.store import Ref, Store
from infra.local.dataverse.values import guid
from infra.local.dataverse.writing import RowEditor

MERGE = "Merge"
MERGED = ("account", "contact")
"""What is served here; the real action also takes leads and cases."""
_TYPE = "@odata.type"
_PREFIX = "Microsoft.Dynamics.CRM."
_NEEDED = frozenset({"Target", "Subordinate", "PerformParentingChecks"})
_INACTIVE = {"statecode": 1, "statuscode": 2}
_JOBS = "asyncoperation"


def merge(store: Store, editor: RowEditor, reader: BodyReader, data: Any, session: Session) -> None:
    """Merge the subordinate into the target; ``data`` is the action's body. DataverseError where it is refused."""
    if not isinstance(data, dict) or not _NEEDED <= set(data) <= _NEEDED | {"UpdateContent"}:
        raise not_understood(f"The action {MERGE} takes {', '.join(sorted(_NEEDED))}, and UpdateContent.", "0x80048d19")
    if data["PerformParentingChecks"] is not False:
        raise not_understood("PerformParentingChecks is served here only as false.")
    target, subordinate = _row(store, data, "Target"), _row(store, data, "Subordinate")
    if target.table != subordinate.table:
        raise invalid_argument("Target and Subordinate must be of one type.")
    if target == subordinate:
        raise invalid_argument("Merge cannot be performed on master and sub-entities that are identical.")
    table = store.schema[target.table]
    for ref in (target, subordinate):
        if (store.get(ref.table, ref.id) or {})["statecode"] != 0:
            raise invalid_argument("Merge cannot be performed on entity that is inactive.")
    content = data.get("UpdateContent")
    if content is not None:
        _typed(content, "UpdateContent", table.name)
        editor.update(table, target.id, reader.read(table, content, creating=False), session, silent=True)
    _turn(store, editor, target, subordinate, session)
    gone = Body({"masterid": target, "merged": True, **_INACTIVE})
    editor.update(table, subordinate.id, gone, session, silent=True)


def _row(store: Store, data: dict[str, Any], name: str) -> Ref:
    """Give the record that a parameter names; it must exist."""
    table = _table(store, data[name], name)
    row_id = guid(str(data[name].get(table.key)))
    if row_id is None:
        raise not_understood(f"The parameter {name} must have {table.key}.", "0x80048d19")
    if store.get(table.name, row_id) is None:
        raise does_not_exist(table.name, row_id)
    return Ref(table.name, row_id)


def _table(store: Store, given: Any, name: str) -> Table:
    kind = _typed(given, name)
    if kind not in MERGED:
        raise DataverseError(400, "0x80040203", f"This type: {kind} is not supported with merge operation")
    return store.schema[kind]


def _typed(given: Any, name: str, wanted: str = "") -> str:
    """Give the type of a parameter: it is declared as a base type, so the body has to say which one it is."""
    kind = given.get(_TYPE, "") if isinstance(given, dict) else ""
    if not isinstance(kind, str) or not kind.lstrip("#").startswith(_PREFIX):
        raise not_understood(f"The parameter {name} needs {_TYPE}.", "0x80048d19")
    short = kind.lstrip("#").removeprefix(_PREFIX)
    if wanted and short != wanted:
        raise invalid_argument(f"{name} must be of the type {wanted}.")
    return short


def _turn(store: Store, editor: RowEditor, target: Ref, subordinate: Ref, session: Session) -> None:
    """Turn every lookup that names the subordinate to the target."""
    for table in store.schema.values():
        for column in table.columns.values():
            points = any(each.table == target.table for each in column.targets)
            if not points or column.name == "masterid" or table.name == _JOBS:
                continue
            for row in list(store.referring(table.name, column.name, subordinate.id)):
                if row[table.key] != subordinate.id:
                    editor.update(table, row[table.key], Body({column.name: target}), session, by_system=True)
