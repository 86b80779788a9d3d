"""The two tables with their columns, lookups and keys, and change tracking on Microsoft's tables."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from infra.dataverse import definitions
from infra.dataverse.solution import TABLES, Column, Table
from infra.dataverse.workshop import Workshop
from infra.findings import Both, Run, same
from shared.dataverse.sales import SALES
from shared.sweep import CARDS

ENTITIES = "EntityDefinitions"
TRACKED = tuple(name for sales in SALES for name in (sales.name, sales.line_name)) + tuple(card.name for card in CARDS)
"""Tables that the sweep may read"""

KEY_TRIES, KEY_PAUSE = 60, 5.0
_PORTAL = Both(
    "mend the column in the maker portal: a type can't be changed, a length can be raised",
    "исправить столбец на портале разработчика: тип не меняется, длину можно увеличить",
)

Pause = Callable[[float], Awaitable[object]]


def _at(name: str) -> str:
    return f"{ENTITIES}(LogicalName='{name}')"


async def settle(workshop: Workshop, run: Run, language: int, pause: Pause = asyncio.sleep) -> bool:
    """Create what is missing of the tables, and see that the rest is as it must be; give whether both are there."""
    ready = True
    known = await _known(workshop, [table.name for table in TABLES])
    for table in TABLES:
        created = await run.piece(
            Both(f"table {table.name}", f"таблица {table.name}"),
            table.name in known,
            partial(workshop.write, "POST", ENTITIES, definitions.table(table, language), solution=True),
        )
        ready = ready and created
        if created:
            await _columns(workshop, run, table, language)
            await _key(workshop, run, table, language, pause)
    return ready


async def _known(workshop: Workshop, names: list[str]) -> dict[str, dict[str, Any]]:
    condition = " or ".join(f"LogicalName eq '{name}'" for name in names)
    columns = "LogicalName,ChangeTrackingEnabled,CanChangeTrackingBeEnabled"
    rows = await workshop.rows(ENTITIES, {"$select": columns, "$filter": condition})
    return {row["LogicalName"]: row for row in rows}


async def _columns(workshop: Workshop, run: Run, table: Table, language: int) -> None:
    rows = await workshop.rows(f"{_at(table.name)}/Attributes", {})
    known = {row["LogicalName"]: row for row in rows}
    for column in table.columns:
        name = Both(f"column {table.name}.{column.name}", f"столбец {table.name}.{column.name}")
        held = known.get(column.name)
        if held is None:
            await run.piece(name, False, _maker(workshop, table, column, language))
        elif problem := differs(column, held):
            run.wrong(name, problem, _PORTAL)
        elif column.options:
            await _options(workshop, run, table, column, language)
    lacking = {column.name for column in table.columns} - set(known)
    if not lacking:
        run.right(Both(f"columns of {table.name}", f"столбцы {table.name}"))


def _maker(workshop: Workshop, table: Table, column: Column, language: int) -> Callable[[], Awaitable[object]]:
    if column.type == "Lookup":
        body = definitions.relationship(table, column, language)
        return partial(workshop.write, "POST", "RelationshipDefinitions", body, solution=True)
    body = definitions.attribute(column, language)
    return partial(workshop.write, "POST", f"{_at(table.name)}/Attributes", body, solution=True)


def differs(column: Column, held: Mapping[str, Any]) -> Both | None:
    """Say how a column that is there differs from what is needed, or None."""
    if held["AttributeType"] != column.type:
        kind = held["AttributeType"]
        return Both(f"has the type {kind}, not {column.type}", f"имеет тип {kind}, а не {column.type}")
    if column.max_length and (held.get("MaxLength") or 0) < column.max_length:
        long = held.get("MaxLength")
        return Both(f"takes {long} characters, not {column.max_length}", f"вмещает {long}, а не {column.max_length}")
    if column.precision and (held.get("Precision") or 0) < column.precision:
        return Both(f"keeps fewer than {column.precision} decimals", f"хранит менее {column.precision} знаков")
    if column.target and column.target not in (held.get("Targets") or ()):
        return Both(f"does not lead to {column.target}", f"не ведёт к {column.target}")
    return None


async def _options(workshop: Workshop, run: Run, table: Table, column: Column, language: int) -> None:
    path = f"{_at(table.name)}/Attributes(LogicalName='{column.name}')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    held = await workshop.get(path, {"$select": "LogicalName", "$expand": "OptionSet"})
    values = {option["Value"] for option in held["OptionSet"]["Options"]}
    for value, text in column.options:
        if value not in values:
            body = definitions.option(table, column, value, text, language=language)
            await run.piece(
                Both(f"state {text}", f"состояние {text}"),
                False,
                partial(workshop.write, "POST", "InsertOptionValue", body),
            )


async def _key(workshop: Workshop, run: Run, table: Table, language: int, pause: Pause) -> None:
    name = Both(f"key {table.name}.{table.key}", f"ключ {table.name}.{table.key}")
    body = definitions.key(table, language)
    status = await _key_status(workshop, table)
    made = await run.piece(
        name, status is not None, partial(workshop.write, "POST", f"{_at(table.name)}/Keys", body, solution=True)
    )
    if not made:
        return
    for _ in range(1 if run.check else KEY_TRIES):
        status = await _key_status(workshop, table)
        if status in {"Active", "Failed"}:
            break
        await pause(0 if run.check else KEY_PAUSE)
    if status != "Active":
        run.wrong(
            name,
            Both(f"its index is {status}: two rows of one key could be written", f"индекс в состоянии {status}"),
            Both("mend the rows, or wait and run this again", "исправить строки или подождать и повторить"),
        )


async def _key_status(workshop: Workshop, table: Table) -> str | None:
    query = {"$select": "KeyAttributes,EntityKeyIndexStatus"}
    rows = await workshop.rows(f"{_at(table.name)}/Keys", query)
    return next((str(row["EntityKeyIndexStatus"]) for row in rows if row["KeyAttributes"] == [table.key]), None)


async def track(workshop: Workshop, run: Run) -> None:
    """Turn change tracking on for the tables that the sweep reads, and publish it."""
    known = await _known(workshop, list(TRACKED))
    for name in TRACKED:
        what = Both(f"change tracking of {name}", f"отслеживание изменений {name}")
        if name not in known:
            run.wrong(
                what,
                Both("there is no such table", "такой таблицы нет"),
                Both("install Dynamics 365 Sales", "установить Dynamics 365 Sales"),
            )
        elif not known[name]["ChangeTrackingEnabled"] and not known[name]["CanChangeTrackingBeEnabled"]["Value"]:
            run.wrong(what, Both("can't be turned on", "включить нельзя"), same("Microsoft Support"))
        else:
            on = bool(known[name]["ChangeTrackingEnabled"])
            await run.piece(what, on, partial(_turn_on, workshop, name), Both("off", "выключено"))


async def _turn_on(workshop: Workshop, name: str) -> None:
    """A PUT replaces a definition, so it is sent back whole with the one property changed."""
    definition = await workshop.get(_at(name))
    body = {key: value for key, value in definition.items() if key != "@odata.context"}
    await workshop.write(
        "PUT", _at(name), body | {"ChangeTrackingEnabled": True}, headers={"MSCRM.MergeLabels": "true"}
    )
    await workshop.write("POST", "PublishXml", definitions.publish(name))
