"""A document that somebody typed by hand and linked in the journal: it is shown, and never written (rule 1)."""

from collections.abc import Iterator
from dataclasses import replace

from shared.accounting import Outcome
from shared.errors import Refused
from shared.messages import Document, State
from shared.onec import held, odata
from shared.onec.kinds import Step, family
from shared.onec.writer import Writer
from shared.refusals import refusal


def is_linked(document: Document) -> bool:
    """Say whether the journal names a document that is none of ours, of whatever generation. Pure.

    One of ours may be another than the main one: it was written before it, or all were cancelled and exported anew.
    """
    journal = document.journal
    if journal is None or not journal.accounting_id:
        return False
    generations = {*range(journal.generation + 1), document.generation}
    own = {str(step.key) for generation in generations for step in _family(document, generation)}
    return journal.accounting_id.lower() not in own


def _family(document: Document, generation: int) -> Iterator[Step]:
    return family(document.organization_id, document.sale.table, document.sale.id, generation)


async def shown(document: Document, writer: Writer) -> Outcome:
    """Say what 1C holds of it. Refused: deleted_in_accounting (or no id of 1C's), total_differs."""
    named, sale = document.journal.accounting_id if document.journal else "", document.sale
    key = odata.key(named)
    if key is None:
        raise Refused(refusal("deleted_in_accounting"))
    main = next(step for step in _family(document, document.generation) if step.main)
    row = await writer.found(replace(main, key=key))
    number, total = held.number_of(row), odata.number(row, "СуммаДокумента")
    if total is not None and total != sale.total:
        values = {"accounting": total, "crm": sale.total, "difference": total - sale.total}
        written = {name: format(value, "f") for name, value in values.items()}
        reason = refusal("total_differs", number=number, **written)
        raise Refused(reason, number, named, dated=held.date_of(row), total=total)
    state = State.POSTED if row.get("Posted") is True else State.EXPORTED
    currency = sale.currency.code
    return Outcome(state, number, named, total, currency, document.hash, dated=held.date_of(row))
