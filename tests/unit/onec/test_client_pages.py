"""Reading a long list from 1C, which has no next link and whose people go on working meanwhile."""

from urllib.parse import parse_qs
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from shared.errors import Unavailable
from shared.http import Http
from shared.onec.client import OVERLAP, ROUNDS, OnecClient

SIZE = 20
ENTITY = "Document_СчетНаОплатуПокупателю"


class Documents:
    """A base with documents; before each answer after the first, something may happen to them."""

    def __init__(self, count: int) -> None:
        self.keys = [self.key(number) for number in range(count)]
        self.asked = list[dict[str, list[str]]]()
        self.deleted_before_each_page: list[int] = []
        """how many of the first rows go away, request by request"""

    @staticmethod
    def key(number: int) -> str:
        """Give the key of the n-th document; the numbers leave room for others in between."""
        return str(UUID(int=(number + 1) * 10))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        options = parse_qs(request.url.query.decode())
        self.asked.append(options)
        if len(self.asked) > 1 and self.deleted_before_each_page:
            del self.keys[: self.deleted_before_each_page.pop(0)]
        skip, top = int(options.get("$skip", ["0"])[0]), int(options["$top"][0])
        rows = [{"Ref_Key": key} for key in sorted(self.keys)[skip : skip + top]]
        return httpx.Response(200, json={"value": rows})

    async def read(self) -> tuple[set[str], int]:
        """Read all; give the keys, and the most rows that one page held."""
        http = Http("1C", httpx.MockTransport(self))
        client = OnecClient(http, "https://1c.example/base/odata/standard.odata", "user", SecretStr("x"))
        found, longest = set[str](), 0
        async for page in client.pages(ENTITY, select=("Ref_Key",), where="DeletionMark eq false", size=SIZE):
            found |= {row["Ref_Key"] for row in page}
            longest = max(longest, len(page))
        return found, longest


@pytest.mark.parametrize("count", [0, 1, SIZE, SIZE + OVERLAP, SIZE + OVERLAP + 1, 5 * SIZE])
async def test_every_row_comes_and_no_page_is_longer_than_asked_for(count: int) -> None:
    base = Documents(count)
    found, longest = await base.read()
    assert found == set(base.keys)
    assert longest <= SIZE + OVERLAP
    assert {options["$orderby"][0] for options in base.asked} == {"Ref_Key"}


@pytest.mark.parametrize("deleted", [1, OVERLAP - 1, OVERLAP, OVERLAP + 5])
async def test_no_row_is_missed_when_rows_before_it_are_deleted_meanwhile(deleted: int) -> None:
    base = Documents(5 * SIZE)
    base.deleted_before_each_page = [deleted]
    found, _ = await base.read()
    assert found >= set(base.keys)


async def test_it_gives_up_where_rows_never_stay_in_their_places() -> None:
    base = Documents(50 * SIZE)
    base.deleted_before_each_page = [OVERLAP + 5, 0] * ROUNDS
    with pytest.raises(Unavailable, match="deleted again and again"):
        await base.read()
