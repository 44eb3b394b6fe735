"""Signatures over a real socket, answers that never began, servers of another make."""

from __future__ import annotations

import datetime as dt
import importlib
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from alloy_tui.agent.agent import Agent
from tests.providers.test_service_conversations import FINAL, SERVICES, agent_of
from tests.providers.tiny_server import Answer, Connection, chunked, ok, respond, tiny_server

pytestmark = pytest.mark.anyio


async def test_bedrock_is_signed_over_what_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key of Bedrock, the variables of an access key sign the very path that goes out."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    service = SERVICES["bedrock"]
    answer: Answer = ok(b"".join(service.stream(FINAL)), f"content-type: {service.kind}")
    async with tiny_server(answer) as server:
        access = server.access(None)
        agent = Agent(f"bedrock/{service.model}", cwd=tmp_path, access=lambda _: access)
        async with agent:
            assert (await agent.chat("Hi")).text == "All seen."
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
    assert _signature(server.url + start.split()[1], headers, body) == headers["authorization"]
    assert headers["x-amz-security-token"] == "session"


def _signature(url: str, headers: dict[str, str], body: bytes) -> str:
    """What the official signer makes of a request as it arrived."""
    stamp = dt.datetime.fromisoformat(headers["x-amz-date"]).replace(tzinfo=None)
    found = importlib.import_module("botocore.credentials").Credentials(
        "AKID", "secret-secret", "session"
    )
    request = importlib.import_module("botocore.awsrequest").AWSRequest(
        "POST", url, headers={"content-type": headers["content-type"]}, data=body
    )
    signer: Any = importlib.import_module("botocore.auth")
    with mock.patch("botocore.auth.get_current_datetime", return_value=stamp):
        signer.SigV4Auth(found, "bedrock", "eu-west-3").add_auth(request)
    return request.headers["Authorization"]


async def test_a_connection_lost_before_anything_was_said_is_tried_again(tmp_path: Path) -> None:
    """Nothing was shown that would have to be taken back."""
    service = SERVICES["openai"]
    whole = b"".join(service.stream(FINAL))

    async def lost(connection: Connection) -> None:
        await connection.send(chunked(whole[:200]))
        connection.writer.close()

    async with (
        tiny_server(lost, ok(whole)) as server,
        agent_of("openai", service, server, tmp_path) as agent,
    ):
        assert (await agent.chat("Hi")).text == "All seen."
    assert len(server.requests) == 2


async def test_an_ollama_of_another_make_is_not_asked_what_it_knows(tmp_path: Path) -> None:
    """It has no such path; that a model is missing would be said in other words."""
    service = SERVICES["ollama"]
    missing = respond(404, b'{"error":"Not found"}')
    answer = ok(b"".join(service.stream(FINAL)), f"content-type: {service.kind}")
    async with (
        tiny_server(missing, answer) as server,
        agent_of("ollama", service, server, tmp_path) as agent,
    ):
        assert (await agent.chat("Hi")).text == "All seen."
    absent = respond(404, b'{"error":"model \'m\' not found"}')
    async with (
        tiny_server(absent) as server,
        agent_of("ollama", service, server, tmp_path) as agent,
    ):
        error = (await agent.chat("Hi")).error
    assert error is not None
    assert error.hint == "Fetch it first: ollama pull m"
