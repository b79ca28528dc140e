// A whole pipeline over fakes: table, model, sink and ledger in memory.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "metrics/metrics.h"
#include "pipeline/budget_keeper.h"
#include "pipeline/connectors.h"
#include "pipeline/run.h"
#include "tests/fakes/fake_embedder.h"
#include "tests/fakes/fake_ledger.h"
#include "tests/fakes/fake_sink.h"
#include "tests/fakes/fake_source.h"

namespace drift::testing {

class World : public Connectors {
 public:
  World();
  // What the process held in memory is gone.
  void Restart();

  // One run to its end, as the supervisor does it.
  struct Outcome {
    Status status;
    RunCounters counters;
  };
  Outcome Run(bool whole = false);
  Outcome Watch() { return Run(false); }
  Outcome Embed() { return Run(true); }
  Outcome Replay();

  // What lies in the collection, by key: the texts are known by their hash.
  std::map<std::string, std::vector<Sha256Digest>> Index();
  // What must lie there according to the table: column 0 is the key, column 1 the text.
  std::map<std::string, std::vector<Sha256Digest>> Expected() const;
  Target CurrentTarget();

  // -- Connectors
  Status Normalize(PipelineSpec&, std::vector<std::string>&) override { return OkStatus(); }
  StatusOr<std::string> NormalizeSink(const std::string& sink) override { return sink; }
  StatusOr<std::string> SinkPlace(const std::string& sink) override {
    return sink.substr(0, sink.find('&'));
  }
  StatusOr<std::shared_ptr<Source>> OpenSource(const PipelineSpec&, const Projection&) override;
  StatusOr<std::shared_ptr<Sink>> OpenSink(const std::string& address) override;
  StatusOr<std::shared_ptr<EmbedQueue>> OpenModel(const std::string&, int32_t) override {
    return queue;
  }

  FakeTable table{{"id", "body", "lang"}};
  FakeStore store;
  FakeLedger ledger;
  std::shared_ptr<FakeEmbedder> embedder = std::make_shared<FakeEmbedder>();
  PipelineSpec spec;
  size_t source_batch_rows = 3;
  std::stop_source soft;  // of all runs
  std::function<Status()> on_rows;

  Rng rng{7};
  Metrics metrics{"test", ""};
  ThreadPool workers{4};
  BudgetKeeper budget{ledger, Clock::Real()};
  std::shared_ptr<EmbedQueue> queue;
  std::shared_ptr<FakeSink> sink = std::make_shared<FakeSink>(store, "docs");
  RunServices services;

 private:
  int runs_ = 0;
};

}  // namespace drift::testing
