#include "sinks/registry.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace drift {
namespace {

using ::testing::HasSubstr;

Status Check(const std::string& text) {
  const auto uri = ParseUri(text);
  return uri.ok() ? CheckSinkUri(*uri) : uri.status();
}

struct Case {
  const char* uri;
  const char* message;  // a part of it
};

class WrongUri : public ::testing::TestWithParam<Case> {};

TEST_P(WrongUri, SaysWhatToWrite) {
  const Status status = Check(GetParam().uri);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << GetParam().uri;
  EXPECT_THAT(std::string(Message(status)), HasSubstr(GetParam().message)) << GetParam().uri;
  const auto uri = ParseUri(GetParam().uri);
  if (uri.ok()) {
    EXPECT_EQ(OpenSink(*uri).status(), status);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Any, WrongUri,
    ::testing::Values(
        Case{"mysql://db/docs",
             "unknown sink 'mysql://'; known: sqlite://, postgresql://, pg://, qdrant://, "
             "qdrants://"},
        Case{"index.db", "a URI starts with scheme://"}));

INSTANTIATE_TEST_SUITE_P(
    Qdrant, WrongUri,
    ::testing::Values(
        Case{"qdrant://db:6333/docs", "port 6333 is Qdrant's REST port; gRPC listens on 6334"},
        Case{"qdrants://db:6333/docs", "port 6333 is Qdrant's REST port; gRPC listens on 6334"},
        Case{"qdrant://db:6334", "the collection is missing; write qdrant://host:6334/collection"},
        Case{"qdrant://db:6334/", "the collection is missing"},
        Case{"qdrant://db/..", "the collection is missing"},
        Case{"qdrant:///docs", "the host is missing"},
        Case{"qdrant://db/a/b", "without any of < > : \" / \\ | ? *"},
        Case{"qdrant://db/a%00b", "without any of"}, Case{"qdrant://db/%FF", "is UTF-8 text"},
        Case{"qdrant://db/docs?apikey=env:KEY",
             "unknown option 'apikey'; known for qdrant: api_key, ca_file, timeout_secs, index"},
        Case{"qdrant://db/docs?api_key=env:", "option 'api_key': a secret is named, not written"},
        Case{"qdrant://db/docs?api_key=", "option 'api_key' is empty; write api_key=env:NAME"},
        Case{"qdrant://me:secret@db/docs", "Qdrant knows no users"},
        Case{"qdrant://db/docs?timeout_secs=0", "'timeout_secs' is a whole number from 1 to 3600"},
        Case{"qdrant://db/docs?timeout_secs=ten", "'timeout_secs' is a whole number"},
        Case{"qdrant://db/docs?ca_file=/etc/ca.pem", "needs TLS: write qdrants://"},
        Case{"qdrants://db/docs?ca_file=ca.pem", "'ca_file' must be an absolute path"}));

INSTANTIATE_TEST_SUITE_P(
    Pgvector, WrongUri,
    ::testing::Values(
        Case{"postgresql://me@db/app", "option 'table' is missing; write postgresql://user@host"},
        Case{"postgresql://me@db/app?table=", "option 'table' is missing"},
        Case{"postgresql://me@db?table=docs", "the database is missing"},
        Case{"pg:///app?table=docs", "the host is missing"},
        Case{"pg://db/app?table=a.b.c", "is the name of a table, or schema.table"},
        Case{"pg://db/app?table=.docs", "is the name of a table, or schema.table"},
        Case{"pg://db/app?table=docs.", "is the name of a table, or schema.table"},
        Case{"pg://db/app?table=a%00b", "cannot contain a NUL byte"},
        Case{"pg://db/app?table=0123456789012345678901234567890123456789012345678901234567890123",
             "cannot be a name in PostgreSQL: 1 to 63 bytes"},
        Case{
            "pg://db/app?table=docs&tabel=x",
            "unknown option 'tabel'; known for pg: table, password, sslmode, sslrootcert, sslcert, "
            "sslkey, timeout_secs, index, index_memory_mb"},
        Case{"pg://db/app?table=docs&index=ivfflat", "option 'index' is hnsw or none"},
        Case{"pg://db/app?table=docs&index_memory_mb=4GB",
             "option 'index_memory_mb' is a whole number from 1 to 1000000"},
        Case{"pg://db/app?table=docs&password=hunter2",
             "option 'password': a secret is named, not written"},
        Case{"pg://db/app?table=docs&sslrootcert=ca.pem",
             "'sslrootcert' must be an absolute path"}));

INSTANTIATE_TEST_SUITE_P(
    Sqlite, WrongUri,
    ::testing::Values(
        Case{"sqlite://index.db?collection=docs",
             "the path of a SQLite file is absolute, with three slashes: "
             "sqlite:///absolute/path/index.db?collection=docs"},
        Case{"sqlite://./index.db?collection=docs", "is absolute, with three slashes"},
        Case{"sqlite:///tmp/index.db", "option 'collection' is missing"},
        Case{"sqlite:///tmp/?collection=docs", "the path does not name a file"},
        Case{"sqlite:///tmp/a%00b?collection=docs", "the path does not name a file"},
        Case{"sqlite:///tmp/x.db?collection=sqlite_master", "does not start with 'sqlite_'"},
        Case{"sqlite:///tmp/x.db?collection=Drift_Collections", "does not start with 'drift_'"},
        Case{"sqlite:///tmp/x.db?collection=a%00", "is UTF-8 text of at most 255 bytes"},
        Case{"sqlite:///tmp/x.db?table=docs",
             "unknown option 'table'; known for sqlite: collection"}));

TEST(Registry, TakesWhatTheDocumentationShows) {
  for (const char* uri :
       {"sqlite:///abs/index.db?collection=docs", "qdrant://host:6334/collection",
        "qdrant://[::1]:6334/docs", "qdrants://cloud.example/docs?api_key=env:QDRANT_API_KEY",
        "qdrants://h/docs?ca_file=/etc/ca.pem&timeout_secs=30&index=none",
        "qdrant://h/docs?api_key=plain", "postgresql://user@host:5432/db?table=docs",
        "pg://user:plain@host/db?table=search.docs",
        "pg://host/db?table=docs&password=file:/run/secrets/pg&sslmode=verify-full"}) {
    const Status status = Check(uri);
    EXPECT_TRUE(status.ok()) << uri << ": " << status;
  }
}

TEST(Registry, CheckingNeedsNoSecretAndOpeningDoes) {
  unsetenv("DRIFT_TEST_NO_SUCH_KEY");
  for (const char* text : {"qdrant://h/docs?api_key=env:DRIFT_TEST_NO_SUCH_KEY",
                           "pg://h/db?table=docs&password=env:DRIFT_TEST_NO_SUCH_KEY"}) {
    EXPECT_TRUE(Check(text).ok()) << Check(text);
    const Status opened = OpenSink(ParseUri(text).value()).status();
    EXPECT_EQ(opened.code(), StatusCode::kNotFound);
    EXPECT_THAT(std::string(Message(opened)), HasSubstr("DRIFT_TEST_NO_SUCH_KEY is not set"));
  }
}

TEST(Registry, OneAddressForEachPlace) {
  const auto normal = [](const char* text) {
    return NormalizeSinkUri(ParseUri(text).value()).ToString();
  };
  EXPECT_EQ(normal("qdrant://db/docs"), normal("qdrant://db:6334/docs"));
  EXPECT_EQ(normal("pg://me@db/app?table=docs"), normal("postgresql://me@db:5432/app?table=docs"));
  EXPECT_EQ(normal("sqlite:///tmp//x/../index.db?collection=docs"),
            "sqlite:///tmp/index.db?collection=docs");
  EXPECT_NE(normal("qdrant://db/docs"), normal("qdrants://db/docs"));
  EXPECT_EQ(normal("nosuch://db/x"), "nosuch://db/x");
}

TEST(Registry, APlaceIsWhatAnAddressNamesHoweverItIsReached) {
  const auto place = [](const char* text) { return SinkPlace(ParseUri(text).value()).ToString(); };
  EXPECT_EQ(place("pg://me@db/app?table=docs&password=env:A&timeout_secs=5"),
            place("postgresql://you@db:5432/app?table=docs&password=file:/run/b&index=none"));
  EXPECT_NE(place("pg://db/app?table=docs"), place("pg://db/app?table=blogs"));
  EXPECT_NE(place("pg://db/app?table=docs"), place("pg://db/other?table=docs"));
  EXPECT_EQ(place("qdrant://db/docs?api_key=env:A"), place("qdrant://db:6334/docs?timeout_secs=5"));
  EXPECT_NE(place("qdrant://db/docs"), place("qdrant://db/blogs"));
  EXPECT_NE(place("sqlite:///i.db?collection=a"), place("sqlite:///i.db?collection=b"));
}

TEST(Registry, SecretsOfACommandLineAreNeitherStoredNorPrinted) {
  for (const char* text : {"qdrant://h/docs?api_key=hunter2", "pg://me:hunter2@h/db?table=docs"}) {
    const Uri uri = ParseUri(text).value();
    EXPECT_EQ(NormalizeSinkUri(uri).ToString().find("hunter2"), std::string::npos);
    const auto sink = OpenSink(uri);
    ASSERT_TRUE(sink.ok()) << sink.status();
  }
}

}  // namespace
}  // namespace drift
