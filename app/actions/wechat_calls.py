"""Calls to WeChat's server: bounded in time and in number, and nothing of them is written down.

The session key is dropped with the answer that brought it. The app's access token is the stable one: it stays good
while other processes ask for it too.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from types import MappingProxyType

import httpx
import structlog

from app.core.codes import Code, Rejected
from app.core.wechat import (
    AGAIN,
    APP_TOKEN_ENDED,
    WechatAccount,
    errcode_of,
    read_account,
    read_phone,
    refusal_of,
)

BASE_URL = "https://api.weixin.qq.com"
TRIES_MAX = 3
_PAUSE_S = 0.2
_TIMEOUT = httpx.Timeout(5.0, connect=2.0)
_ANSWER_MAX = 64 * 1024
_TOKEN_EARLY_S = 300.0
_BUSY: Mapping[str, object] = MappingProxyType({"errcode": -1})

_log = structlog.get_logger(__name__)

# httpx writes each address at INFO, and here the addresses carry the app's secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


class WechatCalls:
    """WeChat's server, as one mini-program may call it."""

    def __init__(self, appid: str, secret: str, base_url: str = BASE_URL, timeout: httpx.Timeout = _TIMEOUT) -> None:
        self._appid = appid
        self._secret = secret
        self._client = httpx.AsyncClient(base_url=base_url, timeout=timeout, trust_env=False)
        self._app_token = ""
        self._app_token_until = 0.0
        self._asking = asyncio.Lock()

    async def find_account(self, code: str) -> WechatAccount | Rejected:
        """Who has just called `wx.login` (`jscode2session`). A code is good once."""
        query = {
            "appid": self._appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        return read_account(await self._call("GET", "/sns/jscode2session", query=query))

    async def find_phone(self, code: str) -> str | Rejected:
        """The phone that somebody has just agreed to show (`getuserphonenumber`). A code is good once."""
        for renew in (False, True):
            token = await self._find_app_token(renew=renew)
            if isinstance(token, Rejected):
                return token
            path = "/wxa/business/getuserphonenumber"
            answer = await self._call("POST", path, query={"access_token": token}, body={"code": code})
            if errcode_of(answer) not in APP_TOKEN_ENDED:
                return read_phone(answer, self._appid)
        return Rejected(Code.WECHAT_BUSY)

    async def _find_app_token(self, *, renew: bool) -> str | Rejected:
        async with self._asking:
            if not renew and time.monotonic() < self._app_token_until:
                return self._app_token
            body = {
                "grant_type": "client_credential",
                "appid": self._appid,
                "secret": self._secret,
                "force_refresh": renew,
            }
            answer = await self._call("POST", "/cgi-bin/stable_token", body=body)
            token, lifetime = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not isinstance(lifetime, int):
                return refusal_of(errcode_of(answer) or -1)
            self._app_token = token
            self._app_token_until = time.monotonic() + max(0.0, lifetime - _TOKEN_EARLY_S)
            return token

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Mapping[str, object]:
        """One call, again while WeChat says that it is busy. What never arrived or makes no sense counts as busy."""
        answer = _BUSY
        for tried in range(TRIES_MAX):
            if tried:
                await asyncio.sleep(_PAUSE_S * tried)
            try:
                response = await self._client.request(method, path, params=query, json=body)
            except httpx.ConnectError:
                continue
            except httpx.HTTPError as error:
                # The code may have been used up on the way: another try would only say so.
                _log.warning("wechat did not answer", path=path, error=type(error).__name__)
                return _BUSY
            answer = _read(response)
            if errcode_of(answer) not in AGAIN:
                break
        if errcode := errcode_of(answer):
            _log.warning("wechat refused", path=path, errcode=errcode)
        return answer

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()


def _read(response: httpx.Response) -> Mapping[str, object]:
    if response.status_code != httpx.codes.OK or len(response.content) > _ANSWER_MAX:
        return _BUSY
    try:
        answer = response.json()
    except ValueError:
        return _BUSY
    return answer if isinstance(answer, dict) else _BUSY
