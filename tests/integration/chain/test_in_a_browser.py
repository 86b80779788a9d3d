"""The pages in a real browser: nothing on its console, and a button that brings a document into the journal."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import presence_of_element_located
from selenium.webdriver.support.ui import WebDriverWait

from infra.demo.company import BY_HAND, EUROPEAN, SampleSale
from infra.demo.world import World
from shared.bus import POISON, Envelope
from shared.messages import Reference, State
from shared.retry import reference_envelope
from tests.integration.chain.conftest import PATIENCE, STATES, booked, invoice, issue, line, until
from tests.integration.chain.test_preview import entered_unseen

DEAD_ON, DELIVERIES = "sapb1", 10
"""A queue with lanes, and how often it delivers a message (infra/azure/modules/servicebus.bicep)."""
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no chromium and chromedriver: on Debian, apt-get install chromium chromium-driver"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """A browser without a window, as wide as a phone."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=400,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def console(browser: webdriver.Chrome) -> list[str]:
    """Give what the browser complained of."""
    entries: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's own
    return [entry["message"] for entry in entries]


def is_wider_than_the_screen(browser: webdriver.Chrome) -> bool:
    """Say whether somebody with a phone would have to scroll the page sideways."""
    width = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(browser.execute_script(f"return {width}"))


def reference_to(world: World, document: SampleSale) -> Envelope:
    """Give a message that leads to a document."""
    return reference_envelope(
        Reference(
            organization_id=UUID(world.stack["dataverse"]["organization_id"]),
            correlation_id=str(uuid4()),
            table="invoice",
            id=document.id,
            cause="event:Update",
            occurred_at=datetime.now(UTC),
            message_id=str(uuid4()),
        )
    )


async def poisoned(client: ServiceBusClient, message: Envelope) -> None:
    """Put a message on ``poison``, as if nobody had been able to read it."""
    async with client.get_queue_sender(POISON) as sender:
        await sender.send_messages(ServiceBusMessage(message.body, message_id=message.message_id))


async def dead(client: ServiceBusClient, message: Envelope) -> None:
    """Let the broker give a message up: it was delivered as often as the queue allows, and settled never.

    The lane is held before anything is on it, so the bridge's own connector does not get the message.
    """
    lane = f"lane {message.message_id}"
    async with (
        client.get_queue_receiver(DEAD_ON, session_id=lane) as receiver,
        client.get_queue_sender(DEAD_ON) as sender,
    ):
        await sender.send_messages(ServiceBusMessage(message.body, message_id=message.message_id, session_id=lane))
        for _ in range(DELIVERIES):
            (again,) = await receiver.receive_messages(1, max_wait_time=PATIENCE)
            await receiver.abandon_message(again)


@pytest.mark.parametrize(
    ("set_aside", "shown"),
    [(poisoned, ("poison (poison)",)), (dead, (f"{DEAD_ON} (dead letter)", "MaxDeliveryCountExceeded"))],
    ids=["poison", "dead letter"],
)
async def test_a_document_that_was_set_aside_reaches_the_journal_by_its_button(
    world: World,
    browser: webdriver.Chrome,
    set_aside: Callable[[ServiceBusClient, Envelope], Awaitable[None]],
    shown: tuple[str, ...],
) -> None:
    document = invoice(f"EU-BUTTON-{set_aside.__name__}", EUROPEAN, line("10.00"))
    await entered_unseen(world, document)
    async with ServiceBusClient.from_connection_string(world.stack["servicebus"]["connection_string"]) as client:
        await set_aside(client, reference_to(world, document))
    host = world.stack["host"]

    def press() -> tuple[str, str]:
        browser.get(f"{host['url']}/api/operations?code={host['function_key']}")
        row = browser.find_element(By.XPATH, f"//tr[contains(., '{document.id}')]")
        before = row.text
        row.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
        # A key does not wait for the page that it leads to.
        status = WebDriverWait(browser, PATIENCE).until(presence_of_element_located((By.CSS_SELECTOR, "[role=status]")))
        return before, status.text

    before, said = await asyncio.to_thread(press)
    assert all(part in before for part in (*shown, "Invoice", "Send again"))
    assert "Sent again: 1." in said
    row = await until(world, document)
    assert STATES[row["acx_state"]] is State.POSTED
    assert booked(world, document) == [document.total]
    assert not is_wider_than_the_screen(browser)
    assert console(browser) == []


async def test_script_in_a_customers_name_stays_text(world: World, browser: webdriver.Chrome) -> None:
    document = invoice("EU-SCRIPT", EUROPEAN, line("10.00"))
    await entered_unseen(world, document)
    evil = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    host = world.stack["host"]

    await world.crm.correct_customer(document.customer, {"name": evil})
    address = f"{host['url']}/api/preview/invoice/{document.id}?code={host['function_key']}"
    await asyncio.to_thread(browser.get, address)
    await world.crm.correct_customer(document.customer, {"name": document.customer.name})

    assert browser.title == "Dry run: EU-SCRIPT"
    assert "&lt;script&gt;document.title='run'&lt;/script&gt;" in browser.page_source
    assert browser.find_elements(By.CSS_SELECTOR, "script, img") == []
    assert not is_wider_than_the_screen(browser)
    assert console(browser) == []


async def test_the_dry_run_of_a_way_by_hand_fits_a_phone_and_leads_to_the_file(
    world: World, browser: webdriver.Chrome
) -> None:
    document = invoice("RH-PHONE", BY_HAND[0], line("10.00"), dated=date(2026, 8, 7))
    await issue(world, document)
    host = world.stack["host"]
    await asyncio.to_thread(browser.get, f"{host['url']}/api/preview/invoice/{document.id}?code={host['function_key']}")

    assert "It would be handed out in a file" in browser.find_element(By.TAG_NAME, "body").text
    assert not is_wider_than_the_screen(browser)
    assert console(browser) == []
    address = browser.find_element(By.LINK_TEXT, "Take the file of this day").get_attribute("href")
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.get(str(address))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
