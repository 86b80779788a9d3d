"""Where a browser shows an accounting document: templates that are taken or refused, and addresses made of them."""

from uuid import UUID

import pytest

from shared.errors import Misconfigured
from shared.links import link, reference
from shared.messages import State
from shared.routes import Target
from shared.settings import load
from shared.writeback import Writeback
from tests.builders import INVOICE, NOW, environment, result, settings
from tests.unit.core.fakes import FakeDataverse, MemoryBus, clock, incoming

ONEC = "https://1c.example/base/#e1cib/data/Документ.{type}?ref={ref}"
SAPB1 = "https://sap.example/webx/#{type},{id}"
KEY = "3d71007f-8d04-11dc-8ca0-000d8843cd1b"
REF = "8ca0000d8843cd1b11dc8d043d71007f"


def test_a_reference_of_1c_has_the_parts_of_the_key_in_another_order() -> None:
    assert reference(UUID(KEY)) == REF


@pytest.mark.parametrize(
    ("target", "table", "accounting_id", "address"),
    [
        ("onec", "invoice", KEY, f"https://1c.example/base/#e1cib/data/Документ.СчетНаОплатуПокупателю?ref={REF}"),
        ("onec", "salesorder", KEY, f"https://1c.example/base/#e1cib/data/Документ.РеализацияТоваровУслуг?ref={REF}"),
        ("onec", "invoice", "", None),
        ("onec", "invoice", "javascript:alert(1)", None),
        ("onec", "account", KEY, None),
        ("sapb1", "invoice", "7", "https://sap.example/webx/#OINV,7"),
        ("sapb1", "salesorder", "DeliveryNotes(7)", "https://sap.example/webx/#ODLN,7"),
        ("sapb1", "salesorder", "Orders(7)", "https://sap.example/webx/#ORDR,7"),
        ("sapb1", "invoice", "Drafts(7)", "https://sap.example/webx/#ODRF,7"),
        ("sapb1", "invoice", "", None),
        ("sapb1", "invoice", "7)", None),
        ("sapb1", "invoice", "Orders(7", None),
    ],
)
def test_a_document_has_an_address_by_its_kind_and_id(
    target: Target, table: str, accounting_id: str, address: str | None
) -> None:
    template = ONEC if target == "onec" else SAPB1
    assert link(template, target, table, accounting_id) == address
    assert link(None, target, table, accounting_id) is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ONEC_LINK", "http://1c.example/#{type}?ref={ref}", "https://"),
        ("ONEC_LINK", "javascript:{ref}", "https://"),
        ("ONEC_LINK", "https://me:secret@1c.example/#{ref}", "without a user name"),
        ("ONEC_LINK", "https://{ref}.example/", "a host"),
        ("ONEC_LINK", "https://1c.example/#{id}", "{type} and {ref} and nothing else"),
        ("ONEC_LINK", "https://1c.example/#{ref.__class__}", "nothing else"),
        ("ONEC_LINK", "https://1c.example/#{ref!r}", "nothing else"),
        ("ONEC_LINK", "https://1c.example/#{ref:>99}", "nothing else"),
        ("ONEC_LINK", "https://1c.example/#{ref", "is not an address"),
        ("ONEC_LINK", "https://1c.example/#{type}", "must contain {ref}"),
        ("ONEC_LINK", "https://1c.example/ #{ref}", "without spaces"),
        ("ONEC_LINK", f"https://1c.example/{'a' * 800}{{ref}}", "800"),
        ("SAPB1_LINK", "https://sap.example/#{ref}", "{type} and {id} and nothing else"),
        ("SAPB1_LINK", "https://sap.example/", "must contain {id}"),
    ],
)
def test_a_template_that_leads_nowhere_is_refused_at_start(name: str, value: str, said: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        load(environment(**{name: value}))
    assert name in str(raised.value)
    assert said in str(raised.value)
    assert "secret@" not in str(raised.value)


@pytest.mark.parametrize("target", ["onec", "sapb1"])
@pytest.mark.parametrize("configured", [True, False])
async def test_the_journal_keeps_the_link_where_a_template_is_set(target: Target, configured: bool) -> None:
    own = settings(ONEC_LINK=ONEC, SAPB1_LINK=SAPB1) if configured else settings()
    dataverse, bus = FakeDataverse(), MemoryBus()
    accounting_id = {"onec": KEY, "sapb1": "7"}[target]
    step = Writeback(own, dataverse, bus, clock(NOW))

    await step.handle([incoming("results", result(target=target, accounting_id=accounting_id), "m1")])

    row = dataverse.journal[f"{target}:invoice:{INVOICE}"]
    assert row.get("acx_link") == (link(own.link(target), target, "invoice", accounting_id))
    assert bool(row.get("acx_link")) is configured


async def test_a_refusal_of_what_accounting_does_not_hold_has_no_link() -> None:
    dataverse = FakeDataverse()
    step = Writeback(settings(ONEC_LINK=ONEC), dataverse, MemoryBus(), clock(NOW))
    await step.handle([incoming("results", result(State.RETRYING), "m1")])
    assert dataverse.journal[f"onec:invoice:{INVOICE}"].get("acx_link") is None
