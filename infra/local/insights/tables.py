"""From an envelope to a row, as queries see it: the tables and columns of an Application Insights resource.

Names are those of the classic schema (``requests``, ``dependencies``, ``traces`` …), which queries and alerts that are
scoped to the resource use, and which workspace-based resources have too.
"""

from typing import Any

from infra.local.insights.ingestion import DURATION

TABLES = {
    "RequestData": "requests",
    "RemoteDependencyData": "dependencies",
    "MessageData": "traces",
    "EventData": "customEvents",
    "ExceptionData": "exceptions",
    "MetricData": "customMetrics",
}
COMMON: dict[str, str] = {
    "timestamp": "datetime",
    "operation_Id": "string",
    "operation_ParentId": "string",
    "operation_Name": "string",
    "cloud_RoleName": "string",
    "cloud_RoleInstance": "string",
    "itemType": "string",
    "itemCount": "int",
    "customDimensions": "dynamic",
}
OWN: dict[str, dict[str, str]] = {
    "requests": {
        "id": "string",
        "name": "string",
        "url": "string",
        "success": "bool",
        "resultCode": "string",
        "duration": "real",
    },
    "dependencies": {
        "id": "string",
        "name": "string",
        "type": "string",
        "target": "string",
        "data": "string",
        "success": "bool",
        "resultCode": "string",
        "duration": "real",
    },
    "traces": {"message": "string", "severityLevel": "int"},
    "customEvents": {"name": "string"},
    "exceptions": {"type": "string", "outerMessage": "string", "severityLevel": "int"},
    "customMetrics": {
        "name": "string",
        "value": "real",
        "valueCount": "int",
        "valueSum": "real",
        "valueMin": "real",
        "valueMax": "real",
    },
}
SCHEMA: dict[str, dict[str, str]] = {table: COMMON | own for table, own in OWN.items()}
"""Every table's columns with their KQL types."""


def rows(envelope: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Give an envelope's rows with their tables: one, or one for each point of a measure."""
    kind, data = envelope["data"]["baseType"], envelope["data"]["baseData"]
    table, tags = TABLES[kind], envelope.get("tags") or {}
    common = {
        "timestamp": envelope["time"],
        "operation_Id": tags.get("ai.operation.id") or "",
        "operation_ParentId": tags.get("ai.operation.parentId") or "",
        "operation_Name": tags.get("ai.operation.name") or "",
        "cloud_RoleName": tags.get("ai.cloud.role") or "",
        "cloud_RoleInstance": tags.get("ai.cloud.roleInstance") or "",
        "itemType": table.removesuffix("s").removesuffix("ie") if table != "dependencies" else "dependency",
        "itemCount": 1,
        "customDimensions": data.get("properties") or {},
    }
    if kind == "MetricData":
        return [(table, common | _point(point)) for point in data["metrics"]]
    own = {
        "RequestData": _request,
        "RemoteDependencyData": _dependency,
        "MessageData": _message,
        "EventData": lambda data: {"name": data["name"]},
        "ExceptionData": _exception,
    }[kind]
    return [(table, common | own(data))]


def milliseconds(duration: str) -> float:
    """Read a time span such as ``0.00:00:01.250``."""
    match = DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(duration)
    days, hours, minutes, seconds = (int(match[index] or 0) for index in range(1, 5))
    fraction = int((match[5] or "0").ljust(7, "0")) / 10_000
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + fraction


def _request(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": data["id"],
        "name": data.get("name") or "",
        "url": data.get("url") or "",
        "success": data.get("success", True),
        "resultCode": data["responseCode"],
        "duration": milliseconds(data["duration"]),
    }


def _dependency(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": data.get("id") or "",
        "name": data["name"],
        "type": data.get("type") or "",
        "target": data.get("target") or "",
        "data": data.get("data") or "",
        "success": data.get("success", True),
        "resultCode": data.get("resultCode") or "",
        "duration": milliseconds(data["duration"]),
    }


def _message(data: dict[str, Any]) -> dict[str, Any]:
    levels = {"Verbose": 0, "Information": 1, "Warning": 2, "Error": 3, "Critical": 4}
    level = data.get("severityLevel")
    return {"message": data["message"], "severityLevel": levels.get(str(level), level)}


def _exception(data: dict[str, Any]) -> dict[str, Any]:
    first = data["exceptions"][0]
    return {
        "type": first.get("typeName") or "",
        "outerMessage": first.get("message") or "",
        "severityLevel": data.get("severityLevel"),
    }


def _point(point: dict[str, Any]) -> dict[str, Any]:
    count = point.get("count") or 1
    value = float(point["value"])
    least, most = point.get("min"), point.get("max")
    return {
        "name": point["name"],
        "value": value,
        "valueCount": count,
        "valueSum": value,
        "valueMin": value / count if least is None else float(least),
        "valueMax": value / count if most is None else float(most),
    }
