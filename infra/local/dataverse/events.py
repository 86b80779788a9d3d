"""The body that a step sends: a RemoteExecutionContext in the form of DataContractJsonSerializer.

Built like the public captures of asynchronous steps: keys in the same order, GUIDs as plain strings, money and options
as ``{"__type", "Value"}``, lookups as EntityReference, dates as ``/Date(ms)/``, every slash escaped.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from infra.local.dataverse.schema import CHOICES, Column, Kind, Table
from infra.local.dataverse.session import Event, Session
from infra.local.dataverse.store import Ref, Row
from infra.local.dataverse.values import display
from infra.local.dataverse.webhook_rules import BOTH, POST_IMAGE, PRE_IMAGE
from shared.jsontext import dumps

SIZE_LIMIT = 256 * 1024
"""Bytes beyond which a webhook is sent without its parameters, images and parent context."""

QUEUE_SIZE_LIMIT = 192 * 1024
"""The same for a message to a queue of Service Bus."""

_CONTRACTS = "http://schemas.microsoft.com/xrm/2011/Contracts"
_NOT_FORMATTED = frozenset({Kind.STRING, Kind.MEMO, Kind.GUID, Kind.LOOKUP})

Json = dict[str, Any]


def _reference(ref: Ref) -> Json:
    return {
        "__type": f"EntityReference:{_CONTRACTS}",
        "Id": ref.id,
        "KeyAttributes": [],
        "LogicalName": ref.table,
        "Name": None,
        "RowVersion": None,
    }


def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00Z")
    return int(moment.timestamp() * 1000)


def wrap(column: Column, value: Any) -> Any:
    """Give a column's value as the context carries it."""
    if value is None:
        return None
    if column.kind is Kind.LOOKUP:
        return _reference(value)
    if column.kind is Kind.MONEY:
        return {"__type": f"Money:{_CONTRACTS}", "Value": value}
    if column.kind in CHOICES:
        return {"__type": f"OptionSetValue:{_CONTRACTS}", "Value": value}
    if column.kind in {Kind.DATE, Kind.DATETIME}:
        return f"/Date({_milliseconds(value)})/"
    return value


def _entity(table: Table, row_id: str, values: Mapping[str, Any], *, typed: bool, formatted: bool) -> Json:
    columns = [(table.columns[name], value) for name, value in values.items() if name != "versionnumber"]
    shown = [
        {"key": column.name, "value": display(column, value, "", 2)}
        for column, value in columns
        if formatted and value is not None and column.kind not in _NOT_FORMATTED
    ]
    entity: Json = {"__type": f"Entity:{_CONTRACTS}"} if typed else {}
    return entity | {
        "Attributes": [{"key": column.name, "value": wrap(column, value)} for column, value in columns],
        "EntityState": None,
        "FormattedValues": shown,
        "Id": row_id,
        "KeyAttributes": [],
        "LogicalName": table.name,
        "RelatedEntities": [],
        "RowVersion": None,
    }


def _context(common: Json, **own: Any) -> Json:
    """Give a context with its keys in the order of the captures, which is alphabetical."""
    empty: Json = {"OutputParameters": [], "ParentContext": None, "PostEntityImages": [], "PreEntityImages": []}
    return dict(sorted({**common, **empty, **own}.items()))


class ContextBuilder:
    """Builds the contexts of one organization."""

    def __init__(self, organization_id: str, organization_name: str) -> None:
        self._organization_id = organization_id
        self._organization_name = organization_name

    def build(self, event: Event, session: Session, step: Row, images: Iterable[Row], *, now: str, unit: str) -> Json:
        """Give the context of an event for a step; ``now`` is the time, ``unit`` the user's business unit."""
        images = list(images)
        parameters = self._parameters(event, sent_only=False)
        common = self._common(event, session, step, now=now, unit=unit)
        parent_parameters = [*self._parameters(event, sent_only=True), *self._parent_extras(event)]
        parent = _context(common, Stage=30, InputParameters=parent_parameters)
        output = [{"key": "id", "value": event.id}] if event.message == "Create" else []
        after = [self._primary_name(event), *self._images(event, images, event.after, POST_IMAGE)]
        before = self._images(event, images, event.before, PRE_IMAGE)
        return _context(
            common,
            Stage=40,
            InputParameters=parameters,
            OutputParameters=output,
            ParentContext=parent,
            PostEntityImages=after if event.after else [],
            PreEntityImages=before,
        )

    def _common(self, event: Event, session: Session, step: Row, *, now: str, unit: str) -> Json:
        shared: list[Json] = [{"key": "IsAutoTransact", "value": True}]
        if session.tag is not None:
            shared.append({"key": "tag", "value": session.tag})
        if event.message == "Create":
            shared.append({"key": "DefaultsAddedFlag", "value": True})
        return {
            "BusinessUnitId": unit,
            "CorrelationId": session.correlation_id,
            "Depth": event.depth,
            "InitiatingUserAgent": session.user_agent,
            "InitiatingUserAzureActiveDirectoryObjectId": session.user.directory_id,
            "InitiatingUserId": session.user.ref.id,
            "IsExecutingOffline": False,
            "IsInTransaction": False,
            "IsOfflinePlayback": False,
            "IsolationMode": 1,
            "MessageName": event.message,
            "Mode": 1,
            "OperationCreatedOn": f"/Date({_milliseconds(now)}+0000)/",
            "OperationId": str(uuid4()),
            "OrganizationId": self._organization_id,
            "OrganizationName": self._organization_name,
            "OwningExtension": {
                "Id": step["sdkmessageprocessingstepid"],
                "KeyAttributes": [],
                "LogicalName": "sdkmessageprocessingstep",
                "Name": None,
                "RowVersion": None,
            },
            "PrimaryEntityId": event.id,
            "PrimaryEntityName": event.table.name,
            "RequestId": session.request_id,
            "SecondaryEntityName": "none",
            "SharedVariables": shared,
            "UserAzureActiveDirectoryObjectId": session.user.directory_id,
            "UserId": session.user.ref.id,
        }

    @staticmethod
    def _parameters(event: Event, *, sent_only: bool) -> list[Json]:
        if event.message in {"SetState", "SetStateDynamicEntity"}:
            columns = event.table.columns
            return [
                {"key": "EntityMoniker", "value": _reference(Ref(event.table.name, event.id))},
                {"key": "State", "value": wrap(columns["statecode"], event.target["statecode"])},
                {"key": "Status", "value": wrap(columns["statuscode"], event.target["statuscode"])},
            ]
        if event.message == "Delete":
            return [{"key": "Target", "value": _reference(Ref(event.table.name, event.id))}]
        values = {**event.sent, event.table.key: event.id} if sent_only else event.target
        formatted = event.message == "Create" and not sent_only
        target = _entity(event.table, event.id, values, typed=True, formatted=formatted)
        return [{"key": "Target", "value": target}]

    @staticmethod
    def _parent_extras(event: Event) -> list[Json]:
        wanted = event.message in {"Create", "Update"}
        return [{"key": "SuppressDuplicateDetection", "value": False}] if wanted else []

    @staticmethod
    def _primary_name(event: Event) -> Json:
        names = [name for name in (event.table.primary_name, event.table.key) if name]
        values = {name: (event.after or {}).get(name) for name in names}
        present = {name: value for name, value in values.items() if value is not None}
        entity = _entity(event.table, event.id, present, typed=False, formatted=False)
        return {"key": "AsynchronousStepPrimaryName", "value": entity}

    @staticmethod
    def _images(event: Event, images: Iterable[Row], row: Row | None, kind: int) -> list[Json]:
        if row is None:
            return []
        made = []
        for image in images:
            if image["imagetype"] not in {kind, BOTH}:
                continue
            wanted = {name.strip() for name in (image.get("attributes") or "").split(",") if name.strip()}
            values = {
                name: value
                for name, value in row.items()
                if value is not None and (not wanted or name in wanted or name == event.table.key)
            }
            entity = _entity(event.table, event.id, values, typed=False, formatted=True)
            made.append({"key": image["entityalias"], "value": entity})
        return made


def serialize(context: Json, limit: int = SIZE_LIMIT) -> tuple[bytes, bool]:
    """Give the body, and whether it lost its big parts because it was larger than the limit."""
    body = dumps(context).replace("/", "\\/").encode()
    if len(body) <= limit:
        return body, False
    reduced = context | {
        "ParentContext": None,
        "InputParameters": [],
        "PreEntityImages": [],
        "PostEntityImages": [],
    }
    return dumps(reduced).replace("/", "\\/").encode(), True
