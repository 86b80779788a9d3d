"""The server's time: the machine's, shifted where a test asks for it."""

import time
from datetime import UTC, datetime


class Clock:
    """Tells the time in seconds since 1970 and as Dataverse writes it."""

    def __init__(self) -> None:
        self.shift = 0.0
        """Seconds ahead of the machine."""

    def time(self) -> float:
        """Give seconds since 1970."""
        return time.time() + self.shift

    def text(self) -> str:
        """Give the time in UTC to the second, as a DateTime column holds it."""
        return datetime.fromtimestamp(self.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
