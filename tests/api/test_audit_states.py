"""What the audit trail tells of acts that move something from one state to another: where it was, and where it is."""

from app.security.actors import ActorKind
from tests.support.calls import Json, an_admin
from tests.support.log_ins import a_user, bearing, come_in, has_chosen, post_as
from tests.support.round_calls import HOUR, a_hall
from tests.support.service_calls import a_volunteer, person
from tests.support.sites import Site


async def _noted(site: Site, action: str) -> list[Json]:
    """What the rows of an action say that changed, the oldest first."""
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    rows = (await auditor.get(f"/v1/audit-trail?limit=200&action={action}"))["rows"]
    return [row["changes"] for row in rows if row["action"] == action]


async def test_a_round_is_enlarged_drawn_and_closed(site: Site) -> None:
    """More places, the draw with its entries, the end; closing once more is no change."""
    hall = await a_hall(site, mode="lottery", capacity=1)
    for number in range(2):
        await hall.claimed(number)
    await hall.admin.post(f"{hall.path}/enlarge", {"capacity": 3})
    assert await _noted(site, "round.enlarge") == [{"before": {"capacity": 1}, "after": {"capacity": 3}}]
    site.clock.move(HOUR)
    await hall.admin.post(f"{hall.path}/draw")
    drawn = {"before": {"drawn": False, "entered": 2}, "after": {"drawn": True, "entered": 0}}
    assert await _noted(site, "round.drawlots") == [drawn]
    await hall.admin.post(f"{hall.path}/close")
    await hall.admin.post(f"{hall.path}/close")
    closed = {"before": {"closed": False}, "after": {"closed": True}}
    assert await _noted(site, "round.close") == [closed, {"before": {}, "after": {}}]


async def test_a_draw_that_is_refused_says_so(site: Site) -> None:
    """The row that comes first says what was to be done; another one that nothing came of it, once per key."""
    hall = await a_hall(site, mode="lottery", capacity=1)
    await hall.admin.post(f"{hall.path}/draw", None, 409)
    assert await _noted(site, "round-refused.drawlots") == [{"code": "ROUND_NOT_OPEN"}]


async def test_a_consent_is_given_and_taken_back(site: Site) -> None:
    """Nothing was said before; then a version; then that it holds no more."""
    volunteer = a_volunteer(site)
    await volunteer.post("/v1/me/consents", {"purpose": "honour_wall", "version": "1"}, 201)
    await volunteer.post("/v1/me/consents", {"purpose": "honour_wall", "version": "2"}, 201)
    await volunteer.post("/v1/me/consents/withdraw", {"purpose": "honour_wall"}, 201)
    first, second = await _noted(site, "consent.give")
    assert (first["purpose"], first["before"]["step"], first["after"]["step"]) == ("honour_wall", None, "given")
    assert second == {"purpose": "honour_wall", "before": {"version": "1"}, "after": {"version": "2"}}
    [withdrawn] = await _noted(site, "consent.withdraw")
    assert (withdrawn["before"], withdrawn["after"]) == ({"step": "given"}, {"step": "withdrawn"})


async def test_a_second_factor_comes_and_goes(site: Site) -> None:
    """Begun, begun anew, taken away: from where to where, and nothing of the secret."""
    user = await a_user(site)
    await has_chosen(site, "meng")
    entered = await come_in(site)
    for _ in range(2):
        await post_as(site, entered, "/v1/auth/totp", status=201)
    await an_admin(site).post(f"/v1/users/usr_{user.id.hex}/second-factor/reset")
    begun = {"before": {"second_factor": "none"}, "after": {"second_factor": "begun"}}
    assert await _noted(site, "totp.begin") == [begun, {"before": {}, "after": {}}]
    reset = {"before": {"second_factor": "begun"}, "after": {"second_factor": "none"}}
    assert await _noted(site, "totp.reset") == [reset]


async def test_the_signing_key_changes(site: Site) -> None:
    """From which key to which."""
    made = await an_admin(site).post("/v1/auth/keys/rotate", None, 201)
    [noted] = await _noted(site, "key.rotate")
    assert noted == {"before": {"kid": "cixi.1"}, "after": {"kid": made["kid"]}}


async def test_a_session_ends(site: Site) -> None:
    """By its owner, and all of a user's by an administrator: what ran, and what runs no more."""
    user = await a_user(site)
    await has_chosen(site, "meng")
    own, other = await come_in(site), await come_in(site)
    listed = (await site.client.get("/v1/auth/sessions", headers=bearing(other))).json()["sessions"]
    current = next(session["id"] for session in listed if session["current"])
    await post_as(site, own, f"/v1/auth/sessions/{current}/end")
    [ended] = await _noted(site, "session.end")
    assert ended["before"] == {"ended_at": None, "ended_by": None}
    assert ended["after"]["ended_by"] == "own"
    await an_admin(site).post(f"/v1/users/usr_{user.id.hex}/sessions/end")
    assert await _noted(site, "session.end-all") == [{"before": {"running": 1}, "after": {"running": 0}}]
