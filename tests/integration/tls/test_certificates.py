"""Which servers the bridge speaks to: certificates are verified, a company's own authority can be named, TLS is new."""

import ssl
from pathlib import Path

import httpx
import pytest

from shared import tls
from shared.errors import Unavailable
from shared.http import Http
from shared.settings import load
from shared.wiring import Wiring
from tests.builders import environment
from tests.integration.tls.authority import Authority, self_signed
from tests.integration.tls.conftest import Listener, Serve

SECRET = "Basic never-sent"


async def ask(listener: Listener, authorities: str = "") -> int:
    """Send a request with a password; give the status."""
    http = Http("1C", authorities=authorities)
    try:
        headers = {"Authorization": SECRET}
        return (await http.send("GET", listener.url, headers=headers, writes=False)).status
    finally:
        await http.close()


async def refused(listener: Listener, authorities: str = "") -> str:
    """Make sure that nothing was sent; give the sentence."""
    with pytest.raises(Unavailable) as caught:
        await ask(listener, authorities)
    assert listener.requests == []
    assert listener.url not in str(caught.value)
    return str(caught.value)


async def test_a_companys_own_authority_is_trusted_where_it_is_named(serve: Serve, tmp_path: Path) -> None:
    ours = Authority()
    async with serve(ours.server(tmp_path)) as listener:
        assert await ask(listener, ours.pem) == 200
        assert SECRET.encode() in listener.requests[0]


async def test_an_unknown_authority_is_refused_before_anything_is_sent(serve: Serve, tmp_path: Path) -> None:
    ours = Authority()
    async with serve(ours.server(tmp_path)) as listener:
        assert "CA_BUNDLE" in await refused(listener)


async def test_another_authority_of_the_same_name_is_refused(serve: Serve, tmp_path: Path) -> None:
    async with serve(Authority().server(tmp_path)) as listener:
        assert "CA_BUNDLE" in await refused(listener, Authority().pem)


async def test_a_certificate_of_another_host_is_refused(serve: Serve, tmp_path: Path) -> None:
    ours = Authority()
    async with serve(ours.server(tmp_path, host="other.example")) as listener:
        assert "it is another host's" in await refused(listener, ours.pem)


async def test_an_expired_certificate_is_refused(serve: Serve, tmp_path: Path) -> None:
    ours = Authority()
    async with serve(ours.server(tmp_path, age_days=30)) as listener:
        assert "it has expired" in await refused(listener, ours.pem)


async def test_a_server_that_vouches_for_itself_is_trusted_where_its_certificate_is_named(
    serve: Serve, tmp_path: Path
) -> None:
    context, certificate = self_signed(tmp_path)
    async with serve(context) as listener:
        await refused(listener)
        assert await ask(listener, certificate) == 200


async def test_tls_1_1_is_refused(serve: Serve, tmp_path: Path) -> None:
    ours = Authority()
    context = ours.server(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    lenient = ssl.create_default_context(cadata=ours.pem)
    lenient.verify_flags &= ~ssl.VERIFY_X509_STRICT
    lenient.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        lenient.minimum_version = ssl.TLSVersion.TLSv1
    async with serve(context) as listener:
        await refused(listener, ours.pem)
        async with httpx.AsyncClient(verify=lenient, trust_env=False) as another:
            assert (await another.get(listener.url)).status_code == 200, "the server speaks TLS 1.1 to who takes it"


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "file"])
async def test_the_setting_reaches_accounting_and_nobody_else(serve: Serve, tmp_path: Path, *, as_text: bool) -> None:
    ours = Authority()
    file = tmp_path / "authorities.pem"
    file.write_text(ours.pem)
    # The portal's field for a setting has one line.
    bundle = ours.pem.replace("\n", "\\n") if as_text else str(file)
    async with serve(ours.server(tmp_path)) as listener:
        given = environment(CA_BUNDLE=bundle, ONEC_URL=listener.url, DATAVERSE_TOKEN_URL=listener.url)
        wiring = Wiring(given)
        with pytest.raises(Unavailable, match="CA_BUNDLE"):
            await wiring.dataverse.get("WhoAmI")
        accounting = wiring._accounting("1C")
        answer = await accounting.send("GET", listener.url, headers={}, writes=False)
        await accounting.close()
        await wiring.dataverse.close()
    assert answer.status == 200


def test_verifying_can_not_be_switched_off() -> None:
    for pem in ("", load(environment(CA_BUNDLE=Authority().pem)).ca_bundle):
        context = tls.context(pem)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
