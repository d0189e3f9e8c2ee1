"""A till and a few people, speaking the public HTTP contract and nothing else."""

import json
import secrets
import time
from datetime import timedelta
from typing import Any

import httpx

from app.security.till_signatures import sign


class Till:
    """A merchant's till with its secret."""

    def __init__(self, client: httpx.Client, terminal: str, secret: str, ahead: timedelta = timedelta(0)) -> None:
        """`ahead`: so far in the future the till's clock is."""
        self._client = client
        self._terminal = terminal
        self._secret = secret
        self._ahead_s = int(ahead.total_seconds())

    def call(self, method: str, target: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send one signed request."""
        content = json.dumps(body).encode() if body is not None else b""
        authorization = sign(
            terminal=self._terminal,
            secret=self._secret.encode(),
            method=method,
            target=target,
            body=content,
            timestamp=int(time.time()) + self._ahead_s,
            nonce=secrets.token_hex(8),
        )
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        return self._client.request(method, target, content=content, headers=headers)

    def redeem(self, trade_no: str, code: str, points: int) -> httpx.Response:
        """Take points."""
        body = {"out_trade_no": trade_no, "auth_code": code, "points": points}
        return self.call("POST", "/v1/pos/redemptions", body)

    def reverse(self, trade_no: str) -> httpx.Response:
        """Take a whole order back."""
        return self.call("POST", f"/v1/pos/redemptions/{trade_no}/reverse")

    def refund(self, trade_no: str, refund_no: str, points: int) -> httpx.Response:
        """Give points back."""
        body = {"out_refund_no": refund_no, "points": points, "reason": "退货"}
        return self.call("POST", f"/v1/pos/redemptions/{trade_no}/refunds", body)

    def voucher(self, code: str) -> httpx.Response:
        """What a voucher is for."""
        return self.call("GET", f"/v1/pos/vouchers/{code}")

    def use(self, code: str, number: str) -> httpx.Response:
        """Write a voucher off."""
        return self.call("POST", f"/v1/pos/vouchers/{code}/use", {"use_request_no": number})

    def query(self, trade_no: str) -> httpx.Response:
        """Ask what became of an order."""
        return self.call("GET", f"/v1/pos/redemptions/{trade_no}")


class Person:
    """Someone with an access token."""

    def __init__(self, client: httpx.Client, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, target: str) -> httpx.Response:
        """Read something."""
        return self._client.get(target, headers=self._headers)

    def post(self, target: str, body: dict[str, Any] | None = None, key: str | None = None) -> httpx.Response:
        """Change something, under a fresh idempotency key unless one is given."""
        headers = {**self._headers, "Idempotency-Key": key or secrets.token_hex(16)}
        return self._client.post(target, json=body, headers=headers)

    def put(self, target: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Replace something, under a fresh idempotency key."""
        sent = {**self._headers, "Idempotency-Key": secrets.token_hex(16), **headers}
        return self._client.put(target, json=body, headers=sent)
