"""What a dry run says of a call: field by field beside what accounting holds."""

from decimal import Decimal

from shared.rehearsal.calls import Field, call


def test_a_new_record_is_new_in_every_field() -> None:
    seen = call("POST", "Items", {"ItemCode": "A-1", "Price": Decimal("1.50")}, None)
    assert seen.creates
    assert seen.fields == (
        Field(name="ItemCode", value="A-1", held=None, mark="created"),
        Field(name="Price", value="1.50", held=None, mark="created"),
    )


def test_a_change_is_told_from_what_stays() -> None:
    body = {"Цена": Decimal("100.00"), "Комментарий": "new", "Флаг": True}
    held = {"Цена": "100", "Комментарий": "old", "Флаг": True, "Прочее": "1"}
    seen = call("PATCH", "Document_Х(guid'1')", body, held)
    assert {field.name: field.mark for field in seen.fields} == {
        "Цена": "same",
        "Комментарий": "changed",
        "Флаг": "same",
    }
    assert not seen.creates
    assert seen.entity == "Document_Х"


def test_lines_count_from_one_and_those_that_would_go_are_shown() -> None:
    body = {"Товары": [{"Цена": Decimal(1)}]}
    held = {"Товары": [{"Цена": Decimal(1)}, {"Цена": Decimal(2)}]}
    seen = call("PATCH", "X(1)", body, held)
    assert seen.fields == (
        Field(name="Товары[1].Цена", value="1", held="1", mark="same"),
        Field(name="Товары[2].Цена", value="", held="2", mark="changed"),
    )


def test_an_action_has_no_fields() -> None:
    seen = call("POST", "Invoices(5)/Cancel", None, None)
    assert (seen.creates, seen.entity, seen.fields) == (False, "Invoices", ())
