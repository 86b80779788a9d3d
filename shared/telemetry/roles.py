"""How Application Insights shows the bridge: its name, its instance, the types of its spans."""

import hashlib
import os

from shared.telemetry.items import Kind

ROLE = os.environ.get("WEBSITE_SITE_NAME") or "bridge"
INSTANCE = hashlib.sha256((os.environ.get("WEBSITE_INSTANCE_ID") or str(os.getpid())).encode()).hexdigest()[:12]
"""Tells instances apart; a machine's name can be its owner's, so it is not used."""
TYPES: dict[Kind, str] = {"call": "HTTP", "sent": "Queue Message | Azure Service Bus", "hop": "InProc"}
"""Dependency types as Application Insights knows them: icons and the application map go by them."""
