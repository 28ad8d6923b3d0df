"""What a request asks: the options of `twelvelead interpret` as query parameters."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from twelvelead.reading.languages import load_texts
from twelvelead.service.problems import Problem

if TYPE_CHECKING:
    from twelvelead.service.answerer import Answerer

_SHORT = Field(None, min_length=1, max_length=100)


class Reading(BaseModel):
    """How a recording is read and answered; a picture's paper aside."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    weights: Annotated[str | None, Field(description="Answer by these of the weights that /v1/models lists.")] = _SHORT
    operating_point: Annotated[
        str | None, Field(description="Decide at this operating point of the weights, or at one number from 0 to 1.")
    ] = _SHORT
    error_rate: Annotated[
        float | None, Field(description="Call a class uncertain where more errors would be made.", gt=0, lt=1)
    ] = None
    prevalence: Annotated[
        str | None, Field(description="How frequent classes are, as in MI=0.05,HYP=0.1.", max_length=2000)
    ] = None
    explain: Annotated[
        bool, Field(description="Find which stretch of which lead speaks for each class; takes seconds.")
    ] = False
    measure: Annotated[bool | None, Field(description="Measure heart rate, PR, QRS, QT and axis.")] = None
    identify: Annotated[
        bool, Field(description="Show the patient's name and id and the time of recording, where the file has them.")
    ] = False
    age: Annotated[float | None, Field(description="In years, in place of what the file says.", ge=0, le=130)] = None
    sex: Annotated[Literal["male", "female"] | None, Field(description="In place of what the file says.")] = None
    sampling_rate: Annotated[float | None, Field(description="In Hz, where the file states none.", gt=0, le=1e6)] = None
    unit: Annotated[Literal["mV", "uV", "V"] | None, Field(description="Of voltage, where the file states none.")] = (
        None
    )
    scale: Annotated[
        float | None, Field(description="Microvolts of a step, of an uncalibrated file or in place of its own.", gt=0)
    ] = None
    variable: Annotated[str | None, Field(description="The matrix of a MATLAB file that is meant, as in ECG.data.")] = (
        _SHORT
    )
    time_unit: Annotated[
        Literal["s", "ms", "us", "ns", "min", "h", "d"] | None,
        Field(description="Of the time column of a CSV that states none."),
    ] = None
    language: Annotated[str | None, Field(description="Of the reading: en, de or es.")] = _SHORT
    filename: Annotated[
        str | None,
        Field(description="Of what was sent; nothing but its extension is used or kept.", max_length=1000),
    ] = None

    def with_defaults(self, answerer: "Answerer") -> dict[str, Any]:
        """All options but the file's name, with what the settings say where the request says nothing.

        Raises:
            Problem: 400, weights that are not served.
            TwelveLeadError: there are no texts in this language.
        """
        values = self.model_dump(exclude={"filename"})
        for name in ("operating_point", "error_rate", "measure", "language"):
            if values[name] is None:
                values[name] = getattr(answerer.settings, name)
        values["weights"] = values["weights"] or answerer.default
        load_texts(values["language"])
        if values["weights"] not in answerer.contracts:
            raise Problem(400, "usage", "weights: not served; /v1/models lists those that are")
        return values


Options = TypeVar("Options", bound=BaseModel)


def given(model: type[Options]) -> Callable[[Request], Awaitable[Options]]:
    """A dependency that gives the query as a model; FastAPI's own takes several times as long for so many."""

    async def options(request: Request) -> Options:
        try:
            return model.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise RequestValidationError(
                [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors()]
            ) from None

    return options


def parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The entries of OpenAPI for a query that `given` reads."""
    properties: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "required": False, "description": schema.pop("description"), "schema": schema}
        for name, schema in properties.items()
    ]


class Drawing(Reading):
    """How it is read, answered and drawn; the paper counts only where a picture is asked for."""

    layout: Annotated[Literal["3x4+1", "6x2", "12x1"], Field(description="How the leads lie on the paper.")] = "3x4+1"
    speed: Annotated[Literal[25, 50], Field(description="Of the paper, mm/s; 50 takes two pages.")] = 25
    gain: Annotated[Literal[5, 10, 20], Field(description="In mm/mV.")] = 10
    start: Annotated[float | None, Field(description="Draw 10 s of a longer recording from this second on.", ge=0)] = (
        None
    )
