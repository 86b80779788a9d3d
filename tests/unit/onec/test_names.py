"""The check of names against a base's ``$metadata``."""

import pytest

from infra.local.onec import metadata
from shared.edmx import MetadataUnreadable
from shared.onec import names

EDMX = (
    '<?xml version="1.0"?><edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
    '<edmx:DataServices><Schema xmlns="http://schemas.microsoft.com/ado/2009/11/edm">{}</Schema>'
    "</edmx:DataServices></edmx:Edmx>"
)
WANTED = {"Catalog_А": frozenset({"Ref_Key", "Имя"}), "Catalog_Б": frozenset({"Ref_Key"})}


def test_what_is_missing_is_named() -> None:
    own = '<EntityType Name="Catalog_А"><Property Name="Ref_Key" Type="Edm.Guid"/></EntityType>'
    row = '<ComplexType Name="Catalog_А_RowType"><Property Name="Имя" Type="Edm.String"/></ComplexType>'

    assert names.missing(EDMX.format(own + row).encode(), WANTED) == ["Catalog_А.Имя", "Catalog_Б"]


def test_a_base_that_publishes_everything_lacks_nothing() -> None:
    assert names.missing(metadata.edmx().encode()) == []


@pytest.mark.parametrize(
    "text",
    ["", "<html><body>1C</body></html>", "{}", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', EDMX.format("<cut")],
)
def test_what_is_no_metadata_is_told(text: str) -> None:
    with pytest.raises(MetadataUnreadable):
        names.missing(text.encode())
