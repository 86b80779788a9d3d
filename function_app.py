"""The function app: registers the blueprints; nothing else."""

import azure.functions as func

from functions import (
    dataverse_events,
    dataverse_sweep,
    export,
    onec_connector,
    operations,
    payments,
    sapb1_connector,
    writeback,
)

app = func.FunctionApp()
rooms = (dataverse_events, dataverse_sweep, export, onec_connector, sapb1_connector, writeback, payments, operations)
for room in rooms:
    app.register_functions(room.blueprint)
