"""Persons' keys for words, on a real database: one a person however many write at once, none for who was erased."""

import asyncio

import pytest

from app.actions.erasures import erase_person
from app.core.erasures import Erasure
from app.security.words import Place, SealedWords, open_text
from app.store.database import Database
from app.store.words import NOT_KEPT, fetch_keys_of, seal_words
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_rows


async def _seal(database: Database, city: City, clock: Clock, words: str) -> str:
    async with database.begin() as tx:
        about = city.volunteers[0]
        return await seal_words(tx, city.programme, about, Place.PENALTY_REASON, "row", words, clock.now)


async def test_who_has_no_key_gets_one_with_the_first_words(database: Database, clock: Clock) -> None:
    """Ten who write at once find one key, and it opens what all of them wrote."""
    city = await a_city(database, clock)
    sealed = await asyncio.gather(*(_seal(database, city, clock, f"第{number}句话") for number in range(10)))
    assert await fetch_rows(database, "SELECT count(*) FROM person_keys") == [(1,)]
    async with database.read() as reader:
        keys = await fetch_keys_of(reader, city.programme, city.volunteers)
    opened = [open_text(keys[city.volunteers[0]], words) for each in sealed if (words := SealedWords.parse(each))]
    assert opened == [f"第{number}句话" for number in range(10)]


async def test_no_words_make_no_key(database: Database, clock: Clock) -> None:
    """Nothing said, nothing kept."""
    city = await a_city(database, clock)
    assert await _seal(database, city, clock, "") == ""
    assert await fetch_rows(database, "SELECT count(*) FROM person_keys") == [(0,)]


async def test_words_that_wait_for_an_erasure_are_not_kept(database: Database, clock: Clock) -> None:
    """Whoever writes while somebody is being erased waits for it, and makes no key after it."""
    city = await a_city(database, clock)
    erasure = Erasure(
        volunteer=city.volunteers[0], reason="本人申请", requested_by="vol", approved_by="usr", erased_at=clock.now
    )
    async with database.begin() as tx:
        assert await erase_person(tx, city.programme, erasure)
        writing = asyncio.create_task(_seal(database, city, clock, "迟到的话"))
        await asyncio.sleep(0.2)
        assert not writing.done()
    assert await writing == NOT_KEPT
    assert await fetch_rows(database, "SELECT count(*) FROM person_keys") == [(0,)]
    assert await fetch_rows(database, "SELECT reason FROM erasures") == [("",)]


async def test_a_process_without_the_vaults_keys_seals_nothing(database: Database, clock: Clock) -> None:
    """It says so, before anything is written."""
    city = await a_city(database, clock)
    without = Database(database.url)
    try:
        with pytest.raises(TypeError, match="vault's keys"):
            await _seal(without, city, clock, "一句话")
    finally:
        await without.close()
