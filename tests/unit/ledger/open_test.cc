#include "ledger/open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/process.h"

namespace drift {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Status Check(const std::string& text) {
  const auto uri = ParseUri(text);
  return uri.ok() ? CheckLedgerUri(*uri) : uri.status();
}

StatusOr<std::unique_ptr<Ledger>> Open(const std::string& text) {
  return OpenLedger(ParseUri(text).value(), Clock::Real(), Rng::Real());
}

TEST(OpenLedgerTest, AddressesThatAreUnderstood) {
  for (const char* uri :
       {"sqlite:///var/lib/drift/ledger.db", "postgresql://drift@db:5432/drift",
        "pg://drift@db/drift?password=env:PGPASSWORD",
        "postgresql://drift@db/drift?schema=Drift%202&password=file:/run/secrets/pg",
        "postgresql://db/drift?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=/c&sslkey=/k"}) {
    EXPECT_TRUE(Check(uri).ok()) << uri << ": " << Check(uri);
  }
}

TEST(OpenLedgerTest, WhatIsWrongIsNamedWithWhatIsKnown) {
  const struct {
    const char* uri;
    const char* words;
  } cases[] = {
      {"mysql://h/d",
       "'mysql' is not a kind of ledger; known: sqlite:///abs/ledger.db, postgresql:"},
      {"sqlite://ledger.db", "the path of a ledger is absolute: sqlite:///abs/ledger.db"},
      {"sqlite:///var/lib/", "the ledger's file is missing"},
      {"sqlite:///l.db?cache=1", "unknown option 'cache'; a ledger in SQLite has none"},
      {"postgresql:///drift", "the host is missing; write postgresql://user@host:5432/db"},
      {"postgresql://db", "the database is missing; write postgresql://user@host:5432/db"},
      {"postgresql://db/d?table=t",
       "unknown option 'table'; known for postgresql: schema, password, sslmode, sslrootcert,"
       " sslcert, sslkey"},
      {"postgresql://db/d?schema=", "option 'schema': '' cannot be a name in PostgreSQL"},
      {"postgresql://db/d?password=hunter2", "option 'password'"},
      {"postgresql://db/d?sslmode=verify-ful", "did you mean 'verify-full'?"},
      {"postgresql://db/d?sslrootcert=ca.pem",
       "option 'sslrootcert': the path of the file must be"},
  };
  for (const auto& wrong : cases) {
    const Status status = Check(wrong.uri);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << wrong.uri;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(wrong.words)) << wrong.uri;
    EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("hunter2")));
  }
}

TEST(OpenLedgerTest, SecretThatIsNotThereIsNamed) {
  ASSERT_EQ(unsetenv("DRIFT_TEST_NO_SUCH"), 0);
  const auto opened = Open("postgresql://drift@127.0.0.1:1/d?password=env:DRIFT_TEST_NO_SUCH");
  EXPECT_EQ(opened.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(Message(opened.status())), HasSubstr("DRIFT_TEST_NO_SUCH"));
}

TEST(OpenLedgerTest, ServerThatIsAwayIsUnavailable) {
  const uint16_t port = testing::FreePort();
  const auto opened = Open(fmt::format("postgresql://drift@127.0.0.1:{}/d", port));
  EXPECT_EQ(opened.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Message(opened.status())),
              HasSubstr(fmt::format("postgresql 127.0.0.1:{}/d", port)));
}

}  // namespace
}  // namespace drift
