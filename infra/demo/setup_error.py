"""The one error of the sample companies' set-up."""


class SetupError(Exception):
    """A sample record was refused; the text says by whom and why."""
