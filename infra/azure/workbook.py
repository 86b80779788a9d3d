"""``python infra/azure/workbook.py`` makes workbook.json of the queries; ``--check`` says whether it is the same.

The title of each part is the comment in the first line of its query.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WORKBOOK = HERE / "workbook.json"
CHARTS = {
    "documents_by_state": "barchart",
    "backlog": "linechart",
    "oldest_waiting": "linechart",
    "seconds_to_posted": "table",
    "refusals_by_reason": "table",
    "failures_by_target": "table",
    "retries": "barchart",
    "set_aside": "linechart",
    "found_by": "barchart",
    "functions": "table",
    "round_trips": "table",
    "credentials": "table",
    "settings": "table",
    "trace_of_document": "table",
}
"""Every query in the order of the workbook, and how it is shown."""


def workbook() -> dict[str, Any]:
    """Give the workbook's content."""
    return {
        "version": "Notebook/1.0",
        "items": [_parameters(), *(_part(name, chart) for name, chart in CHARTS.items())],
        "fallbackResourceIds": [],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }


def serialized() -> str:
    """Give the content of workbook.json."""
    return json.dumps(workbook(), ensure_ascii=False, indent=2) + "\n"


def _parameters() -> dict[str, Any]:
    times = [{"durationMs": hours * 3_600_000} for hours in (1, 4, 24, 72, 168, 720)]
    return {
        "type": 9,
        "name": "parameters",
        "content": {
            "version": "KqlParameterItem/1.0",
            "style": "pills",
            "queryType": 0,
            "resourceType": "microsoft.insights/components",
            "parameters": [
                {
                    "id": "5d7b2b1e-3a8e-4a69-9a53-0d6a3cf9a001",
                    "version": "KqlParameterItem/1.0",
                    "name": "time",
                    "label": "Time",
                    "type": 4,
                    "isRequired": True,
                    "value": {"durationMs": 86_400_000},
                    "typeSettings": {"selectableValues": times, "allowCustom": True},
                },
                {
                    "id": "5d7b2b1e-3a8e-4a69-9a53-0d6a3cf9a002",
                    "version": "KqlParameterItem/1.0",
                    "name": "document",
                    "label": "Id of a document",
                    "type": 1,
                    "value": "",
                },
            ],
        },
    }


def _part(name: str, chart: str) -> dict[str, Any]:
    first, _, query = (HERE / "queries" / f"{name}.kql").read_text().partition("\n")
    return {
        "type": 3,
        "name": name,
        "content": {
            "version": "KqlItem/1.0",
            "query": query.rstrip(),
            "size": 0,
            "title": first.removeprefix("// "),
            "timeContextFromParameter": "time",
            "queryType": 0,
            "resourceType": "microsoft.insights/components",
            "visualization": chart,
        },
    }


def main() -> int:
    """Write or check; give the exit status."""
    if sys.argv[1:] == ["--check"]:
        same = WORKBOOK.read_text() == serialized()
        sys.stdout.write(
            "workbook.json is up to date\n" if same else "workbook.json: run python infra/azure/workbook.py\n"
        )
        return 0 if same else 1
    WORKBOOK.write_text(serialized())
    return 0


if __name__ == "__main__":
    sys.exit(main())
