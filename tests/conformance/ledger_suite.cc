#include "tests/conformance/ledger_suite.h"

#include <algorithm>

#include "base/encoding.h"

namespace drift::testing {

void PrintTo(const LedgerSuiteParam& param, std::ostream* out) {
  *out << param.name;
}

std::string LedgerSuiteName(const ::testing::TestParamInfo<LedgerSuiteParam>& info) {
  return info.param.name;
}

LedgerSuite::LedgerSuite() : store_(GetParam().store()) {
  Reopen();
}

void LedgerSuite::Reopen() {
  ledger_ = nullptr;
  auto opened = store_->Open();
  if (!opened.ok()) {
    ADD_FAILURE() << opened.status();
    std::abort();  // nothing of the test can go on
  }
  ledger_ = std::move(*opened);
}

std::string LedgerSuite::Key(int64_t n) {
  return fmt::format("[\"KB-{:04}\"]", n);
}

Target LedgerSuite::OpenTarget(const std::string& pipeline, const std::string& sink,
                               const std::string& fingerprint) {
  auto target = ledger().OpenTarget({pipeline, kModel, fingerprint, kDimensions, sink});
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *target : Target();
}

Target LedgerSuite::Get(int64_t target_id) {
  auto target = ledger().GetTarget(target_id);
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *target : Target();
}

RunRecord LedgerSuite::MakeRun(const std::string& id, const std::string& pipeline) {
  RunRecord run;
  run.id = id;
  run.pipeline = pipeline;
  run.queued_at = At(0);
  auto made = ledger().CreateRun(run);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? *made : RunRecord();
}

RowState LedgerSuite::Row(const std::string& key, const std::vector<std::string>& texts,
                          int64_t version, int32_t revision) {
  RowState row;
  row.key = key;
  row.guard = {revision, version};
  std::string all;
  for (const std::string& text : texts) {
    const auto size = static_cast<int32_t>(text.size());
    row.chunks.push_back({Sha256(text), size, size / 4 + 1, size % 2 == 1, size * 20});
    all += text;
  }
  std::copy_n(Sha256(all).begin(), row.content.size(), row.content.begin());
  return row;
}

RowState LedgerSuite::DeadRow(const std::string& key, int64_t version) {
  RowState row = Row(key, {}, version);
  row.dead = true;
  return row;
}

DeadLetter LedgerSuite::Letter(const std::string& key, int64_t second, int32_t chunk) {
  DeadLetter letter;
  letter.pipeline = kPipeline;
  letter.key = key;
  letter.chunk = chunk;
  letter.reason = "TEXT_TOO_LONG";
  letter.message = "9,000 tokens, and the model takes 8,191";
  letter.text_sha256 = Text(key);
  letter.version = 3;
  letter.first_at = letter.last_at = At(second);
  return letter;
}

CommitBatch LedgerSuite::Batch(const Target& target, const std::string& run_id) {
  CommitBatch batch;
  batch.target_id = target.id;
  batch.run_id = run_id;
  batch.now = At(++seconds_);
  return batch;
}

void LedgerSuite::Commit(const CommitBatch& batch) {
  const Status status = ledger().Commit(batch);
  EXPECT_TRUE(status.ok()) << status;
}

void LedgerSuite::CommitRows(const Target& target, std::vector<RowState> rows) {
  CommitBatch batch = Batch(target);
  batch.upserts = std::move(rows);
  Commit(batch);
}

void LedgerSuite::DeleteRow(const Target& target, const std::string& key, int64_t version,
                            int32_t points) {
  CommitBatch batch = Batch(target);
  batch.deletions.push_back({key, {1, version}, points});
  Commit(batch);
}

std::vector<RowState> LedgerSuite::Load(const Target& target,
                                        const std::vector<std::string>& keys) {
  auto rows = ledger().LoadRows(target.id, keys);
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok()) return {};
  std::sort(rows->begin(), rows->end(),
            [](const RowState& a, const RowState& b) { return a.key < b.key; });
  return *std::move(rows);
}

std::vector<TextMatch> LedgerSuite::Find(const std::vector<Sha256Digest>& texts,
                                         int64_t preferred) {
  auto matches = ledger().FindTexts(kFingerprint, kDimensions, texts, preferred);
  EXPECT_TRUE(matches.ok()) << matches.status();
  if (!matches.ok()) return {};
  std::sort(matches->begin(), matches->end(),
            [](const TextMatch& a, const TextMatch& b) { return a.text_sha256 < b.text_sha256; });
  return *std::move(matches);
}

std::vector<ProvenanceRecord> LedgerSuite::Provenance(const ProvenanceFilter& filter) {
  auto page = ledger().FindProvenance(filter);
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? page->records : std::vector<ProvenanceRecord>();
}

std::vector<std::string> LedgerSuite::Scan(const Target& target, size_t page) {
  std::vector<std::string> keys;
  for (;;) {
    auto rows = ledger().ScanRows(target.id, keys.empty() ? "" : keys.back(), page);
    EXPECT_TRUE(rows.ok()) << rows.status();
    if (!rows.ok()) return keys;
    for (const RowHead& row : *rows) keys.push_back(row.key);
    if (rows->size() < page) return keys;
  }
}

std::string Describe(const RowState& row) {
  std::string out = fmt::format("{} v{}.{}{}", row.key, row.guard.revision, row.guard.version,
                                row.dead ? " dead" : "");
  out += " " + HexEncode({reinterpret_cast<const char*>(row.content.data()), 4});
  for (const ChunkState& chunk : row.chunks) {
    out += fmt::format(" [{:x} {} chars {}{} tokens {} nano$]", Prefix64(chunk.text_sha256) >> 32,
                       chunk.chars, chunk.tokens_estimated ? "~" : "", chunk.tokens, chunk.cost);
  }
  return out;
}

std::vector<std::string> DescribeAll(const std::vector<RowState>& rows) {
  std::vector<std::string> out;
  for (const RowState& row : rows) out.push_back(Describe(row));
  return out;
}

}  // namespace drift::testing
