"""Looks at a base of 1C: what is published, what the user may do, whether a chosen Ref_Key is honoured, VAT values.

Nothing of 1C can be set up over OData itself: the composition of the interface and the user's rights are given by hand
(GUIDE.ru.md), and the remedies here say where. The one thing that is written is the probe: an item marked for deletion
under a key that is always the same, taken away again where the user may delete. Where it may not, the item stays,
marked, and the next run finds it and proves the key by it: there is never a second one.
"""

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from infra.findings import Both, Finding, Run, same
from shared import edmx, jsontext
from shared.errors import BridgeError, Misconfigured, Refused
from shared.onec import answers, names, odata
from shared.onec.client import KEYS_IGNORED, OnecClient
from shared.onec.mapping import VAT
from shared.onec.published import needed
from shared.routes import Route

COMMAND = "python -m infra.onec"
SYSTEM = "1C"

PROBE = uuid5(NAMESPACE_URL, "accounting bridge: probe of a chosen Ref_Key")
PROBE_ITEM: Mapping[str, object] = {"Description": "Проба моста CRM, можно удалить", "DeletionMark": True}
NO_RATE = "НДС_ПРОБА"
"""A value that no base has: where it passes too, a filter tells nothing."""

WRITTEN = (names.COUNTERPARTIES, names.CONTRACTS, names.ITEMS)
POSTED = (names.INVOICES, names.SALES, names.TAX_INVOICES)

_PUBLISH = Both(
    "tick it: Администрирование → Синхронизация данных → Настройка стандартного интерфейса OData → Состав"
    " (or УстановитьСоставСтандартногоИнтерфейсаOData in 1C's own language; it can't be done over OData)",
    "отметить: Администрирование → Синхронизация данных → Настройка стандартного интерфейса OData → Состав"
    " (или УстановитьСоставСтандартногоИнтерфейсаOData на встроенном языке; через сам OData это невозможно)",
)
_RELEASE = Both(
    "another release or configuration than БП 3.0: ask who maintains the bridge",
    "другой релиз или конфигурация, чем БП 3.0: обратиться к сопровождающему мост",
)
_RIGHTS = Both("give the right to the integration user's profile", "дать право профилю пользователя обмена")


class Base(OnecClient):
    """A base as the check uses it: what the product never does stands here."""

    async def delete(self, entity: str, key: UUID) -> bool:
        """Delete an object; give whether the user may. Raises what the client raises for anything else."""
        answer = await self._send("DELETE", odata.instance(entity, key), None, writes=True)
        if self._is_about_rights(answer.status, answers.problem(answer)):
            return False
        answers.judge(answer, SYSTEM, entity, writes=True)
        return True

    async def may_write(self, entity: str, action: str = "") -> bool:
        """Ask for a change of an object that isn't there: a user without the right is told so, others that it isn't.

        Nothing is written either way. A base that looks for the object first says nothing of rights here; then the
        first document will.
        """
        method, place, content = ("POST", f"/{action}", b"") if action else ("PATCH", "", b"{}")
        answer = await self._send(method, odata.instance(entity, uuid4()) + place, content, writes=True)
        problem = answers.problem(answer)
        return not self._is_about_rights(answer.status, problem)

    @staticmethod
    def _is_about_rights(status: int, problem: answers.Problem | None) -> bool:
        return problem.code == NO_RIGHTS if problem is not None else status in {403, 405}

    async def second_is_refused(self, entity: str, key: UUID, body: Mapping[str, object]) -> bool:
        """Send a creation under a key that is there; give whether the base refused it."""
        content = jsontext.dumps({"Ref_Key": str(key), **body}).encode()
        answer = await self._send("POST", odata.collection(entity), content, writes=True)
        if answer.status >= 300:
            return True
        made = answers.content(answer, SYSTEM, writes=True)
        await self.delete(entity, odata.reference(made))
        return False


NO_RIGHTS = 20
"""1C's inner code: the user has no right"""


async def set_up(base: Base, routes: Sequence[Route], *, check: bool) -> list[Finding]:
    """Look at everything; with ``check`` without the probe, which writes. ``routes`` narrow it (empty: any route)."""
    run = Run(SYSTEM, check, COMMAND)
    wanted = names.united(*(needed(route) for route in routes)) if routes else names.NAMES
    try:
        there = await _published(base, run, wanted)
        await _readable(base, run, there)
        await _writable(base, run, there)
        if names.INVOICE_LINES in there or names.SALE_SERVICES in there:
            await _rates(base, run, names.INVOICE_LINES if names.INVOICE_LINES in there else names.SALE_SERVICES)
        if names.ITEMS in there:
            await _probe(base, run)
    except BridgeError as error:
        run.wrong(Both("the check stopped", "проверка прервана"), same(str(error)))
    return run.findings


async def _published(base: Base, run: Run, wanted: names.Names) -> list[str]:
    """Hold every name against ``$metadata``; give the entities that are published."""
    what = Both("what the OData interface holds", "состав интерфейса OData")
    try:
        lacking = names.missing(await base.metadata(), wanted)
    except edmx.MetadataUnreadable:
        remedy = Both(
            "ONEC_URL must end in /odata/standard.odata", "ONEC_URL должен кончаться на /odata/standard.odata"
        )
        run.wrong(what, Both("$metadata is not that of 1C", "$metadata не от 1С"), remedy)
        return []
    for name in lacking:
        remedy = _RELEASE if "." in name else _PUBLISH
        run.wrong(what, Both(f"{name} is missing", f"нет {name}"), remedy)
    if not lacking:
        run.right(what)
    return [entity for entity in wanted if entity not in lacking]


async def _readable(base: Base, run: Run, there: Sequence[str]) -> None:
    what = Both("reading", "чтение")
    fine = True
    for entity in there:
        try:
            await base.rows(entity, select=(), where="", top=1)
        except Misconfigured as error:
            run.wrong(what, same(str(error)), _RIGHTS)
            fine = False
    if fine and there:
        run.right(what)


async def _writable(base: Base, run: Run, there: Sequence[str]) -> None:
    fine = True
    wanted = [(entity, "") for entity in (*WRITTEN, *POSTED) if entity in there]
    wanted += [(entity, action) for entity in POSTED if entity in there for action in ("Post", "Unpost")]
    for entity, action in wanted:
        if not await base.may_write(entity, action):
            run.wrong(
                Both("rights of the user", "права пользователя"),
                Both(f"{entity}: no right to {action or 'write'}", f"{entity}: нет права ({action or 'запись'})"),
                _RIGHTS,
            )
            fine = False
    if fine and wanted:
        run.right(Both("rights of the user", "права пользователя"), Both("nothing is refused", "отказов нет"))


async def _rates(base: Base, run: Run, rows: str) -> None:
    """Ask for rows of each VAT rate: a base refuses a value that its enumeration doesn't have."""
    what = Both("VAT rates", "ставки НДС")
    if await _knows(base, rows, NO_RATE):
        run.right(what, Both("the base does not say", "база не сообщает"))
        return
    unknown = [name for name in VAT.values() if not await _knows(base, rows, name)]
    if unknown:
        text = ", ".join(unknown)
        remedy = Both("update the release of 1C", "обновить релиз 1С")
        run.wrong(what, Both(f"the base does not know {text}", f"база не знает {text}"), remedy)
    else:
        run.right(what)


async def _knows(base: Base, rows: str, value: str) -> bool:
    try:
        await base.rows(rows, select=("СтавкаНДС",), where=f"СтавкаНДС eq {odata.text(value)}", top=1)
    except Refused:
        return False
    return True


async def _probe(base: Base, run: Run) -> None:
    what = Both("a chosen Ref_Key is honoured", "выбранный Ref_Key сохраняется")
    held = await base.find(names.ITEMS, PROBE, select=("Ref_Key",))
    if run.check:
        said = Both("not tried: that would write", "не проверялось: требует записи")
        run.right(what, Both("in order", "в порядке") if held is not None else said)
        return
    if held is None and not await _write_probe(base, run, what):
        return
    refused = await base.second_is_refused(names.ITEMS, PROBE, PROBE_ITEM)
    gone = await base.delete(names.ITEMS, PROBE)
    if not refused:
        run.wrong(
            what,
            Both("one key was taken twice: there is no fence", "один ключ принят дважды: ограждения нет"),
            Both("the bridge must not be used with this base", "мост с этой базой использовать нельзя"),
        )
        return
    left = Both("in order; the probe stays, marked for deletion", "в порядке; проба осталась, помечена на удаление")
    run.right(what, Both("in order", "в порядке") if gone else left)


async def _write_probe(base: Base, run: Run, what: Both) -> bool:
    try:
        await base.create(names.ITEMS, PROBE, PROBE_ITEM)
    except Misconfigured as error:
        if str(error) != KEYS_IGNORED:
            raise
        await _take_away(base)
        run.wrong(
            what,
            Both("the base chose another key", "база выбрала другой ключ"),
            Both("a document could be written twice: do not use", "документ мог бы записаться дважды: не использовать"),
        )
        return False
    return True


async def _take_away(base: Base) -> None:
    """Take away the probe that a base put under a key of its own."""
    condition = f"Description eq {odata.text(str(PROBE_ITEM['Description']))} and DeletionMark eq true"
    for row in await base.rows(names.ITEMS, select=("Ref_Key",), where=condition):
        await base.delete(names.ITEMS, odata.reference(row))
