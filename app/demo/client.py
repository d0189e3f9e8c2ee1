"""A person with a token, speaking the public HTTP contract and nothing else. Tills are those of `app.till`."""

import secrets
from typing import Any

import httpx


class Person:
    """Someone with an access token."""

    def __init__(self, client: httpx.Client, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, target: str) -> httpx.Response:
        """Read something."""
        return self._client.get(target, headers=self._headers)

    def post(self, target: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Change something, under a fresh idempotency key."""
        sent = {**self._headers, "Idempotency-Key": secrets.token_hex(16), **headers}
        return self._client.post(target, json=body, headers=sent)

    def put(self, target: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Replace something, under a fresh idempotency key."""
        sent = {**self._headers, "Idempotency-Key": secrets.token_hex(16), **headers}
        return self._client.put(target, json=body, headers=sent)
