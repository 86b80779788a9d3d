"""Requests through the whole chain, exactly: more of them is a change that somebody has to want.

The floors are 2 for 1C (write, post) and 1 for SAP Business One (the changeset), and one read and one write of
Dataverse.
"""

import pytest

from shared.routes import Target
from tests.faults.systems import Systems
from tests.integration.round_trips.counting import BULK, Count, counts

EXPECTED: dict[Target, dict[str, Count]] = {
    "onec": {
        # customer and contract, each looked for and created
        "first of its customer": Count(accounting=6, dataverse=3),
        "warm": Count(accounting=2, dataverse=2),
        "nothing to do, the journal knows": Count(accounting=0, dataverse=1),
        # read, and before it may be rewritten: state, payments, three ways to be shipped against; changed, posted
        "update": Count(accounting=8, dataverse=2, looks=1),
        "nothing to do after it": Count(accounting=0, dataverse=1),
        # the creation is refused as not unique, and what stands there is read
        "nothing to do, the journal does not know": Count(accounting=2, dataverse=2),
        "in bulk": Count(accounting=2 * BULK, dataverse=2),
    },
    "sapb1": {
        # looked for and created, in a changeset with its claim
        "first of its customer": Count(accounting=3, dataverse=3),
        "warm": Count(accounting=1, dataverse=2),
        "nothing to do, the journal knows": Count(accounting=0, dataverse=1),
        # looked up in invoices and drafts, tried as a draft and taken away, claimed, cancelled, created anew
        "update": Count(accounting=7, dataverse=2, looks=1),
        "nothing to do after it": Count(accounting=0, dataverse=1),
        # the changeset is refused, and what stands there is looked up among drafts and invoices
        "nothing to do, the journal does not know": Count(accounting=3, dataverse=2),
        "in bulk": Count(accounting=BULK, dataverse=2),
    },
}


@pytest.mark.parametrize("target", list(EXPECTED))
async def test_a_document_takes_exactly_these_requests(systems: Systems, target: Target) -> None:
    assert await counts(systems, target) == EXPECTED[target]
