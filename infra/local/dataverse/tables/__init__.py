"""The standard tables as data; :mod:`infra.local.dataverse.descriptions` says how a description is read."""

from infra.local.dataverse.tables.catalog import CATALOG
from infra.local.dataverse.tables.customers import CUSTOMERS
from infra.local.dataverse.tables.customizing import CUSTOMIZING
from infra.local.dataverse.tables.platform import PLATFORM
from infra.local.dataverse.tables.sales import SALES

STANDARD_TABLES: tuple[str, ...] = (*PLATFORM, *CUSTOMIZING, *CATALOG, *CUSTOMERS, *SALES)

__all__ = ["STANDARD_TABLES"]
