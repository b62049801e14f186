"""Callbacks of providers."""

from __future__ import annotations

from tests.support.console_harness import Client, ConsoleHarness


async def test_a_callback_needs_the_secret_in_its_path(harness: ConsoleHarness, anyone: Client) -> None:
    good = await anyone.post("/api/v1/callbacks/aliyun_sms/s3cret?x=1", content=b"[{}]")

    assert (good.status_code, good.json()) == (200, {"code": 0})
    assert harness.callbacks == [("{'x': '1'}", b"[{}]")]
    assert (await anyone.get("/api/v1/callbacks/aliyun_sms/s3cret")).status_code == 200
    for path in ("aliyun_sms/wrong", "wecom/s3cret", "wecom/", "aliyun_sms/s3cret/x"):
        assert (await anyone.post(f"/api/v1/callbacks/{path}")).status_code == 404
    big = await anyone.post("/api/v1/callbacks/aliyun_sms/s3cret", content=b"x" * 65_537)
    assert big.status_code == 413
