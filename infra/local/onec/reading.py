"""Rows of every set, and how an instance looks in JSON."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from infra.local.onec.errors import Code, OneCError
from infra.local.onec.filters import parse_filter
from infra.local.onec.query import Reading
from infra.local.onec.schema import LINE_NUMBER, RECORD_TYPE, ROW, Entity, Property, schema
from infra.local.onec.store import Store
from infra.local.onec.values import EMPTY_GUID, NAMESPACE, Body, date, guid, shown


def rows(store: Store, entity: Entity) -> Iterable[Body]:
    """Give the rows of a set: stored instances, rows of a tabular section, or movements grouped by their document."""
    if "of" in entity.attributes:
        owner, section = entity.attributes["of"], entity.attributes["section"]
        return [{"Ref_Key": key, **row} for key, body in store.all(owner).items() for row in body[section]]
    if entity.sections.keys() == {"RecordSet"}:
        groups: dict[str, Body] = {}
        for row in store.all(f"{entity.name}{RECORD_TYPE}").values():
            head = {"Recorder": row["Recorder"], "Recorder_Type": row["Recorder_Type"], "RecordSet": []}
            groups.setdefault(row["Recorder"], head)["RecordSet"].append(row)
        return groups.values()
    return store.all(entity.name).values()


def select_rows(store: Store, entity: Entity, reading: Reading) -> tuple[list[Body], int]:
    """Give a page of rows and how many there are altogether. Without $orderby the order is that of the keys."""
    if reading.filter is None:
        found = list(rows(store, entity))
    else:
        condition = parse_filter(reading.filter, entity, entity.properties, store)
        stored = entity.name in schema().entities and entity.sections.keys() != {"RecordSet"}
        candidates = rows(store, entity)
        if condition.cover is not None and stored:
            # Bodies of one entity are distinct objects: a row that several equalities name is taken once.
            named = (row for name, value in condition.cover for row in store.equal(entity.name, name, value))
            candidates = {id(row): row for row in named}.values()
        found = [row for row in candidates if condition.test(row)]
    keys = [item.wire for item in entity.key]
    result = sorted(found, key=lambda row: tuple(row[name] for name in keys))
    for name, descending in reversed(reading.order):
        result.sort(key=lambda row: (row[name] is not None, row[name]), reverse=descending)
    end = None if reading.top is None else reading.skip + reading.top
    return result[reading.skip : end], len(result)


def instance_key(entity: Entity, predicate: str) -> str:
    """Give the storage key that ``(guid'…')`` or ``(A=guid'…',B='…')`` names. Refusals: 6, 7."""
    if not entity.is_register and predicate.startswith("guid'"):
        return guid(predicate[5:-1], "Ref_Key")
    given: dict[str, str] = {}
    for part in predicate.split(","):
        name, separator, literal = part.partition("=")
        if not separator:
            raise OneCError(Code.BAD_URL, f"Неверный URL: ключ ({predicate})", status=400)
        given[unquote(name.strip())] = literal.strip()
    parts: list[str] = []
    for item in entity.key:
        names = (item.wire, item.type_wire) if item.kind == "composite" else (item.wire,)
        for name in names:
            if name not in given:
                raise OneCError(Code.KEY_INCOMPLETE, f"Не хватает элемента ключа сущности: {name}")
            parts.append(_literal(item, name, given.pop(name)))
    if given:
        raise OneCError(Code.NO_SUCH_PROPERTY, f"Запрошенное свойство не найдено: «{next(iter(given))}» в ключе")
    return "|".join(parts)


def _literal(item: Property, name: str, text: str) -> str:
    prefix, _, rest = text.partition("'")
    value = rest.removesuffix("'")
    if item.kind == "date":
        return date(value, name) if prefix == "datetime" else date(None, name)
    if item.kind in ("guid", "reference"):
        return guid(value, name) if prefix == "guid" else guid(None, name)
    if item.kind == "composite" and name == item.wire:
        return guid(value, name)
    return value or prefix


def key_of(entity: Entity, body: Body) -> str:
    """Give the storage key of a body."""
    names = [n for p in entity.key for n in ((p.wire, p.type_wire) if p.kind == "composite" else (p.wire,))]
    return "|".join(str(body[name]) for name in names)


def address(entity: Entity, body: Body) -> str:
    """Give the relative address of an instance."""
    if not entity.is_register and len(entity.key) == 1:
        return f"{entity.name}(guid'{body['Ref_Key']}')"
    quoted = {"date": "datetime'{}'", "guid": "guid'{}'", "reference": "guid'{}'", "number": "{}"}
    parts: list[str] = []
    for item in entity.key:
        pattern = quoted.get(item.kind, "'{}'")
        parts.append(f"{item.wire}={pattern.format(body[item.wire])}")
        if item.kind == "composite":
            parts.append(f"{item.type_wire}='{body[item.type_wire]}'")
    return f"{entity.name}({','.join(parts)})"


def _fields(properties: Iterable[Property], body: Body) -> Body:
    result: Body = {}
    for item in properties:
        result[item.wire] = shown(item, body.get(item.wire))
        if item.kind == "composite":
            result[item.type_wire] = body.get(item.type_wire)
    return result


def render(store: Store, entity: Entity, body: Body, reading: Reading | None, *, links: bool) -> Body:
    """Give an instance as JSON. ``links``: with navigation links to what its references point at."""
    result = _fields(entity.properties, body)
    for section, columns in entity.sections.items():
        own: Body = {"Ref_Key": body["Ref_Key"]} if "Ref_Key" in body else {}
        head = ROW[1:] if own else ()
        result[section] = [own | _fields((*head, *columns), row) for row in body.get(section) or []]
    if reading is not None and reading.select is not None:
        result = {name: result[name] for name in reading.select}
    elif links:
        place = address(entity, body)
        for item in entity.properties:
            if item.navigation and item.types[0] in schema().entities and body[item.wire] not in (None, EMPTY_GUID):
                result[f"{item.navigation}@navigationLinkUrl"] = f"{place}/{item.navigation}"
    for item in reading.expand if reading else ():
        target = schema().entities[item.types[0]]
        found = store.get(target.name, body[item.wire]) if body[item.wire] else None
        result[item.name] = None if found is None else render(store, target, found, None, links=False)
    return result


def referenced(store: Store, entity: Entity, body: Body, name: str) -> tuple[Entity, Body]:
    """Follow a navigation property. Refusals: 9 where it leads nowhere, 10 where there is none."""
    item = next((p for p in entity.properties if p.name == name and p.kind in ("reference", "composite")), None)
    if item is None:
        raise OneCError(Code.NO_SUCH_PROPERTY, f"Запрошенное свойство не найдено: «{name}»", status=404)
    typed = str(body[item.type_wire]).removeprefix(NAMESPACE) if item.kind == "composite" else item.types[0]
    target = schema().entities.get(typed)
    found = store.get(typed, str(body[item.wire]))
    if target is None or found is None:
        raise OneCError(Code.NO_SUCH_INSTANCE, f"Экземпляр сущности не найден: {name}")
    return target, found


def line_rows(entity: Entity, section: str, body: Body) -> tuple[Entity, list[Body]]:
    """Give a tabular section of one instance as a set."""
    return schema().sets[f"{entity.name}_{section}"], [
        {"Ref_Key": body["Ref_Key"], **row} for row in sorted(body[section], key=lambda row: int(row[LINE_NUMBER]))
    ]


def collection(metadata: str | None, values: list[Body], count: int | None) -> dict[str, Any]:
    """Give the JSON of a collection."""
    head: dict[str, Any] = {} if metadata is None else {"odata.metadata": metadata}
    if count is not None:
        head["odata.count"] = str(count)
    return {**head, "value": values}
