#include "tests/unit/pipeline/world.h"

#include "core/key.h"
#include "core/text_template.h"

namespace drift::testing {

World::World()
    : services{ledger, *this, workers, Clock::Real(), rng, metrics, ::testing::TempDir()} {
  spec.name = "docs";
  spec.table = "/fake/docs";
  spec.key = {"id"};
  spec.text_columns = {"body"};
  spec.payload = {"lang"};
  spec.model = embedder->model().id();
  spec.sink = "fake://docs";
  Restart();
}

void World::Restart() {
  queue = std::make_shared<EmbedQueue>(EmbedQueue::Parts{
      embedder, std::make_shared<FakeTokenCounter>(),
      [](int64_t tokens, WallTime) { return tokens * 20; },
      std::make_shared<Pacer>(embedder->model(), Clock::Real()),
      std::make_shared<RecentVectors>(1 << 20), ledger, budget, Clock::Real(), rng, metrics});
}

StatusOr<std::shared_ptr<Source>> World::OpenSource(const PipelineSpec&,
                                                    const Projection& projection) {
  auto source = std::make_shared<FakeSource>(table, projection);
  source->SetBatchRows(source_batch_rows);
  source->OnRows(on_rows);
  return std::shared_ptr<Source>(std::move(source));
}

StatusOr<std::shared_ptr<Sink>> World::OpenSink(const std::string& address) {
  if (address == spec.sink) return std::shared_ptr<Sink>(sink);
  return std::shared_ptr<Sink>(
      std::make_shared<FakeSink>(store, address.substr(address.rfind('/') + 1)));
}

World::Outcome World::Run(bool whole) {
  RunRecord record;
  record.id = "run-" + std::to_string(++runs_);
  record.pipeline = spec.name;
  record.mode = whole ? RunMode::kEmbed : RunMode::kWatch;
  record.queued_at = Clock::Real().Now();
  record.attempts = 1;
  EXPECT_TRUE(ledger.CreateRun(record).ok());
  RunProgress progress(record, Clock::Real());
  RunContext run(services, spec, progress, soft.get_token(), {});
  Outcome out;
  out.status = RunPipeline(run, whole);
  if (run.client) out.counters = run.CountersNow();
  return out;
}

World::Outcome World::Replay() {
  RunRecord record;
  record.id = "run-" + std::to_string(++runs_);
  record.pipeline = spec.name;
  record.mode = RunMode::kReplay;
  EXPECT_TRUE(ledger.CreateRun(record).ok());
  RunProgress progress(record, Clock::Real());
  RunContext run(services, spec, progress, soft.get_token(), {});
  Outcome out;
  out.status = ReplayDeadLetters(run, *ledger.ListDeadLetters({}));
  if (run.client) out.counters = run.CountersNow();
  return out;
}

std::map<std::string, std::vector<Sha256Digest>> World::Index() {
  std::map<std::string, std::vector<Sha256Digest>> out;
  for (const auto& [id, stored] : store.Points("docs")) {
    EXPECT_EQ(id, PointId(spec.name, stored.point.key, stored.point.chunk));
    auto& chunks = out[stored.point.key];
    const auto chunk = static_cast<size_t>(stored.point.chunk);
    if (chunks.size() <= chunk) chunks.resize(chunk + 1);
    chunks[chunk] = stored.point.text_sha256;
  }
  return out;
}

std::map<std::string, std::vector<Sha256Digest>> World::Expected() const {
  std::map<std::string, std::vector<Sha256Digest>> out;
  for (const auto& row : table.rows()) {
    if (IsNull(row[0]) || IsNull(row[1]) || IsBlank(std::get<std::string>(row[1]))) continue;
    out[CanonicalKey(std::vector<Value>{row[0]})] = {Sha256(std::get<std::string>(row[1]))};
  }
  return out;
}

Target World::CurrentTarget() {
  const auto targets = ledger.TargetsOf(spec.name);
  EXPECT_TRUE(targets.ok());
  EXPECT_FALSE(targets->empty());
  return targets->back();
}

}  // namespace drift::testing
