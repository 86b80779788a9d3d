"""The export step with a Dataverse and a queue in memory: every reference ends somewhere, none twice."""

from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from shared.bus import CHANGES, MAX_BODY, POISON, RESULTS, Envelope
from shared.dataverse.journal import STATE_VALUES
from shared.errors import Misconfigured, Unavailable
from shared.export import Export
from shared.keys import lane
from shared.messages import Reference, State
from tests.builders import (
    ACCOUNT,
    GOODS,
    INVOICE,
    NOW,
    OTHER_ORGANIZATION,
    UNIT_EU,
    account_row,
    invoice_row,
    line_row,
    onec_route,
    product_row,
    record_id,
    reference,
    settings,
    write_in,
)
from tests.unit.core.fakes import FakeDataverse, MemoryBus, clock, incoming
from tests.unit.files.kit import onec

LINE = record_id(1, 0x1B)


class Bench:
    """An export step with what it talks to."""

    def __init__(self, *invoices: dict[str, Any], **changes: str) -> None:
        self.bus = MemoryBus()
        self.dataverse = FakeDataverse(*invoices)
        self.step = Export(settings(**changes), self.dataverse, self.bus, clock(NOW))

    async def handle(self, *references: Reference | bytes) -> None:
        """Settle a batch."""
        await self.step.handle([incoming(CHANGES, each, f"m{n}") for n, each in enumerate(references)])


async def test_an_invoice_becomes_a_document_in_its_customers_lane() -> None:
    bench = Bench(invoice_row())
    await bench.handle(reference())
    ((queue, envelope),) = bench.bus.sent
    (document,) = bench.bus.documents()
    assert queue == "onec"
    assert envelope.session_id == lane("7707083893", ACCOUNT, 4)
    assert envelope.correlation_id == document.correlation_id == "correlation"
    assert len(envelope.message_id) <= 128
    assert document.sale.id == INVOICE
    assert bench.dataverse.queries.count("invoices") == 1


async def test_the_trace_goes_on_in_a_new_span() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    bench = Bench(invoice_row())
    await bench.handle(reference(traceparent=f"00-{trace}-b7ad6b7169203331-01"))
    parts = bench.bus.documents()[0].traceparent.split("-")
    assert parts[1] == trace
    assert parts[2] != "b7ad6b7169203331"


async def test_repeats_of_one_invoice_are_one_document_in_one_reading() -> None:
    bench = Bench(invoice_row())
    bench.dataverse.owners[LINE] = INVOICE
    await bench.handle(
        reference(message_id="a"), reference(message_id="b"), reference(LINE, table="invoicedetail", message_id="c")
    )
    assert len(bench.bus.sent) == 1
    assert bench.dataverse.queries.count("invoices") == 1


async def message_id_of(*references: Reference, row: dict[str, Any] | None = None) -> str:
    bench = Bench(row or invoice_row())
    await bench.handle(*references)
    return bench.bus.on("onec")[0].message_id


async def test_one_trigger_is_one_message_and_a_new_one_passes() -> None:
    a, b = reference(message_id="a"), reference(message_id="b")
    once = await message_id_of(a)
    assert await message_id_of(a) == once
    assert await message_id_of(a, a) == once, "delivered twice in one batch"
    assert await message_id_of(b) != once, "unchanged, but somebody pressed Retry"
    assert await message_id_of(a, row=invoice_row(versionnumber=101)) != once
    assert await message_id_of(a, b) == await message_id_of(b, a)


async def test_many_invoices_are_read_at_once() -> None:
    bench = Bench(*(invoice_row(number=number) for number in range(1, 251)))
    await bench.handle(*(reference(record_id(number)) for number in range(1, 251)))
    assert len(bench.bus.documents()) == 250
    assert bench.dataverse.queries.count("invoices") == 3
    assert len(bench.dataverse.queries) == 4


async def test_one_bad_item_takes_no_neighbour_along() -> None:
    bench = Bench(
        invoice_row(line_row(rate="?"), number=1),
        invoice_row(number=2),
        invoice_row(number=3, versionnumber=None),
        invoice_row(number=4, statuscode=1),
        invoice_row(number=5, _owningbusinessunit_value=str(UNIT_EU)),
    )
    gone = reference(record_id(6))
    await bench.handle(b"garbage", *(reference(record_id(number)) for number in range(1, 6)), gone)
    assert [document.sale.number for document in bench.bus.documents()] == ["INV-00002"]
    assert [document.sale.number for document in bench.bus.documents("sapb1")] == ["INV-00005"]
    assert [(result.record, result.state) for result in bench.bus.results()] == [("INV-00001", State.REFUSED)]
    assert [envelope.body for envelope in bench.bus.on(POISON)] == [b"garbage"]
    (again,) = bench.bus.references()
    assert (again.id, again.attempt) == (record_id(3), 1)


@pytest.mark.parametrize(
    "failure",
    [Unavailable("Dataverse", "away", 120.0), Misconfigured("DATAVERSE_URL: wrong"), KeyError("a bug")],
    ids=["away", "misconfigured", "a bug"],
)
async def test_where_dataverse_is_away_every_reference_comes_back_later(failure: Exception) -> None:
    bench = Bench(invoice_row())
    bench.dataverse.failure = failure
    batch = [reference(record_id(number), attempt=number) for number in range(1, 5)]
    await bench.handle(*batch)
    assert [(again.id, again.attempt) for again in bench.bus.references()] == [
        (each.id, each.attempt + 1) for each in batch
    ]
    times = [envelope.not_before for envelope in bench.bus.on(CHANGES)]
    assert all(time is not None and time > NOW for time in times)
    if isinstance(failure, Unavailable):
        assert all(time is not None and (time - NOW).total_seconds() >= 120 for time in times)
    assert len({envelope.message_id for envelope in bench.bus.on(CHANGES)}) == 4
    assert [queue for queue, _ in bench.bus.sent] == [CHANGES] * 4


async def test_another_organization_behind_the_address_is_not_read() -> None:
    bench = Bench(invoice_row())
    bench.dataverse.organization = OTHER_ORGANIZATION
    await bench.handle(reference())
    assert bench.dataverse.queries == []
    assert len(bench.bus.references()) == 1


async def test_a_message_of_another_organization_is_not_exported() -> None:
    bench = Bench(invoice_row())
    await bench.handle(reference(organization_id=OTHER_ORGANIZATION))
    assert [queue for queue, _ in bench.bus.sent] == [POISON]


async def test_where_the_bus_is_away_the_messages_stay_in_their_queue() -> None:
    bench = Bench(invoice_row())
    bench.bus.failure = Unavailable("Service Bus", "away")
    with pytest.raises(Unavailable):
        await bench.handle(reference())


class FullBus(MemoryBus):
    """Takes nothing on one queue, as Service Bus does with a full one."""

    async def send(self, queue: str, envelopes: Iterable[Envelope]) -> None:
        """Keep the messages of the others."""
        if queue == "onec":
            raise Unavailable("Service Bus", "queue onec did not take messages")
        await super().send(queue, envelopes)


async def test_where_a_targets_queue_is_full_the_references_wait_on_changes() -> None:
    bench = Bench(invoice_row(), invoice_row(number=2, _owningbusinessunit_value=str(UNIT_EU)))
    bench.bus = FullBus()
    bench.step = Export(settings(), bench.dataverse, bench.bus, clock(NOW))
    await bench.handle(reference(), reference(record_id(2)))
    (waiting,) = bench.bus.references()
    assert (waiting.id, waiting.attempt) == (INVOICE, 1)
    (envelope,) = bench.bus.on(CHANGES)
    assert envelope.not_before is not None and envelope.not_before > NOW
    assert [document.sale.id for document in bench.bus.documents("sapb1")] == [record_id(2)]


async def test_a_thousand_lines_fit_a_message() -> None:
    # Ids are what compresses worst; each line has a product of its own.
    ids = [[str(uuid5(NAMESPACE_OID, f"{kind} {n}")) for kind in ("line", "product")] for n in range(1, 1001)]
    lines = [
        line_row(
            position=n,
            invoicedetailid=line,
            product=product_row(productid=product, productnumber=f"P-{n:05}", name=f"Насос центробежный {n}"),
        )
        for n, (line, product) in enumerate(ids, start=1)
    ]
    bench = Bench(invoice_row(*lines))
    await bench.handle(reference())
    (envelope,) = bench.bus.on("onec")
    assert len(envelope.body) < MAX_BODY
    (document,) = bench.bus.documents()
    assert len(document.sale.lines) == 1000


async def test_a_document_too_large_for_the_broker_is_refused() -> None:
    # Descriptions that compress badly: their hex digits have four bits of news each.
    lines = (
        write_in("".join(str(UUID(int=n * m * 2**61 + 7919 * n**5)) for m in range(1, 40)), position=n)
        for n in range(1, 2000)
    )
    bench = Bench(invoice_row(*lines, number=1), invoice_row(number=2))
    await bench.handle(reference(), reference(record_id(2)))
    (result,) = bench.bus.results()
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert result.reason.code == "too_large"
    assert [document.sale.number for document in bench.bus.documents()] == ["INV-00002"]


# --- what the journal knows of customers and products


async def test_known_ids_travel_with_the_document_and_are_read_once() -> None:
    bench = Bench(invoice_row(number=1), invoice_row(number=2))
    bench.dataverse.write(f"onec:account:{ACCOUNT}", acx_accountingid="customer-1")
    bench.dataverse.write(f"sapb1:product:{GOODS}", acx_accountingid="of another system")
    await bench.handle(reference(record_id(1)), reference(record_id(2)))
    for document in bench.bus.documents():
        assert document.bindings == {f"account:{ACCOUNT}": "customer-1"}
    bench.dataverse.queries.clear()
    bench.dataverse.write(f"onec:product:{GOODS}", acx_accountingid="item-1")
    await bench.handle(reference(record_id(1), message_id="later"))
    assert bench.bus.documents()[-1].bindings == {f"account:{ACCOUNT}": "customer-1", f"product:{GOODS}": "item-1"}
    bench.dataverse.queries.clear()
    await bench.handle(reference(record_id(1), message_id="last"))
    assert bench.dataverse.queries == ["invoices"]


async def test_a_document_says_which_cards_accounting_was_given() -> None:
    bench = Bench(invoice_row())
    account = {"acx_accountingid": "customer-1", "acx_writtenhash": "card"}
    bench.dataverse.write(f"onec:account:{ACCOUNT}", acx_state=STATE_VALUES[State.BOUND], **account)
    bench.dataverse.write(f"onec:product:{GOODS}", acx_state=STATE_VALUES[State.BOUND], acx_accountingid="item-1")
    await bench.handle(reference())
    [document] = bench.bus.documents()
    assert document.cards == {f"account:{ACCOUNT}": "card"}


async def test_a_document_carries_only_its_own_bindings() -> None:
    other = product_row(record_id(9, 0x3A))
    bench = Bench(invoice_row(number=1), invoice_row(line_row(product=other), number=2))
    bench.dataverse.write(f"onec:product:{GOODS}", acx_accountingid="item-1")
    await bench.handle(reference(record_id(1)), reference(record_id(2)))
    first, second = bench.bus.documents()
    assert (first.bindings, second.bindings) == ({f"product:{GOODS}": "item-1"}, {})


# --- what a change of another record means


@pytest.mark.parametrize(("table", "record"), [("account", ACCOUNT), ("product", GOODS), ("contact", ACCOUNT)])
async def test_a_mended_record_sends_what_was_refused_because_of_it(table: str, record: UUID) -> None:
    bench = Bench(invoice_row(number=1), invoice_row(number=2))
    bench.dataverse.refused[f"{table}:{record}"] = [record_id(2)]
    await bench.handle(reference(record, table=table, message_id="mended"))
    (document,) = bench.bus.documents()
    assert document.sale.number == "INV-00002"
    assert (document.reference.table, document.reference.id) == ("invoice", record_id(2)), (
        "a retry leads to the invoice"
    )


async def test_two_invoices_that_one_record_mends_have_retries_of_their_own() -> None:
    bench = Bench(invoice_row(number=1), invoice_row(number=2))
    bench.dataverse.refused[f"account:{ACCOUNT}"] = [record_id(1), record_id(2)]
    await bench.handle(reference(ACCOUNT, table="account"))
    first, second = bench.bus.documents()
    assert first.reference.message_id != second.reference.message_id


@pytest.mark.parametrize(
    ("table", "record"), [("account", ACCOUNT), ("invoicedetail", LINE), ("invoice", record_id(404))]
)
async def test_what_leads_to_no_invoice_is_settled_quietly(table: str, record: UUID) -> None:
    bench = Bench(invoice_row())
    await bench.handle(reference(record, table=table))
    assert bench.bus.sent == []


async def test_nothing_is_sent_twice_when_our_own_write_comes_back() -> None:
    bench = Bench(invoice_row())
    await bench.handle(reference())
    written = bench.bus.documents()[0].hash
    row = invoice_row(customerid_account=account_row(versionnumber=999))
    row["acx_invoice_accountingexports"] = [
        {
            "acx_accountingexportid": str(UUID(int=1)),
            "@odata.etag": "1",
            "acx_target": "onec",
            "acx_state": STATE_VALUES[State.POSTED],
            "acx_writtenhash": written,
            "acx_accountingid": "ref-1",
        }
    ]
    bench.dataverse.invoices[INVOICE] = row
    bench.bus.sent.clear()
    await bench.handle(reference(message_id="echo"))
    assert bench.bus.sent == []


async def test_a_pause_is_told_to_the_journal() -> None:
    bench = Bench(invoice_row())
    bench.step = Export(settings(onec_route(paused=True)), bench.dataverse, bench.bus, clock(NOW))
    await bench.handle(reference())
    assert [queue for queue, _ in bench.bus.sent] == [RESULTS]
    assert bench.bus.results()[0].state is State.PAUSED


@pytest.mark.parametrize(
    ("target", "columns"),
    [
        pytest.param("onec", {"acx_accountingid": "ref-1"}, id="exported"),
        pytest.param("onec", {"acx_writtenhash": "h"}, id="handed out in a file"),
        pytest.param("sapb1", {"acx_accountingid": "7"}, id="exported where no route leads any more"),
    ],
)
async def test_a_deletion_is_told_wherever_the_document_stands(target: str, columns: dict[str, str]) -> None:
    bench = Bench()
    bench.step = Export(settings(onec()), bench.dataverse, bench.bus, clock(NOW))
    bench.dataverse.write(f"{target}:invoice:{INVOICE}", acx_state=STATE_VALUES[State.EXPORTED], **columns)
    await bench.handle(reference())
    (result,) = bench.bus.results()
    assert (result.target, result.state) == (target, State.REFUSED)
    assert result.reason is not None
    assert result.reason.code == "deleted_after_export"
