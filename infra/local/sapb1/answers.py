"""How answers are dressed: headers, annotations, ETags, addresses, in the manner of v1 (OData 3) and v2 (OData 4)."""

from hashlib import sha1
from urllib.parse import quote

from infra.local.sapb1.edm import Body, EntityType
from infra.local.sapb1.entities import Found
from infra.local.sapb1.odata import Answer, Call
from shared.jsontext import dumps


def etag(version: int) -> str:
    """Give the weak ETag of a version: the SHA-1 of its number, as the real one makes it (observed)."""
    return f'W/"{sha1(str(version).encode(), usedforsecurity=False).hexdigest().upper()}"'


FROZEN_ETAG = etag(1)
"""What a row read with $select carries in its body, whatever its version; the header is left out (observed)."""


def has_version(kind: EntityType) -> bool:
    """Tell whether rows of a type have ETags: documents, partners and items do."""
    return "DataVersion" in kind.properties


def protocol(call: Call) -> dict[str, str]:
    """Give the header that every answer has."""
    return {"OData-Version": "4.0"} if call.version == "v2" else {"DataServiceVersion": "3.0"}


def content(call: Call) -> dict[str, str]:
    """Give the headers of an answer with a JSON body."""
    metadata = "odata.metadata=minimal" if call.version == "v2" else "odata=minimalmetadata"
    return {"Content-Type": f"application/json;{metadata};charset=utf-8", **protocol(call)}


def note(call: Call, name: str) -> str:
    """Name an annotation."""
    return f"@odata.{name}" if call.version == "v2" else f"odata.{name}"


def with_context(call: Call, fragment: str, body: Body) -> Body:
    """Put the address of the metadata first."""
    name = "@odata.context" if call.version == "v2" else "odata.metadata"
    fragment = fragment if call.version == "v2" else fragment.replace("/$entity", "/@Element")
    return {name: f"{call.base}/$metadata#{fragment}", **body}


def answer(call: Call, status: int, body: Body) -> Answer:
    """Give an answer with a JSON body."""
    return Answer(status, content(call), dumps(body).encode())


def plain(call: Call, text: str, kind: str = "text/plain") -> Answer:
    """Give an answer that is no JSON object: a count, a primitive, the metadata."""
    return Answer(200, {"Content-Type": f"{kind};charset=utf-8", **protocol(call)}, text.encode())


def location(call: Call, found: Found) -> str:
    """Give the address of a row."""

    def literal(name: str) -> str:
        value = found.row[name]
        return str(value) if isinstance(value, int) else "'" + quote(str(value).replace("'", "''"), safe="") + "'"

    keys = found.kind.key
    text = literal(keys[0]) if len(keys) == 1 else ",".join(f"{name}={literal(name)}" for name in keys)
    return f"{call.base}/{found.set}({text})"


def next_link(name: str, chosen: dict[str, str], skip: int) -> str:
    """Give the relative address of the next page, with the options of this one."""
    parts = [f"{option}={quote(value)}" for option, value in chosen.items() if option not in {"$skip", "$top"}]
    if "$top" in chosen:
        parts.append(f"$top={int(chosen['$top']) - (skip - int(chosen.get('$skip', '0')))}")
    return f"{name}?{'&'.join([*parts, f'$skip={skip}'])}"
