"""Creates what is missing, and proves that a changeset is atomic for the pair that the product relies on.

Service Layer sees a new table or field only after it was restarted, so the first run may end with that advice.
"""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

from infra.sapb1.objects import CLAIM_TABLE, DOCUMENT_FIELDS, DOCUMENTS
from shared.errors import AnswerLost, Refused
from shared.sapb1 import fence
from shared.sapb1.batch import Create
from shared.sapb1.client import ServiceLayer, literal
from shared.sapb1.kinds import DELIVERY, DRAFTS, INVOICE, ORDER
from shared.sapb1.meaning import AlreadyThere, SetupMissing

Say = Callable[[str], None]
DOCUMENT_SETS = tuple(kind.set for kind in (INVOICE, DELIVERY, ORDER))


async def set_up(client: ServiceLayer, *, check: bool, say: Say) -> bool:
    """Create what is missing (not with ``check``), probe the fence, and say whether the product may run."""
    missing_table, missing_fields, wrong = await _look(client)
    for problem in wrong:
        say(problem)
    if check:
        for name in [fence.TABLE] * missing_table + missing_fields:
            say(f"missing: {name}")
        if missing_table or missing_fields:
            return False
    else:
        await _create(client, missing_table, missing_fields, say)
    if wrong:
        return False
    try:
        await _reach(client)
        problems = await probe(client)
    except SetupMissing as error:
        say(f"{error}; restart Service Layer, then run this again")
        return False
    for problem in problems:
        say(problem)
    if not problems:
        say("the claim table and the fields are there, and a changeset is atomic")
    return not problems


async def _look(client: ServiceLayer) -> tuple[bool, list[str], list[str]]:
    """Give whether the table is missing, which fields are, and what is there but otherwise than needed."""
    wrong = []
    table = await client.get("UserTablesMD", fence.TABLE)
    if table is not None and table.get("TableType") != CLAIM_TABLE["TableType"]:
        wrong.append(f"@{fence.TABLE} has the type {table.get('TableType')}, not {CLAIM_TABLE['TableType']}")
    rows = await client.rows(
        "UserFieldsMD", select=("Name", "Type", "Size"), where=f"TableName eq {literal(DOCUMENTS)}"
    )
    known = {str(row["Name"]): row for row in rows}
    missing = []
    for field in DOCUMENT_FIELDS:
        row = known.get(field["Name"])
        if row is None:
            missing.append(str(field["Name"]))
        elif row["Type"] != field["Type"] or int(row["Size"] or 0) < field["Size"]:
            wrong.append(f"{DOCUMENTS}.U_{field['Name']} is not text of {field['Size']} characters or more")
    return table is None, missing, wrong


async def _create(client: ServiceLayer, missing_table: bool, missing_fields: list[str], say: Say) -> None:
    wanted = [("UserTablesMD", CLAIM_TABLE)] if missing_table else []
    wanted += [("UserFieldsMD", field) for field in DOCUMENT_FIELDS if field["Name"] in missing_fields]
    for entity, body in wanted:
        name = body.get("Name") or body["TableName"]
        try:
            await client.create(entity, body)
        except AlreadyThere:
            say(f"already there: {name}")
        else:
            say(f"created: {name}")


async def _reach(client: ServiceLayer) -> None:
    """Read the fields where they are needed: a header field is there in every marketing document, and in drafts."""
    for name in (*DOCUMENT_SETS, DRAFTS):
        await client.rows(name, select=("DocEntry", *fence.FIELDS), where="", top=1)


async def probe(client: ServiceLayer) -> list[str]:
    """Prove the fence with rows that are taken away again. Gives what is wrong with it, in sentences."""
    first, second = uuid4(), uuid4()
    problems = []
    claim = Create(fence.CLAIMS, fence.claim(first, f"probe {first}"))
    nobodys = {
        "CardCode": second.hex[:15],
        "DocDueDate": date.today().isoformat(),  # noqa: DTZ011 -- any day will do: it is never written
        "DocumentLines": [{"ItemCode": second.hex, "Quantity": 1, "UnitPrice": 1}],
    }
    try:
        await client.changeset([claim])
        try:
            await client.changeset([claim])
            problems.append(f"@{fence.TABLE} takes the same Code twice: it is no fence")
        except AlreadyThere:
            pass  # as it must be
        for name in DOCUMENT_SETS:
            try:
                claimed = Create(fence.CLAIMS, fence.claim(second, f"probe {second}"))
                await client.changeset([claimed, Create(name, nobodys)])
                problems.append(f"{name}: one of a customer that doesn't exist was accepted: look for it and cancel it")
            except (Refused, AnswerLost):
                if await client.get(fence.CLAIMS, second) is not None:
                    problems.append(f"{name}: a changeset is not atomic: the claim stayed when it was refused")
                    await client.delete(fence.CLAIMS, second)
    finally:
        await client.delete(fence.CLAIMS, first)
        await client.delete(fence.CLAIMS, second)
    return problems
