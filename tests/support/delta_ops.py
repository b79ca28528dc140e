#!/usr/bin/env python3
"""Makes and changes Delta tables with deltalake, for tests and demos.

    delta_ops.py COMMAND...        each COMMAND a JSON object; runs them in order
    delta_ops.py --serve           the same from a socket: a line of JSON in, a line of JSON out. Prints
                                   "port N" and ends when the connection does.

Every command has "op" and "table" (a path or URL) and may have "storage" (deltalake's own option names).
The answer is {"version": N, ...} or {"error": "..."}; a command that fails ends a COMMAND... run with 1.

    create          columns {"id": "long", ...}, rows [[...]], partition_by [...], feed true,
                    properties {...}
    append          rows                           overwrite      rows, where "...", schema_mode
    update          set {"col": "sql"}, where      delete         where
    merge           rows, on ["id"]: updates what matches, inserts the rest; delete_where "..." first
    optimize        (max_mb)                       vacuum         hours 0
    restore         version                        checkpoint, cleanup
    properties      set {"delta...": "..."}        add_columns    columns {"lang": "string"}
    rows            version: answers columns and rows
    changes         from, to: answers columns and rows of deltalake's change feed
    many            commits N, rows_per_commit M: appends of made-up rows (id, body)

Types: string long integer short byte float double boolean date timestamp timestamp_ntz binary
decimal(p,s). Values in rows: binary as base64, decimals, dates and times as text.
"""
import base64
import datetime
import decimal
import json
import socket
import sys

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

SIMPLE = {
    "string": pa.string(), "long": pa.int64(), "integer": pa.int32(), "short": pa.int16(),
    "byte": pa.int8(), "float": pa.float32(), "double": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"), "timestamp_ntz": pa.timestamp("us"),
    "binary": pa.binary(),
}


def arrow_type(name):
    if name.startswith("decimal("):
        precision, scale = name[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return SIMPLE[name]


def to_python(value, kind):
    if value is None:
        return None
    if pa.types.is_binary(kind):
        return base64.b64decode(value)
    if pa.types.is_decimal(kind):
        return decimal.Decimal(value)
    if pa.types.is_date(kind):
        return datetime.date.fromisoformat(value)
    if pa.types.is_timestamp(kind):
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def to_json(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.date, datetime.datetime, decimal.Decimal)):
        return str(value)
    if isinstance(value, list):
        return [to_json(v) for v in value]
    return value


def arrow_rows(schema, rows):
    columns = list(zip(*rows)) if rows else [[] for _ in schema]
    arrays = [pa.array([to_python(v, f.type) for v in column], f.type)
              for f, column in zip(schema, columns)]
    return pa.table(arrays, schema=schema)


def schema_of(table):
    # deltalake shows its schema by the Arrow C interface, with view types since 1.0.
    plain = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary(), pa.large_string(): pa.string()}
    schema = pa.schema(table.schema().to_arrow())
    return pa.schema([pa.field(f.name, plain.get(f.type, f.type), f.nullable) for f in schema])


def answer_rows(data):
    data = pa.table(data) if not isinstance(data, pa.Table) else data
    return {"columns": data.column_names,
            "rows": [[to_json(v) for v in row.values()] for row in data.to_pylist()]}


def run(command):
    op, uri, storage = command["op"], command["table"], command.get("storage")
    options = {"storage_options": storage} if storage else {}
    if op == "create":
        schema = pa.schema([pa.field(n, arrow_type(t)) for n, t in command["columns"].items()])
        properties = dict(command.get("properties", {}))
        if command.get("feed", True):
            properties["delta.enableChangeDataFeed"] = "true"
        write_deltalake(uri, arrow_rows(schema, command.get("rows", [])), mode="error",
                        partition_by=command.get("partition_by"), configuration=properties, **options)
        return {"version": DeltaTable(uri, **options).version()}
    table = DeltaTable(uri, version=command.get("version") if op == "rows" else None, **options)
    more = {}
    if op in ("append", "overwrite"):
        schema = schema_of(table)
        if "columns" in command:
            schema = pa.schema([pa.field(n, arrow_type(t)) for n, t in command["columns"].items()])
        kwargs = {"predicate": command["where"]} if "where" in command else {}
        if "schema_mode" in command:
            kwargs["schema_mode"] = command["schema_mode"]
        write_deltalake(table, arrow_rows(schema, command["rows"]), mode=op, **kwargs)
    elif op == "update":
        table.update(updates=command["set"], predicate=command.get("where"))
    elif op == "delete":
        table.delete(command.get("where"))
    elif op == "merge":
        names = [f.name for f in schema_of(table)]
        merge = table.merge(arrow_rows(schema_of(table), command["rows"]), source_alias="s",
                            target_alias="t",
                            predicate=" AND ".join(f"t.{k} = s.{k}" for k in command["on"]))
        if "delete_where" in command:
            merge = merge.when_matched_delete(command["delete_where"])
        merge.when_matched_update({n: f"s.{n}" for n in names}) \
            .when_not_matched_insert({n: f"s.{n}" for n in names}).execute()
    elif op == "optimize":
        table.optimize.compact()
    elif op == "vacuum":
        table.vacuum(command.get("hours", 0), dry_run=False, enforce_retention_duration=False)
    elif op == "restore":
        table.restore(command["version"])
    elif op == "checkpoint":
        table.create_checkpoint()
    elif op == "cleanup":
        table.cleanup_metadata()
    elif op == "properties":
        table.alter.set_table_properties(command["set"])
    elif op == "add_columns":
        from deltalake import Field
        from deltalake.schema import PrimitiveType
        table.alter.add_columns([Field(n, PrimitiveType(t)) for n, t in command["columns"].items()])
    elif op == "rows":
        more = answer_rows(table.to_pyarrow_table())
        more["version"] = table.version()
        return more
    elif op == "changes":
        return {"version": table.version(), **answer_rows(
            table.load_cdf(starting_version=command["from"], ending_version=command["to"]).read_all())}
    elif op == "many":
        schema, count = schema_of(table), command.get("rows_per_commit", 1)
        for commit in range(command["commits"]):
            first = table.version() * count
            rows = [[first + i, f"row {first + i}"] for i in range(count)]
            write_deltalake(table, arrow_rows(schema, rows), mode="append")
            table.update_incremental()
    else:
        raise ValueError(f"unknown op {op!r}")
    return {"version": DeltaTable(uri, **options).version(), **more}


def answer(command):
    try:
        return run(command)
    except Exception as error:  # the caller decides what an error means
        return {"error": f"{type(error).__name__}: {error}".replace("\n", " ")}


def serve():
    with socket.create_server(("127.0.0.1", 0)) as server:
        print("port", server.getsockname()[1], flush=True)
        connection, _ = server.accept()
    with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            lines.write(json.dumps(answer(json.loads(line))) + "\n")
            lines.flush()


def main():
    if sys.argv[1:] == ["--serve"]:
        return serve()
    if not sys.argv[1:] or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0
    for text in sys.argv[1:]:
        result = answer(json.loads(text))
        print(json.dumps(result))
        if "error" in result:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
