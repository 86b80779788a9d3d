"""POST, PATCH, PUT and DELETE, Post and Unpost."""

import uuid
from typing import Any

from infra.local.onec import posting, rules
from infra.local.onec.errors import Code, OneCError, handler_failed
from infra.local.onec.reading import key_of
from infra.local.onec.schema import LINE_NUMBER, Entity, Property
from infra.local.onec.settings import OneCSettings
from infra.local.onec.store import Store
from infra.local.onec.values import EMPTY_GUID, Body, apply, bad_value, empty, guid

_NOT_WRITABLE = {"Ref_Key", "DataVersion", "Predefined", "PredefinedDataName", "Posted"}
"""What a body may name without any effect: the platform looks after it. (Ref_Key counts when an object is created.)"""


class Writer:
    """Writes to a store under given settings. Every method is one transaction."""

    def __init__(self, store: Store, settings: OneCSettings) -> None:
        self._store, self._settings = store, settings

    def _allow(self, entity: Entity) -> None:
        if "of" in entity.attributes:
            raise OneCError(Code.ROWS_NOT_WRITABLE, "Создание строк табличных частей напрямую не поддерживается")
        if "recorder" in entity.attributes or entity.sections.keys() == {"RecordSet"}:
            raise OneCError(Code.NO_RIGHTS, f"Записи {entity.name} принадлежат документам и сами не записываются")
        if entity.kind == "ChartOfAccounts" or entity.name in self._settings.denied.split(","):
            raise OneCError(Code.NO_RIGHTS, f"Недостаточно прав для записи: {entity.name}")

    def create(self, entity: Entity, body: Body) -> Body:
        """Create an instance; give it as the answer shows it: DataVersion is null. Refusals: 4, 5, 15, 20, -1."""
        self._allow(entity)
        created = empty(entity.properties) | {section: [] for section in entity.sections}
        if not entity.is_register:
            key = guid(body["Ref_Key"], "Ref_Key") if body.get("Ref_Key") else EMPTY_GUID
            chosen = self._settings.client_ref_key and key != EMPTY_GUID
            created["Ref_Key"] = key if chosen else str(uuid.uuid4())
        self._fill(entity, body, created)
        key = key_of(entity, created)
        if self._store.get(entity.name, key) is not None:
            field = "Ссылка" if not entity.is_register else ", ".join(item.name for item in entity.key)
            text = f'Значение поля "{field}" не уникально'
            raise OneCError(Code.KEY_EXISTS, text, status=self._settings.duplicate_status)
        with self._store.transaction():
            if not entity.is_register:
                rules.on_save(self._store, self._settings, entity, created, None)
            self._put(entity, key, created)
            if body.get("Posted") is True and entity.is_document:
                self._posted_in_body(entity, key)
        return {**self._current(entity, key), **({} if entity.is_register else {"DataVersion": None})}

    def update(self, entity: Entity, key: str, body: Body, *, if_match: str | None, whole: bool) -> Body:
        """Change what the body names (PATCH) or everything (PUT, ``whole``). Refusals: 4, 5, 9, 20, -1, 412."""
        self._allow(entity)
        before = self._found(entity, key, if_match)
        if whole:
            missing = [n for n in (*entity.by_wire, *entity.sections) if n not in body and n not in _NOT_WRITABLE]
            if missing:
                raise OneCError(Code.REQUIRED_MISSING, f"Отсутствует обязательное значение «{missing[0]}»")
        changed = dict(before)
        self._fill(entity, body, changed)
        with self._store.transaction():
            if entity.is_register:
                if key_of(entity, changed) != key:
                    raise bad_value("ключ", "измерения записи не меняются")
                self._put(entity, key, changed)
                return self._current(entity, key)
            rules.on_save(self._store, self._settings, entity, changed, before)
            if entity.is_document and changed["DeletionMark"] and changed["Posted"]:
                changed = posting.unpost(self._store, entity, changed)
            self._put(entity, key, changed)
            if body.get("Posted") is True and entity.is_document and not before["Posted"]:
                self._posted_in_body(entity, key)
        return self._current(entity, key)

    def delete(self, entity: Entity, key: str, *, if_match: str | None) -> None:
        """Delete an instance for good, without asking who points at it. Refusals: 9, 20, -1, 412."""
        self._allow(entity)
        before = self._found(entity, key, if_match)
        with self._store.transaction():
            if entity.is_document:
                rules.check_period(self._store, before["Date"])
                posting.withdraw(self._store, entity, before)
            self._store.delete(entity.name, key)

    def post(self, entity: Entity, key: str, *, operational: bool) -> None:
        """Post a document. Refusals: 9, 11, 20, -1."""
        self._document(entity)
        body = self._found(entity, key, None)
        with self._store.transaction():
            self._put(
                entity, key, posting.post(self._store, self._settings, entity, dict(body), operational=operational)
            )

    def unpost(self, entity: Entity, key: str) -> None:
        """Take a document's posting back. Refusals: 9, 11, 20, -1."""
        self._document(entity)
        body = self._found(entity, key, None)
        with self._store.transaction():
            self._put(entity, key, posting.unpost(self._store, entity, dict(body)))

    def _document(self, entity: Entity) -> None:
        if not entity.is_document or "of" in entity.attributes:
            raise OneCError(Code.NO_SUCH_METHOD, f"Метод не найден: {entity.name} не проводится")
        self._allow(entity)

    def _posted_in_body(self, entity: Entity, key: str) -> None:
        match self._settings.posted_in_body:
            case "refuse":
                raise handler_failed("Документ проводится отдельным запросом Post")
            case "post":
                body = dict(self._current(entity, key))
                self._put(entity, key, posting.post(self._store, self._settings, entity, body, operational=False))

    def _current(self, entity: Entity, key: str) -> Body:
        body = self._store.get(entity.name, key)
        if body is None:
            raise OneCError(Code.NO_SUCH_INSTANCE, f"Экземпляр сущности не найден: {entity.name}({key})")
        return body

    def _found(self, entity: Entity, key: str, if_match: str | None) -> Body:
        body = self._current(entity, key)
        if if_match is not None and if_match.strip('"') != body.get("DataVersion", ""):
            raise OneCError(Code.HANDLER, "Версия данных не совпадает с указанной в If-Match", status=412)
        return body

    def _put(self, entity: Entity, key: str, body: Body) -> None:
        if not entity.is_register:
            body = body | {"DataVersion": self._store.next_version()}
        self._store.put(entity.name, key, body)

    def _fill(self, entity: Entity, body: Body, into: Body) -> None:
        folder = body.get("IsFolder", into.get("IsFolder"))
        given = {name: value for name, value in body.items() if name not in _NOT_WRITABLE}
        properties = tuple(p for p in entity.properties if p.standard or not folder)
        apply(properties, given, into)
        for section, columns in entity.sections.items():
            if folder:
                into[section] = []
            elif section in body:
                into[section] = _rows(section, columns, body[section])
        if folder:
            into |= dict.fromkeys((p.wire for p in entity.properties if not p.standard), None)


def _rows(section: str, columns: tuple[Property, ...], raw: Any) -> list[Body]:
    """Take a tabular section whole. A row without LineNumber makes the real interface fail inside (500, -1)."""
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise bad_value(section, "ожидается массив строк")
    result: list[tuple[int, Body]] = []
    for row in raw:
        number = str(row.get(LINE_NUMBER, ""))
        if not number.isdecimal():
            raise handler_failed("Произошла внутренняя ошибка OData сервиса. У строки табличной части нет LineNumber")
        filled = empty(columns)
        apply(columns, row, filled)
        result.append((int(number), filled))
    result.sort(key=lambda pair: pair[0])
    return [{LINE_NUMBER: place, **row} for place, (_, row) in enumerate(result, 1)]
