"""A server that behaves as WeChat's documentation says: codes are good once, errors come with status 200."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

APPID = "wx-of-the-city"
APP_SECRET = "the-secret-of-the-app"
SESSION_KEY = "c2Vzc2lvbi1rZXktb2YtYS1wZXJzb24="

Answers = dict[str, Any]


@dataclass(slots=True)
class WechatServer:
    """What the server knows, and what was asked of it."""

    address: str = ""
    accounts: dict[str, str] = field(default_factory=dict)
    """Login codes, and whose they are. Each is good once."""
    phones: dict[str, str] = field(default_factory=dict)
    """Phone codes, and the numbers. Each is good once."""
    errors: list[int | str] = field(default_factory=list)
    """What goes wrong with the next calls: an errcode, `slow`, `words` (no JSON), `list`, `down` (500), `huge`."""
    app_token: str = "app-token-1"
    asked: list[str] = field(default_factory=list)
    watermark: str = APPID

    def session(self, query: dict[str, str]) -> Answers:
        """`/sns/jscode2session`."""
        if (query.get("appid"), query.get("secret")) != (APPID, APP_SECRET):
            return {"errcode": 40013, "errmsg": "invalid appid"}
        openid = self.accounts.pop(query.get("js_code", ""), None)
        if query.get("grant_type") != "authorization_code" or openid is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        return {"openid": openid, "session_key": SESSION_KEY, "unionid": f"u-{openid}"}

    def stable_token(self, body: Answers) -> Answers:
        """`/cgi-bin/stable_token`."""
        if (body.get("appid"), body.get("secret")) != (APPID, APP_SECRET):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        return {"access_token": self.app_token, "expires_in": 7200}

    def phone(self, query: dict[str, str], body: Answers) -> Answers:
        """`/wxa/business/getuserphonenumber`."""
        if query.get("access_token") != self.app_token:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        number = self.phones.pop(body.get("code", ""), None)
        if number is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        info = {
            "phoneNumber": number,
            "purePhoneNumber": number,
            "countryCode": "86",
            "watermark": {"timestamp": 1_772_000_000, "appid": self.watermark},
        }
        return {"errcode": 0, "errmsg": "ok", "phone_info": info}

    def answer(self, target: str, body: Answers) -> bytes | int | None:
        """What to send: bytes, a status, or nothing for too long."""
        split = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        self.asked.append(split.path)
        error = self.errors.pop(0) if self.errors else None
        known = {"slow": None, "words": b"<html>", "list": b"[]", "down": 500, "huge": b'"' + b"x" * 70_000 + b'"'}
        if isinstance(error, str):
            return known[error]
        if error is not None:
            return json.dumps({"errcode": error, "errmsg": "said so"}).encode()
        routes = {
            "/sns/jscode2session": lambda: self.session(query),
            "/cgi-bin/stable_token": lambda: self.stable_token(body),
            "/wxa/business/getuserphonenumber": lambda: self.phone(query, body),
        }
        found = routes.get(split.path)
        return json.dumps(found()).encode() if found else 404


def _handler_of(known: WechatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers from what the server knows."""

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = known.answer(self.path, json.loads(raw) if raw else {})
            if answer is None:
                time.sleep(1.0)
                return
            content = answer if isinstance(answer, bytes) else b""
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = _serve  # noqa: N815 - the library's names
        do_POST = _serve  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


@contextmanager
def a_wechat_server() -> Iterator[WechatServer]:
    """The server on a port of its own, for the length of the block."""
    known = WechatServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(known))
    known.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
