// A connection to a fresh database of a real server.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/uri.h"
#include "net/pg.h"
#include "tests/support/postgres.h"

namespace drift {

class PgTest : public ::testing::Test {
 protected:
  static PgOptions OptionsFor(const std::string& uri) {
    auto options = PgOptionsFromUri(ParseUri(uri).value());
    EXPECT_TRUE(options.ok()) << options.status();
    return std::move(*options);
  }

  static std::unique_ptr<PgConnection> Open(const PgOptions& options) {
    auto connection = PgConnection::Open(options, {});
    EXPECT_TRUE(connection.ok()) << connection.status();
    return std::move(*connection);
  }

  // Of one row and column.
  static int64_t Number(PgConnection& connection, const std::string& sql) {
    auto result = connection.Execute(sql, {});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() && result->rows() == 1 ? result->Int(0, 0) : -1;
  }

  const PgOptions options_ = OptionsFor(testing::FreshDatabase());
  const std::unique_ptr<PgConnection> pg_ = Open(options_);
};

}  // namespace drift
