"""How an accrual is explained in JSON: the text put together by hand is the one an encoder would give."""

import json
from dataclasses import asdict
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.core.accruals import Accrual
from app.core.ids import RecordId, VolunteerId
from app.core.policies import Service, Standing, Step, StepKind
from app.core.quantities import Minutes, Points
from app.store.batch_accruals import encode_inputs, encode_steps

_SERVICES = st.builds(
    Service,
    minutes=st.integers(1, 1440).map(Minutes),
    level=st.integers(1, 9),
    day=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    category=st.text(),
    organiser=st.booleans(),
    activity=st.text(),
    region=st.text(),
)
_STEPS = st.builds(Step, st.sampled_from(StepKind), st.integers(0, 10**9), st.integers(1, 100), st.text())


@given(service=_SERVICES, standing=st.builds(Standing), steps=st.lists(_STEPS, max_size=5).map(tuple))
def test_the_text_is_that_of_an_encoder(service: Service, standing: Standing, steps: tuple[Step, ...]) -> None:
    """Every field, in its order, quoted as JSON is, whatever stands in it."""
    accrual = Accrual(
        record=RecordId(UUID(int=1)),
        volunteer=VolunteerId(UUID(int=2)),
        policy="v1",
        service=service,
        standing=standing,
        counted=service.minutes,
        points=Points(1),
        steps=steps,
    )
    told = {"service": {**asdict(service), "day": service.day.isoformat()}, "standing": asdict(standing)}
    assert encode_inputs(accrual) == json.dumps(told, ensure_ascii=False)
    assert encode_steps(steps) == json.dumps(steps, ensure_ascii=False)
