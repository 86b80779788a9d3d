"""The addresses of what a person opens while the stack runs."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from rich.console import Console

from infra.demo.company import SampleSale
from infra.demo.files import requests


def addresses(host: Mapping[str, Any], sales: Sequence[SampleSale]) -> dict[str, str]:
    """Give each page and file by what it is; ``host`` is its first line, ``sales`` are of the companies by hand."""
    key = urlencode({"code": host["function_key"]})
    found = {"Operations": f"{host['url']}/api/operations?{key}"}
    sale = sales[0]
    found[f"Dry run of {sale.number}"] = f"{host['url']}/api/preview/{sale.table.name}/{sale.id}?{key}"
    return found | {f"File of {each.kind}, {each.route}": each.address(host) for each in requests(sales)}


def show(host: Mapping[str, Any], sales: Sequence[SampleSale], console: Console) -> None:
    """Print them, each on one line."""
    for name, address in addresses(host, sales).items():
        console.print(f"[bold]{name}[/bold] {address}", soft_wrap=True, highlight=False)
