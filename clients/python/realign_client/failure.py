"""Why a call failed, from the details of its status."""
import dataclasses
from typing import Dict, Optional

from google.protobuf.message import DecodeError
from realign.client.v1 import details_pb2

_TRAILER = "grpc-status-details-bin"


@dataclasses.dataclass(frozen=True)
class Failure:
    """code: name of the status, e.g. INVALID_ARGUMENT. reason: what a program can tell apart. fields: those of the request that are wrong,
    with the reason. retry_after: seconds after which another call is worth it; None = never, or not known."""

    code: str
    message: str
    reason: str = ""
    fields: Dict[str, str] = dataclasses.field(default_factory=dict)
    retry_after: Optional[float] = None


def failure_of(error):
    """Reads a grpc.RpcError."""
    reason, fields, retry_after = "", {}, None
    for detail in _details(error):
        kind = detail.type_url.rsplit("/", 1)[-1]
        if kind == "google.rpc.ErrorInfo":
            reason = details_pb2.ErrorInfo.FromString(detail.value).reason
        elif kind == "google.rpc.BadRequest":
            fields = {one.field: one.description for one in details_pb2.BadRequest.FromString(detail.value).field_violations}
        elif kind == "google.rpc.RetryInfo":
            delay = details_pb2.RetryInfo.FromString(detail.value).retry_delay
            retry_after = delay.seconds + delay.nanos / 1e9
    return Failure(error.code().name, error.details() or "", reason, fields, retry_after)


def _details(error):
    trailers = dict(error.trailing_metadata() or ())
    try:
        return details_pb2.Status.FromString(trailers.get(_TRAILER, b"")).details
    except DecodeError:
        return ()
