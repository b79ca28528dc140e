#!/usr/bin/env python3
"""Writes the Delta tables of spark.tar.zst with Spark, and beside each what Spark itself reads.

    pip install pyspark==4.0.1 delta-spark==4.0.0
    mvn dependency:copy-dependencies of io.delta:delta-spark_2.13:4.0.0 into JARS
    python3 make_spark_tables.py --jars JARS --out DIR [table ...]
    tar --zstd -cf spark.tar.zst -C DIR .

For each table: DIR/<name>/ and DIR/<name>.expected.json:
    key        the key columns
    latest     the latest version
    columns    [[name, type], ...] at the latest version
    history    [[version, operation], ...]
    versions   {"3": rows or {"error": ...}, ...}: the table at each version
    changes    {"1-4": rows or {"error": ...}, ...}: the change feed of ranges, each row with
               _change_type and _commit_version
Values are written as driftd writes them: decimals as digits without zeros at the end, times in ISO 8601
with microseconds (and Z unless without a zone), binary as base64, NaN and infinities as strings.
"""
import argparse, base64, datetime, decimal, glob, json, math, os, random, shutil, struct, time

WORDS = ("alpha beta gamma delta order invoice return refund cart price policy user login ship late old "
         "new broken lorem ipsum café naïve 東京 данные emoji😀").split()
FEED = "'delta.enableChangeDataFeed' = 'true'"
rng = random.Random(20261121)


def text(low=3, high=12):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


# ---- values as driftd writes them ----------------------------------------------------------------

def shortest_float(value):
    """Of a 32-bit float that arrived as a double: the shortest digits that read back as it."""
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", value):
            return short
    return value


def number(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def plain(value, data_type):
    from pyspark.sql import types as t
    if value is None:
        return None
    if isinstance(data_type, t.FloatType):
        return number(value if math.isnan(value) or math.isinf(value) else shortest_float(value))
    if isinstance(data_type, t.DoubleType):
        return number(value)
    if isinstance(data_type, t.DecimalType):
        digits = format(value, "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    if isinstance(data_type, t.TimestampType):
        utc = value.astimezone(datetime.timezone.utc) if value.tzinfo else value
        return utc.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"
    if isinstance(data_type, t.TimestampNTZType):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")
    if isinstance(data_type, t.DateType):
        return value.isoformat()
    if isinstance(data_type, t.BinaryType):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(data_type, t.ArrayType):
        return [plain(v, data_type.elementType) for v in value]
    if isinstance(data_type, t.StructType):
        return {f.name: plain(value[f.name], f.dataType) for f in data_type.fields}
    if isinstance(data_type, t.MapType):
        return {str(plain(k, data_type.keyType)): plain(v, data_type.valueType)
                for k, v in value.items()}
    return value


def rows_of(frame, drop=("_commit_timestamp",)):
    fields = [f for f in frame.schema.fields if f.name not in drop]
    rows = [{f.name: plain(row[f.name], f.dataType) for f in fields} for row in frame.collect()]
    return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True, ensure_ascii=False))


# ---- the tables ----------------------------------------------------------------------------------

class Maker:
    def __init__(self, spark, out):
        self.spark, self.out = spark, out

    def sql(self, statement):
        return self.spark.sql(statement)

    def path(self, name):
        return os.path.join(self.out, name)

    def at(self, name):
        return f"delta.`{self.path(name)}`"

    def create(self, name, columns, properties=FEED, more=""):
        shutil.rmtree(self.path(name), ignore_errors=True)
        tail = f" TBLPROPERTIES ({properties})" if properties else ""
        self.sql(f"CREATE TABLE {self.at(name)} ({columns}) USING delta {more}{tail}")

    def add(self, name, rows, schema, files=1):
        frame = self.spark.createDataFrame(rows, schema).repartition(files)
        frame.write.format("delta").mode("append").save(self.path(name))

    def docs(self, name, ids, files=1):
        self.add(name, [(i, text(2, 5), text(), rng.choice(["a", "b", "c", None])) for i in ids],
                 DOCS, files)

    def latest(self, name):
        return self.sql(f"DESCRIBE HISTORY {self.at(name)}").agg({"version": "max"}).collect()[0][0]

    def attempt(self, read):
        try:
            return rows_of(read())
        except Exception as error:  # what Spark refuses is part of the answer
            return {"error": str(error).strip().split("\n")[0][:200]}

    def version(self, name, version):
        return self.attempt(lambda: self.spark.read.format("delta").option("versionAsOf", version)
                            .load(self.path(name)))

    def changes(self, name, first, last):
        return self.attempt(lambda: self.spark.read.format("delta").option("readChangeFeed", "true")
                            .option("startingVersion", first).option("endingVersion", last)
                            .load(self.path(name)))

    def expect(self, name, key=("id",), ranges=()):
        latest = self.latest(name)
        frame = self.spark.read.format("delta").load(self.path(name))
        history = self.sql(f"DESCRIBE HISTORY {self.at(name)}").collect()
        singles = [(v, v) for v in range(latest + 1)]
        expected = {
            "key": list(key),
            "latest": latest,
            "columns": [[f.name, f.dataType.simpleString()] for f in frame.schema.fields],
            "history": sorted([row["version"], row["operation"]] for row in history),
            "versions": {str(v): self.version(name, v) for v in range(latest + 1)},
            "changes": {f"{a}-{b}": self.changes(name, a, b) for a, b in [*singles, *ranges]},
        }
        with open(self.path(name) + ".expected.json", "w", encoding="utf-8") as file:
            json.dump(expected, file, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        print(f"{name}: {latest + 1} versions, {len(expected['versions'][str(latest)])} rows", flush=True)


DOCS = "id long, title string, body string, category string"


def basic(m):
    m.create("basic", DOCS)
    m.docs("basic", range(40), 2)
    m.sql(f"UPDATE {m.at('basic')} SET body = concat(body, ' edited') WHERE id < 6")
    m.sql(f"DELETE FROM {m.at('basic')} WHERE id IN (7, 8, 9, 10)")
    m.spark.createDataFrame([(i, "merged", text(), "m") for i in range(30, 50)], DOCS) \
        .createOrReplaceTempView("incoming")
    m.sql(f"MERGE INTO {m.at('basic')} t USING incoming s ON t.id = s.id "
          "WHEN MATCHED AND s.id < 33 THEN DELETE WHEN MATCHED THEN UPDATE SET body = s.body "
          "WHEN NOT MATCHED THEN INSERT *")
    m.docs("basic", range(50, 60))
    m.sql(f"DELETE FROM {m.at('basic')} WHERE id BETWEEN 20 AND 24")
    m.add("basic", [(21, "back", "the same key again", None)], DOCS)
    m.expect("basic", ranges=[(0, 7), (2, 4)])


def deletion_vectors(m):
    m.create("deletion_vectors", DOCS, FEED + ", 'delta.enableDeletionVectors' = 'true'")
    m.docs("deletion_vectors", range(200), 2)
    table = m.at("deletion_vectors")
    m.sql(f"DELETE FROM {table} WHERE id % 9 = 0")
    m.sql(f"UPDATE {table} SET body = concat(body, '!') WHERE id % 14 = 1")
    m.spark.createDataFrame([(i, "merged", text(), "m") for i in range(150, 260)], DOCS) \
        .createOrReplaceTempView("incoming")
    m.sql(f"MERGE INTO {table} t USING incoming s ON t.id = s.id "
          "WHEN MATCHED THEN UPDATE SET body = s.body WHEN NOT MATCHED THEN INSERT *")
    m.sql(f"DELETE FROM {table} WHERE id % 11 = 3")
    m.sql(f"OPTIMIZE {table}")
    m.sql(f"DELETE FROM {table} WHERE id = 100")
    m.sql(f"RESTORE TABLE {table} TO VERSION AS OF 6")
    m.expect("deletion_vectors", ranges=[(0, 8), (3, 7)])


def column_mapping(m):
    m.create("column_mapping", DOCS, FEED + ", 'delta.columnMapping.mode' = 'name'")
    table = m.at("column_mapping")
    m.docs("column_mapping", range(20))
    m.sql(f"UPDATE {table} SET body = 'x' WHERE id = 3")
    m.sql(f"ALTER TABLE {table} RENAME COLUMN body TO content")
    m.sql(f"ALTER TABLE {table} ADD COLUMNS (lang string, kind string)")
    m.add("column_mapping", [(i, text(), text(), "c", "en", "k") for i in range(20, 25)],
          "id long, title string, content string, category string, lang string, kind string")
    m.sql(f"ALTER TABLE {table} DROP COLUMN kind")
    m.sql(f"DELETE FROM {table} WHERE id IN (1, 2)")
    m.sql(f"UPDATE {table} SET title = 'after drop' WHERE id = 21")
    m.sql(f"ALTER TABLE {table} RENAME COLUMN id TO doc_id")
    m.sql(f"UPDATE {table} SET title = 'after key rename' WHERE doc_id = 5")
    m.expect("column_mapping", key=["doc_id"], ranges=[(0, 10)])


def mapping_by_id(m):
    m.create("mapping_by_id", "id long, st struct<a: int, b: string>, body string",
             FEED + ", 'delta.columnMapping.mode' = 'id'")
    m.add("mapping_by_id", [(i, (i, text()), text()) for i in range(6)],
          "id long, st struct<a: int, b: string>, body string")
    m.sql(f"UPDATE {m.at('mapping_by_id')} SET st.b = 'changed' WHERE id = 2")
    m.expect("mapping_by_id", ranges=[(0, 2)])


def partitions(m):
    columns = "id long, region string, day date, body string"
    m.create("partitions", columns, more="PARTITIONED BY (region, day)")
    regions = [None, "", "a b", "100%", "a/b", "x=y", "it's", "Zürich", "東京", "a%2Fb"]
    days = [None, datetime.date(2026, 1, 2), datetime.date(1969, 12, 31)]
    m.add("partitions", [(i, regions[i % 10], days[i % 3], text()) for i in range(60)], columns)
    table = m.at("partitions")
    m.sql(f"UPDATE {table} SET body = concat(body, ' z') WHERE id < 12 AND id % 2 = 0")
    m.sql(f"DELETE FROM {table} WHERE region = 'a%2Fb'")
    m.sql(f"DELETE FROM {table} WHERE id IN (10, 20, 30)")
    m.sql(f"UPDATE {table} SET region = 'moved' WHERE id = 11")
    m.expect("partitions", ranges=[(0, 5)])


def partition_keys(m):
    """All key columns are partition columns."""
    m.create("partition_keys", "tenant string, doc int, body string",
             more="PARTITIONED BY (tenant, doc)")
    m.add("partition_keys", [("a", 1, text()), ("a", 2, text()), ("b", 1, text())],
          "tenant string, doc int, body string")
    m.sql(f"UPDATE {m.at('partition_keys')} SET body = 'new' WHERE tenant = 'b'")
    m.sql(f"DELETE FROM {m.at('partition_keys')} WHERE tenant = 'a' AND doc = 1")
    m.expect("partition_keys", key=["tenant", "doc"], ranges=[(0, 3)])


def maintenance(m):
    m.create("maintenance", DOCS)
    for start in range(0, 40, 10):
        m.docs("maintenance", range(start, start + 10))
    table = m.at("maintenance")
    m.sql(f"DELETE FROM {table} WHERE id % 8 = 0")
    m.sql(f"OPTIMIZE {table}")
    m.sql(f"UPDATE {table} SET body = 'late' WHERE id = 9")
    m.sql(f"RESTORE TABLE {table} TO VERSION AS OF 2")
    m.docs("maintenance", range(100, 105))
    m.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('team' = 'docs')")
    m.sql(f"UPDATE {table} SET body = 'last' WHERE id = 100")
    m.expect("maintenance", ranges=[(0, 11), (5, 9), (9, 11)])


def overwrites(m):
    m.create("overwrites", DOCS)
    m.docs("overwrites", range(30))
    path = m.path("overwrites")

    def overwrite(ids, **options):
        frame = m.spark.createDataFrame([(i, text(), text(), "o") for i in ids], DOCS)
        frame.coalesce(1).write.format("delta").mode("overwrite").options(**options).save(path)

    overwrite(range(0, 34))
    overwrite([0, 1, 2], replaceWhere="id < 3")
    m.spark.read.format("delta").load(path).coalesce(1).write.format("delta").mode("overwrite").save(path)
    m.sql(f"DELETE FROM {m.at('overwrites')}")
    overwrite(range(30))
    m.expect("overwrites", ranges=[(0, 6)])


def cdf_late(m):
    """The feed is on from 3 to 5 and from 8 on."""
    m.create("cdf_late", DOCS, "")
    table = m.at("cdf_late")
    m.docs("cdf_late", range(10))
    m.sql(f"UPDATE {table} SET body = 'before' WHERE id = 1")
    m.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({FEED})")
    m.sql(f"UPDATE {table} SET body = 'on' WHERE id = 2")
    m.docs("cdf_late", range(10, 12))
    m.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')")
    m.sql(f"DELETE FROM {table} WHERE id = 3")
    m.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({FEED})")
    m.sql(f"DELETE FROM {table} WHERE id = 4")
    m.expect("cdf_late", ranges=[(0, 9), (3, 5), (3, 9), (8, 9)])


def checkpoints(m):
    m.create("checkpoints", DOCS, FEED + ", 'delta.checkpointInterval' = '5'")
    for i in range(14):
        m.docs("checkpoints", [i])
        m.sql(f"UPDATE {m.at('checkpoints')} SET body = 'edit {i}' WHERE id = {i}")
    m.expect("checkpoints", ranges=[(0, 28), (7, 12)])


def checkpoints_v2(m):
    m.create("checkpoints_v2", DOCS,
             FEED + ", 'delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '3'")
    for i in range(10):
        m.docs("checkpoints_v2", range(3 * i, 3 * i + 3))
    m.expect("checkpoints_v2", ranges=[(0, 10), (5, 9)])


def types(m):
    columns = ("id long, i8 byte, i16 short, i32 int, f32 float, f64 double, dec decimal(38,10), "
               "dec9 decimal(9,2), flag boolean, day date, ts timestamp, tsn timestamp_ntz, bin binary, "
               "tags array<string>, st struct<a: int, b: array<double>>, m map<string, long>, "
               "n map<int, struct<d: decimal(5,2), t: timestamp>>, body string")
    utc, D = datetime.timezone.utc, decimal.Decimal
    stamp = lambda *a: datetime.datetime(*a, tzinfo=utc)
    naive, day = datetime.datetime, datetime.date
    rows = [
        (1, -128, -32768, -2147483648, 1.5, 3.5, D("12345678901234567890.0123456789"), D("-1.25"), True,
         day(1969, 12, 31), stamp(1969, 12, 31, 23, 59, 59, 999999), naive(2026, 3, 29, 2, 30),
         bytearray(b"\x00\xff"), ["a", None, "é"], (1, [1.0, None]), {"k": 1, "ü": None},
         {7: (D("1.50"), stamp(2026, 1, 1)), -1: None}, "first"),
        (2, 127, 32767, 2147483647, float("nan"), float("-inf"), D("-9999999999999999999999999999.9999999999"),
         D("9999999.99"), False, day(1, 1, 1), stamp(1900, 1, 1), naive(1582, 10, 15), bytearray(b""), [], (None, []), {},
         {}, ""),
        (3,) + (None,) * 17,
        (4, 0, 0, 0, -0.0, 1e308, D("0"), D("0.00"), None, day(2000, 2, 29), stamp(2000, 1, 1), None, None,
         None, (None, None), None, None, "tab\there\nnewline \" quote \\ back 😀"),
        (5, 1, 1, 1, 0.1, 0.1, D("1"), D("100.00"), True, day(9999, 12, 31), stamp(9999, 12, 31, 23, 59, 59, 999999),
         naive(9999, 12, 31, 23, 59, 59, 999999), bytearray(b"x"), ["z"], (5, [float("nan")]), {"z": 9},
         {0: (D("-0.05"), None)}, "L" * 300_000),
        (9007199254740993, 1, 1, 1, 3.4028235e38, 5e-324, D("0.0000000001"), D("0.10"), False, day(2026, 1, 1),
         stamp(2026, 1, 1, 0, 0, 0, 1), naive(2026, 1, 1), bytearray(range(256)), ["", '"'], (0, [0.1]),
         {"": 0}, {2: (D("0"), stamp(1970, 1, 1))}, "past 2^53"),
    ]
    shutil.rmtree(m.path("types"), ignore_errors=True)
    m.spark.createDataFrame(rows, columns).coalesce(1).write.format("delta") \
        .option("delta.enableChangeDataFeed", "true").save(m.path("types"))
    m.sql(f"UPDATE {m.at('types')} SET body = 'changed' WHERE id = 1")
    m.sql(f"DELETE FROM {m.at('types')} WHERE id = 2")
    m.expect("types", ranges=[(0, 2)])


def widening(m):
    m.create("widening", "id int, n short, dec decimal(5,2), body string",
             FEED + ", 'delta.enableTypeWidening' = 'true'")
    columns = "id int, n short, dec decimal(5,2), body string"
    m.add("widening", [(i, i, decimal.Decimal(i) / 4, text()) for i in range(1, 6)], columns)
    table = m.at("widening")
    m.sql(f"ALTER TABLE {table} ALTER COLUMN id TYPE bigint")
    m.sql(f"ALTER TABLE {table} ALTER COLUMN dec TYPE decimal(12,4)")
    m.add("widening", [(2 ** 40 + i, i, decimal.Decimal(i) / 8, text()) for i in range(3)],
          "id long, n short, dec decimal(12,4), body string")
    m.sql(f"DELETE FROM {table} WHERE id = 4")
    m.sql(f"ALTER TABLE {table} ALTER COLUMN n TYPE int")
    m.expect("widening", ranges=[(0, 1), (0, 6), (4, 5)])


def modern(m):
    m.create("modern", DOCS, FEED + ", 'delta.enableDeletionVectors' = 'true', "
             "'delta.enableRowTracking' = 'true', 'delta.enableInCommitTimestamps' = 'true'",
             "CLUSTER BY (category)")
    m.docs("modern", range(50))
    m.sql(f"UPDATE {m.at('modern')} SET body = 'm' WHERE id < 5")
    m.sql(f"OPTIMIZE {m.at('modern')}")
    m.sql(f"DELETE FROM {m.at('modern')} WHERE id IN (1, 2, 3)")
    m.expect("modern", ranges=[(0, 4)])


def composite_key(m):
    columns = "tenant string, doc string, lang string, body string"
    m.create("composite_key", columns)
    keys = [("1", "23", "en"), ("12", "3", "en"), ("1", "2", "3en"), ("a,b", "c", "en"), ("a", "b,c", "en"),
            ("[", "]", "\""), ("", "", ""), ("n", None, "en")]
    m.add("composite_key", [(*k, text()) for k in keys], columns)
    m.sql(f"UPDATE {m.at('composite_key')} SET body = 'changed' WHERE tenant = '12'")
    m.sql(f"DELETE FROM {m.at('composite_key')} WHERE tenant = 'a,b'")
    m.expect("composite_key", key=["tenant", "doc", "lang"], ranges=[(0, 3)])


def many_in_one(m):
    m.create("many_in_one", DOCS)
    table = m.at("many_in_one")
    m.docs("many_in_one", range(20))
    for i in range(6):
        m.sql(f"UPDATE {table} SET body = 'edit {i}' WHERE id < 8")
    m.sql(f"DELETE FROM {table} WHERE id = 0")
    m.add("many_in_one", [(0, "again", "inserted again", None)], DOCS)
    m.sql(f"DELETE FROM {table} WHERE id = 1")
    m.add("many_in_one", [(1, "again", "inserted again", None)], DOCS)
    m.sql(f"UPDATE {table} SET body = body WHERE id = 2")
    m.expect("many_in_one", ranges=[(0, 12), (8, 11)])


def recreated(m):
    m.create("recreated.before", DOCS)
    m.docs("recreated.before", range(30))
    m.docs("recreated.before", range(30, 35))
    m.expect("recreated.before")
    m.create("recreated", DOCS)
    m.docs("recreated", range(20))
    m.docs("recreated", [500])
    m.expect("recreated")


def replaced(m):
    """CREATE OR REPLACE: another id, another schema, the versions go on."""
    m.create("replaced", DOCS)
    m.docs("replaced", range(8))
    m.spark.createDataFrame([(i, text(), text(), "r") for i in range(4, 10)], DOCS) \
        .createOrReplaceTempView("incoming")
    m.sql(f"CREATE OR REPLACE TABLE {m.at('replaced')} USING delta TBLPROPERTIES ({FEED}) "
          "AS SELECT * FROM incoming")
    m.sql(f"UPDATE {m.at('replaced')} SET body = 'after' WHERE id = 4")
    m.expect("replaced", ranges=[(0, 3), (2, 2)])


def evolving(m):
    """Columns added, a comment, a nullable column, the same schema back by overwriting."""
    m.create("evolving", "id long, body string")
    table, path = m.at("evolving"), m.path("evolving")
    m.add("evolving", [(1, "one"), (2, "two")], "id long, body string")
    m.sql(f"ALTER TABLE {table} ADD COLUMNS (lang string)")
    m.add("evolving", [(3, "three", "en")], "id long, body string, lang string")
    m.sql(f"ALTER TABLE {table} ALTER COLUMN body COMMENT 'the text'")
    m.sql(f"UPDATE {table} SET lang = 'de' WHERE id = 1")
    frame = m.spark.createDataFrame([(1, "one again"), (4, "four")], "id long, body string")
    frame.coalesce(1).write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)
    m.add("evolving", [(5, "five")], "id long, body string")
    m.expect("evolving", ranges=[(0, 7), (0, 1), (2, 3)])


def key_retyped(m):
    """The key goes from int to string by overwriting the schema."""
    m.create("key_retyped", "id int, body string")
    m.add("key_retyped", [(1, "one"), (2, "two")], "id int, body string")
    m.spark.createDataFrame([("1", "one"), ("b", "bee")], "id string, body string").coalesce(1) \
        .write.format("delta").mode("overwrite").option("overwriteSchema", "true") \
        .save(m.path("key_retyped"))
    m.expect("key_retyped", ranges=[(0, 2)])


def no_feed(m):
    """Never a change feed; maintenance between; switched on at the end."""
    m.create("no_feed", DOCS, "")
    table = m.at("no_feed")
    m.docs("no_feed", range(12), 2)
    m.sql(f"UPDATE {table} SET body = 'edited' WHERE id = 3")
    m.sql(f"OPTIMIZE {table}")
    m.sql(f"DELETE FROM {table} WHERE id = 5")
    m.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({FEED})")
    m.sql(f"UPDATE {table} SET body = 'by feed' WHERE id = 6")
    m.expect("no_feed", ranges=[(5, 6)])


def vacuumed(m):
    m.create("vacuumed", DOCS, FEED + ", 'delta.deletedFileRetentionDuration' = 'interval 0 hours'")
    table = m.at("vacuumed")
    m.docs("vacuumed", range(10))
    m.sql(f"UPDATE {table} SET body = 'a' WHERE id = 1")
    m.sql(f"UPDATE {table} SET body = 'b' WHERE id = 2")
    m.sql(f"DELETE FROM {table} WHERE id = 3")
    time.sleep(2)
    m.sql(f"VACUUM {table} RETAIN 0 HOURS")
    m.docs("vacuumed", range(10, 15))
    m.sql(f"UPDATE {table} SET body = 'c' WHERE id = 4")
    m.expect("vacuumed", ranges=[(0, 8), (7, 8)])


def log_cleaned(m):
    """Commits 0 to 7 are gone, checkpoints at 5 and 10 are there."""
    m.create("log_cleaned", DOCS, FEED + ", 'delta.checkpointInterval' = '5'")
    for i in range(12):
        m.docs("log_cleaned", range(3 * i, 3 * i + 3))
    log = os.path.join(m.path("log_cleaned"), "_delta_log")
    for version in range(8):
        for file in glob.glob(f"{log}/{version:020}.json") + glob.glob(f"{log}/{version:020}.crc") + \
                glob.glob(f"{log}/.{version:020}.*"):
            os.remove(file)
    m.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    m.expect("log_cleaned", ranges=[(0, 12), (9, 12), (11, 12)])


TABLES = [basic, deletion_vectors, column_mapping, mapping_by_id, partitions, partition_keys, maintenance,
          overwrites, cdf_late, checkpoints, checkpoints_v2, types, widening, modern, composite_key,
          many_in_one, recreated, replaced, evolving, key_retyped, no_feed, vacuumed, log_cleaned]


def session(jars):
    from pyspark.sql import SparkSession
    return (SparkSession.builder.master("local[2]")
            .config("spark.jars", ",".join(sorted(glob.glob(f"{jars}/*.jar"))))
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
            .config("spark.databricks.delta.snapshotPartitions", "2")
            .config("spark.databricks.delta.retentionDurationCheck.enabled", "false")
            .config("spark.databricks.delta.vacuum.logging.enabled", "true")
            .config("spark.databricks.delta.alterTable.changeColumn.checkExpressions", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED")
            .config("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
            .config("spark.ui.enabled", "false").config("spark.driver.memory", "1500m")
            .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
            .getOrCreate())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jars", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("tables", nargs="*")
    args = parser.parse_args()
    os.environ["TZ"] = "UTC"
    time.tzset()
    out = os.path.abspath(args.out)
    os.makedirs(out, exist_ok=True)
    spark = session(args.jars)
    spark.sparkContext.setLogLevel("ERROR")
    for make in TABLES:
        if not args.tables or make.__name__ in args.tables:
            make(Maker(spark, out))


if __name__ == "__main__":
    main()
