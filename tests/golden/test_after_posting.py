"""Golden cases after posting, rules 7, 8, 15, 21: what the CRM did × what accounting did meanwhile → what comes of it.

``books`` is what accounting holds in the end: the total of each document that counts, 244 (SAP: 122) as exported.
The details of each are in ``tests/integration/{onec,sapb1}_connector``.
"""

from typing import Any

import pytest

from shared.errors import Refused
from tests.golden.reading import shown
from tests.integration.onec_connector import conftest as onec_kit
from tests.integration.onec_connector import test_rewriting as accountant
from tests.integration.onec_connector.conftest import INVOICES, SALES, Base
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.integration.sapb1_connector.test_cancelling import changed, journal, pay
from tests.unit.dataverse.tables import cells
from tests.unit.onec import samples
from tests.unit.sapb1.examples import document
from tests.unit.sapb1.examples import route as sapb1_route

IN_1C = """
document      route     crm       meanwhile            result                books
счёт          default   nothing   nothing              Posted                244
счёт          default   changed   nothing              Posted                122
счёт          default   cancelled nothing              Cancelled             -
счёт          default   changed   paid_счёт            schet_stays           244
счёт          default   changed   edited               edited_in_accounting  244
счёт          default   nothing   edited               Posted                244
счёт          default   changed   marked               deleted_in_accounting -
счёт          default   nothing   marked               deleted_in_accounting -
реализация    default   nothing   nothing              Posted                244
реализация    default   changed   nothing              realizatsiya_stays    244
реализация    rewrite   changed   nothing              Posted                122
реализация    rewrite   changed   signed               realizatsiya_stays    244
реализация    rewrite   changed   sent                 realizatsiya_stays    244
реализация    rewrite   changed   corrected_by_hand    realizatsiya_stays    244
реализация    rewrite   changed   followed             realizatsiya_stays    244
реализация    rewrite   changed   taxed                realizatsiya_stays    244
реализация    rewrite   changed   paid                 realizatsiya_stays    244
реализация    default   cancelled nothing              realizatsiya_stays    244
реализация    rewrite   cancelled nothing              Cancelled             -
реализация    rewrite   cancelled signed               realizatsiya_stays    244
"""
IN_SAP = """
route         crm       meanwhile      result                  books
default       nothing   nothing        Posted                  122
default       changed   nothing        changed_after_export    122
default       cancelled nothing        cancelled_after_export  122
recreate      changed   nothing        Posted                  305
recreate      changed   paid           cancel_blocked          122
recreate      changed   cancelled      cancelled_in_accounting -
cancel        cancelled nothing        Cancelled               -
cancel        cancelled paid           cancel_blocked          122
cancel        cancelled closed_period  cancel_blocked          122
"""
SAP_ROUTES: dict[str, dict[str, Any]] = {
    "default": {},
    "cancel": {"cancel": True, "cancellation_date": "document"},
    "recreate": {"recreate": True, "cancellation_date": "document"},
}


def cases(written: str) -> pytest.MarkDecorator:
    """Give each row as a case that is named by its cells."""
    rows = cells(written)
    return pytest.mark.parametrize("row", rows, ids=["-".join(list(row.values())[:-2]) for row in rows])


async def meanwhile_in_1c(onec: Base, what: str) -> None:
    """Let the accountant, or the customer, do something."""
    if what == "paid_счёт":
        await accountant.pay(onec, str(samples.key()), 244)
    elif what == "edited":
        await onec.edit(INVOICES, samples.key(), Date="2026-03-06T00:00:00")
    elif what == "marked":
        await onec.edit(INVOICES, samples.key(), Posted=False, DeletionMark=True)
    elif what != "nothing":
        await getattr(accountant, what)(onec)


@cases(IN_1C)
async def test_rules_07_08_21_in_1c(onec: Base, row: dict[str, str]) -> None:
    act = row["document"] == "реализация"
    sale = samples.order() if act else samples.invoice()
    decided = onec_kit.own_route("2A" if act else "2B", rewrite_realizatsiya=row["route"] == "rewrite")
    first = await onec_kit.export(onec.connector(), sale, route=decided)
    await meanwhile_in_1c(onec, row["meanwhile"])
    journal = onec_kit.journalled(first)

    try:
        if row["crm"] == "cancelled":
            outcome = await onec_kit.cancel(onec.connector(), sale, journal, decided)
        else:
            new = accountant.halved(sale) if row["crm"] == "changed" else sale
            outcome = await onec_kit.export(onec.connector(), new, journal=journal, version=8, route=decided)
        said = str(outcome.state)
    except Refused as error:
        said = error.refusal.code
        assert (error.number, error.accounting_id) == (first.number, first.accounting_id)  # rule 22

    found = await onec.rows(SALES if act else INVOICES)
    held = [shown(each["СуммаДокумента"]) for each in found if each["Posted"] and not each["DeletionMark"]]
    assert (said, " ".join(held) or "-") == (row["result"], row["books"])


@cases(IN_SAP)
async def test_rules_15_21_in_sap(bridge: Bridge, company: Company, row: dict[str, str]) -> None:
    decided = sapb1_route(**SAP_ROUTES[row["route"]])
    first = await bridge.export(document(), decided)
    if row["meanwhile"] == "paid":
        await pay(company, "122")
    elif row["meanwhile"] == "cancelled":
        await company.accountant("Invoices(1)/Cancel")
    elif row["meanwhile"] == "closed_period":
        await company.tell("period", month="2026-02", status="locked")

    try:
        if row["crm"] == "cancelled":
            outcome = await bridge.cancel(journal(document(), first), decided)
        else:
            outcome = await bridge.export(journal(changed() if row["crm"] == "changed" else document(), first), decided)
        said = str(outcome.state)
    except Refused as error:
        said = error.refusal.code
        assert error.number == "1"  # rule 22

    held = [shown(each["DocTotal"]) for each in await company.live("Invoices")]
    assert (said, " ".join(held) or "-") == (row["result"], row["books"])
