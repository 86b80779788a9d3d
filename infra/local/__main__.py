"""``python -m infra.local serve NAME`` starts one server; ``python -m infra.local faults`` tells it to fail."""

import argparse
import asyncio
import importlib
import json
import sys
from pathlib import Path

import httpx

from infra.local.faults import FAULTS_PATH, Fault
from infra.local.serving import ServeOptions

SERVERS = ("servicebus", "dataverse", "onec", "sapb1", "keyvault", "insights", "host")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    serve = commands.add_parser("serve", help="start one server; its first line says where it is")
    serve.add_argument("name", choices=SERVERS)
    serve.add_argument("--port", type=int, default=0, help="0 picks a free one")
    serve.add_argument("--state", type=Path, help="the SQLite file to keep state in (default: in memory)")
    serve.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a server's own setting")

    faults = commands.add_parser("faults", help="tell a running server to fail")
    faults.add_argument("--url", required=True, help="scheme, host and port of the server")
    faults.add_argument("--clear", action="store_true", help="forget all faults")
    faults.add_argument("--add", metavar="JSON", help='such as {"kind":"status","match":"POST","status":503}')
    return parser


def _faults(url: str, *, clear: bool, add: str | None) -> int:
    address = url.rstrip("/") + FAULTS_PATH
    if clear:
        httpx.delete(address).raise_for_status()
    if add is not None:
        fault = Fault.model_validate_json(add)
        answer = httpx.post(address, content=fault.model_dump_json())
        if answer.status_code == 400:
            raise SystemExit(answer.json()["error"])
        answer.raise_for_status()
    print(json.dumps(httpx.get(address).raise_for_status().json(), ensure_ascii=False))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run a command; give the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "faults":
        return _faults(options.url, clear=options.clear, add=options.add)
    settings = dict(item.split("=", 1) for item in options.set)
    server = importlib.import_module(f"infra.local.{options.name}.server")
    asyncio.run(server.serve(ServeOptions(port=options.port, state=options.state, settings=settings)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
