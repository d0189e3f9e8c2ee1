"""Two whole cities on one service, every operation of the contract, and those who call them from beside."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from app.security.actors import ActorKind
from tests.support.benefit_calls import says_benefit
from tests.support.calls import Json
from tests.support.city_rows import REGION
from tests.support.openings import a_line, a_sheet
from tests.support.rewards import an_honour
from tests.support.round_calls import says_round
from tests.support.sampled_bodies import ID, bodies_with_ids, sample, schema_of
from tests.support.service_calls import a_record
from tests.support.sites import Site
from tests.support.whole_cities import Rows

UNKNOWN = "0190c6f0a1b27c3d8e9f00112233aabb"
NATURAL = {"code": "hardship", "piece": "illness", "step": "publish", "rule": "two-places", "day": "2026-03-02"}
"""What a path names by a word that means the same in every programme."""
PUBLIC = {"programme", "number", "purpose"}
"""What anybody may ask for, with a token or without."""

KEYS = {
    "vol": "volunteer_id",
    "mer": "merchant_id",
    "sto": "store_id",
    "ter": "terminal_id",
    "tea": "team_id",
    "usr": "user_id",
    "fun": "fund_id",
    "rec": "record_id",
    "off": "offer_id",
    "ord": "order_id",
    "agr": "agreement_id",
    "obj": "objection_id",
    "cor": "correction_id",
    "hon": "honour_id",
    "pen": "penalty_id",
    "rnd": "round_id",
    "plc": "place_id",
    "bgr": "grant_id",
    "dap": "approval_id",
    "ers": "erasure_id",
    "ses": "session_id",
    "cli": "client_id",
    "key": "key_id",
    "gua": "guardianship_id",
    "app": "application_id",
    "ppm": "permit_id",
    "fam": "link_id",
    "pgr": "pool_grant_id",
    "ops": "sheet_id",
    "txn": "transaction_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation of the contract."""

    id: str
    method: str
    path: str
    said: Json

    @property
    def slots(self) -> list[str]:
        """What its path names that is no word of the trade."""
        natural = NATURAL if not self.path.startswith("/v1/benefits") else {*NATURAL, "version"}
        return [slot for slot in re.findall(r"{(\w+)}", self.path) if slot not in natural]

    @property
    def queries(self) -> list[str]:
        """What its query may name by an id."""
        found = ((given["name"], given.get("schema", {})) for given in self.said.get("parameters", ()) if "in" in given)
        return [name for name, schema in found if re.search(r"\^[a-z]{3}_\[0-9a-f\]", str(schema))]


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who calls from beside."""

    name: str
    kind: ActorKind
    site: Site
    named: Mapping[str, object]

    async def ask(
        self, operation: Operation, values: Mapping[str, str], body: object, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send an operation with these values in its path."""
        headers = await self.site.headers(self.kind, **self.named) | {"If-Match": '"1"'}
        target = operation.path.format(**values)
        if isinstance(body, bytes):
            headers["Content-Type"] = "image/png"
            return await self.site.client.request(operation.method, target, content=body, headers=headers)
        return await self.site.client.request(operation.method, target, json=body, params=query, headers=headers)


@dataclass(frozen=True, slots=True)
class Two:
    """Two programmes on one service, each with a row of each kind."""

    here: Site
    rows: Rows
    there: Site
    beside: Rows

    @property
    def contract(self) -> Json:
        """What the service says of itself."""
        contract: Json = self.here.app.openapi()
        return contract

    def operations(self) -> Iterator[Operation]:
        """All operations that need a token."""
        for path, item in self.contract["paths"].items():
            for method, said in item.items():
                named = set(re.findall(r"{(\w+)}", path))
                if path.startswith("/v1/") and not path.startswith("/v1/pos/") and not named & PUBLIC:
                    yield Operation(id=said["operationId"], method=method.upper(), path=path, said=said)

    def body(self, operation: Operation, values: Mapping[str, str], site: Site) -> Any:  # noqa: ANN401 - any JSON
        """A body that is well formed, with what hangs together set right."""
        match operation.id:
            case "reviseAccrualPolicy":
                return {"version": values["version"], "effective_from": "2027-01-01", "rate_per_hour": 10}
            case "reviseBenefit":
                return says_benefit(values["code"], values["version"])
            case "reviseRound":
                return says_round(site)
            case "changePersonalData":
                return {"phone": "13957746899", "reason": "更正手机号"}
            case "uploadOwnMaterial" | "uploadEnteredMaterial":
                return b"\x89PNG\r\n\x1a\n" + bytes(64)
            case "changeStore":
                return {"name": "二店"}
            case "openStore":
                return {"name": "三店", "region_code": REGION}
            case _:
                schema = schema_of(self.contract, operation.said)
                return sample(self.contract, schema) if schema else None

    def bodies(self, operation: Operation, site: Site) -> list[Any]:
        """Bodies that name something by its id: those that are well formed where the contract's examples are not."""
        later = (site.clock.now + timedelta(days=9)).isoformat()
        question = {"on": "2026-03-01", "predicates": [{"kind": "clean_record"}], "nonce": "0123456789abcdef"}
        why = {"reason": "签到设备时间错误", "evidence": "doc-2026-0312"}
        known: dict[str, list[Any]] = {
            "enterServiceRecord": [a_record(site)],
            "draftOpeningSheet": [a_sheet(a_line(site))],
            "enterHonour": [an_honour(site)],
            "draftRound": [says_round(site)],
            "reviseRound": [says_round(site)],
            "verifyPredicates": [{**question, "volunteer_id": f"vol_{UNKNOWN}"}],
            "makeApiKey": [{"scopes": ["predicates:verify"], "expires_at": later, "replaces": f"key_{UNKNOWN}"}],
            "draftCorrection": [
                {"scope": scope, **why} for scope in ({"record_id": f"rec_{UNKNOWN}"}, {"team_id": f"tea_{UNKNOWN}"})
            ],
        }
        schema = schema_of(self.contract, operation.said)
        return known.get(operation.id) or (list(bodies_with_ids(self.contract, schema)) if schema else [])


def values_for(operation: Operation, rows: Rows) -> dict[str, str]:
    """What a city's own rows put into a path."""
    known = {**rows, **NATURAL}
    match operation:
        case Operation(path=path) if path.startswith("/v1/pool-grants"):
            known["grant_id"] = rows["pool_grant_id"]
        case Operation(path=path) if path.startswith("/v1/benefits"):
            known["version"] = "2026-1"
        case Operation(path=path) if "/staff/" in path:
            known["user_id"] = rows["staff_id"]
        case Operation(path=path) if "/credential" in path or "/reference" in path:
            known["application_id"] = rows["granted_id"]
        case Operation(id="withdrawServiceRecord" | "explainAccrual" | "explainOwnAccrual"):
            known["record_id"] = rows["verified_id"]
    return {slot: known[slot] for slot in re.findall(r"{(\w+)}", operation.path)}


def unknown(value: str, slot: str = "") -> str:
    """The same kind of name, of nothing."""
    if slot == "version":
        return "nothing-here"
    if slot == "path":
        return f"redeemed.mer_{UNKNOWN}"
    return f"{value.rpartition('_')[0]}_{UNKNOWN}"


def told(answer: httpx.Response, *named: str) -> tuple[int, str]:
    """An answer without what is another at each call: ids, above all those that were asked for."""
    said = re.sub(r'"request_id":"[^"]*"', "", answer.text)
    for name in named:
        said = said.replace(name, "<id>").replace(name.rpartition("_")[2], "<id>")
    return answer.status_code, ID.sub("<id>", said)
