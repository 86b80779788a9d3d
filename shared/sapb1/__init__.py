"""SAP Business One, through Service Layer v2."""
