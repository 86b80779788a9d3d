"""HTTP triggers and the host's own addresses."""

import pytest

from tests.integration.host.conftest import FUNCTION_KEY, MASTER_KEY, Sample
from tests.integration.host.processes import until

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_anonymous_function_needs_no_key(sample: Sample) -> None:
    answer = await sample.http.get("/api/ping")
    assert (answer.status_code, answer.text) == (200, "pong")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/orders/invoice", "", 401),
        ("/api/orders/invoice", "wrong", 401),
        ("/api/orders/invoice", FUNCTION_KEY, 201),
        ("/api/orders/invoice", MASTER_KEY, 201),
    ],
)
async def test_function_level_takes_the_function_key_or_the_master_key(
    sample: Sample, path: str, key: str, status: int
) -> None:
    by_query = await sample.http.post(path, params={"code": key} if key else {})
    by_header = await sample.http.post(path, headers={"x-functions-key": key} if key else {})
    assert (by_query.status_code, by_header.status_code) == (status, status)
    assert status != 401 or by_query.content == b""


async def test_a_functions_own_key_opens_it_alone(sample: Sample) -> None:
    own = sample.host["function_keys"]
    orders = await sample.http.post("/api/orders/invoice", headers={"x-functions-key": own["orders"]})
    broken = await sample.http.get("/api/broken", headers={"x-functions-key": own["orders"]})
    secret = await sample.http.get("/api/secret", headers={"x-functions-key": own["secret"]})
    assert (orders.status_code, broken.status_code, secret.status_code) == (201, 401, 401)


async def test_admin_level_takes_the_master_key_only(sample: Sample) -> None:
    refused = await sample.http.get("/api/secret", params={"code": FUNCTION_KEY})
    allowed = await sample.http.get("/api/secret", params={"code": MASTER_KEY})
    assert (refused.status_code, allowed.status_code) == (401, 200)
    assert allowed.text == "for the master only"


async def test_request_and_response_pass_unchanged(sample: Sample) -> None:
    answer = await sample.http.put(
        "/API/Orders/invoice/7?x=1&x=2&y=%D1%91",
        headers={"x-functions-key": FUNCTION_KEY, "X-Sent": "yes", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
        content="тело".encode(),
    )
    seen = answer.json()
    assert (answer.status_code, answer.headers["x-answered"]) == (201, "yes")
    assert answer.headers["content-type"] == "application/json"
    assert seen["route"] == {"table": "invoice", "id": "7"}
    assert seen["params"] == {"x": "1,2", "y": "ё"}
    assert (seen["body"], seen["method"], seen["header"], seen["function"]) == ("тело", "PUT", "yes", "orders")
    assert seen["url"].startswith(sample.host["url"] + "/API/Orders/invoice/7?")
    version, trace, span, flags = seen["trace"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/nothing"), ("DELETE", "/api/ping"), ("POST", "/api/orders/12"), ("GET", "/ping"), ("GET", "/")],
)
async def test_what_matches_no_route_and_method_is_not_found(sample: Sample, method: str, path: str) -> None:
    answer = await sample.http.request(method, path, params={"code": FUNCTION_KEY})
    assert (answer.status_code, answer.content) == (404, b"")


async def test_exception_is_a_500_without_a_word_and_logged_with_the_function(sample: Sample) -> None:
    answer = await sample.http.get("/api/broken", params={"code": FUNCTION_KEY})
    assert (answer.status_code, answer.content) == (500, b"")
    lines = [line for line in sample.log().splitlines() if " ERROR broken: " in line]
    assert lines
    assert "ValueError('the password is hunter2')" in lines[-1]


async def test_a_header_that_is_not_ascii_is_a_500(sample: Sample) -> None:
    key = {"x-functions-key": FUNCTION_KEY}
    answer = await sample.http.post("/api/orders/invoice", params={"answered": "да"}, headers=key)
    assert (answer.status_code, answer.content) == (500, b"")


async def test_sync_function_runs_in_a_thread(sample: Sample) -> None:
    answer = await sample.http.get("/api/blocking", params={"code": FUNCTION_KEY})
    assert answer.text == "blocking"
    await until(sample.log, lambda log: " INFO blocking: in a thread" in log)


async def test_each_log_and_print_is_one_line_with_level_and_function(sample: Sample) -> None:
    await sample.http.get("/api/ping")
    await sample.http.post("/api/orders/invoice", params={"code": FUNCTION_KEY})
    log = await until(sample.log, lambda log: "line one" in log)
    assert " INFO ping: printed by ping\n" in log
    assert " INFO orders: line one\\nline two\n" in log


async def test_admin_needs_the_master_key(sample: Sample) -> None:
    for path in ("/admin/host/status", "/admin/functions"):
        assert (await sample.http.get(path, headers={"x-functions-key": FUNCTION_KEY})).status_code == 401


async def test_admin_lists_functions_and_says_the_host_runs(sample: Sample) -> None:
    key = {"x-functions-key": MASTER_KEY}
    status = (await sample.http.get("/admin/host/status", headers=key)).json()
    functions = (await sample.http.get("/admin/functions", headers=key)).json()
    assert status["state"] == "Running"
    assert {"ping", "tick", "one", "many", "lane"} <= {item["name"] for item in functions}
    ping = next(item for item in functions if item["name"] == "ping")
    assert ping["invoke_url_template"] == sample.host["url"] + "/api/ping"


async def test_admin_runs_a_timer_and_a_queue_function_by_hand(sample: Sample) -> None:
    key = {"x-functions-key": MASTER_KEY}
    timer = await sample.http.post("/admin/functions/tick", headers=key, json={"input": ""})
    queue = await sample.http.post("/admin/functions/one", headers=key, json={"input": "by hand"})
    assert (timer.status_code, queue.status_code) == (202, 202)
    ticks = await sample.record.until("tick", bool)
    assert ticks[-1]["past_due"] is False
    await sample.record.until("one", lambda lines: any(line["body"] == "by hand" for line in lines))


async def test_admin_refuses_what_it_does_not_understand(sample: Sample) -> None:
    key = {"x-functions-key": MASTER_KEY}
    run = "/admin/functions/tick"
    assert (await sample.http.post("/admin/functions/nobody", headers=key, json={})).status_code == 404
    assert (await sample.http.post(run, headers=key, json={"inputs": ""})).status_code == 400
    assert (await sample.http.post(run, headers=key | {"content-type": "text/plain"}, content="x")).status_code == 415
    assert (await sample.http.post("/admin/functions/ping", headers=key, json={"input": ""})).status_code == 400
