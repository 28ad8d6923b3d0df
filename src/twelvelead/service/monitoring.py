"""Whether it lives, whether it answers, what it counts, what it answers by."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST

from twelvelead.service.callers import AnyCaller
from twelvelead.service.core import Core, core_of, ready_core
from twelvelead.service.problems import responses

router = APIRouter(tags=["service"])


@router.get("/health/live", summary="Whether the process lives")
async def live() -> dict[str, str]:
    return {"status": "live"}


@router.get("/health/ready", summary="Whether recordings are answered", responses=responses(503))
async def ready(core: Annotated[Core, Depends(ready_core)]) -> dict[str, str]:
    """After a known ECG got its known answer from every worker; no more once the service is stopping."""
    return {"status": "ready"}


@router.get("/metrics", summary="Counters for Prometheus", response_class=Response, responses=responses(401))
def metrics(core: Annotated[Core, Depends(core_of)], _: AnyCaller) -> Response:
    return Response(core.metrics.render(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/models", summary="The weights that may be asked, the default first", responses=responses(401))
async def models(core: Annotated[Core, Depends(core_of)], _: AnyCaller) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "members": list(contract.members),
            "classes": list(contract.classes),
            "leads": list(contract.leads),
            "sampling_rate_hz": contract.sampling_rate,
            "operating_points": list(contract.operating_points),
            "error_rates": list(contract.conformal["error_rates"]),
            "trained_on_synthetic_ecgs": contract.synthetic,
            "sha256": core.digests[name][0],
            "contract_sha256": core.digests[name][1],
        }
        for name, contract in core.contracts.items()
    ]
