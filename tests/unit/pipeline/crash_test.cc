// Random histories with a crash at a random instant of each run: whatever was done by then, the
// next run puts the index right and pays for no text that already has a live point.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/unit/pipeline/world.h"

namespace drift {
namespace {

using testing::FakeTable;
using testing::SinkCall;
using testing::World;

std::vector<Value> MakeRow(int key, int text) {
  return {"k" + std::to_string(key), text == 0 ? Value() : Value("t" + std::to_string(text)),
          std::string(text % 2 ? "en" : "de")};
}

// One commit of random changes. Each living key changes at most once.
void Change(FakeTable& table, std::mt19937& random) {
  std::vector<FakeTable::Event> events;
  std::map<std::string, std::vector<Value>> rows;
  for (const auto& row : table.rows()) rows[std::get<std::string>(row[0])] = row;
  const bool overwrite = random() % 8 == 0;
  for (int key = 0; key < 12; ++key) {
    const auto row = rows.find("k" + std::to_string(key));
    const auto next = MakeRow(key, static_cast<int>(random() % 6));
    const auto what = random() % 6;
    if (row == rows.end()) {
      if (what < 2) events.push_back({ChangeType::kInsert, next});
    } else if (overwrite) {
      events.push_back({ChangeType::kDelete, row->second});
      if (what > 0) events.push_back({ChangeType::kInsert, what < 3 ? next : row->second});
    } else if (what == 0) {
      events.push_back({ChangeType::kDelete, row->second});
    } else if (what == 1) {
      events.push_back({ChangeType::kUpdatePreimage, row->second});
      events.push_back({ChangeType::kUpdatePostimage, next});
    }
  }
  std::shuffle(events.begin(), events.end(), random);
  table.Commit(events);
}

// The run's calls fail for good from a random one on: as far as ledger and sink can tell, a kill.
void ArmCrash(World& world, std::mt19937& random) {
  switch (random() % 5) {
    case 0: {
      auto left = std::make_shared<std::atomic<int>>(static_cast<int>(random() % 12));
      world.ledger.on_call = [left](std::string_view method) -> Status {
        const bool counted = method == "Stage" || method == "Commit" || method == "LoadRows";
        return counted && left->fetch_sub(1) <= 0 ? Internal("killed") : OkStatus();
      };
      break;
    }
    case 1:
      world.ledger.on_commit_end = [left = std::make_shared<int>(static_cast<int>(random() % 4))] {
        return (*left)-- <= 0 ? Internal("killed") : OkStatus();
      };
      break;
    case 2:
      world.sink->Fail({.call = SinkCall::kWrite,
                        .skip = static_cast<int>(random() % 3),
                        .times = -1,
                        .status = Internal("killed"),
                        .applied = random() % 4});
      break;
    case 3:
      world.sink->Fail({.call = SinkCall::kDelete,
                        .skip = static_cast<int>(random() % 2),
                        .times = -1,
                        .status = Internal("killed"),
                        .applied = random() % 3});
      break;
    default:
      break;  // no crash this time
  }
}

void Disarm(World& world) {
  world.ledger.on_call = nullptr;
  world.ledger.on_commit_end = nullptr;
  world.sink = std::make_shared<testing::FakeSink>(world.store, "docs");
}

TEST(Crash, TheNextRunPutsEverythingRight) {
  // DRIFT_SEED: another set of histories, or one that failed.
  const char* asked = std::getenv("DRIFT_SEED");
  const auto base = static_cast<unsigned>(asked == nullptr ? 1 : std::atol(asked));
  for (unsigned round = 0; round < 60; ++round) {
    const unsigned seed = base + round;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    World world;
    world.source_batch_rows = 2;
    world.spec.limits.max_in_flight_bytes = 2048;
    Change(world.table, random);
    for (int step = 0; step < 6; ++step) {
      const bool whole = random() % 5 == 0;
      ArmCrash(world, random);
      (void)world.Run(whole);
      Disarm(world);
      // The table may move on before the daemon is back.
      for (auto more = random() % 3; more > 0; --more) Change(world.table, random);
      const auto run = world.Run(whole && random() % 2 == 0);
      ASSERT_TRUE(run.status.ok()) << run.status;
      ASSERT_EQ(world.Index(), world.Expected());
      const auto stages = world.ledger.LoadStages(world.CurrentTarget().id);
      EXPECT_TRUE(stages->empty());
      for (auto more = random() % 3; more > 0; --more) Change(world.table, random);
    }
  }
}

}  // namespace
}  // namespace drift
