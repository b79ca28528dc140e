// A daemon's ledger work in a process of its own, to be killed: ledger_child URI
// Commits batch after batch (LedgerChildKey, LedgerChildText) and says so.
#include <fmt/core.h>

#include <cstdio>

#include "base/clock.h"
#include "base/rng.h"
#include "base/uri.h"
#include "ledger/open.h"
#include "tests/conformance/ledger_child.h"

namespace drift::testing {
namespace {

Status Run(const std::string& uri_text) {
  ASSIGN_OR_RETURN(const Uri uri, ParseUri(uri_text));
  ASSIGN_OR_RETURN(const auto ledger, OpenLedger(uri, Clock::Real(), Rng::Real()));
  ASSIGN_OR_RETURN(const Target target, ledger->OpenTarget(LedgerChildTarget()));
  for (int batch = 1; batch <= kLedgerChildBatches; ++batch) {
    std::vector<StagedKey> staged;
    CommitBatch commit;
    commit.target_id = target.id;
    commit.now = Clock::Real().Now();
    for (int i = 0; i < kLedgerChildRows; ++i) {
      RowState& row = commit.upserts.emplace_back();
      row.key = LedgerChildKey(batch, i);
      row.guard = {1, batch};
      row.chunks.push_back({LedgerChildText(batch, i), 1, 1, false, 1});
      staged.push_back({row.key, 1, row.guard});
    }
    ASSIGN_OR_RETURN(commit.closes_stage, ledger->Stage(target.id, staged));
    RETURN_IF_ERROR(ledger->Commit(commit));
    fmt::print("committed {}\n", batch);
    std::fflush(stdout);
  }
  return OkStatus();
}

}  // namespace
}  // namespace drift::testing

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const drift::Status status = drift::testing::Run(argv[1]);
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", drift::Message(status));
  return 1;
}
