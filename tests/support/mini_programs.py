"""What the mini-program asks for on its way in, against the stand-in of WeChat."""

from typing import Any

import httpx

from app.actions.vault import store_personal_data
from app.core.ids import VolunteerId
from app.core.personal_data import PersonalData
from tests.support.calls import Json, an_admin
from tests.support.sites import Site
from tests.support.wechat_server import WechatServer

PHONE = "13800000001"


async def ask_wechat(site: Site, target: str, **body: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    """Send a body to one of the routes of the mini-program's way in."""
    agreed = {"consent_version": "2026-11"} if target else {}
    return await site.client.post(f"/v1/auth/wechat{target}", json={"programme": "cixi", **agreed, **body})


async def log_in_by_wechat(site: Site, wechat: WechatServer, openid: str) -> Json:
    """Log in with an account that WeChat knows; it may be nobody's yet."""
    wechat.accounts["code-1"] = openid
    answer = await ask_wechat(site, "", code="code-1")
    assert answer.status_code == 200, answer.text
    entered: Json = answer.json()
    return entered


async def give_phone(site: Site, number: int, phone: str = PHONE) -> VolunteerId:
    """Seal a phone of one of the city's volunteers in the vault."""
    volunteer = site.city.volunteers[number]
    people = site.services.cabinet.people
    async with site.database.begin() as tx:
        kept = PersonalData(phone=phone)
        assert await store_personal_data(tx, people, site.city.programme, volunteer, kept, site.clock.now) is None
    return volunteer


async def bind_by_phone(site: Site, wechat: WechatServer, openid: str = "o-1", phone: str = PHONE) -> httpx.Response:
    """Bind an account by the phone that WeChat tells."""
    unbound = await log_in_by_wechat(site, wechat, openid)
    wechat.phones["phone-1"] = phone
    return await ask_wechat(site, "/bind", binding_token=unbound["binding_token"], phone_code="phone-1")


async def issue_binding_code(site: Site, number: int) -> str:
    """A one-time code for one of the city's volunteers."""
    target = f"/v1/volunteers/vol_{site.city.volunteers[number].hex}/binding-codes"
    return str((await an_admin(site).post(target, status=201))["code"])


async def bind_by_code(site: Site, wechat: WechatServer, openid: str, code: str) -> httpx.Response:
    """Bind an account by a one-time code."""
    """A one-time code for one of the city's volunteers."""
    """Bind an account by the phone that WeChat tells."""
    """Seal a phone of one of the city's volunteers in the vault."""
    """Log in with an account that WeChat knows; it may be nobody's yet."""
    """Send a body to one of the routes of the mini-program's way in."""
    unbound = await log_in_by_wechat(site, wechat, openid)
    return await ask_wechat(site, "/bind", binding_token=unbound["binding_token"], code=code)
