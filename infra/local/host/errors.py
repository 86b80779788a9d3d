"""What keeps the host from starting, in one sentence that names the setting or the function."""


class HostError(Exception):
    """The app, host.json or local.settings.json is not what the Functions host would run."""
