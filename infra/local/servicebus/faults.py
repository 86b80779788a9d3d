"""What the broker can be told to do wrong: refuse sends, deliver twice, deliver out of order, drop a connection."""


class Faults:
    """Placeholder."""
