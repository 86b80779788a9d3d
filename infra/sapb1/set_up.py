"""Creates what is missing, and proves that a changeset is atomic for the pair that the product relies on.

Service Layer sees a new table or field only after it was restarted, so the first run may end with that advice.
"""

from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

from infra.findings import Both, Finding, Run, same
from infra.sapb1.objects import CLAIM_TABLE, DOCUMENT_FIELDS, DOCUMENTS
from shared.errors import AnswerLost, BridgeError, Refused
from shared.sapb1 import fence
from shared.sapb1.batch import Create
from shared.sapb1.client import ServiceLayer, literal
from shared.sapb1.kinds import DELIVERY, DRAFTS, INVOICE, ORDER
from shared.sapb1.meaning import SYSTEM, AlreadyThere, SetupMissing

DOCUMENT_SETS = tuple(kind.set for kind in (INVOICE, DELIVERY, ORDER))
_SEEN = Both("Service Layer knows the table and the fields", "Service Layer знает таблицу и поля")
_ATOMIC = Both("a changeset is atomic", "набор изменений атомарен")
_MAY_CREATE = Both(
    "run it as a user who may create user-defined tables and fields (a superuser)",
    "выполнить под пользователем, который вправе создавать пользовательские таблицы и поля (суперпользователь)",
)
_NO_FENCE = Both("the bridge must not be used with this company", "мост с этой базой использовать нельзя")


async def set_up(client: ServiceLayer, *, check: bool) -> list[Finding]:
    """Create what is missing (not with ``check``, which writes nothing), prove the fence, and give what was found."""
    run = Run(SYSTEM, check, fence.SET_UP)
    try:
        if await _table(client, run) & await _fields(client, run) and await _seen(client, run):
            await _atomic(client, run)
    except BridgeError as error:
        run.wrong(Both("the set-up stopped", "настройка прервана"), _said(error))
    return run.findings


def _said(error: BridgeError) -> Both:
    if isinstance(error, Refused):
        return Both(error.refusal.words("en")[0], error.refusal.words("ru")[0])
    return same(str(error))


async def _table(client: ServiceLayer, run: Run) -> bool:
    what = Both(f"table @{fence.TABLE}", f"таблица @{fence.TABLE}")
    table = await client.get("UserTablesMD", fence.TABLE)
    kind, wanted = (table or CLAIM_TABLE).get("TableType"), CLAIM_TABLE["TableType"]
    if kind != wanted:
        remedy = Both("remove it in SAP Business One if it is empty", "удалить её в SAP Business One, если она пуста")
        run.wrong(what, Both(f"has the type {kind}, not {wanted}", f"имеет тип {kind}, а не {wanted}"), remedy)
        return False
    make = partial(_create, client, "UserTablesMD", CLAIM_TABLE)
    return await run.piece(what, table is not None, make, refused=_MAY_CREATE)


async def _fields(client: ServiceLayer, run: Run) -> bool:
    rows = await client.rows(
        "UserFieldsMD", select=("Name", "Type", "Size"), where=f"TableName eq {literal(DOCUMENTS)}"
    )
    known = {str(row["Name"]): row for row in rows}
    fine = True
    for field in DOCUMENT_FIELDS:
        name, size, row = f"{DOCUMENTS}.U_{field['Name']}", field["Size"], known.get(field["Name"])
        what = Both(f"field {name}", f"поле {name}")
        if row is not None and (row["Type"] != field["Type"] or int(row["Size"] or 0) < size):
            problem = Both(f"is not text of {size} characters or more", f"не текст из {size} знаков или более")
            remedy = Both(f"widen it in SAP Business One to {size}", f"расширить его в SAP Business One до {size}")
            run.wrong(what, problem, remedy)
            fine = False
        else:
            make = partial(_create, client, "UserFieldsMD", field)
            fine &= await run.piece(what, row is not None, make, refused=_MAY_CREATE)
    return fine


async def _create(client: ServiceLayer, entity: str, body: dict[str, Any]) -> None:
    with suppress(AlreadyThere):  # somebody else ran the set-up at the same time
        await client.create(entity, body)


async def _seen(client: ServiceLayer, run: Run) -> bool:
    """Read the fields where they are needed: a header field is there in every marketing document, and in drafts."""
    try:
        for name in (*DOCUMENT_SETS, DRAFTS):
            await client.rows(name, select=("DocEntry", *fence.FIELDS), where="", top=1)
        await client.rows(fence.CLAIMS, select=("Code",), where="", top=1)
    except SetupMissing as error:
        run.wrong(
            _SEEN,
            same(str(error)),
            Both("restart Service Layer, then run this again", "перезапустить Service Layer и выполнить ещё раз"),
        )
        return False
    run.right(_SEEN)
    return True


async def _atomic(client: ServiceLayer, run: Run) -> None:
    if run.check:
        run.right(_ATOMIC, Both("not tried: that would write", "не проверялось: требует записи"))
        return
    problems = await probe(client)
    for problem in problems:
        run.wrong(_ATOMIC, problem, _NO_FENCE)
    if not problems:
        run.right(_ATOMIC)


async def probe(client: ServiceLayer) -> list[Both]:
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
            table = f"@{fence.TABLE}"
            problems.append(Both(f"{table} takes the same Code twice", f"{table} принимает один Code дважды"))
        except AlreadyThere:
            pass  # as it must be
        for name in DOCUMENT_SETS:
            try:
                claimed = Create(fence.CLAIMS, fence.claim(second, f"probe {second}"))
                await client.changeset([claimed, Create(name, nobodys)])
                problems.append(
                    Both(
                        f"{name}: one of a customer that doesn't exist was accepted: look for it and cancel it",
                        f"{name}: принят документ несуществующего клиента: найти его и отменить",
                    )
                )
            except (Refused, AnswerLost):
                if await client.get(fence.CLAIMS, second) is not None:
                    problems.append(
                        Both(
                            f"{name}: the claim stayed when the document was refused",
                            f"{name}: заявка осталась, хотя документ отвергнут",
                        )
                    )
                    await client.delete(fence.CLAIMS, second)
    finally:
        await client.delete(fence.CLAIMS, first)
        await client.delete(fence.CLAIMS, second)
    return problems
