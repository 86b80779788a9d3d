"""A company's own fields in the bodies for 1C, and their names among those that a base must publish."""

from shared.documents import Extra
from shared.fieldmap import FieldRule
from shared.onec import mapping, names
from shared.onec.published import own_names
from tests.unit.onec import samples


def test_a_line_carries_its_own_fields() -> None:
    sale = samples.invoice(samples.line(1), samples.line(2))
    line = sale.lines[0].model_copy(update={"extras": (Extra(to="Место", value="A-1", mode="overwrite"),)})
    rows = mapping.rows(sale.model_copy(update={"lines": (line, *sale.lines[1:])}), samples.route(), ships=False)
    assert rows[0]["Место"] == "A-1"
    assert all("Место" not in row for row in rows[1:])


def test_the_names_that_the_rules_write_are_asked_of_the_base() -> None:
    rules = [
        FieldRule.model_validate({"target": "onec", "record": "customer", "constant": "CRM", "to": "Источник"}),
        FieldRule.model_validate({"target": "sapb1", "record": "customer", "constant": "CRM", "to": "U_Source"}),
    ]
    assert own_names(rules) == {f"{names.COUNTERPARTIES}.Источник": rules[0]}
