// What only pgvector has: the layout of its table, its indexes, its errors.
#include <gmock/gmock.h>

#include "core/reasons.h"
#include "net/pg.h"
#include "tests/support/postgres.h"
#include "tests/unit/sinks/sink_test_base.h"

namespace drift::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PgvectorTest : public ::testing::Test {
 protected:
  PgvectorTest() : database_(FreshDatabase()), pg_(Connect(database_)) {}

  static std::unique_ptr<PgConnection> Connect(const std::string& uri) {
    auto connection = PgConnection::Open(PgOptionsFromUri(ParseUri(uri).value()).value(), {});
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection.ok() ? std::move(*connection) : nullptr;
  }
  std::unique_ptr<Sink> Open(const std::string& table = "docs") {
    return OpenAt(database_ + "?table=" + table);
  }
  void Run(const std::string& sql) {
    const Status status = pg_->Script(sql, {});
    EXPECT_TRUE(status.ok()) << status;
  }
  // All rows, columns by '|', rows by newline.
  std::string Query(const std::string& sql) {
    const auto rows = pg_->Execute(sql, {});
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::string out;
    for (int row = 0; rows.ok() && row < rows->rows(); ++row) {
      for (int column = 0; column < rows->columns(); ++column) {
        out += (column > 0 ? "|" : "") + rows->String(row, column);
      }
      out += "\n";
    }
    return out;
  }
  std::string Indexes(const std::string& table = "docs") {
    return Query("SELECT indexdef FROM pg_indexes WHERE tablename = '" + table +
                 "' ORDER BY indexdef");
  }

  const std::string database_;
  const std::unique_ptr<PgConnection> pg_;
};

TEST_F(PgvectorTest, LayoutOfTheTable) {
  Prepare(*Open(), MakeSpec());
  EXPECT_EQ(Query("SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) "
                  "FROM pg_attribute a WHERE attrelid = 'docs'::regclass AND attnum > 0 "
                  "ORDER BY attnum"),
            "id|uuid\nembedding|vector(4)\nkey|jsonb\nchunk|integer\nsource|text\n"
            "source_version|bigint\nrevision|integer\nrun_id|text\nmodel|text\ntext_sha256|text\n"
            "embedded_at|timestamp with time zone\npayload|jsonb\ntext|text\n");
  EXPECT_THAT(Indexes(), HasSubstr("UNIQUE INDEX docs_pkey ON public.docs USING btree (id)"));
  EXPECT_THAT(Indexes(), HasSubstr("USING btree (source, key)"));
  EXPECT_THAT(
      Query("SELECT obj_description('docs'::regclass)"),
      HasSubstr(R"({"model":"shadow/4","fingerprint":"f1","dimensions":4,"metric":"cosine",)"
                R"("sources":{"docs":{"ledger":"01JLEDGER","revision":3}}})"));
}

TEST_F(PgvectorTest, LayoutOfARow) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Point point = MakePoint(1);
  point.text = "the text";
  point.payload = {{"category", std::string("billing")}, {"n", int64_t{5}}};
  Write(*sink, {point});
  EXPECT_EQ(Query("SELECT id::text, key::text, chunk::text, source, source_version::text, "
                  "revision::text, run_id, model, text_sha256, "
                  "to_char(embedded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), "
                  "payload::text, text, vector_dims(embedding)::text FROM docs"),
            point.id.ToString() +
                "|[\"KB-1\"]|0|docs|7|3|01JRUN|shadow/4|"
                "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1|"
                "2025-11-24 16:00:00.123456|{\"n\": 5, \"category\": \"billing\"}|the text|4\n");
}

TEST_F(PgvectorTest, NoVectorIndexWhereNoneIsWanted) {
  const auto sink = OpenAt(database_ + "?table=docs&index=none");
  Prepare(*sink, MakeSpec());
  Write(*sink, MakePoints(100));
  const Status built = sink->BuildIndex({});
  ASSERT_TRUE(built.ok()) << built;
  EXPECT_THAT(Indexes(), AllOf(HasSubstr("(source, key)"), Not(HasSubstr("hnsw"))));
}

TEST_F(PgvectorTest, TheIndexIsBuiltInTheMemoryItWasGiven) {
  Run("CREATE TABLE seen(memory text);"
      "CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
      "INSERT INTO seen VALUES (current_setting('maintenance_work_mem')); END $$;"
      "CREATE EVENT TRIGGER see ON ddl_command_start WHEN TAG IN ('CREATE INDEX') "
      "EXECUTE FUNCTION see()");
  const auto sink = OpenAt(database_ + "?table=docs&index_memory_mb=77");
  CollectionSpec spec = MakeSpec();
  spec.bulk_load = true;
  Prepare(*sink, spec);
  const Status built = sink->BuildIndex({});
  ASSERT_TRUE(built.ok()) << built;
  EXPECT_THAT(Query("SELECT memory FROM seen"), HasSubstr("77MB"));
}

TEST_F(PgvectorTest, ABulkLoadThatMeetsItsOwnPointsIsGuarded) {
  const auto sink = Open();
  CollectionSpec spec = MakeSpec();
  spec.bulk_load = true;
  Prepare(*sink, spec);
  const auto at = [](int64_t version, int count) {
    std::vector<Point> points = MakePoints(count);
    for (Point& point : points) point.guard.version = version;
    return points;
  };
  const auto versions = [&] {
    return Query("SELECT source_version::text, count(*)::text FROM docs GROUP BY 1 ORDER BY 1");
  };
  Write(*sink, at(5, 10));
  EXPECT_EQ(versions(), "5|10\n");
  Write(*sink, at(6, 12));
  EXPECT_EQ(versions(), "6|12\n") << "ten are newer, two are new";
  Write(*sink, at(4, 14));
  EXPECT_EQ(versions(), "4|2\n6|12\n") << "what is older stays out";
}

TEST_F(PgvectorTest, IndexesComeAfterABulkLoad) {
  const auto sink = Open();
  CollectionSpec spec = MakeSpec();
  spec.bulk_load = true;
  Prepare(*sink, spec);
  Write(*sink, MakePoints(100));
  EXPECT_THAT(Indexes(), Not(HasSubstr("(source, key)")));
  for (int twice = 0; twice < 2; ++twice) {
    const Status built = sink->BuildIndex({});
    ASSERT_TRUE(built.ok()) << built;
    EXPECT_EQ(Query("SELECT count(*)::text FROM pg_indexes WHERE tablename = 'docs'"), "3\n");
  }
  EXPECT_THAT(Indexes(), HasSubstr("(source, key)"));
  EXPECT_THAT(Indexes(), HasSubstr("USING hnsw (embedding vector_cosine_ops)"));
  EXPECT_THAT(Query("SELECT reltuples::text FROM pg_class WHERE oid = 'docs'::regclass"), "100\n");
}

TEST_F(PgvectorTest, SearchUsesTheIndex) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Write(*sink, MakePoints(2000));
  ASSERT_TRUE(sink->BuildIndex({}).ok());
  const auto hits = sink->Search("docs", MakePoint(77).vector, 5, {}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(hits->front().point.key, MakePoint(77).key);
  // Statistics are reported when a connection is idle for a while or ends; ask until they are.
  while (Query("SELECT pg_stat_force_next_flush()::text, coalesce(sum(idx_scan), 0)::text FROM "
               "pg_stat_user_indexes WHERE indexrelname LIKE '%embedding%'") == "|0\n") {
  }
}

TEST_F(PgvectorTest, LargeVectorsAreIndexedInHalfPrecision) {
  constexpr int32_t kDimensions = 3000;
  const auto sink = Open();
  Prepare(*sink, MakeSpec(kDimensions));
  Write(*sink, MakePoints(50, kDimensions));
  const Status built = sink->BuildIndex({});
  ASSERT_TRUE(built.ok()) << built;
  EXPECT_THAT(Indexes(), HasSubstr("hnsw (((embedding)::halfvec(3000)) halfvec_cosine_ops)"));
  const auto hits = sink->Search("docs", MakePoint(7, kDimensions).vector, 3, {}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  ASSERT_EQ(hits->size(), 3u);
  EXPECT_EQ(hits->front().point.key, MakePoint(7).key);
  EXPECT_NEAR(hits->front().score, 1, 1e-6);  // of the vectors themselves
}

TEST_F(PgvectorTest, TheLargestHaveNoIndex) {
  constexpr int32_t kDimensions = 5000;
  const auto sink = Open();
  Prepare(*sink, MakeSpec(kDimensions));
  Write(*sink, MakePoints(10, kDimensions));
  const Status built = sink->BuildIndex({});
  ASSERT_TRUE(built.ok()) << built;
  EXPECT_THAT(Indexes(), Not(HasSubstr("hnsw")));
  const auto hits = sink->Search("docs", MakePoint(7, kDimensions).vector, 1, {}, {});
  ASSERT_TRUE(hits.ok() && hits->size() == 1) << hits.status();
  EXPECT_EQ(hits->front().point.key, MakePoint(7).key);
}

TEST_F(PgvectorTest, ASharedTableIsIndexedWithoutLockingItsWriters) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Prepare(*sink, MakeSpec(4, "tickets"));
  Write(*sink, MakePoints(10));
  // Left over from a build that was broken off.
  Run("CREATE INDEX broken ON docs USING hnsw (embedding vector_cosine_ops);"
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass");
  const Status built = sink->BuildIndex({});
  ASSERT_TRUE(built.ok()) << built;
  EXPECT_THAT(Indexes(), Not(HasSubstr("broken")));
  EXPECT_THAT(Indexes(), HasSubstr("USING hnsw (embedding vector_cosine_ops)"));
}

TEST_F(PgvectorTest, AnIndexOfTheUsersChoiceIsLeftAlone) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Write(*sink, MakePoints(10));
  Run("CREATE INDEX mine ON docs USING hnsw (embedding vector_l2_ops)");
  ASSERT_TRUE(sink->BuildIndex({}).ok());
  EXPECT_EQ(Query("SELECT count(*)::text FROM pg_indexes WHERE indexdef LIKE '%hnsw%'"), "1\n");
}

TEST_F(PgvectorTest, TheExtensionMayLieInAnySchema) {
  Run("CREATE SCHEMA \"ext \"\"x\"; CREATE EXTENSION vector SCHEMA \"ext \"\"x\"; "
      "CREATE SCHEMA search");
  const auto sink = Open("search.docs");
  Prepare(*sink, MakeSpec());
  Write(*sink, MakePoints(30));
  ASSERT_TRUE(sink->BuildIndex({}).ok());
  const auto hits = sink->Search("docs", MakePoint(3).vector, 2, {}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(hits->front().point.key, MakePoint(3).key);
  EXPECT_EQ(Query("SELECT count(*)::text FROM search.docs"), "30\n");
}

TEST_F(PgvectorTest, AKeyTooLongForTheIndexIsTheItemsFault) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  std::vector<Point> points = MakePoints(40);
  std::string key = "[\"";
  for (uint64_t state = 1; key.size() < 6000;) {
    key += fmt::format("{:x}", SplitMix64(state));  // which does not compress
  }
  points[17].key = key + "\"]";
  const auto errors = sink->Write({"docs", points}, {});
  ASSERT_TRUE(errors.ok()) << errors.status();
  ASSERT_EQ(errors->size(), 1u);
  EXPECT_EQ(errors->front().index, 17u);
  EXPECT_THAT(std::string(Message(errors->front().why)), HasSubstr("index row"));
  EXPECT_EQ(Query("SELECT count(*)::text FROM docs"), "39\n");
}

TEST_F(PgvectorTest, ATableMadeAnewBehindItsBackIsNotTheItemsFault) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Write(*sink, MakePoints(3));
  Run("DROP TABLE docs");
  Prepare(*Open(), MakeSpec(8));
  const Status status = sink->Write({"docs", MakePoints(5)}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(Reason(status), reason::kCollectionDiffers);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("has 8 dimensions now, it had 4"));
}

TEST_F(PgvectorTest, ATableOfOthersIsRefused) {
  Run("CREATE TABLE docs (id int, body text)");
  const Status refused = Open()->Prepare(MakeSpec(), {}).status();
  EXPECT_EQ(Reason(refused), reason::kCollectionDiffers) << refused;
  EXPECT_THAT(std::string(Message(refused)), HasSubstr("table docs of postgresql 127.0.0.1"));
  EXPECT_THAT(std::string(Message(refused)), HasSubstr("was not made by Drift"));
}

TEST_F(PgvectorTest, ASchemaThatIsNotThereIsSaid) {
  const Status status = Open("nosuch.docs")->Prepare(MakeSpec(), {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_THAT(std::string(Message(status)), HasSubstr("schema \"nosuch\" does not exist"));
}

TEST_F(PgvectorTest, LeastPrivilegeIsEnoughAndLessIsSaid) {
  // What docs/connectors/pgvector.md says: may connect, make temporary tables, and owns its table's
  // schema; an administrator made the extension.
  Run("CREATE ROLE modest LOGIN; CREATE SCHEMA search");
  std::string uri = database_;
  uri.replace(uri.find("drift@"), 6, "modest@");
  const auto sink = OpenAt(uri + "?table=search.docs");
  const Status no_extension = sink->Prepare(MakeSpec(), {}).status();
  EXPECT_EQ(no_extension.code(), StatusCode::kPermissionDenied) << no_extension;
  EXPECT_THAT(Remedy(no_extension), HasSubstr("CREATE EXTENSION vector"));
  Run("CREATE EXTENSION vector");
  const Status no_schema = sink->Prepare(MakeSpec(), {}).status();
  EXPECT_EQ(no_schema.code(), StatusCode::kPermissionDenied) << no_schema;
  EXPECT_THAT(std::string(Message(no_schema)), HasSubstr("permission denied for schema search"));
  Run("GRANT USAGE, CREATE ON SCHEMA search TO modest");
  EXPECT_TRUE(Prepare(*sink, MakeSpec()));
  Write(*sink, MakePoints(20));
  EXPECT_TRUE(sink->BuildIndex({}).ok());
  EXPECT_EQ(sink->Sweep("docs", 99, {}).value_or(-1), 20);
  EXPECT_TRUE(sink->Drop("docs", {}).ok());
  Run("DROP SCHEMA search CASCADE; DROP OWNED BY modest; DROP ROLE modest");
}

TEST(PgvectorServerTest, AWrongPasswordIsSaidAndNotRepeated) {
  auto server = PostgresServer::Start({.major = 16, .password = "right"});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string place = fmt::format("127.0.0.1:{}/postgres?table=docs", (*server)->port());
  setenv("DRIFT_TEST_PASSWORD", "right", 1);
  const auto sink = OpenAt("pg://drift@" + place + "&password=env:DRIFT_TEST_PASSWORD");
  EXPECT_TRUE(Prepare(*sink, MakeSpec()));
  EXPECT_TRUE(OpenAt("pg://drift:right@" + place)->Describe({}).ok());
  const Status refused = OpenAt("pg://drift:hunter2@" + place)->Describe({}).status();
  EXPECT_EQ(refused.code(), StatusCode::kUnauthenticated) << refused;
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace drift::testing
