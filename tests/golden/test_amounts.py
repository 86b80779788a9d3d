"""Golden cases of 2B and 2A for both systems: each bullet of what must be right, from the CRM to the rows of the books.

The columns of 1C: document, section, item, quantity, price, sum, VAT rate, tax; of SAP: document, item, quantity,
price, net, tax code, tax, where net and tax are what Business One computes from the rest.
"""

import pytest

from tests.golden.reading import COMPUTED, READ, Golden, onec_rows, refused, sapb1_rows, table

CASES = {
    # Prices without tax; two rates, from the column.
    "issue_4_tax_on_top": Golden(
        """
            quantity  price  tax   extended  rate
            2         100    44    244       22
            3         9.99   3.00  32.97     10
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  2  100   200    НДС22  44
            СчетНаОплатуПокупателю  Товары  P2  3  9.99  29.97  НДС10  3
        """,
        sapb1="""
            A/R_Invoice  P1  2  100   200    S22  44
            A/R_Invoice  P2  3  9.99  29.97  S10  3
        """,
        header={"totallineitemamount": "229.97", "totaltax": "47", "totalamount": "276.97"},
    ),
    # Prices with the tax in them; SAP takes a price without it that gives the same.
    "issue_4_tax_inside": Golden(
        """
            quantity  price  tax    extended  rate
            3         40.67  22.00  122.01    22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  3  40.67  122.01  НДС22  22
        """,
        sapb1="""
            A/R_Invoice  P1  3  33.336667  100.01  S22  22
        """,
        header={"totallineitemamount": "100.01", "totaltax": "22.00", "totalamount": "122.01"},
        route={"tax_inside": True},
    ),
    # 150 off the whole document: shared by amount, each line's tax is that of the rest.
    "rule_12_header_discount_amount": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   198  1198      22
            1         500    99   599       22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  1  900  900  НДС22  198
            СчетНаОплатуПокупателю  Товары  P2  1  450  450  НДС22  99
        """,
        sapb1="""
            A/R_Invoice  P1  1  900  900  S22  198
            A/R_Invoice  P2  1  450  450  S22  99
        """,
        header={
            "totallineitemamount": "1500",
            "totaltax": "297",
            "totalamount": "1647",
            "discountamount": "150",
            "totaldiscountamount": "150",
        },
    ),
    # 5 % of 100.05 is 5.0025: 5.00 by largest remainder.
    "rule_12_header_discount_percent": Golden(
        """
            quantity  price  tax    extended  rate
            1         100    20.90  120.90    22
            1         0.05   0.01   0.06      22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  1  95    95    НДС22  20.9
            СчетНаОплатуПокупателю  Товары  P2  1  0.05  0.05  НДС22  0.01
        """,
        sapb1="""
            A/R_Invoice  P1  1  95    95    S22  20.9
            A/R_Invoice  P2  1  0.05  0.05  S22  0.01
        """,
        header={
            "totallineitemamount": "100.05",
            "totaltax": "20.91",
            "totalamount": "115.96",
            "discountpercentage": "5",
            "totaldiscountamount": "5.00",
        },
    ),
    # discountcalculationmethod 0: 30 off the line.
    "rule_12_line_discount_for_the_line": Golden(
        """
            quantity  price  base  manual  tax    extended  rate
            3         100    300   30      59.40  329.40    22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  3  90  270  НДС22  59.4
        """,
        sapb1="""
            A/R_Invoice  P1  3  90  270  S22  59.4
        """,
        header={"totallineitemamount": "270", "totaltax": "59.40", "totalamount": "329.40"},
    ),
    # discountcalculationmethod 1: 10 off each of three.
    "rule_12_line_discount_per_unit": Golden(
        """
            quantity  price  base  manual  tax    extended  rate
            3         100    300   10      59.40  329.40    22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  3  90  270  НДС22  59.4
        """,
        sapb1="""
            A/R_Invoice  P1  3  90  270  S22  59.4
        """,
        header={"totallineitemamount": "270", "totaltax": "59.40", "totalamount": "329.40"},
        per_unit=True,
    ),
    # 10 off each unit, by a discount list.
    "rule_12_volume_discount": Golden(
        """
            quantity  price  volume  base  tax    extended  rate
            3         100    10      270   59.40  329.40    22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  3  90  270  НДС22  59.4
        """,
        sapb1="""
            A/R_Invoice  P1  3  90  270  S22  59.4
        """,
        header={"totallineitemamount": "270", "totaltax": "59.40", "totalamount": "329.40"},
    ),
    # Freight of 61 with its tax inside: an item of its own in 1C, an additional expense in SAP.
    "issue_4_freight": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   220  1220      22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1       1  1000  1000  НДС22  220
            СчетНаОплатуПокупателю  Товары  freight  1  50    50    НДС22  11
        """,
        sapb1="""
            A/R_Invoice  P1       1  1000  1000  S22  220
            A/R_Invoice  freight  -  -     50    S22  11
        """,
        header={"totallineitemamount": "1000", "totaltax": "220", "totalamount": "1281", "freightamount": "61"},
        route={"freight_rate": "22"},
    ),
    "issue_4_freight_without_a_rate": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   220  1220      22
        """,
        onec="freight",
        sapb1="freight",
        header={"totallineitemamount": "1000", "totaltax": "220", "totalamount": "1281", "freightamount": "61"},
    ),
    # A bundle is sold by its own price; its required product is inside, the optional one is not.
    "rule_04_bundle": Golden(
        """
            kind      of  quantity  price  tax  extended  rate
            bundle    -   1         500    110  610       22
            required  1   5         50     -    -         -
            optional  1   5         40     44   244       22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  1  500  500  НДС22  110
            СчетНаОплатуПокупателю  Товары  P3  5  40   200  НДС22  44
        """,
        sapb1="""
            A/R_Invoice  P1  1  500  500  S22  110
            A/R_Invoice  P3  5  40   200  S22  44
        """,
        header={"totallineitemamount": "700", "totaltax": "154", "totalamount": "854"},
    ),
    # A line that was typed by hand, beside a product: on the configured item.
    "issue_4_write_in": Golden(
        """
            kind      quantity  price  tax  extended  rate
            product   1         100    22   122       22
            write_in  2         50     22   122       22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1        1  100  100  НДС22  22
            СчетНаОплатуПокупателю  Товары  write-in  2  50   100  НДС22  22
        """,
        sapb1="""
            A/R_Invoice  P1        1  100  100  S22  22
            A/R_Invoice  write-in  2  50   100  S22  22
        """,
        header={"totallineitemamount": "200", "totaltax": "44", "totalamount": "244"},
    ),
    # Only such lines, and the route names an account: a service document in SAP.
    "issue_4_write_ins_alone_on_an_account": Golden(
        """
            kind      quantity  price  tax  extended  rate
            write_in  2         50     22   122       22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  write-in  2  50  100  НДС22  22
        """,
        sapb1="""
            A/R_Invoice  _SYS0001  -  -  100  S22  22
        """,
        header={"totallineitemamount": "100", "totaltax": "22", "totalamount": "122"},
        sapb1_books={"write_in_account": "_SYS0001"},
    ),
    # Nothing was sold: which of the two is meant, the line or the quantity, only the manager knows.
    "rule_05_zero_quantity": Golden(
        """
            quantity  price  tax  extended  rate
            0         100    0    0         22
        """,
        onec="quantity_not_positive",
        sapb1="quantity_not_positive",
        header={"totallineitemamount": "0", "totaltax": "0", "totalamount": "0"},
    ),
    # A return is the accountant's correction.
    "rule_05_negative_quantity": Golden(
        """
            quantity  price  tax  extended  rate
            -1        100    -22  -122      22
        """,
        onec="quantity_not_positive",
        sapb1="quantity_not_positive",
        header={"totallineitemamount": "-100", "totaltax": "-22", "totalamount": "-122"},
    ),
    "rule_05_negative_amount": Golden(
        """
            quantity  price  base  manual  tax  extended  rate
            1         100    100   150     0    -50       22
        """,
        onec="amount_negative",
        sapb1="amount_negative",
        header={"totallineitemamount": "-50", "totaltax": "0", "totalamount": "-50"},
    ),
    # A line of nothing is no return.
    "rule_05_gift": Golden(
        """
            quantity  price  tax  extended  rate
            1         100    22   122       22
            1         0      0    0         22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  1  100  100  НДС22  22
            СчетНаОплатуПокупателю  Товары  P2  1  0    0    НДС22  0
        """,
        sapb1="""
            A/R_Invoice  P1  1  100  100  S22  22
            A/R_Invoice  P2  1  0    0    S22  0
        """,
        header={"totallineitemamount": "100", "totaltax": "22", "totalamount": "122"},
    ),
    # Without a rate: 220 of 1000 fits only 22 %, 100 only 10 %.
    "rule_11_rate_derived": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   220  1220      -
            1         1000   100  1100      10
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  1  1000  1000  НДС22  220
            СчетНаОплатуПокупателю  Товары  P2  1  1000  1000  НДС10  100
        """,
        sapb1="""
            A/R_Invoice  P1  1  1000  1000  S22  220
            A/R_Invoice  P2  1  1000  1000  S10  100
        """,
        header={"totallineitemamount": "2000", "totaltax": "320", "totalamount": "2320"},
    ),
    # A tax of nothing fits 0 % and without VAT.
    "rule_11_no_tax_is_not_a_rate": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   0    1000      -
        """,
        onec="rate_not_derivable",
        sapb1="rate_not_derivable",
        header={"totallineitemamount": "1000", "totaltax": "0", "totalamount": "1000"},
    ),
    "rule_11_zero_percent_is_not_without_vat": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   0    1000      0
            1         500    0    500       none
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  1  1000  1000  НДС0    0
            СчетНаОплатуПокупателю  Товары  P2  1  500   500   БезНДС  0
        """,
        sapb1="""
            A/R_Invoice  P1  1  1000  1000  S0   0
            A/R_Invoice  P2  1  500   500   SEX  0
        """,
        header={"totallineitemamount": "1500", "totaltax": "0", "totalamount": "1500"},
    ),
    # A fulfilled order, create_invoice: act, счёт and счёт-фактура; delivery and the invoice copied from it.
    "rule_06_order_with_its_invoice": Golden(
        """
            kind     quantity  price  tax  extended  rate
            service  2         100    44   244       22
            product  1         50     11   61        22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  2  100  200  НДС22  44
            СчетНаОплатуПокупателю  Товары  P2  1  50   50   НДС22  11
            РеализацияТоваровУслуг  Товары  P2  1  50   50   НДС22  11
            РеализацияТоваровУслуг  Услуги  P1  2  100  200  НДС22  44
            СчетФактураВыданный     -       -   -  -    305  -      55
        """,
        sapb1="""
            Delivery                          P1  2  100  200  S22  44
            Delivery                          P2  1  50   50   S22  11
            A/R_Invoice_copied_from_Delivery  P1  2  100  200  S22  44
            A/R_Invoice_copied_from_Delivery  P2  1  50   50   S22  11
        """,
        header={"totallineitemamount": "250", "totaltax": "55", "totalamount": "305"},
        order=True,
        route={"create_invoice": True},
    ),
    # A fulfilled order alone; in SAP a sales order, by setting.
    "rule_06_order_alone": Golden(
        """
            kind     quantity  price  tax  extended  rate
            service  2         100    44   244       22
        """,
        onec="""
            РеализацияТоваровУслуг  Услуги  P1  2  100  200  НДС22  44
            СчетФактураВыданный     -       -   -  -    244  -      44
        """,
        sapb1="""
            Sales_Order  P1  2  100  200  S22  44
        """,
        header={"totallineitemamount": "200", "totaltax": "44", "totalamount": "244"},
        order=True,
        sapb1_books={"services_document": "order"},
    ),
    # An issued invoice that also ships, by setting: only 1C has a document more.
    "rule_06_invoice_that_ships": Golden(
        """
            kind     quantity  price  tax  extended  rate
            product  2         100    44   244       22
            service  1         50     11   61        22
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  2  100  200  НДС22  44
            СчетНаОплатуПокупателю  Товары  P2  1  50   50   НДС22  11
            РеализацияТоваровУслуг  Товары  P1  2  100  200  НДС22  44
            РеализацияТоваровУслуг  Услуги  P2  1  50   50   НДС22  11
            СчетФактураВыданный     -       -   -  -    305  -      55
        """,
        sapb1="""
            A/R_Invoice  P1  2  100  200  S22  44
            A/R_Invoice  P2  1  50   50   S22  11
        """,
        header={"totallineitemamount": "250", "totaltax": "55", "totalamount": "305"},
        onec_books={"realizatsiya": True},
    ),
    # Wholly without VAT: the реализация needs no счёт-фактура.
    "rule_06_without_vat_no_schet_faktura": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   0    1000      none
        """,
        onec="""
            СчетНаОплатуПокупателю  Товары  P1  1  1000  1000  БезНДС  0
            РеализацияТоваровУслуг  Товары  P1  1  1000  1000  БезНДС  0
        """,
        sapb1="""
            A/R_Invoice  P1  1  1000  1000  SEX  0
        """,
        header={"totallineitemamount": "1000", "totaltax": "0", "totalamount": "1000"},
        onec_books={"realizatsiya": True},
    ),
    # The header says 1 more than the lines.
    "design_total_differs": Golden(
        """
            quantity  price  tax  extended  rate
            1         1000   220  1220      22
        """,
        onec="sum_differs",
        sapb1="sum_differs",
        header={"totallineitemamount": "1000", "totaltax": "220", "totalamount": "1221"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_in_1c(name: str) -> None:
    case = CASES[name]
    if case.onec.isidentifier():
        assert refused(case.in_onec) == case.onec
    else:
        assert onec_rows(case.in_onec()) == table(case.onec, READ)


@pytest.mark.parametrize("name", CASES)
def test_in_sap_business_one(name: str) -> None:
    case = CASES[name]
    if case.sapb1.isidentifier():
        assert refused(case.in_sapb1) == case.sapb1
    else:
        assert sapb1_rows(case.in_sapb1()) == table(case.sapb1, COMPUTED)
