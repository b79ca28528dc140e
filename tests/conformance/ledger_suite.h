// What every ledger must do (core/ledger.h), run by every implementation and by the fake:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, LedgerSuite, Values(LedgerSuiteParam{"sqlite", &MakeStore}),
//                            LedgerSuiteName);
//
// The cases are in ledger_suite_*.cc. LedgerStoreSuite is for those that outlive their process.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/ledger.h"

namespace drift::testing {

// Where one ledger lives; used by one test.
class LedgerStore {
 public:
  virtual ~LedgerStore() = default;

  // The ledger that lives here; a new one the first time. The one before must be gone.
  virtual StatusOr<std::unique_ptr<Ledger>> Open() = 0;

  // From now on a Commit fails when nearly all of it is done, until Heal().
  virtual void BreakCommits(Ledger& ledger) = 0;
  virtual void Heal(Ledger& ledger) = 0;

  // -- Stores that outlive a process --
  virtual bool durable() const { return true; }
  // What another process opens it by.
  virtual std::string uri() const { return {}; }
  // The ledger as the first release made it: OpenVersion1 knows no later step of the schema.
  virtual StatusOr<std::unique_ptr<Ledger>> OpenVersion1() { return Unimplemented("no versions"); }
  virtual int64_t SchemaVersion() { return 0; }
  virtual void SetSchemaVersion(int64_t) {}
  // What its messages call it.
  virtual std::string name() const { return {}; }
  // Somebody else's tables where the ledger was to be.
  virtual void OccupyByAnother() {}
};

struct LedgerSuiteParam {
  std::string name;
  std::function<std::unique_ptr<LedgerStore>()> store;
};

void PrintTo(const LedgerSuiteParam& param, std::ostream* out);
std::string LedgerSuiteName(const ::testing::TestParamInfo<LedgerSuiteParam>& info);

class LedgerSuite : public ::testing::TestWithParam<LedgerSuiteParam> {
 protected:
  static constexpr char kPipeline[] = "docs";
  static constexpr char kModel[] = "shadow/8";
  static constexpr char kFingerprint[] = "shadow-8";
  static constexpr int32_t kDimensions = 8;

  LedgerSuite();

  LedgerStore& store() { return *store_; }
  Ledger& ledger() { return *ledger_; }
  void CloseLedger() { ledger_ = nullptr; }
  void Reopen();
  void UseFreshStore() { store_ = GetParam().store(); }

  static WallTime At(int64_t second) {
    return WallTime(std::chrono::seconds(1'763'700'000 + second));
  }
  static std::string Key(int64_t n);
  static Sha256Digest Text(std::string_view text) { return Sha256(text); }

  Target OpenTarget(const std::string& pipeline = kPipeline,
                    const std::string& sink = "sqlite:///i.db?collection=docs",
                    const std::string& fingerprint = kFingerprint);
  Target Get(int64_t target_id);
  RunRecord MakeRun(const std::string& id, const std::string& pipeline = kPipeline);

  // A row with one chunk per text.
  static RowState Row(const std::string& key, const std::vector<std::string>& texts,
                      int64_t version = 1, int32_t revision = 1);
  static RowState DeadRow(const std::string& key, int64_t version = 1);
  static DeadLetter Letter(const std::string& key, int64_t second = 0, int32_t chunk = 0);
  // A batch of the run, at a time of its own.
  CommitBatch Batch(const Target& target, const std::string& run_id = "");
  void Commit(const CommitBatch& batch);
  void CommitRows(const Target& target, std::vector<RowState> rows);
  void DeleteRow(const Target& target, const std::string& key, int64_t version, int32_t points = 1);

  std::vector<RowState> Load(const Target& target, const std::vector<std::string>& keys);
  std::vector<TextMatch> Find(const std::vector<Sha256Digest>& texts, int64_t preferred = 0);
  std::vector<ProvenanceRecord> Provenance(const ProvenanceFilter& filter);
  std::vector<std::string> Scan(const Target& target, size_t page);

 private:
  std::unique_ptr<LedgerStore> store_;
  std::unique_ptr<Ledger> ledger_;
  int64_t seconds_ = 0;
};

// The same for stores that are files or servers.
class LedgerStoreSuite : public LedgerSuite {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerStoreSuite);

// Everything of two states that can be compared, for EXPECT_EQ with a readable difference.
std::string Describe(const RowState& row);
std::vector<std::string> DescribeAll(const std::vector<RowState>& rows);

}  // namespace drift::testing
