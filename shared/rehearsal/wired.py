"""The dry run, wired from the settings. Apart from :mod:`shared.wiring`, so that only a dry run imports it."""

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from shared import tls
from shared.breaker import Breaker
from shared.dataverse.client import Dataverse
from shared.dataverse.reading import Reader
from shared.http import Http
from shared.onec import wired as onec
from shared.rehearsal.onec import OnecRehearsal
from shared.rehearsal.rehearse import Rehearser, Stage
from shared.rehearsal.sapb1 import Sapb1Rehearsal
from shared.rehearsal.transport import metadata
from shared.routes import Target
from shared.sapb1 import wired as sapb1
from shared.secrets import Secret
from shared.settings import Settings


def rehearser(
    given: Settings,
    secret: Callable[[str], Secret],
    dataverse: Dataverse,
    breakers: Mapping[Target, Breaker],
    now: Callable[[], datetime],
) -> Rehearser:
    """Give the dry run; each asks over connections of its own, which keep every write."""
    known = metadata()

    def network() -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=tls.context(given.ca_bundle), trust_env=False)

    def to_onec() -> Stage:
        connection = OnecRehearsal(network(), known)
        return onec.system(given, secret, Http("1C", connection)), connection

    def to_sapb1() -> Stage:
        connection = Sapb1Rehearsal(network(), known)
        return sapb1.system(given, secret, Http("SAP Business One", connection)), connection

    return Rehearser(given, Reader(dataverse, given), {"onec": to_onec, "sapb1": to_sapb1}, breakers, now)
