"""Roles: what they allow, who has them, and the refusal of what nobody allowed.

An organization with the solution imported lets the application user do everything that is not read-only; a bare one
(``solution=none``) asks its roles, as Dataverse does. Only the access level Global is served.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from infra.local.dataverse.addresses import Addresses
from infra.local.dataverse.errors import DataverseError, does_not_exist, invalid_argument, not_understood
from infra.local.dataverse.metadata import describing
from infra.local.dataverse.query import Query
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, ok
from infra.local.dataverse.schema import Table
from infra.local.dataverse.session import User
from infra.local.dataverse.store import Ref, Row, Store
from infra.local.dataverse.values import guid
from shared.jsontext import dumps

ADD_PRIVILEGES = "Microsoft.Dynamics.CRM.AddPrivilegesRole"
RETRIEVE_PRIVILEGES = "RetrieveRolePrivilegesRole"
USER_ROLES = "systemuserroles_association"
_GLOBAL_MASK = 8
_OPEN = frozenset({"sdkmessage", "sdkmessagefilter", "privilege", "roleprivileges", "systemuserroles"})
"""Tables that every user with a role may read"""


class Security:
    """The roles of one organization."""

    def __init__(self, store: Store, *, enforced: bool) -> None:
        """``enforced``: the application user may do what its roles allow, and nothing else."""
        self._store = store
        self._enforced = enforced

    # What is allowed

    def _roles(self, user: str) -> list[Row]:
        """Give the roles of a user; with a role its assignments are gone."""
        given = [row["roleid"] for row in self._store.tables["systemuserroles"].values() if row["systemuserid"] == user]
        roles = self._store.tables["role"]
        return [roles[role] for role in given if role in roles]

    def _allowed(self, user: User) -> set[str]:
        tables = self._store.tables
        roles = {row["roleid"] for row in self._roles(user.ref.id)}
        if not roles:
            raise DataverseError(403, "0x80042f09", "The user has not been assigned any roles.")
        return {row["privilegeid"] for row in tables["roleprivileges"].values() if row["roleid"] in roles}

    def check(self, user: User, right: str, table: Table) -> None:
        """Refuse what no role of the user allows."""
        if not self._enforced or user.is_admin:
            return
        allowed = self._allowed(user)
        if right == "Read" and table.name in _OPEN:
            return
        name = describing.privilege_name(describing.guardian(self._store.schema, table), right)
        if describing.identity("privilege", name) not in allowed:
            raise DataverseError(
                403,
                "0x80040220",
                f"Principal user (Id={user.ref.id}, type=8, roleCount=1, privilegeCount={len(allowed)}, accessMode=4) "
                f"is missing {name} privilege on OTC={describing.type_code(self._store.schema, table)} for entity "
                f"'{table.name}'.",
            )

    def check_named(self, user: User, names: Iterable[str]) -> None:
        """Refuse where a privilege without a table of its own here is missing, such as prvReadEntity."""
        if not self._enforced or user.is_admin:
            return
        allowed = self._allowed(user)
        for name in names:
            if describing.identity("privilege", name) not in allowed:
                raise DataverseError(
                    403, "0x80040220", f"Principal user (Id={user.ref.id}) is missing {name} privilege"
                )

    def check_query(self, user: User, query: Query) -> None:
        """Refuse a query that reads a table, or expands into one, that the user may not read."""
        self.check(user, "Read", query.table)
        for expand in query.expands:
            self.check_query(user, expand.query)

    def check_write(self, user: User, right: str, table: Table, values: Mapping[str, Any]) -> None:
        """Refuse a write, and links to rows that the user may not link to."""
        self.check(user, right, table)
        targets = {value.table for name, value in values.items() if isinstance(value, Ref) and name != "ownerid"}
        if targets:
            self.check(user, "Append", table)
        for target in targets:
            self.check(user, "AppendTo", self._store.schema[target])

    # Roles

    def _put(self, table: str, values: dict[str, Any]) -> None:
        schema = self._store.schema[table]
        self._store.put(table, {**dict.fromkeys(schema.columns), schema.key: str(uuid4()), **values})

    def add_privileges(self, role: Row, body: Any) -> ApiAnswer:
        """AddPrivilegesRole: add privileges to a role, or change their access level."""
        if not isinstance(body, dict) or set(body) != {"Privileges"} or not isinstance(body["Privileges"], list):
            raise not_understood("AddPrivilegesRole takes Privileges.", "0x80048d19")
        held = {row["privilegeid"] for row in self._of_role(role["roleid"])}
        for item in body["Privileges"]:
            if set(item) - {"PrivilegeId", "Depth", "BusinessUnitId", "PrivilegeName"}:
                raise not_understood("A RolePrivilege has PrivilegeId, Depth and BusinessUnitId.", "0x80048d19")
            privilege = guid(str(item.get("PrivilegeId")))
            if privilege is None or self._store.get("privilege", privilege) is None:
                raise does_not_exist("privilege", str(item.get("PrivilegeId")))
            if item.get("Depth") != "Global":
                raise not_understood(f"The access level {item.get('Depth')} is not served by this local server.")
            if privilege not in held:
                values = {"roleid": role["roleid"], "privilegeid": privilege, "privilegedepthmask": _GLOBAL_MASK}
                self._put("roleprivileges", values)
        return ApiAnswer(204, "", {"OData-Version": "4.0"})

    def _of_role(self, role: str) -> list[Row]:
        return [row for row in self._store.tables["roleprivileges"].values() if row["roleid"] == role]

    def privileges_of(self, request: ApiRequest, segment: str) -> ApiAnswer:
        """RetrieveRolePrivilegesRole(RoleId=…): what a role allows."""
        self.check(request.session.user, "Read", self._store.schema["role"])
        role = guid(segment.partition("(")[2].rstrip(")").removeprefix("RoleId=").strip())
        if role is None or self._store.get("role", role) is None:
            raise does_not_exist("role", str(role))
        unit = self._store.tables["role"][role]["businessunitid"].id
        found = [
            {
                "Depth": "Global",
                "PrivilegeId": row["privilegeid"],
                "BusinessUnitId": unit,
                "PrivilegeName": self._store.tables["privilege"][row["privilegeid"]]["name"],
            }
            for row in self._of_role(role)
        ]
        context = f"{request.base}$metadata#Microsoft.Dynamics.CRM.RetrieveRolePrivilegesRoleResponse"
        return ok(dumps({"@odata.context": context, "RolePrivileges": found}))

    # Who has them

    def roles_of(self, request: ApiRequest, user: Row) -> ApiAnswer:
        """Give the roles of a user: ``systemusers(…)/systemuserroles_association``."""
        self.check(request.session.user, "Read", self._store.schema["role"])
        held = self._roles(user["systemuserid"])
        shown = [{"roleid": row["roleid"], "name": row["name"]} for row in held]
        return ok(dumps({"@odata.context": f"{request.base}$metadata#roles", "value": shown}))

    def assign(self, addresses: Addresses, user: Row, body: Any) -> ApiAnswer:
        """Give a user a role: POST ``…/systemuserroles_association/$ref``; the role must be of the user's unit."""
        address = body.get("@odata.id") if isinstance(body, dict) else None
        set_name, bracket, rest = str(address).rpartition("/")[2].partition("(")
        if set_name != "roles" or not bracket:
            raise not_understood("A body with '@odata.id' of a role was expected.", "0x80048d19")
        role = addresses.row(self._store.schema["role"], rest.rstrip(")"))
        if role["businessunitid"] != user["businessunitid"]:
            raise invalid_argument("The user is in another business unit than the role.")
        rows = self._store.tables["systemuserroles"].values()
        if not any(row["roleid"] == role["roleid"] and row["systemuserid"] == user["systemuserid"] for row in rows):
            self._put("systemuserroles", {"systemuserid": user["systemuserid"], "roleid": role["roleid"]})
        return ApiAnswer(204, "", {"OData-Version": "4.0"})
