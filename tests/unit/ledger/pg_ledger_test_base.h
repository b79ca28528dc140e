// A ledger in a fresh database of a real server.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "base/uri.h"
#include "ledger/open.h"
#include "ledger/pg_ledger.h"
#include "tests/support/postgres.h"

namespace drift::ledger {

inline constexpr char kPipeline[] = "docs";

inline StatusOr<std::unique_ptr<Ledger>> OpenUri(const std::string& uri) {
  return OpenLedger(ParseUri(uri).value(), Clock::Real(), Rng::Real());
}

inline std::unique_ptr<Ledger> MustOpen(const std::string& uri) {
  auto ledger = OpenUri(uri);
  EXPECT_TRUE(ledger.ok()) << ledger.status();
  return ledger.ok() ? std::move(*ledger) : nullptr;
}

inline std::unique_ptr<PgConnection> Connect(const std::string& uri) {
  auto pg = PgConnection::Open(PgOptionsFromUri(ParseUri(uri).value()).value(), {});
  EXPECT_TRUE(pg.ok()) << pg.status();
  return pg.ok() ? std::move(*pg) : nullptr;
}

inline Target OpenTargetOf(Ledger& ledger) {
  const auto target =
      ledger.OpenTarget({kPipeline, "shadow/8", "shadow-8", 8, "sqlite:///i.db?collection=docs"});
  EXPECT_TRUE(target.ok()) << target.status();
  return target.value_or(Target());
}

inline RowState RowOf(const std::string& key, const std::vector<std::string>& texts) {
  RowState row;
  row.key = key;
  row.guard = {1, 1};
  for (const std::string& text : texts) row.chunks.push_back({Sha256(text), 4, 1, false, 20});
  return row;
}

inline CommitBatch BatchOf(const Target& target, std::vector<RowState> rows, int64_t second = 1) {
  CommitBatch batch;
  batch.target_id = target.id;
  batch.now = WallTime(std::chrono::seconds(second));
  batch.upserts = std::move(rows);
  return batch;
}

}  // namespace drift::ledger
