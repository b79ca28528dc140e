"""Between Qdrant's messages (as its own Python client has them) and the engine's objects."""

from uuid import UUID

import qdrant_edge as edge
from qdrant_client import grpc as pb


def from_value(value):
    kind = value.WhichOneof("kind")
    if kind in (None, "null_value"):
        return None
    if kind == "struct_value":
        return {name: from_value(field) for name, field in value.struct_value.fields.items()}
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    return getattr(value, kind)


def to_value(value):
    if value is None:
        return pb.Value(null_value=pb.NULL_VALUE)
    if isinstance(value, bool):
        return pb.Value(bool_value=value)
    if isinstance(value, int):
        return pb.Value(integer_value=value)
    if isinstance(value, float):
        return pb.Value(double_value=value)
    if isinstance(value, str):
        return pb.Value(string_value=value)
    if isinstance(value, dict):
        return pb.Value(struct_value=pb.Struct(fields=to_fields(value)))
    return pb.Value(list_value=pb.ListValue(values=[to_value(item) for item in value]))


def to_fields(payload):
    return {name: to_value(value) for name, value in (payload or {}).items()}


def from_fields(fields):
    return {name: from_value(value) for name, value in fields.items()}


def from_id(point_id):
    kind = point_id.WhichOneof("point_id_options")
    return UUID(point_id.uuid) if kind == "uuid" else point_id.num


def to_id(point_id):
    return pb.PointId(num=point_id) if isinstance(point_id, int) else pb.PointId(uuid=str(point_id))


def from_vectors(vectors):
    vector = vectors.vector
    return list(vector.dense.data if vector.WhichOneof("vector") == "dense" else vector.data)


def to_vectors(vector):
    return pb.VectorsOutput(vector=pb.VectorOutput(dense=pb.DenseVector(data=vector)))


def from_filter(message, shard):
    """None for a filter without conditions: it matches everything."""
    parts = {name: [from_condition(each, shard) for each in getattr(message, name)]
             for name in ("must", "should", "must_not")}
    parts = {name: conditions for name, conditions in parts.items() if conditions}
    return edge.Filter(**parts) if parts else None


def from_condition(condition, shard):
    kind = condition.WhichOneof("condition_one_of")
    if kind == "filter":
        return from_filter(condition.filter, shard) or edge.Filter()
    if kind == "has_id":
        return edge.HasIdCondition({from_id(each) for each in condition.has_id.has_id})
    if kind == "is_empty":
        return edge.IsEmptyCondition(condition.is_empty.key)
    if kind != "field":
        raise ValueError(f"the facade knows no condition {kind}")
    field = condition.field
    if field.HasField("match"):
        value = getattr(field.match, field.match.WhichOneof("match_value"))
        if isinstance(value, bool):
            return matching_flag(field.key, value, shard)
        return edge.FieldCondition(field.key, match=edge.MatchValue(value))
    bounds = {name: getattr(field.range, name)
              for name in ("lt", "gt", "gte", "lte") if field.range.HasField(name)}
    return edge.FieldCondition(field.key, range=edge.RangeFloat(**bounds))


def matching_flag(key, value, shard):
    """The bindings take True for 1, so points with a flag are looked for here."""
    column = key.strip('"')
    everything = edge.ScrollRequest(limit=1_000_000, with_payload=True)
    records, _ = shard.scroll(everything)
    return edge.HasIdCondition({r.id for r in records if r.payload.get(column) is value})


def from_with_payload(selector):
    if selector.WhichOneof("selector_options") == "include":
        return list(selector.include.fields)
    return selector.enable
