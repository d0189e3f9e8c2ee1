"""Guardians of children under 14: two steps to begin, minutes to act, and over on the birthday."""

import base64
import json
from datetime import timedelta

import httpx
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.security.actors import ActorKind
from tests.support.calls import Json, an_admin
from tests.support.log_ins import bearing, set_birthday
from tests.support.sites import Site

OWN = "/v1/me/guardianships"


async def _people(site: Site, child_born: str = "2015-06-01") -> tuple[str, str]:
    """A grown-up and a child; their ids."""
    guardian, child = site.city.volunteers[:2]
    await set_birthday(site, guardian, "1985-05-05")
    await set_birthday(site, child, child_born)
    return f"vol_{guardian.hex}", f"vol_{child.hex}"


async def _propose(site: Site, child: str, **changed: object) -> httpx.Response:
    body = {"child_id": child, "kinship": "parent", "consent": True, "consent_version": "2026-11", **changed}
    return await site.client.post(OWN, json=body, headers=await site.volunteer_headers(0))


async def _begin(site: Site, child: str) -> str:
    """A confirmed guardianship; its id."""
    proposed = (await _propose(site, child)).json()
    target = f"/v1/guardianships/{proposed['id']}/confirm"
    confirmed = await an_admin(site).post(target, {"evidence": "户口簿"})
    assert confirmed["state"] == "active"
    return str(proposed["id"])


async def _act(site: Site, guardianship: str) -> httpx.Response:
    return await site.client.post(f"{OWN}/{guardianship}/tokens", headers=await site.volunteer_headers(0))


async def _claims(entered: Json) -> Json:
    payload = entered["access_token"].split(".")[1]
    claims: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


async def test_it_takes_two_to_begin(site: Site) -> None:
    """Proposed by the guardian, it is nothing yet; confirmed by who saw the papers, the guardian acts."""
    guardian, child = await _people(site)
    proposed = (await _propose(site, child)).json()
    assert (proposed["state"], proposed["ends_on"]) == ("proposed", None)
    too_early = await _act(site, proposed["id"])
    assert (too_early.status_code, too_early.json()["figures"]) == (409, {"state": "proposed"})
    waiting = (await an_admin(site).get("/v1/guardianships?state=proposed"))["guardianships"]
    assert [each["id"] for each in waiting] == [proposed["id"]]
    await an_admin(site).post(f"/v1/guardianships/{proposed['id']}/confirm", {"evidence": "户口簿"})
    entered = (await _act(site, proposed["id"])).json()
    wallet = (await site.client.get("/v1/me/wallet", headers=bearing(entered))).json()
    assert wallet["volunteer_id"] == child
    claims = await _claims(entered)
    assert (claims["sub"], claims["act"]) == (child[4:], {"sub": guardian[4:]})
    assert entered["refresh_token"] is None


async def test_a_guardian_sees_and_objects_and_spends_nothing(site: Site) -> None:
    """No pay code, no order, no further guardianship, no log-in of the child's."""
    _, child = await _people(site)
    entered = (await _act(site, await _begin(site, child))).json()
    for target in ("/v1/me/pay-code", "/v1/me/orders", OWN):
        refused = await site.client.post(target, headers=bearing(entered))
        assert (refused.status_code, refused.json()["code"]) == (403, "NO_AUTH"), target
    assert (await site.client.get("/v1/auth/sessions", headers=bearing(entered))).status_code == 403


async def test_all_of_it_is_told(site: Site) -> None:
    """Who proposed, who confirmed and by what, who acted for whom; and the consent is in its ledger."""
    guardian, child = await _people(site)
    named = await _begin(site, child)
    entered = (await _act(site, named)).json()
    async with site.database.read() as reader:
        rows = await reader.execute(
            text("SELECT action, actor, subject FROM audit_rows WHERE action ~ '^(guardianship|session)' ORDER BY id")
        )
        told = [tuple(row) for row in rows]
        consents = await reader.execute(text("SELECT purpose, version, given_by, actor FROM consents"))
        assert [tuple(row) for row in consents] == [("minor_guardian", "2026-11", "guardian", guardian)]
    assert [(action, subject) for action, _, subject in told] == [
        ("guardianship.propose", named),
        ("guardianship.confirm", named),
        ("session.begin", entered["session_id"]),
    ]
    assert (told[0][1], told[2][1]) == (guardian, f"{guardian}/{child}")
    assert told[1][1].startswith("usr_")


async def test_a_child_that_turns_fourteen(site: Site) -> None:
    """In the last minutes before, the token ends at midnight; from then on there is none, without any job."""
    _, child = await _people(site, "2012-03-03")
    named = await _begin(site, child)
    site.clock.now = site.clock.now.replace(hour=15, minute=50)  # 23:50 in Shanghai, the day before
    entered = (await _act(site, named)).json()
    assert entered["expires_at"] == "2026-03-02T16:00:00Z"
    assert (await site.client.get("/v1/me/wallet", headers=bearing(entered))).status_code == 200
    site.clock.move(timedelta(minutes=10))
    assert (await site.client.get("/v1/me/wallet", headers=bearing(entered))).status_code == 401
    over = await _act(site, named)
    assert (over.status_code, over.json()["figures"]) == (409, {"state": "ended"})


async def test_an_ended_guardianship_ends_what_was_given_out(site: Site) -> None:
    """By the guardian or by the station; what the guardian holds is over at once, and a new one can begin."""
    _, child = await _people(site)
    named = await _begin(site, child)
    entered = (await _act(site, named)).json()
    ended = await site.client.post(f"{OWN}/{named}/end", headers=await site.volunteer_headers(0))
    assert ended.json()["state"] == "ended"
    assert (await site.client.get("/v1/me/wallet", headers=bearing(entered))).status_code == 401
    again = await site.client.post(f"{OWN}/{named}/end", headers=await site.volunteer_headers(0))
    assert (again.status_code, again.json()["figures"]) == (409, {"state": "ended"})
    second = await _begin(site, child)
    await an_admin(site).post(f"/v1/guardianships/{second}/end")
    assert (await _act(site, second)).status_code == 409
    confirmed = await an_admin(site).post(f"/v1/guardianships/{second}/confirm", {"evidence": "户口簿"}, 409)
    assert confirmed["figures"] == {"state": "ended"}


async def test_a_lost_phone_of_the_guardian_ends_what_acts_for_the_child(site: Site) -> None:
    """The guardian's sessions and those for the child are over together."""
    guardian, child = await _people(site)
    entered = (await _act(site, await _begin(site, child))).json()
    assert await an_admin(site).post(f"/v1/volunteers/{guardian}/sessions/end") == {"ended": 1}
    assert (await site.client.get("/v1/me/wallet", headers=bearing(entered))).status_code == 401


async def test_what_cannot_be_proposed(site: Site) -> None:
    """Without consent, for a child of 14, for oneself, for nobody, by a minor, twice."""
    _, child = await _people(site)
    refused = [
        (await _propose(site, child, consent=False), 400),
        (await _propose(site, f"vol_{uuid7().hex}"), 404),
        (await _propose(site, f"vol_{site.city.volunteers[0].hex}"), 404),
        (await _propose(site, f"vol_{site.city.volunteers[2].hex}"), 409),
        (await _propose(site, child), 201),
        (await _propose(site, child), 409),
    ]
    assert [answer.status_code for answer, _ in refused] == [status for _, status in refused]
    await set_birthday(site, site.city.volunteers[2], "2012-03-02")
    assert (await _propose(site, f"vol_{site.city.volunteers[2].hex}")).json()["figures"] == {"below": 14}
    await set_birthday(site, site.city.volunteers[0], "2009-01-01")
    await set_birthday(site, site.city.volunteers[2], "2016-03-02")
    assert (await _propose(site, f"vol_{site.city.volunteers[2].hex}")).json()["figures"] == {"age_min": 18}


async def test_beside_ones_part_there_is_none(site: Site) -> None:
    """Not for another volunteer, not for an organiser of another team; the child's own organiser sees it."""
    _, child = await _people(site)
    named = await _begin(site, child)
    other = await site.volunteer_headers(2)
    for verb in ("end", "tokens"):
        assert (await site.client.post(f"{OWN}/{named}/{verb}", headers=other)).status_code == 404
    assert (await site.client.get(OWN, headers=other)).json()["guardianships"] == []
    seen_by_child = await site.client.get(OWN, headers=await site.volunteer_headers(1))
    assert [each["id"] for each in seen_by_child.json()["guardianships"]] == [named]
    organiser = await site.headers(ActorKind.ORGANISER, team=site.city.team)
    near = await site.client.get("/v1/guardianships", headers=organiser)
    assert [each["id"] for each in near.json()["guardianships"]] == [named]
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE volunteers SET team_id = NULL"))
    assert (await site.client.get("/v1/guardianships", headers=organiser)).json()["guardianships"] == []
    for verb, body in (("confirm", {"evidence": "户口簿"}), ("end", None)):
        headers = await site.headers(ActorKind.ORGANISER, team=site.city.team)
        far = await site.client.post(f"/v1/guardianships/{named}/{verb}", json=body, headers=headers)
        assert far.status_code == 404
    await an_admin(site).post(f"/v1/guardianships/gua_{uuid7().hex}/end", status=404)
    await an_admin(site).post("/v1/guardianships/gua_1/end", status=404)


async def test_whoever_asks_to_act_for_a_child_does_not_learn_its_birthday(site: Site) -> None:
    """Not before papers were seen: neither asking, nor looking, nor taking it back tells a stranger how old it is."""
    _, child = await _people(site)
    proposed = (await _propose(site, child)).json()
    [listed] = (await site.client.get(OWN, headers=await site.volunteer_headers(0))).json()["guardianships"]
    ended = await site.client.post(f"{OWN}/{proposed['id']}/end", headers=await site.volunteer_headers(0))
    assert [each["ends_on"] for each in (proposed, listed, ended.json())] == [None] * 3
    begun = await _begin(site, child)
    mine = (await site.client.get(OWN, headers=await site.volunteer_headers(0))).json()["guardianships"]
    assert [each["ends_on"] for each in mine if each["id"] == begun] == ["2029-06-01"]
