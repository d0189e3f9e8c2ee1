"""What a path, query or header parameter means, for those whose route says no more: one name means one thing."""

from collections.abc import Mapping
from typing import Any

_TEXTS: Mapping[tuple[str, str], str] = {
    ("path", "out_trade_no"): "The till's own number of the sale",
    ("path", "out_refund_no"): "The till's own number of the refund",
    ("path", "day"): "A business day in the programme's time zone, as 2026-11-30",
    ("path", "version"): "The version's own name, as it was drafted",
    ("path", "step"): "What to do with the draft",
    ("path", "programme"): "The programme's code, as in its tokens",
    ("path", "purpose"): "What the consent is for",
    ("path", "rule"): "The rule that marked the record",
    ("path", "list_no"): "The number of the status list, as in a credential's `status`",
    ("path", "number"): "The number that is printed on the certificate",
    ("path", "path"): "The account's path, as an account list gives it",
    ("path", "code"): "The code of the benefit or voucher",
    ("query", "state"): "Only what is in this state",
    ("query", "status"): "Only those with this status",
    ("query", "kind"): "Only of this kind",
    ("query", "region"): "Only of the region with this code (GB/T 2260)",
    ("query", "team"): "Only of the team with this id",
    ("query", "parent"): "Only teams right below the team with this id",
    ("query", "volunteer"): "Only of the volunteer with this id",
    ("query", "volunteer_id"): "Only of the volunteer with this id",
    ("query", "round_id"): "Only of the round with this id",
    ("query", "record"): "Only about the service record with this id",
    ("query", "by"): "Only by the user with this id",
    ("query", "benefit"): "Only for the benefit with this code",
    ("query", "edition"): "Only of this edition of the honour",
    ("query", "external_id"): "Only the volunteer whom another system knows by this id",
    ("query", "owner"): "Only accounts of this owner",
    ("query", "since"): "From this day on",
    ("query", "seq"): "The sequence number of the transaction",
    ("query", "format"): "The form of the file",
    (
        "header",
        "If-Match",
    ): "The `ETag` of the state that one has read: refused with EDIT_CONFLICT if it has changed since",
    ("header", "Idempotency-Key"): "A key of the caller's own: a retry with the same one gets the same answer",
}
_ID = "The opaque id, as a list or an earlier answer gave it"


def describe_parameter(parameter: dict[str, Any]) -> None:
    """Give a parameter of the contract its text, if its route gave none."""
    if "$ref" in parameter or parameter.get("description"):
        return
    name, place = parameter["name"], parameter["in"]
    told = _TEXTS.get((place, name)) or (_ID if place == "path" and name.endswith("_id") else None)
    if told:
        parameter["description"] = told
