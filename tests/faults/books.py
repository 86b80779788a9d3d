"""What stands in the books at the end, and what must: the invariants of every run."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.demo.books import MAIN_DOCUMENT, SAPB1_DOCUMENTS
from shared import jsontext
from shared.bus import POISON
from shared.dataverse.sales import SalesTable
from shared.messages import State
from shared.routes import Route
from tests.faults.company import CENT, DUE, LOCAL_CURRENCIES, TARGETS, Journal, Sale, Truth
from tests.faults.harness import Chain
from tests.faults.systems import Systems

SCHET, REALIZATSIYA = "Document_СчетНаОплатуПокупателю", "Document_РеализацияТоваровУслуг"
FAKTURA = "Document_СчетФактураВыданный"
CARDS = {"onec": ("Catalog_Контрагенты", "ИНН"), "sapb1": ("BusinessPartners", "FederalTaxID")}


@dataclass(frozen=True)
class Entry:
    """A document in accounting; ``live`` unless it was cancelled or marked for deletion."""

    kind: str
    id: str
    number: str
    total: Decimal
    customer: str
    live: bool
    posted: bool


Entries = dict[str, list[Entry]]
"""by the CRM's number"""


async def state(systems: Systems, target: str) -> dict[str, Any]:
    """Give everything that an accounting system holds."""
    scheme, _, host, *_ = systems.first_lines[target]["url"].split("/")
    answer = await systems.door.get(f"{scheme}//{host}/_local/state")
    held: dict[str, Any] = jsontext.loads(answer.content)
    return held


async def whole(systems: Systems) -> dict[str, Any]:
    """Give everything that both accounting systems hold."""
    return {target: await state(systems, target) for target in TARGETS}


def entries(held: dict[str, Any], target: str) -> Entries:
    """Give the documents of a system's state, whether they are alive or not."""
    return _of_onec(held["entities"]) if target == "onec" else _of_sapb1(held)


def _of_onec(held: dict[str, Any]) -> Entries:
    found: Entries = {}
    crm_numbers: dict[str, str] = {}
    for kind in (SCHET, REALIZATSIYA, FAKTURA):
        for row in held[kind]:
            # A счёт-фактура names the реализация that it was made for.
            of_basis = crm_numbers.get(row.get("ДокументОснование", ""), "") if kind == FAKTURA else ""
            said = row["Комментарий"].split(" ")[1] if row["Комментарий"].startswith("CRM ") else of_basis
            crm_numbers[row["Ref_Key"]] = said
            entry = Entry(
                kind,
                row["Ref_Key"],
                row["Number"].strip(),
                row["СуммаДокумента"],
                row["Контрагент_Key"],
                not row["DeletionMark"],
                row["Posted"],
            )
            found.setdefault(said, []).append(entry)
    return found


def _of_sapb1(held: dict[str, Any]) -> Entries:
    found: Entries = {}
    for kind in SAPB1_DOCUMENTS:
        for row in held.get(kind, {}).values():
            live, entry = row["CancelStatus"] == "csNo", row["DocEntry"]
            id_ = str(entry) if kind == "Invoices" else f"{kind}({entry})"
            # DocTotal is in the local currency.
            total = row["DocTotal"] if row["DocCurrency"] == LOCAL_CURRENCIES["sapb1"] else row["DocTotalFc"]
            made = Entry(kind, id_, str(row["DocNum"]), total, row["CardCode"], live, live)
            found.setdefault(row["NumAtCard"], []).append(made)
    return found


async def documents(chain: Chain, sale: Sale) -> list[Entry]:
    """Give what accounting holds of a document of the CRM."""
    return entries(await state(chain.systems, sale.target), sale.target).get(sale.number, [])


async def names(systems: Systems, target: str) -> dict[str, str]:
    """Give the names of all customers, by their id, and of all products, by their number."""
    held = await state(systems, target)
    if target == "onec":
        customers, items = held["entities"]["Catalog_Контрагенты"], held["entities"]["Catalog_Номенклатура"]
        found = {row["Ref_Key"]: row["Description"] for row in customers}
        return found | {row["Артикул"]: row["Description"] for row in items}
    partners, items = held["BusinessPartners"].values(), held["Items"].values()
    return {row["CardCode"]: row["CardName"] for row in partners} | {row["ItemCode"]: row["ItemName"] for row in items}


async def pay(chain: Chain, sale: Sale, *, half: bool) -> str:
    """Enter a payment of what is left of a document, or of half of it; empty where there is nothing to pay."""
    live = [entry for entry in await documents(chain, sale) if entry.live and entry.kind in {SCHET, "Invoices"}]
    paid = chain.paid.get(sale.number, Decimal(0))
    if not live or not live[0].posted or paid >= live[0].total:
        return ""
    left = live[0].total - paid
    amount = (left / 2).quantize(CENT) if half else left
    chain.paid[sale.number] = paid + amount
    return await chain.accountant.pay(sale.target, live[0].id, live[0].customer, amount)


def kinds(route: Route) -> set[str]:
    """Give what a document of the CRM becomes in accounting, by its route."""
    if route.onec is None:
        invoice = {"Invoices"} if route.way == "2B" or route.create_invoice else set()
        return invoice | ({"DeliveryNotes"} if route.way == "2A" else set())
    posts = route.way == "2A" or route.onec.realizatsiya
    made = {SCHET} if route.way == "2B" or route.create_invoice else set()
    if posts:
        made |= {REALIZATSIYA} | ({FAKTURA} if route.onec.schet_faktura == "create" else set())
    return made


async def check(chain: Chain, *, may_be_refused: bool = False) -> None:
    """Hold the books and the journal against the CRM.

    At most one live document of a kind for each of the CRM; none missing, in its last version, or a refusal that says
    why (only where the run can lead to one); nothing waits; nothing is dead-lettered, nothing is poison but what the
    run put in; nobody has two cards.
    """
    assert chain.broker.waiting() == {}
    assert chain.broker.dead == []
    assert len(chain.broker.queues[POISON]) == chain.poisoned
    states = await whole(chain.systems)
    held: dict[str, Entries] = {target: entries(states[target], target) for target in TARGETS}
    problems = []
    for sale in chain.sales:
        journal, truth = await chain.people.journal(sale), await chain.people.truth(sale)
        problem = _problem(chain, sale, held, journal, truth, may_be_refused=may_be_refused)
        if problem:
            problems.append(f"{sale.number} ({sale.target}): {problem}; journal: {journal}")
    assert not problems, "\n".join(problems)
    assert _twice(states, chain.people.tax_numbers) == []


def _problem(
    chain: Chain,
    sale: Sale,
    held: dict[str, Entries],
    journal: Journal | None,
    truth: Truth | None,
    *,
    may_be_refused: bool,
) -> str:
    other = "sapb1" if sale.target == "onec" else "onec"
    live = [entry for entry in held[sale.target].get(sale.number, []) if entry.live]
    found = Counter(entry.kind for entry in live)
    if held[other].get(sale.number) or max(found.values(), default=0) > 1:
        return f"live documents: {dict(found)}, and in the other system {held[other].get(sale.number)}"
    if journal is not None and journal.refused:
        # Of a document that was deleted in the CRM only accounting knows a number.
        named = sale.number in journal.message or (truth is None and f" {journal.number}:" in journal.message)
        told = named and (truth is None or journal.version >= truth.version)
        return "" if may_be_refused and told else f"it is refused, {truth}"
    if truth is None or truth.status not in DUE[sale.table.name]:
        return f"not to be there, but alive in the books: {live}" if live else ""
    wanted = kinds(chain.route(sale))
    if set(found) != wanted:
        return f"the books have {sorted(found)}, not {sorted(wanted)}"
    return _difference(truth.total, live, journal, sale.table, sale.target) or _payment(chain, sale, truth, journal)


def _difference(total: Decimal, live: list[Entry], journal: Journal | None, table: SalesTable, target: str) -> str:
    """Say what differs where a document is in the books."""
    if any(entry.total != total or not entry.posted for entry in live):
        return f"the CRM says {total}, the books {live}"
    if len({entry.customer for entry in live}) > 1:
        return f"its documents are of several customers: {live}"
    if journal is None or not journal.state.in_accounting:
        return "it is in the books, and the journal does not say so"
    (main,) = [entry for entry in live if entry.kind == MAIN_DOCUMENT[target, table.way]]
    if journal.number != main.number or journal.accounting_id.lower() != main.id.lower():
        return f"the books have {main}"
    return ""


def _payment(chain: Chain, sale: Sale, truth: Truth, journal: Journal | None) -> str:
    paid = chain.paid.get(sale.number, Decimal(0))
    wanted = State.POSTED if not paid else State.PAID if paid == truth.total else State.PARTIALLY_PAID
    if journal is None or (journal.state, journal.paid) != (wanted, paid):
        return f"{paid} was paid"
    return ""


def _twice(states: dict[str, Any], tax_numbers: set[str]) -> list[str]:
    """Name those of the tax numbers that are on several cards."""
    found = []
    for target, (entity, column) in CARDS.items():
        rows = states[target]["entities"][entity] if target == "onec" else list(states[target][entity].values())
        numbers = Counter(row[column] for row in rows if row.get(column) in tax_numbers)
        found += [number for number, count in numbers.items() if count > 1]
    return found
