"""What a user of b1sl-python does to post invoices: URL, company, user, password and how many in; CPU ms of each out.

It runs in an environment of its own, where the client is installed and this project is not.
"""

import json
import sys
import time

# Installed only in the environment that this program runs in.
from b1sl.b1sl import B1Client, B1Config, entities  # type: ignore[import-not-found]

LINES, CHUNK = 20, 20


def main() -> None:
    """Post, and print CPU milliseconds of one invoice, by chunks; the first chunk opens the session."""
    url, company, user, password, count = sys.argv[1:]
    line = entities.DocumentLine(item_code="S1000", quantity=1, unit_price=100, vat_group="S22")
    partner = entities.BusinessPartner(card_code="BENCH", card_name="Bench", card_type="cCustomer")
    measured = []
    config = B1Config(base_url=url, username=user, password=password, company_db=company)
    with B1Client(config) as b1:
        b1.business_partners.create(partner)
        for _ in range(int(count) // CHUNK):
            before = time.process_time()
            for _ in range(CHUNK):
                b1.invoices.create(
                    entities.Document(card_code="BENCH", doc_date="2026-09-10", document_lines=[line] * LINES)
                )
            measured.append((time.process_time() - before) * 1e3 / CHUNK)
    sys.stdout.write(json.dumps(measured[1:]))


if __name__ == "__main__":
    main()
