"""Every route with the token of a guardian who acts for a child, against what volunteers may do for themselves only."""

from app.api.access import PUBLIC, TILL, access_of
from app.security.actors import DEFAULT_SCOPES, GUARDIAN_SCOPES, ActorKind
from tests.api.test_access import PATHS, read_table, routes_of
from tests.support.guardians import a_family
from tests.support.sites import Site

OWN_ONLY = """
issuePayCode confirmOwnRedemption declineOwnRedemption placeOrder cancelOwnOrder donatePoints
proposeFamilyLink acceptFamilyLink endFamilyLink limitFamilyLink issueFamilyPayCode placeFamilyOrder
proposeGuardianship listOwnGuardianships endOwnGuardianship actForChild listGuardianActs
listOwnSessions endOwnSession beginSecondFactor confirmSecondFactor changeOwnPassword
"""
"""What a volunteer does for oneself only: spends, belongs to a family, guards, and looks after one's own log-ins."""


async def test_a_guardian_reaches_what_a_child_may_be_helped_with_and_nothing_else(site: Site) -> None:
    """403 NO_AUTH for all that is in the list and for all that no volunteer may; anything but that for the rest."""
    family = await a_family(site)
    reached = set()
    for route in routes_of(site.app):
        if access_of(route) in {PUBLIC, TILL}:
            continue
        [method] = route.methods or {"GET"}
        answer = await family.ask(method, route.path_format.format(**PATHS))
        if answer.status_code != 403 or answer.json()["code"] != "NO_AUTH":
            reached.add(str(route.operation_id))
    may = {operation for operation, actors in read_table().items() if ActorKind.VOLUNTEER.value in actors}
    assert reached == may - set(OWN_ONLY.split())


def test_a_guardian_may_less_than_a_volunteer() -> None:
    """Nothing that the child itself may not, and nothing of the guardian's own."""
    assert DEFAULT_SCOPES[ActorKind.VOLUNTEER] > GUARDIAN_SCOPES
