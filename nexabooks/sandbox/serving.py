"""What every pretend service shares: a loopback HTTP server on a free port, and faults on demand.

A service is a class with `handle(request) -> Reply`. A fault is asked for by path, count and kind, so that a test or
the demo can say "the third call to /v1/invoices is cut after the commit".
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import orjson

FaultKind = Literal["429", "500", "502", "slow", "cut_before", "cut_after", "malformed"]


@dataclass(frozen=True, slots=True)
class Request:
    verb: str
    path: str  # without the query
    query: list[tuple[str, str]]
    headers: Mapping[str, str] | Message  # over the wire a Message, which finds a name in any case
    body: bytes

    def param(self, name: str, default: str = "") -> str:
        return next((v for k, v in self.query if k == name), default)

    def params(self, name: str) -> list[str]:
        return [v for k, v in self.query if k == name]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """`value` as JSON. Decimals are not accepted: a service decides itself whether it sends text or a number."""
    return Reply(status, orjson.dumps(value), headers or {})


@dataclass(slots=True)
class Fault:
    """`path`: a regular expression searched in "VERB /path?query". `times`: how often; `skip`: how many matching calls
    pass first.

    cut_before: the connection closes before anything is done. cut_after: it is done, and then the connection closes.
    slow: answered after `slow_s`. malformed: status 200 with half of the body.
    """

    path: str
    kind: FaultKind
    times: int = 1
    skip: int = 0
    slow_s: float = 2.0
    retry_after_s: float | None = None


class Faults:
    """The faults that still wait for their call, and how often each path was asked."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()
        self.calls: list[str] = []

    def add(
        self,
        path: str,
        kind: FaultKind,
        *,
        times: int = 1,
        skip: int = 0,
        slow_s: float = 2.0,
        retry_after_s: float | None = None,
    ) -> None:
        with self._lock:
            self._waiting.append(Fault(path, kind, times, skip, slow_s, retry_after_s))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, line: str) -> Fault | None:
        """The fault for this call, if one waits; counts the call either way."""
        with self._lock:
            self.calls.append(line)
            for fault in self._waiting:
                if re.search(fault.path, line):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None


class Service:
    """A pretend service. Subclasses give `name`, `handle`, and may give `error_body(status)` in the real form.

    It listens on loopback only. `last_error` is the traceback of a handler that broke, "" when none did.
    """

    name = "service"

    def __init__(self) -> None:
        self.faults = Faults()
        self.latency_s = 0.0
        self.last_error = ""
        self._connections: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None

    def handle(self, request: Request) -> Reply:
        raise LookupError(f"{type(self).__name__} has no handler")

    def error_body(self, status: int) -> bytes:
        """The body of a fault's error status, in the form of the real service."""
        return orjson.dumps({"error": {"message": f"HTTP {status}"}})

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError(f"{self.name} is not running")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def is_running(self) -> bool:
        return self._server is not None

    def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes a free one, so no port must be free."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 65536  # headers and body in one packet: two small ones wait 40 ms for each other

            def log_message(self, *args: Any) -> None:
                pass

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                parts = urlsplit(self.path)
                request = Request(
                    self.command, parts.path, parse_qsl(parts.query, keep_blank_values=True), self.headers, body
                )
                if service.latency_s:
                    time.sleep(service.latency_s)
                fault = service.faults.take(f"{self.command} {self.path}")
                if fault and fault.kind == "cut_before":
                    return self._cut()
                if fault and fault.kind in ("429", "500", "502"):
                    status = int(fault.kind)
                    headers = {"Retry-After": f"{fault.retry_after_s:g}"} if fault.retry_after_s is not None else {}
                    return self._send(Reply(status, service.error_body(status), headers))
                if fault and fault.kind == "slow":
                    time.sleep(fault.slow_s)
                reply = service.handle(request)
                if fault and fault.kind == "cut_after":
                    return self._cut()
                if fault and fault.kind == "malformed":
                    reply = Reply(200, reply.body[: len(reply.body) // 2], reply.headers, reply.content_type)
                self._send(reply)

            def _send(self, reply: Reply) -> None:
                try:
                    self.send_response(reply.status)
                    self.send_header("Content-Type", reply.content_type)
                    self.send_header("Content-Length", str(len(reply.body)))
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(reply.body)
                    self.wfile.flush()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def _cut(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _answer

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def get_request(self) -> tuple[socket.socket, Any]:
                connection, address = super().get_request()
                service._connections.add(connection)
                return connection, address

            def shutdown_request(self, request: Any) -> None:
                service._connections.discard(request)
                super().shutdown_request(request)

            def handle_error(self, request: Any, client_address: Any) -> None:
                service.last_error = traceback.format_exc()

        self._server = Server(("127.0.0.1", port), Handler)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name=self.name, daemon=True
        ).start()

    def stop(self) -> None:
        """Stop listening and cut what is still connected; the service's own records stay. Stopping twice is once."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            for connection in list(self._connections):  # a kept-alive client would otherwise still be answered
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._connections.clear()
            self._server = None
