"""Table definitions over the Web API: what hangs on ``EntityDefinitions``, read and (by an administrator) written."""
