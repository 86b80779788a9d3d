"""Rules 10 and 21: who the customer is after a merge, and what is refused of customers and products that are not sold.

What is in the books already stays there, whatever becomes of the customer's and the products' cards.
"""

from typing import Any
from uuid import UUID

import pytest

from shared.bus import CHANGES
from shared.dataverse import transform
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE as INVOICES
from shared.decision import Nothing, Send, Tell, decide
from shared.export import Export
from shared.messages import State
from tests.builders import (
    ACCOUNT,
    CONTACT,
    NOW,
    account_row,
    contact_row,
    invoice_row,
    journal_columns,
    line_row,
    product_row,
    record_id,
    reference,
    route,
    settings,
)
from tests.unit.core.fakes import FakeDataverse, MemoryBus, clock, incoming

SETTINGS = settings()
MASTER, OTHER = record_id(2, 0x2A), record_id(3, 0x2A)


def master(**columns: Any) -> dict[str, Any]:
    return account_row(accountid=str(MASTER), name="ООО «Лютик»", versionnumber=70, **columns)


def subordinate() -> dict[str, Any]:
    """The old account, as a merge leaves it."""
    return account_row(statecode=1, merged=True, masterid=master())


def decided(row: dict[str, Any]) -> Nothing | Tell | Send:
    return decide(INVOICES, row, reference(), SETTINGS, NOW)


def refused(row: dict[str, Any]) -> str:
    decision = decided(row)
    assert isinstance(decision, Tell)
    assert decision.result.state is State.REFUSED
    assert decision.result.reason is not None
    return decision.result.reason.code


def person(**columns: Any) -> dict[str, Any]:
    return invoice_row(customerid_account=None, customerid_contact=contact_row(**columns)) | {
        "_customerid_value": str(CONTACT)
    }


# --- merged


@pytest.mark.parametrize(
    "customer",
    [
        pytest.param(subordinate(), id="the document still has the old account"),
        pytest.param(
            master(account_master_account=[{"accountid": str(ACCOUNT)}]),
            id="the merge moved the document to the master",
        ),
    ],
)
def test_rule_21_the_masters_row_counts(customer: dict[str, Any]) -> None:
    row = invoice_row(customerid_account=customer)
    made = transform.to_sale(INVOICES, row, route(), SETTINGS).customer
    assert (made.id, made.name, made.merged) == (MASTER, "ООО «Лютик»", (ACCOUNT,))
    assert isinstance(decided(row), Send)
    assert f"account:{MASTER}" in transform.hangs_on(INVOICES, row)


def test_rule_21_the_version_rises_with_the_master() -> None:
    row = invoice_row(customerid_account=subordinate() | {"masterid": master() | {"versionnumber": 777}})
    assert transform.header(INVOICES, row).version == 777


def test_rule_21_an_exported_document_keeps_its_customer() -> None:
    before = transform.to_sale(INVOICES, invoice_row(), route(), SETTINGS).content_hash()
    known = journal_columns(STATE_VALUES[State.POSTED], acx_accountingid="ref-1", acx_writtenhash=before)
    row = invoice_row(customerid_account=subordinate()) | {INVOICES.journal: [known]}
    assert isinstance(decided(row), Nothing)
    changed = invoice_row(line_row("2000", "440"), customerid_account=subordinate()) | {INVOICES.journal: [known]}
    assert isinstance(decided(changed), Send)


def test_rule_21_an_inactive_master_is_no_customer() -> None:
    assert refused(invoice_row(customerid_account=subordinate() | {"masterid": master(statecode=1)})) == (
        "customer_inactive"
    )


class Bench:
    """An export step that knows some bindings."""

    def __init__(self, **bound: str) -> None:
        customer = master(account_master_account=[{"accountid": str(each)} for each in (ACCOUNT, OTHER)])
        self.bus = MemoryBus()
        self.dataverse = FakeDataverse(invoice_row(customerid_account=customer))
        for name, accounting_id in bound.items():
            account = {"old": ACCOUNT, "other": OTHER, "master": MASTER}[name]
            self.dataverse.write(f"onec:account:{account}", acx_accountingid=accounting_id)
        self.step = Export(SETTINGS, self.dataverse, self.bus, clock(NOW))

    async def handle(self) -> None:
        await self.step.handle([incoming(CHANGES, reference(), "m")])


@pytest.mark.parametrize(
    ("bound", "accounting_id"),
    [
        ({"old": "ref-7"}, "ref-7"),
        ({"master": "ref-7"}, "ref-7"),
        ({"old": "ref-7", "other": "ref-7", "master": "ref-7"}, "ref-7"),
        ({}, None),
    ],
)
async def test_rule_21_the_master_inherits_what_its_subordinates_are_in_accounting(
    bound: dict[str, str], accounting_id: str | None
) -> None:
    bench = Bench(**bound)
    await bench.handle()
    (document,) = bench.bus.documents()
    assert document.bindings.get(f"account:{MASTER}") == accounting_id


# --- merged more than once: the account into another one, and that one into the master

BETWEEN = record_id(4, 0x2A)


def account(record: UUID, *merged: UUID, into: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give an account as it is read by its id: with its master, and those merged into it."""
    subordinates = [{"accountid": str(each)} for each in merged]
    return {"accountid": str(record), "masterid": into, "account_master_account": subordinates}


def between(**columns: Any) -> dict[str, Any]:
    """The account in the middle, as it is read with the old one: nothing is said of its own master."""
    return account_row(accountid=str(BETWEEN), statecode=1, merged=True, versionnumber=800, **columns)


class Chain:
    """An export step and a document whose customer was merged twice."""

    def __init__(self, customer: dict[str, Any], **bound: str) -> None:
        self.bus = MemoryBus()
        self.dataverse = FakeDataverse(invoice_row(customerid_account=customer))
        self.dataverse.accounts = {
            UUID(each["accountid"]): each
            for each in (
                account(ACCOUNT, into=between()),
                account(BETWEEN, ACCOUNT, OTHER, into=master()),
                account(OTHER, into=between()),
                account(MASTER, BETWEEN),
            )
        }
        for name, accounting_id in bound.items():
            known = {"old": ACCOUNT, "between": BETWEEN, "other": OTHER, "master": MASTER}[name]
            self.dataverse.write(f"onec:account:{known}", acx_accountingid=accounting_id)
        self.step = Export(SETTINGS, self.dataverse, self.bus, clock(NOW))

    async def handle(self) -> None:
        await self.step.handle([incoming(CHANGES, reference(), "m")])


PLACES = pytest.mark.parametrize(
    "customer",
    [
        pytest.param(account_row(statecode=1, merged=True, masterid=between()), id="still on the first"),
        pytest.param(between(masterid=master(), account_master_account=[]), id="still on the second"),
        pytest.param(master(account_master_account=[{"accountid": str(BETWEEN)}]), id="moved to the last"),
    ],
)


@PLACES
@pytest.mark.parametrize("holder", ["old", "between", "other", "master"])
async def test_rule_21_the_last_master_inherits_through_the_chain(customer: dict[str, Any], holder: str) -> None:
    bench = Chain(customer, **{holder: "ref-7"})
    await bench.handle()
    (document,) = bench.bus.documents()
    assert (document.sale.customer.id, document.sale.customer.name) == (MASTER, "ООО «Лютик»")
    assert set(document.sale.customer.merged) == {ACCOUNT, BETWEEN, OTHER}
    assert document.bindings[f"account:{MASTER}"] == "ref-7"


@PLACES
async def test_rule_21_a_conflict_anywhere_in_the_chain_is_refused(customer: dict[str, Any]) -> None:
    bench = Chain(customer, old="ref-7", other="ref-8")
    await bench.handle()
    (result,) = bench.bus.results()
    assert result.reason is not None
    assert (result.reason.code, result.reason.values["matches"]) == ("merged_differently", "ref-7, ref-8")


async def test_rule_21_the_version_does_not_fall_when_the_master_is_merged() -> None:
    bench = Chain(account_row(statecode=1, merged=True, masterid=between()))
    await bench.handle()
    (document,) = bench.bus.documents()
    assert document.version == 800  # that of the account in the middle; the last master's is lower


async def test_rule_21_nobody_is_asked_for_where_nobody_was_merged() -> None:
    bench = Chain(account_row(merged=False, masterid=None, account_master_account=[]))
    await bench.handle()
    assert "accounts" not in bench.dataverse.queries


async def test_rule_21_a_circle_of_merges_ends() -> None:
    """An account that was activated again can be the master of its own master."""
    active = account_row(merged=True, account_master_account=[{"accountid": str(BETWEEN)}])
    bench = Chain(active | {"masterid": between()})
    bench.dataverse.accounts[BETWEEN] = account(BETWEEN, ACCOUNT, into=active)
    await bench.handle()
    (result,) = bench.bus.results()
    assert result.reason is not None
    assert result.reason.code == "customer_inactive"


@pytest.mark.parametrize("bound", [{"old": "ref-7", "master": "ref-8"}, {"old": "ref-7", "other": "ref-8"}])
async def test_rule_21_merged_accounts_that_differ_in_accounting_are_refused(bound: dict[str, str]) -> None:
    bench = Bench(**bound)
    await bench.handle()
    assert bench.bus.documents() == []
    (result,) = bench.bus.results()
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert (result.reason.code, result.reason.values["matches"]) == ("merged_differently", "ref-7, ref-8")


@pytest.mark.parametrize("mended", ["ref-8", ""], ids=["bound to the same", "unbound"])
async def test_rule_21_a_binding_that_was_mended_counts_at_once(mended: str) -> None:
    bench = Bench(old="ref-7", master="ref-8")
    await bench.handle()
    bench.dataverse.write(f"onec:account:{ACCOUNT}", acx_accountingid=mended)
    await bench.handle()
    (document,) = bench.bus.documents()
    assert document.bindings[f"account:{MASTER}"] == "ref-8"


# --- who buys, and what is sold


@pytest.mark.parametrize(
    ("row", "code"),
    [
        pytest.param(invoice_row(customerid_account=account_row(statecode=1)), "customer_inactive", id="account"),
        pytest.param(person(statecode=1), "customer_inactive", id="contact"),
        pytest.param(person(_accountid_value=str(ACCOUNT)), "contact_of_company", id="a company's contact"),
        pytest.param(
            invoice_row(line_row(), line_row(position=2, product=product_row(statecode=1))),
            "product_inactive",
            id="retired",
        ),
        pytest.param(invoice_row(line_row(product=product_row(statecode=2))), "product_inactive", id="draft"),
    ],
)
def test_rule_10_what_is_inactive_or_in_doubt_is_refused(row: dict[str, Any], code: str) -> None:
    assert refused(row) == code


def test_rule_10_a_retired_product_is_named_with_its_line() -> None:
    decision = decided(invoice_row(line_row(), line_row(position=2, product=product_row(statecode=1))))
    assert isinstance(decision, Tell)
    assert decision.result.reason is not None
    assert decision.result.reason.values == {"line": "2", "value": "PUMP-7"}
    assert f"product:{product_row()['productid']}" in decision.result.hangs_on


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            person(_accountid_value=str(ACCOUNT), acx_taxnumber="500100732259"), id="a contact that buys itself"
        ),
        pytest.param(invoice_row(line_row(product=product_row(statecode=3))), id="a product under revision"),
        pytest.param(invoice_row(line_row(product=product_row(statecode=None))), id="a state that was not read"),
    ],
)
def test_rule_10_what_is_in_no_doubt_is_exported(row: dict[str, Any]) -> None:
    assert isinstance(decided(row), Send)


@pytest.mark.parametrize(
    "changes",
    [
        {"customerid_account": account_row(statecode=1)},
        {"invoice_details": [line_row(product=product_row(statecode=1))]},
    ],
    ids=["customer", "product"],
)
def test_rule_21_what_is_in_the_books_is_neither_refused_nor_kept_from_being_taken_back(
    changes: dict[str, Any],
) -> None:
    digest = transform.to_sale(INVOICES, invoice_row(), route(), SETTINGS).content_hash()
    known = journal_columns(STATE_VALUES[State.POSTED], acx_accountingid="ref-1", acx_writtenhash=digest)
    row = invoice_row() | changes | {INVOICES.journal: [known]}
    assert isinstance(decided(row), Nothing)
    cancelled = decided(row | {"statecode": 3, "statuscode": 100003})
    assert isinstance(cancelled, Send)
    assert cancelled.document.action == "cancel"
