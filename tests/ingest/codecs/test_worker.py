"""Main of the codec process, run in this process: messages on the socket, answers, suspension within a request."""

from __future__ import annotations

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs.worker import (
    LIMIT_HITS_MAX,
    LOAD_ONLY,
    SUSPENDED,
    CodecWorker,
    DecodeJob,
    Request,
    encode_frame,
    read_frame,
)

ECHO = "function Decoder(bytes, port) { return {bytes: bytes, port: port}; }"
LOOP = "function Decoder(bytes) { for (; bytes[0];) {} return {}; }"


@given(st.lists(st.binary(max_size=5_000), max_size=4))
def test_messages_on_the_socket_arrive_unchanged(bodies: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=lambda: [ours.sendall(encode_frame(body)) for body in bodies])
        sender.start()
        assert bodies == [read_frame(theirs) for _ in bodies]
        sender.join()


@pytest.mark.parametrize("sent", [b"", b"\0\0", encode_frame(b"cut off")[:-1]])
def test_a_socket_that_closes_in_a_message_gives_none(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(sent)
        assert read_frame(theirs) is None


def test_a_codec_is_sent_once_and_answers_later_requests() -> None:
    worker = CodecWorker()
    first = list(worker.answer(Request([(0, ECHO, "{}"), (1, "no codec", "{}")], [DecodeJob(0, b"\1", 5, 0)])))
    second = list(
        worker.answer(
            Request([], [DecodeJob(0, b"\2", 6, 0), DecodeJob(1, b"", 1, 0), DecodeJob(0, b"", LOAD_ONLY, 0)])
        )
    )

    assert ['={"bytes":[1],"port":5}'] == first
    assert ('={"bytes":[2],"port":6}', "=") == (second[0], second[2])
    assert second[1].startswith("!unusable: ")


def test_within_a_request_a_codec_that_hits_its_limit_repeatedly_is_not_called_again() -> None:
    jobs = [DecodeJob(0, b"\1", 1, 0)] * (LIMIT_HITS_MAX + 2)
    answers = list(CodecWorker().answer(Request([(0, LOOP, "{}")], jobs)))

    assert [SUSPENDED] * 2 == answers[LIMIT_HITS_MAX:]
    assert all(answer.startswith("?stopped after") for answer in answers[:LIMIT_HITS_MAX])
