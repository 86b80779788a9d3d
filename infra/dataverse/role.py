"""The security role of the application user: what the bridge does, and no more; and who has it."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from infra.dataverse.workshop import NotDone, Workshop
from infra.findings import Both, Run, same

NAME = "Accounting bridge"

READ = "Read"
KEPT = ("Create", "Read", "Write", "Append", "AppendTo")
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "invoice": (READ, "AppendTo"),
    "salesorder": (READ, "AppendTo"),
    "account": (READ, "AppendTo"),
    "contact": (READ, "AppendTo"),
    "product": (READ, "AppendTo"),
    "uom": (READ,),
    "transactioncurrency": (READ,),
    "businessunit": (READ,),
    "organization": (READ,),
    "systemuser": (READ,),
    "acx_accountingexport": KEPT,
    "acx_synccheckpoint": KEPT,
    # For ``--check`` and the doctor alone: whether everything is still registered.
    "role": (READ,),
    "publisher": (READ,),
    "solution": (READ,),
    "savedquery": (READ,),
    "serviceendpoint": (READ,),
    "sdkmessageprocessingstep": (READ,),
}
"""Privileges by table. Lines are protected by their document's. Deleting is no part of the bridge's work."""

PAID_RIGHTS = {"invoice": ("Write",)}
"""What MARK_INVOICES_PAID needs beside them"""

DEFINITIONS = ("prvReadEntity", "prvReadAttribute", "prvReadRelationship")
"""A company's own columns are checked against the table definitions."""


def wanted(*, marks_paid: bool) -> dict[str, set[str]]:
    """Give the rights by table."""
    rights = {table: set(names) for table, names in RIGHTS.items()}
    if marks_paid:
        for table, names in PAID_RIGHTS.items():
            rights[table] |= set(names)
    return rights


async def settle(workshop: Workshop, run: Run, who: str, *, marks_paid: bool) -> None:
    """Create the role, give it what is missing, and give it to the application user; ``who`` is the condition on it."""
    unit = await workshop.rows(
        "businessunits", {"$select": "businessunitid", "$filter": "_parentbusinessunitid_value eq null"}
    )
    root = unit[0]["businessunitid"]
    where = f"_businessunitid_value eq {root}"
    role = await workshop.by_name("roles", "roleid", NAME, where=where)
    body = {"name": NAME, "businessunitid@odata.bind": f"/businessunits({root})"}
    what = Both(f"role {NAME}", f"роль {NAME}")
    if not await run.piece(what, role is not None, partial(workshop.write, "POST", "roles", body, solution=True)):
        return
    role = role or await workshop.by_name("roles", "roleid", NAME, where=where)
    if role is None:
        raise NotDone(f"the role {NAME} was created and is not found")
    await _privileges(workshop, run, UUID(role["roleid"]), marks_paid=marks_paid)
    await _user(workshop, run, who)


async def _privileges(workshop: Workshop, run: Run, role: UUID, *, marks_paid: bool) -> None:
    rights = wanted(marks_paid=marks_paid)
    condition = " or ".join(f"LogicalName eq '{table}'" for table in rights)
    rows = await workshop.rows("EntityDefinitions", {"$select": "LogicalName,Privileges", "$filter": condition})
    needed = {
        privilege["Name"]: privilege["PrivilegeId"]
        for row in rows
        for privilege in row["Privileges"]
        if privilege["PrivilegeType"] in rights[row["LogicalName"]]
    }
    names = " or ".join(f"name eq '{name}'" for name in DEFINITIONS)
    rows = await workshop.rows("privileges", {"$select": "privilegeid,name", "$filter": names})
    needed |= {row["name"]: row["privilegeid"] for row in rows}
    answer = await workshop.get(f"RetrieveRolePrivilegesRole(RoleId={role})")
    held = {each["PrivilegeId"] for each in answer["RolePrivileges"]}
    lacking = sorted(name for name, identity in needed.items() if identity not in held)
    body: dict[str, Any] = {
        "Privileges": [{"PrivilegeId": needed[name], "Depth": "Global"} for name in lacking],
    }
    await run.piece(
        Both(f"privileges of the role {NAME}", f"права роли {NAME}"),
        not lacking,
        partial(workshop.write, "POST", f"roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole", body),
        Both(f"missing: {', '.join(lacking)}", f"нет: {', '.join(lacking)}"),
    )


async def _user(workshop: Workshop, run: Run, who: str) -> None:
    what = Both("application user", "пользователь приложения")
    columns = "systemuserid,isdisabled,_businessunitid_value"
    users = await workshop.rows("systemusers", {"$select": columns, "$filter": who})
    if not users or users[0]["isdisabled"]:
        run.wrong(
            what,
            Both(
                "there is none for DATAVERSE_CLIENT_ID, or it is disabled", "нет для DATAVERSE_CLIENT_ID или отключён"
            ),
            Both(
                "create it in the Power Platform admin center (Settings, Application users), then run this again",
                "создать в центре администрирования Power Platform (Параметры, Пользователи приложений) и повторить",
            ),
        )
        return
    user = users[0]
    run.right(what, same(f"DATAVERSE_USER_ID={user['systemuserid']}"))
    unit = f"_businessunitid_value eq {user['_businessunitid_value']}"
    role = await workshop.by_name("roles", "roleid", NAME, where=unit)
    if role is None:
        raise NotDone(f"the role {NAME} is not found in the application user's business unit")
    place = f"systemusers({user['systemuserid']})/systemuserroles_association"
    held = await workshop.rows(place, {"$select": "roleid,name"})
    link = {"@odata.id": workshop.address(f"roles({role['roleid']})")}
    await run.piece(
        Both(f"role {NAME} of the application user", f"роль {NAME} у пользователя приложения"),
        any(each["roleid"] == role["roleid"] for each in held),
        partial(workshop.write, "POST", f"{place}/$ref", link),
    )
