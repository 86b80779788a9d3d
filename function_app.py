"""The function app: registers the blueprints; nothing else."""

import azure.functions as func

from functions import (
    dataverse_events,
    dataverse_sweep,
    exchange_files,
    export,
    onec_connector,
    operations,
    operations_page,
    payments,
    preview,
    sapb1_connector,
    writeback,
)

app = func.FunctionApp()
rooms = (
    dataverse_events,
    dataverse_sweep,
    export,
    onec_connector,
    sapb1_connector,
    writeback,
    payments,
    operations,
    operations_page,
    preview,
    exchange_files,
)
for room in rooms:
    app.register_functions(room.blueprint)
