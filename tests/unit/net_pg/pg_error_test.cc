#include "net/pg_error.h"

#include <gtest/gtest.h>

#include "core/reasons.h"

namespace drift {
namespace {

StatusCode CodeOf(std::string_view sqlstate) {
  return PgError("pg", sqlstate, "x").code();
}

TEST(PgError, CodesFollowTheClass) {
  EXPECT_EQ(CodeOf("08006"), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf("57P01"), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf("57014"), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(CodeOf("53300"), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf("40P01"), StatusCode::kAborted);
  EXPECT_EQ(CodeOf("28P01"), StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf("42501"), StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf("42P01"), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf("42703"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf("23505"), StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf("23502"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf("22P02"), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf("XX001"), StatusCode::kDataLoss);
  EXPECT_EQ(CodeOf("XX000"), StatusCode::kInternal);
}

TEST(PgError, FullDiskHasItsReason) {
  const Status status = PgError("pg", "53100", "could not extend file");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(status), reason::kDiskFull);
}

TEST(PgError, MessageNamesServerAndState) {
  EXPECT_EQ(Message(PgError("postgresql db:5432/x", "42P01", "relation \"t\" does not exist")),
            "postgresql db:5432/x: relation \"t\" does not exist (SQLSTATE 42P01)");
}

TEST(PgError, DataOfARowIsCutOut) {
  const Status status =
      PgError("pg", "22P02", "invalid input syntax for type integer: \"my private text\"");
  EXPECT_EQ(Message(status), "pg: invalid input syntax for type integer (SQLSTATE 22P02)");
}

TEST(PgConnectError, ReadsTheStateOfAVerboseMessageInAnyLanguage) {
  const Status english =
      PgConnectError("pg",
                     "connection to server at \"h\", port 1 failed: FATAL:  28P01: password "
                     "authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:338\n");
  EXPECT_EQ(english.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Message(english),
            "pg: connection to server at \"h\", port 1 failed: FATAL:  password authentication "
            "failed for user \"u\" (SQLSTATE 28P01)");
  const Status german =
      PgConnectError("pg", "Verbindung fehlgeschlagen: SCHWERWIEGEND:  3D000: Datenbank fehlt\n");
  EXPECT_EQ(german.code(), StatusCode::kNotFound);
}

TEST(PgConnectError, WithoutAStateTheServerIsAway) {
  const Status status = PgConnectError("pg",
                                       "port 1 failed: Connection refused\n\tIs the server "
                                       "running on that host?\n");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(Message(status),
            "pg: port 1 failed: Connection refused; Is the server running on that host?");
}

}  // namespace
}  // namespace drift
