"""The company's clock: the machine's, shifted as a test says."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time; can be set and pushed forward."""

    def __init__(self, start: str | None = None) -> None:
        self._shift = timedelta()
        if start is not None:
            self.set(start)

    def now(self) -> datetime:
        """Give the time, in UTC."""
        return datetime.now(UTC) + self._shift

    def set(self, moment: str) -> None:
        """Let it be ``moment`` (ISO 8601; UTC where no zone is named) now. ValueError for anything else."""
        wanted = datetime.fromisoformat(moment)
        if wanted.tzinfo is None:
            wanted = wanted.replace(tzinfo=UTC)
        self._shift = wanted - datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Let time jump forward."""
        self._shift += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._shift = timedelta()

    def today(self) -> str:
        """Give the day, ISO."""
        return self.now().date().isoformat()

    def time_of_day(self) -> str:
        """Give the time of day, to the second."""
        return self.now().time().isoformat("seconds")
