"""The daemon's gRPC API, without driftctl in between: for steps that are many and must be quick."""

import functools
import subprocess
import tempfile
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from harness import ROOT

PACKAGE = "drift.v1"
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}


@functools.cache
def _pool():
    with tempfile.NamedTemporaryFile() as out:
        files = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto"))
        subprocess.run(["protoc", f"-I{ROOT / 'proto'}", "--include_imports",
                        f"--descriptor_set_out={out.name}", *files], check=True, cwd=ROOT)
        described = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file)
    return pool


@functools.cache
def _message(name):
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


def numbers(value):
    """JSON's int64 are strings; here they are what they say."""
    if isinstance(value, dict):
        return {k: numbers(v) for k, v in value.items()}
    if isinstance(value, list):
        return [numbers(v) for v in value]
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 20:
        return int(value)
    return value


class Api:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)

    def close(self):
        self.channel.close()

    def call(self, service, method, request=None, timeout=60):
        """The response as a dict. Raises grpc.RpcError."""
        described = _pool().FindServiceByName(f"{PACKAGE}.{service}").FindMethodByName(method)
        message = json_format.ParseDict(request or {}, _message(described.input_type.full_name)())
        call = self.channel.unary_unary(
            f"/{PACKAGE}.{service}/{method}", request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=_message(described.output_type.full_name).FromString)
        answer = call(message, timeout=timeout)
        return numbers(json_format.MessageToDict(
            answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True))

    def start(self, mode, pipeline):
        """Queues a run; returns it."""
        return self.call("RunService", "Start", {"mode": mode, "selector": {"pipeline": pipeline}})["run"]

    def wait(self, run_id, patience=120):
        """The run when it has ended."""
        deadline = time.monotonic() + patience
        pause = 0.003
        while True:
            run = self.call("RunService", "Get", {"id": run_id})
            if run["state"] in FINAL:
                return run
            if time.monotonic() > deadline:
                raise TimeoutError(f"run {run_id} is {run['state']} after {patience} s")
            time.sleep(pause)
            pause = min(0.05, pause * 1.5)

    def run(self, mode, pipeline, patience=120):
        return self.wait(self.start(mode, pipeline)["id"], patience)

    def watch(self, pipeline):
        return self.run("WATCH", pipeline)

    def embed(self, pipeline):
        return self.run("EMBED", pipeline)

    def status(self, pipeline):
        return self.call("PipelineService", "Status", {"pipeline": pipeline, "refresh": True})["pipelines"][0]
