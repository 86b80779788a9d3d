"""``python -m infra.azure.exports`` turns app settings into exports of a shell, for commands on another machine.

    . <(az functionapp config appsettings list --resource-group GROUP --name APP | python -m infra.azure.exports)

It reads what Azure CLI lists and leaves out what is of use in Azure alone. No secret is among it: the settings that the
template writes hold names of secrets (``keyvault:NAME``).
"""

import json
import shlex
import sys

IN_AZURE_ALONE = ("AzureWebJobs", "AzureFunctions", "FUNCTIONS_", "WEBSITE_", "AZURE_CLIENT_ID")
"""The app's own identity signs in nowhere else: on another machine it is whoever is signed in with Azure CLI."""
_SIGNS_IN = ("ServiceBusConnection__credential", "ServiceBusConnection__clientId")


def exports(listed: str) -> str:
    """Give the lines of a shell. ValueError where the text is not a list of settings as Azure CLI gives it."""
    try:
        settings = {str(each["name"]): str(each["value"]) for each in json.loads(listed)}
    except (ValueError, TypeError, KeyError):
        raise ValueError("this is not what az functionapp config appsettings list prints") from None
    kept = {
        name: value
        for name, value in settings.items()
        if name.isidentifier() and not name.startswith(IN_AZURE_ALONE) and name not in _SIGNS_IN
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in kept.items())


def main() -> int:
    """Run the command."""
    try:
        sys.stdout.write(exports(sys.stdin.read()))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
