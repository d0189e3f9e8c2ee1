"""Permits to ask, and questions that are answered: under a consent and a permit that stand when it is written down."""

from datetime import date, datetime
from hashlib import sha256

from uuid_utils.compat import uuid7

from app.core.codes import Code, Rejected
from app.core.consents import GivenBy, Purpose, refuse_giver
from app.core.ids import ClientId, PredicateAnswerId, PredicatePermitId, ProgrammeId, VolunteerId
from app.core.predicates import (
    PredicateKind,
    PredicatePermit,
    Question,
    facts_wanted,
    holds,
    permit_end,
    permit_for,
)
from app.core.volunteers import Volunteer
from app.security.predicates import sign_answer
from app.security.tokens import TokenKeys
from app.store.benefit_facts import fetch_facts_for
from app.store.clients import fetch_client
from app.store.consents import fetch_consent
from app.store.database import Tx
from app.store.predicates import fetch_standing_permits, insert_answered, insert_permit, revoke_permit
from app.store.volunteers import fetch_volunteer


async def permit_questions(
    tx: Tx,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    client: ClientId,
    *,
    kinds: frozenset[PredicateKind],
    days: int,
    given_by: GivenBy,
    actor: str,
    today: date,
    at: datetime,
) -> PredicatePermit | Rejected:
    """Let a system ask. It needs the consent to be asked about at all; under 14 the guardian says so."""
    asked, found = await fetch_client(tx, programme, client), await fetch_volunteer(tx, programme, volunteer)
    if found is None or asked is None or asked.disabled_at:
        return Rejected(Code.NOT_FOUND)
    age = Volunteer(found.id, found.status, born_on=found.born_on).age_on(today)
    if refusal := refuse_giver(age, Purpose.PREDICATE_ANSWER, given_by):
        return refusal
    if await fetch_consent(tx, programme, volunteer, Purpose.PREDICATE_ANSWER, at) is None:
        return Rejected(Code.CONSENT_REQUIRED, {"purpose": Purpose.PREDICATE_ANSWER.value})
    permit = PredicatePermit(
        id=PredicatePermitId(uuid7()), client=client, kinds=kinds, given_at=at, until=permit_end(at, days)
    )
    await insert_permit(tx, programme, volunteer, permit, actor)
    return permit


async def end_permit(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, permit: PredicatePermitId, at: datetime
) -> PredicatePermit | Rejected:
    """Let a system ask no more."""
    return await revoke_permit(tx, programme, volunteer, permit, at) or Rejected(Code.NOT_FOUND)


async def answer_question(
    tx: Tx, programme: ProgrammeId, keys: TokenKeys, client: ClientId, question: Question, at: datetime
) -> str | Rejected:
    """A signed yes or no. Without consent or permit it is as if there were no such person: that too says nothing."""
    permits = await fetch_standing_permits(tx, programme, question.volunteer, client, at)
    permit = permit_for(permits, question, at)
    consent = await fetch_consent(tx, programme, question.volunteer, Purpose.PREDICATE_ANSWER, at)
    if permit is None or consent is None:
        return Rejected(Code.NOT_FOUND)
    wanted = facts_wanted(question)
    facts = await fetch_facts_for(tx, programme, question.volunteer, tuple(wanted.values()), question.on)
    if not facts:
        return Rejected(Code.NOT_FOUND)
    anytime = next(iter(wanted.values()))
    yes = all(
        holds(predicate, facts[wanted.get(predicate.months, anytime).reference]) for predicate in question.predicates
    )
    signed = sign_answer(keys, programme, client, question, yes=yes, at=at)
    answer_hash = sha256(signed.encode()).digest()
    await insert_answered(tx, programme, PredicateAnswerId(uuid7()), permit, question, answer_hash, at)
    return signed
