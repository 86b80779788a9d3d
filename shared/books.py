"""What a company must name and decide for its accounting system: the parts ``onec`` and ``sapb1`` of a route.

A decision that an accountant must take has no default: the company decides, the product never guesses.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.rates import RateName

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Setting(BaseModel):
    """Base of everything inside ROUTES: closed, immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


SchetFaktura = Literal["create", "accountant", "not_required"]
"""Who makes the счёт-фактура of a реализация: the bridge, the accountant (the journal reminds), or nobody has to"""


class OnecBooks(Setting):
    """What a company must name in 1С:Бухгалтерия; each UUID is a Ref_Key."""

    organization: UUID
    """Catalog_Организации"""
    bank_account: UUID
    """Catalog_БанковскиеСчета: the account that customers pay to"""
    goods_kind: UUID
    """Catalog_ВидыНоменклатуры for goods that we create"""
    services_kind: UUID
    """Catalog_ВидыНоменклатуры for services that we create"""
    item_group: UUID
    """Catalog_НоменклатурныеГруппы for items that we create"""
    write_in_item: UUID
    """Catalog_Номенклатура: the service that write-in lines are written on"""
    country: UUID
    """Catalog_СтраныМира: СтранаРегистрации of counterparties that we create"""
    warehouse: UUID | None = None
    """Catalog_Склады; required where a реализация ships goods"""
    freight_item: UUID | None = None
    """Catalog_Номенклатура: the service that freight is written on"""
    realizatsiya: bool = False
    """2B: an issued invoice also gives a РеализацияТоваровУслуг, which posts revenue (2A always writes one)"""
    schet_faktura: SchetFaktura | None = None
    """required where a реализация is written"""
    upd: bool = False
    """реализация: ЭтоУниверсальныйДокумент"""
    rewrite_schet: bool = True
    """an unpaid счёт that nothing was shipped against is rewritten when the CRM changes"""
    rewrite_realizatsiya: bool = False
    """a реализация is rewritten or cancelled when the CRM changes; off: refused, the accountant corrects"""
    vat_closed_until: date | None = None
    """no реализация dated on or before this day is rewritten or cancelled"""
    due_dates: bool = False
    """the due date of a счёт is written to СрокиОплатыДокументов: one call more for each"""
    email_kind: UUID | None = None
    """Catalog_ВидыКонтактнойИнформации: the counterparty's e-mail; without it none is written, as with the next two"""
    phone_kind: UUID | None = None
    address_kind: UUID | None = None


Stock = Literal["invoice_issues", "reserve_invoice", "from_delivery", "non_inventory_only"]


class Sapb1Books(Setting):
    """What a company must name in SAP Business One."""

    stock: Stock
    """what an A/R invoice does to stock: issues it, reserves it, was issued by its delivery, or has no stock items"""
    warehouse: Text
    vat_groups: dict[RateName, Text] = Field(default_factory=dict)
    """tax rate (percent, or ``none``) → VatGroup"""
    vat_groups_by_country: dict[Text, dict[RateName, Text]] = Field(default_factory=dict)
    """country of the customer → tax rate → VatGroup, where it is another one than in ``vat_groups`` (EU, export)"""
    tax_codes: dict[Text, dict[RateName, Text]] = Field(default_factory=dict)
    """for sales-tax localizations: country of the customer (``*``: any other) → tax rate → TaxCode"""
    write_in_item: Text | None = None
    """ItemCode that write-in lines are written on"""
    write_in_account: Text | None = None
    """AccountCode: a document whose lines are all write-ins becomes a service document on this account"""
    items_group: int
    """ItemsGroupCode of items that we create"""
    customers_group: int | None = None
    series: int | None = None
    """of the A/R invoice"""
    base_series: int | None = None
    """of the delivery or order that a fulfilled order becomes"""
    branch: int | None = None
    """BPL_IDAssignedToInvoice"""
    payment_terms: int | None = None
    """PaymentGroupCode"""
    cost_center: Text | None = None
    """CostingCode"""
    sales_person: int | None = None
    ship_to: Text | None = None
    """ShipToCode: the name of the address that every customer has for it; without it each one's default"""
    pay_to: Text | None = None
    """PayToCode, likewise"""
    freight_expense: int | None = None
    """ExpenseCode that freight is written on"""
    services_document: Literal["delivery", "order"] | None = None
    """2A: what a fulfilled order becomes; required there"""
    cancel: bool = False
    """a cancelled document is cancelled in SAP; off: refused, the accountant makes a credit memo"""
    recreate: bool = False
    """a changed document is cancelled in SAP and created anew; off: refused"""
    cancellation_date: Literal["document", "today"] | None = None
    """the date of a cancellation; required with cancel or recreate"""
    tolerance: Decimal = Field(default=Decimal(0), ge=0, le=1)
    """how much SAP's total may differ from the CRM's"""
