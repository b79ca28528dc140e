// What the tests of an EmbedQueue share: the parts it is made with, clients, and what was noted.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/budget_keeper.h"
#include "pipeline/embed_queue.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_embedder.h"
#include "tests/fakes/fake_ledger.h"

namespace drift::testing {

class QueueTestBase : public ::testing::Test {
 protected:
  // Asks `own`, and `fallbacks` while that is away. A price is of one token.
  void MakeQueue(Endpoint own, std::vector<Endpoint> fallbacks = {}) {
    queue_ = std::make_unique<EmbedQueue>(EmbedQueue::Parts{
        std::move(own.embedder), std::make_shared<FakeTokenCounter>(), std::move(own.price),
        std::move(own.pacer), std::make_shared<RecentVectors>(1 << 20), ledger_, budget_, clock_,
        rng_, metrics_, std::move(fallbacks)});
  }
  Endpoint At(const std::shared_ptr<FakeEmbedder>& embedder, NanoUsd price) {
    return {embedder, [price](int64_t tokens, WallTime) { return tokens * price; },
            std::make_shared<Pacer>(embedder->model(), clock_)};
  }
  // A client with a run of its own in the ledger.
  std::shared_ptr<EmbedClient> Client(int32_t batch_size = 4) {
    RunRecord run;
    run.id = "run-" + std::to_string(++runs_);
    run.pipeline = "docs";
    EXPECT_TRUE(ledger_.CreateRun(run).ok());
    auto client = std::make_shared<EmbedClient>();
    client->run_id = run.id;
    client->pipeline = "docs";
    client->batch_size = batch_size;
    return client;
  }
  std::shared_ptr<EmbedTicket> Submit(const std::shared_ptr<EmbedClient>& client,
                                      const std::vector<std::string>& texts) {
    std::vector<EmbedText> asked;
    for (const std::string& text : texts) asked.push_back({text, Sha256(text)});
    return queue_->Submit(client, std::move(asked));
  }
  // By a client of its own, to the end.
  std::shared_ptr<EmbedTicket> Ask(const std::vector<std::string>& texts) {
    const auto client = Client();
    auto ticket = Submit(client, texts);
    queue_->Flush(client);
    (void)ticket->Wait({});
    return ticket;
  }
  // Of all providers, or of one.
  CostRow Cost(const std::string& provider = "") {
    const auto rows = ledger_.SumCosts({.by = CostGroup::kPipeline, .provider = provider});
    EXPECT_TRUE(rows.ok());
    return rows->empty() ? CostRow() : rows->front();
  }

  FakeClock clock_;
  FakeLedger ledger_;
  BudgetKeeper budget_{ledger_, clock_};
  Rng rng_{7};
  Metrics metrics_{"test", ""};
  std::unique_ptr<EmbedQueue> queue_;
  int runs_ = 0;
};

}  // namespace drift::testing
