"""An invoice that the bridge itself set Paid: the setting that allows it, and that it comes back as nothing to do."""

import pytest

from shared.dataverse import transform
from shared.dataverse.journal import STATE_VALUES
from shared.dataverse.sales import INVOICE as INVOICES
from shared.decision import Nothing, decide
from shared.errors import Misconfigured
from shared.messages import State
from tests.builders import NOW, invoice_row, journal_columns, line_row, reference, route, settings


def test_by_default_no_invoice_is_touched() -> None:
    assert settings().mark_invoices_paid is False


def test_it_needs_the_status_of_a_paid_invoice_among_the_issued_ones() -> None:
    assert settings(MARK_INVOICES_PAID="true").mark_invoices_paid is True
    with pytest.raises(Misconfigured, match="MARK_INVOICES_PAID: needs 100001 among INVOICE_ISSUED_STATUSES"):
        settings(MARK_INVOICES_PAID="true", INVOICE_ISSUED_STATUSES="[4]")


@pytest.mark.parametrize("state", [State.PAID, State.PARTIALLY_PAID, State.SETTLED])
def test_our_own_change_of_the_invoice_is_nothing_to_do(state: State) -> None:
    own = settings(MARK_INVOICES_PAID="true")
    row = invoice_row(line_row(), statecode=2, statuscode=100001, versionnumber=200)
    written = transform.to_sale(INVOICES, row, route(), own).content_hash()
    known = journal_columns(STATE_VALUES[state], acx_accountingid="ref-1", acx_writtenhash=written)
    row[INVOICES.journal] = [known]

    assert isinstance(decide(INVOICES, row, reference(), own, NOW), Nothing)
