"""The unbound functions and actions: company, currencies, series, cancelling with changes, drafts into documents."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from infra.local.sapb1 import company
from infra.local.sapb1.books import key_text
from infra.local.sapb1.changes import DocumentChanges
from infra.local.sapb1.context import Context
from infra.local.sapb1.documents import Documents
from infra.local.sapb1.edm import Body, day_of
from infra.local.sapb1.errors import SapError, invalid_property, invalid_value, no_such_record
from infra.local.sapb1.flow import Flow
from infra.local.sapb1.kinds import BY_NAME, BY_SET, DRAFTS, DocumentKind
from infra.local.sapb1.lines import QUANTITIES
from infra.local.sapb1.odata import unrecognized

NOTHING = object()
"""The result of an action that answers 204."""


def _yes(value: object) -> str:
    return "tYES" if value else "tNO"


class Functions:
    """Calls them by name. A result is a dict with its type's name, a list, or a bare value."""

    def __init__(self, context: Context, documents: Documents, changes: DocumentChanges) -> None:
        self._context = context
        self._documents = documents
        self._changes = changes
        self._known: dict[str, tuple[frozenset[str], Callable[[Body], Any]]] = {
            "CompanyService_GetAdminInfo": (frozenset({"GET", "POST"}), self._admin_info),
            "CompanyService_GetCompanyInfo": (frozenset({"GET", "POST"}), self._company_info),
            "SBOBobService_GetLocalCurrency": (frozenset({"GET", "POST"}), lambda _: company.LOCAL_CURRENCY),
            "SBOBobService_GetSystemCurrency": (frozenset({"GET", "POST"}), lambda _: company.SYSTEM_CURRENCY),
            "SBOBobService_GetCurrencyRate": (frozenset({"POST"}), self._get_rate),
            "SBOBobService_SetCurrencyRate": (frozenset({"POST"}), self._set_rate),
            "SeriesService_GetDocumentSeries": (frozenset({"POST"}), self._series),
            **{
                f"{name}Service_Cancel2": (frozenset({"POST"}), partial(self._cancel2, kind))
                for name, kind in BY_SET.items()
                if kind.reversed_by_document
            },
            "DraftsService_SaveDraftToDocument": (frozenset({"POST"}), self._save_draft),
        }

    def knows(self, name: str) -> bool:
        """Tell whether there is such a function."""
        return name in self._known

    def call(self, name: str, method: str, body: Body) -> Any:
        """Run it."""
        methods, function = self._known[name]
        if method not in methods:
            raise unrecognized()
        return function(body)

    def _admin_info(self, _: Body) -> Body:
        settings = self._context.settings
        return {
            "Code": 1,
            "CompanyName": company.COMPANY_NAME,
            "Country": company.COUNTRY,
            "LocalCurrency": company.LOCAL_CURRENCY,
            "SystemCurrency": company.SYSTEM_CURRENCY,
            "DirectIndirectRate": "tYES",
            "TotalsAccuracy": settings.amounts,
            "AccuracyofQuantities": QUANTITIES,
            "PriceAccuracy": settings.prices,
            "RateAccuracy": 6,
            "PercentageAccuracy": 6,
            "QueryAccuracy": 6,
            "DefaultWarehouse": company.WAREHOUSE,
            "DecimalSeparator": ",",
            "ThousandsSeparator": ".",
            "EnableBranches": _yes(settings.branches),
            "EnableApprovalProcedureInDI": _yes(settings.approval),
            "BlockStockNegativeQuantity": _yes(settings.negative_stock == "block"),
            "CalculateRowDiscount": "tYES",
            "RoundTaxAmounts": "tNO",
            "ContinuousStockManagement": "tYES",
            "AllowFuturePostingDate": "tYES",
            "DefaultCustomerPaymentTerms": company.CASH_TERMS,
        }

    def _company_info(self, _: Body) -> Body:
        settings = self._context.settings
        return {
            "Version": int(company.VERSION),
            "CompanyName": company.COMPANY_NAME,
            "BaseDateForExchangeRate": "bdr_PostingDate",
            "EnableSharingSeries": "tNO",
            "BlockStockNegativeQuantity": _yes(settings.negative_stock == "block"),
            "GroupLinesInVATCalculation": _yes(settings.vat_by == "group"),
            "EnableTransactionNotification": "tYES",
        }

    def _text(self, body: Body, name: str, function: str) -> str:
        value = body.get(name)
        if not isinstance(value, str) or not value:
            raise invalid_value(name, function)
        return value

    def _only(self, body: Body, function: str, *names: str) -> None:
        for name in body:
            if name not in names:
                raise invalid_property(name, function)

    def _day(self, body: Body, name: str, function: str) -> str:
        day = day_of(self._text(body, name, function))
        if day is None:
            raise invalid_value(name, function)
        return day

    def _currency(self, body: Body, function: str) -> str:
        code = self._text(body, "Currency", function)
        self._context.require("Currencies", code, SapError(-2028, "No matching records found (ODBC -2028)"))
        return code

    def _get_rate(self, body: Body) -> Decimal:
        function = "SBOBobService_GetCurrencyRate"
        self._only(body, function, "Currency", "Date")
        currency = self._currency(body, function)
        day = self._day(body, "Date", function)
        return Decimal(1) if currency == company.LOCAL_CURRENCY else self._context.rate(currency, day)

    def _set_rate(self, body: Body) -> object:
        function = "SBOBobService_SetCurrencyRate"
        self._only(body, function, "Currency", "RateDate", "Rate")
        currency = self._currency(body, function)
        day = self._day(body, "RateDate", function)
        try:
            rate = Decimal(str(body.get("Rate")))
        except InvalidOperation:
            raise invalid_value("Rate", function) from None
        if not rate.is_finite() or rate <= 0 or currency == company.LOCAL_CURRENCY:
            raise invalid_value("Rate", function)
        self._context.books.set("_rates", key_text(currency, day), {"rate": rate})
        return NOTHING

    def _series(self, body: Body) -> list[Body]:
        self._only(body, "SeriesService_GetDocumentSeries", "DocumentTypeParams")
        params = body.get("DocumentTypeParams")
        if not isinstance(params, dict):
            raise invalid_value("DocumentTypeParams", "SeriesService_GetDocumentSeries")
        # The object code is sent as a number or as a text (both seen).
        wanted = str(params.get("Document"))
        return [row for _, _, row in self._context.books.rows("_series") if row["Document"] == wanted]

    def _document_of(self, body: Body, function: str, type_name: str) -> Body:
        self._only(body, function, "Document")
        raw = body.get("Document")
        if not isinstance(raw, dict) or not isinstance(raw.get("DocEntry"), int):
            raise invalid_value("Document", function)
        return {**self._context.model.check(self._context.model.type(type_name), raw), "DocEntry": raw["DocEntry"]}

    def _cancel2(self, kind: DocumentKind, body: Body) -> object:
        """Cancel a document with changes to its cancellation document, its dates above all."""
        sent = self._document_of(body, f"{kind.set}Service_Cancel2", "Document")
        document = self._context.books.get(kind.set, key_text(sent.pop("DocEntry")))
        if document is None:
            raise no_such_record()
        allowed = {"DocDate", "TaxDate", "VatDate", "DocDueDate", "Comments", "JournalMemo", "NumAtCard"}
        for name in sent:
            if name not in allowed and not name.startswith("U_"):
                raise SapError(-1029, f"Field cannot be updated (ODBC -1029) [{kind.table}.{name}]")
        Flow(self._context).cancel(kind, document, sent)
        return NOTHING

    def _save_draft(self, body: Body) -> object:
        """Make a document of a draft; the draft is closed. An approval procedure doesn't hold it up again."""
        sent = self._document_of(body, "DraftsService_SaveDraftToDocument", "Document")
        draft = self._context.books.get(DRAFTS, key_text(sent["DocEntry"]))
        if draft is None:
            raise no_such_record()
        if draft["DocumentStatus"] == "bost_Close":
            raise SapError(-5002, "Document is already closed")
        self._documents.create(BY_NAME[draft["DocObjectCode"]], self._changes.inputs(draft), approved=True)
        approved = draft["AuthorizationStatus"] == "dasPending"
        draft |= {"DocumentStatus": "bost_Close", "AuthorizationStatus": "dasGenerated" if approved else "dasWithout"}
        self._context.books.update(DRAFTS, key_text(draft["DocEntry"]), draft)
        return NOTHING
