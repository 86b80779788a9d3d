"""The function app: registers the blueprints; nothing else."""

import azure.functions as func

from functions import dataverse_events, dataverse_sweep, export, onec_connector, operations, sapb1_connector, writeback

app = func.FunctionApp()
for room in (dataverse_events, dataverse_sweep, export, onec_connector, sapb1_connector, writeback, operations):
    app.register_functions(room.blueprint)
