"""What stands in the books at the end, and what must: the invariants of every run."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared import jsontext
from shared.bus import POISON
from shared.messages import State
from tests.faults.company import DUE, Invoice, Journal
from tests.faults.harness import Chain
from tests.faults.systems import Systems

SCHET = "Document_СчетНаОплатуПокупателю"
FURTHER = ("Document_РеализацияТоваровУслуг", "Document_СчетФактураВыданный")
"""What 1C also gets where the company says so."""


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


async def state(systems: Systems, target: str) -> dict[str, Any]:
    """Give everything that an accounting system holds."""
    scheme, _, host, *_ = systems.first_lines[target]["url"].split("/")
    answer = await systems.door.get(f"{scheme}//{host}/_local/state")
    held: dict[str, Any] = jsontext.loads(answer.content)
    return held


async def entries(systems: Systems, target: str) -> dict[str, list[Entry]]:
    """Give the documents by the CRM's number, whether they are alive or not."""
    held = await state(systems, target)
    found: dict[str, list[Entry]] = {}
    if target == "onec":
        for kind in (SCHET, *FURTHER):
            for row in held["entities"][kind]:
                number = row["Комментарий"].split(" ")[1] if row["Комментарий"].startswith("CRM ") else ""
                name, live = row["Number"].strip(), not row["DeletionMark"]
                entry = Entry(
                    kind,
                    row["Ref_Key"],
                    name,
                    row["СуммаДокумента"],
                    row.get("Контрагент_Key", ""),
                    live,
                    row["Posted"],
                )
                found.setdefault(number, []).append(entry)
    else:
        for row in held.get("Invoices", {}).values():
            live = row["CancelStatus"] == "csNo"
            entry = Entry(
                "Invoices", str(row["DocEntry"]), str(row["DocNum"]), row["DocTotal"], row["CardCode"], live, live
            )
            found.setdefault(row["NumAtCard"], []).append(entry)
    return found


async def documents(chain: Chain, invoice: Invoice) -> list[Entry]:
    """Give what accounting holds of an invoice."""
    return (await entries(chain.systems, invoice.target)).get(invoice.number, [])


async def check(chain: Chain, *, may_be_refused: bool = False) -> None:
    """Hold the books and the journal against the CRM.

    At most one live document for each of the CRM; none missing, in its last version, or a refusal that says why (only
    where the run can lead to one); nothing waits; nothing is dead-lettered, nothing is poison but what the run put in.
    """
    assert chain.broker.waiting() == {}
    assert chain.broker.dead == []
    assert len(chain.broker.queues[POISON]) == chain.poisoned
    held = {target: await entries(chain.systems, target) for target in ("onec", "sapb1")}
    problems = []
    for invoice in chain.invoices:
        problem = await _problem(chain, invoice, held, may_be_refused=may_be_refused)
        if problem:
            problems.append(
                f"{invoice.number} ({invoice.target}): {problem}; journal: {await chain.people.journal(invoice)}"
            )
    assert not problems, "\n".join(problems)


async def _problem(
    chain: Chain, invoice: Invoice, held: dict[str, dict[str, list[Entry]]], *, may_be_refused: bool
) -> str:
    other = "sapb1" if invoice.target == "onec" else "onec"
    live = [entry for entry in held[invoice.target].get(invoice.number, []) if entry.live]
    kinds = sorted(entry.kind for entry in live)
    if held[other].get(invoice.number) or len(set(kinds)) < len(kinds):
        return f"live documents: {kinds}, and in the other system {held[other].get(invoice.number)}"
    journal, truth = await chain.people.journal(invoice), await chain.people.truth(invoice)
    if journal is not None and journal.state is State.REFUSED:
        told = invoice.number in journal.message and (truth is None or journal.version >= truth.version)
        return "" if may_be_refused and told else f"it is refused, {truth}"
    if truth is None or truth.status not in DUE:
        return "not to be there, but alive in the books" if live else ""
    return _difference(truth.total, live, journal)


def _difference(total: Decimal, live: list[Entry], journal: Journal | None) -> str:
    """Say what differs where a document is to be in the books."""
    if not live:
        return "it is missing"
    if any(entry.total != total or not entry.posted for entry in live):
        return f"the CRM says {total}, the books {live}"
    if journal is None or journal.state is not State.POSTED:
        return "it is in the books, and the journal does not say so"
    main = live[0]
    if journal.number != main.number or journal.accounting_id.lower() != main.id.lower():
        return f"the books have {main}"
    return ""
