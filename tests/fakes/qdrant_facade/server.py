"""A thin gRPC server over Qdrant's engine from PyPI (qdrant-edge-py), for tests where there is no
real server:   server.py STORAGE GRPC_PORT

It speaks what Drift uses, with the messages of Qdrant's own Python client, so that a number wrong
in ours shows. QDRANT_API_KEY: who has it not is refused. QDRANT_TLS: with cert.pem and key.pem
beside STORAGE. QDRANT_FACADE: faults as JSON, see Faults.
"""

import concurrent.futures
import functools
import json
import os
import pathlib
import sys
import threading

import grpc
import qdrant_edge as edge
from qdrant_client import grpc as pb
from qdrant_client.grpc import collections_service_pb2_grpc, points_service_pb2_grpc

import convert
from collection import Collections

FORBIDDEN = set('<>:"/\\|?*\0\x1f')


class Faults:
    """{"Upsert": {"times": 2, "code": "RESOURCE_EXHAUSTED", "message": "...",
                   "metadata": {"retry-after": "3"}},      the first two calls fail like that
        "update_status": "WaitTimeout",                    what writes answer
        "drop_metadata": true}                             as servers before 1.16 do
    """

    def __init__(self, text):
        self.spec = json.loads(text) if text else {}
        self.lock = threading.Lock()

    def meet(self, method, context):
        with self.lock:
            fault = self.spec.get(method)
            if not fault or fault["times"] == 0:
                return
            fault["times"] -= 1
        context.set_trailing_metadata(tuple(fault.get("metadata", {}).items()))
        context.abort(getattr(grpc.StatusCode, fault["code"]), fault["message"])

    def update_status(self):
        return getattr(pb.UpdateStatus, self.spec.get("update_status", "Completed"))


def handles(method):
    """Faults first; then the engine's complaints as the server would answer them."""

    @functools.wraps(method)
    def wrapped(self, request, context):
        self.faults.meet(method.__name__, context)
        try:
            return method(self, request, context)
        except Exception as error:  # the engine raises nothing more special
            if context.code() is not None:
                raise  # an abort of ours
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Wrong input: {error}")

    return wrapped


class Service:
    def __init__(self, collections, faults):
        self.collections = collections
        self.faults = faults

    def find(self, name, context):
        collection = self.collections.get(name)
        if collection is None:
            context.abort(grpc.StatusCode.NOT_FOUND,
                          f"Not found: Collection `{name}` doesn't exist!")
        return collection


class CollectionsService(Service, collections_service_pb2_grpc.CollectionsServicer):
    @handles
    def Get(self, request, context):
        collection = self.find(request.collection_name, context)
        with collection.lock:
            config = dict(collection.config)
            points = collection.shard.count(edge.CountRequest(exact=True))
        info = pb.CollectionInfo(status=pb.CollectionStatus.Green, points_count=points)
        params = info.config.params.vectors_config.params
        params.size = config["size"]
        params.distance = pb.Distance.Value(config["distance"])
        info.config.optimizer_config.indexing_threshold = config["indexing_threshold"]
        info.config.hnsw_config.m = config["m"]
        for name, value in convert.to_fields(config["metadata"]).items():
            info.config.metadata[name].CopyFrom(value)
        for field, kind in config["indexes"].items():
            info.payload_schema[field].data_type = pb.PayloadSchemaType.Value(kind)
        return pb.GetCollectionInfoResponse(result=info)

    @handles
    def Create(self, request, context):
        if FORBIDDEN & set(request.collection_name):
            raise ValueError("collection name cannot contain such a char")
        params = request.vectors_config.params
        drop = self.faults.spec.get("drop_metadata")
        created = self.collections.create({
            "name": request.collection_name,
            "size": params.size,
            "distance": pb.Distance.Name(params.distance),
            "metadata": {} if drop else convert.from_fields(request.metadata),
            "indexes": {},
            "indexing_threshold": 10000,
            "m": request.hnsw_config.m if request.hnsw_config.HasField("m") else 16,
        })
        if not created:
            context.abort(grpc.StatusCode.ALREADY_EXISTS,
                          f"Wrong input: Collection `{request.collection_name}` already exists!")
        return pb.CollectionOperationResponse(result=True)

    @handles
    def Update(self, request, context):
        collection = self.find(request.collection_name, context)
        collection.merge_metadata(convert.from_fields(request.metadata))
        if request.optimizers_config.HasField("indexing_threshold"):
            with collection.lock:
                threshold = request.optimizers_config.indexing_threshold
                collection.config["indexing_threshold"] = threshold
                collection.save()
        return pb.CollectionOperationResponse(result=True)

    @handles
    def Delete(self, request, context):
        return pb.CollectionOperationResponse(
            result=self.collections.delete(request.collection_name))


class PointsService(Service, points_service_pb2_grpc.PointsServicer):
    def applied(self, request):
        status = self.faults.update_status()
        # Who does not wait is told no more than that it was received.
        if not request.wait and status == pb.UpdateStatus.Completed:
            status = pb.UpdateStatus.Acknowledged
        return pb.PointsOperationResponse(result=pb.UpdateResult(operation_id=1, status=status))

    @handles
    def Upsert(self, request, context):
        collection = self.find(request.collection_name, context)
        points = [edge.Point(convert.from_id(point.id), convert.from_vectors(point.vectors),
                             convert.from_fields(point.payload)) for point in request.points]
        condition = collection.filter(request.update_filter)
        collection.update(edge.UpdateOperation.upsert_points(points, condition))
        return self.applied(request)

    @handles
    def Delete(self, request, context):
        collection = self.find(request.collection_name, context)
        if request.points.WhichOneof("points_selector_one_of") == "points":
            ids = [convert.from_id(each) for each in request.points.points.ids]
            operation = edge.UpdateOperation.delete_points(ids)
        else:
            chosen = collection.filter(request.points.filter) or edge.Filter()
            operation = edge.UpdateOperation.delete_points_by_filter(chosen)
        collection.update(operation)
        return self.applied(request)

    @handles
    def CreateFieldIndex(self, request, context):
        collection = self.find(request.collection_name, context)
        kind = pb.FieldType.Name(request.field_type).removeprefix("FieldType")
        collection.update(edge.UpdateOperation.create_field_index(
            request.field_name, getattr(edge.PayloadSchemaType, kind)))
        with collection.lock:
            collection.config["indexes"][request.field_name] = kind
            collection.save()
        return self.applied(request)

    @handles
    def Get(self, request, context):
        collection = self.find(request.collection_name, context)
        records = collection.shard.retrieve(
            [convert.from_id(each) for each in request.ids],
            convert.from_with_payload(request.with_payload), request.with_vectors.enable)
        return pb.GetResponse(result=[self.retrieved(record) for record in records])

    @handles
    def Scroll(self, request, context):
        collection = self.find(request.collection_name, context)
        order = None
        if request.HasField("order_by"):
            if request.order_by.key not in collection.config["indexes"]:
                raise ValueError(f"No range index for `order_by` key: `{request.order_by.key}`")
            down = request.order_by.direction == pb.Direction.Desc
            order = edge.OrderBy(request.order_by.key,
                                 edge.Direction.Desc if down else edge.Direction.Asc)
        records, following = collection.shard.scroll(edge.ScrollRequest(
            offset=convert.from_id(request.offset) if request.HasField("offset") else None,
            limit=request.limit, order_by=order, filter=collection.filter(request.filter),
            with_payload=convert.from_with_payload(request.with_payload),
            with_vector=request.with_vectors.enable))
        response = pb.ScrollResponse(result=[self.retrieved(record) for record in records])
        if following is not None:
            response.next_page_offset.CopyFrom(convert.to_id(following))
        return response

    @handles
    def Count(self, request, context):
        collection = self.find(request.collection_name, context)
        count = collection.shard.count(edge.CountRequest(
            filter=collection.filter(request.filter), exact=request.exact))
        return pb.CountResponse(result=pb.CountResult(count=count))

    @handles
    def Query(self, request, context):
        collection = self.find(request.collection_name, context)
        if request.limit < 1:
            raise ValueError("[limit: value 0 invalid, must be 1 or larger]")
        found = collection.shard.query(edge.QueryRequest(
            limit=request.limit,
            query=edge.Query.Nearest(list(request.query.nearest.dense.data)),
            filter=collection.filter(request.filter),
            with_payload=convert.from_with_payload(request.with_payload),
            with_vector=request.with_vectors.enable))
        return pb.QueryResponse(result=[
            pb.ScoredPoint(id=convert.to_id(point.id), score=point.score,
                           payload=convert.to_fields(point.payload)) for point in found])

    @staticmethod
    def retrieved(record):
        out = pb.RetrievedPoint(id=convert.to_id(record.id),
                                payload=convert.to_fields(record.payload))
        if record.vector is not None:
            out.vectors.CopyFrom(convert.to_vectors(record.vector))
        return out


class ApiKey(grpc.ServerInterceptor):
    def __init__(self, key):
        self.key = key

        def refuse(_, context):
            context.abort(grpc.StatusCode.UNAUTHENTICATED,
                          "Must provide an API key or an Authorization bearer token")

        self.refusal = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(self, continuation, details):
        given = dict(details.invocation_metadata).get("api-key")
        return continuation(details) if given == self.key else self.refusal


def main():
    storage, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    collections = Collections(storage)
    faults = Faults(os.environ.get("QDRANT_FACADE", ""))
    key = os.environ.get("QDRANT_API_KEY")
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16),
                         interceptors=[ApiKey(key)] if key else [],
                         options=[("grpc.max_receive_message_length", -1),
                                  ("grpc.max_send_message_length", -1)])
    collections_service_pb2_grpc.add_CollectionsServicer_to_server(
        CollectionsService(collections, faults), server)
    points_service_pb2_grpc.add_PointsServicer_to_server(PointsService(collections, faults), server)
    if os.environ.get("QDRANT_TLS"):
        folder = storage.parent
        pair = ((folder / "key.pem").read_bytes(), (folder / "cert.pem").read_bytes())
        server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


main()
