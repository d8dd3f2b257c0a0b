"""Connects to a mesh."""
import collections
import json

import grpc

MAX_MESSAGE_BYTES = 64 << 20

_Details = collections.namedtuple("_Details", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression"))


class _CallDetails(_Details, grpc.ClientCallDetails):
    pass


class _Metadata(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds the same metadata to every call."""

    def __init__(self, pairs):
        self._pairs = pairs

    def _with(self, details):
        return _CallDetails(details.method, details.timeout, [*(details.metadata or ()), *self._pairs], details.credentials,
                            details.wait_for_ready, details.compression)

    def intercept_unary_unary(self, continuation, client_call_details, request):
        return continuation(self._with(client_call_details), request)

    def intercept_unary_stream(self, continuation, client_call_details, request):
        return continuation(self._with(client_call_details), request)


def connect(address, key=None, tenant=None, credentials=None):
    """Opens a channel; calls are spread over the addresses of a name and repeated where one is away.

    address: host:port, or dns:///name:port for every address that the name has.
    key: what calls carry, where the mesh asks for one.
    tenant: whose calls these are; the mesh gives tenants equal parts of its time.
    credentials: of grpc.ssl_channel_credentials(); None = no TLS.
    """
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [{"name": [{}], "retryPolicy": {
            "maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}],
    }
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
               ("grpc.service_config", json.dumps(config)), ("grpc.enable_http_proxy", 0)]
    channel = grpc.insecure_channel(address, options) if credentials is None else grpc.secure_channel(address, credentials, options)
    pairs = ([("authorization", "Bearer " + key)] if key else []) + ([("x-tenant", tenant)] if tenant else [])
    return grpc.intercept_channel(channel, _Metadata(pairs)) if pairs else channel
