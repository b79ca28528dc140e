// A model in memory that does as it is told and remembers what it was asked: for tests of what
// stands before a provider.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/embedder.h"

namespace drift::testing {

// The unit vector the fake gives a text: made of its SHA-256.
Vector FakeVector(std::string_view text, int32_t dimensions);

// Safe for concurrent use.
class FakeEmbedder : public Embedder {
 public:
  // Named fake/model, not free; a request bills FakeTokens() of each text.
  explicit FakeEmbedder(int32_t dimensions = 8);
  explicit FakeEmbedder(ModelInfo info) : info_(std::move(info)) {}

  const ModelInfo& model() const override { return info_; }
  std::vector<ItemError> Unsendable(std::span<const std::string> texts,
                                    InputKind kind) const override EXCLUDES(mu_);
  StatusOr<Embeddings> Embed(std::span<const std::string> texts, InputKind kind,
                             std::stop_token stop) override EXCLUDES(mu_);

  // ---- what is to happen ----
  // Each of the next `times` calls answers `error` instead; several are served in order.
  void FailNext(Status error, int times = 1) EXCLUDES(mu_);
  // The same for one call, but only after it did its work: it was billed and the answer was lost.
  void LoseNextAnswer(Status error) EXCLUDES(mu_);
  // A call that holds this text answers with an ItemError for it.
  void RejectText(std::string text, Status why) EXCLUDES(mu_);
  // This text is never sent.
  void KeepBack(std::string text, Status why) EXCLUDES(mu_);
  // A call that holds this text is refused as a whole, without a word which text it is about.
  void RefuseCallsWith(std::string text, Status why) EXCLUDES(mu_);
  // Calls wait at the start until Release(), or until they are stopped.
  void Hold() EXCLUDES(mu_);
  void Release() EXCLUDES(mu_);
  // Whether answers say what was billed (they do).
  void SayBill(bool say) EXCLUDES(mu_);
  // What answers that say their bill say was guessed of it (nothing).
  void SayGuess(int64_t tokens) EXCLUDES(mu_);
  // Called at the start of each call, on its thread, with no lock held.
  void OnCall(std::function<void(std::span<const std::string>)> callback) EXCLUDES(mu_);

  // ---- what has happened ----
  struct Call {
    std::vector<std::string> texts;
    InputKind kind;
    Status result;
  };
  std::vector<Call> calls() const EXCLUDES(mu_);
  // How often each text was billed, and all tokens of that.
  std::map<std::string, int> billed_texts() const EXCLUDES(mu_);
  int64_t billed_tokens() const EXCLUDES(mu_);
  // Calls that are inside Embed() now, and the most there were at once.
  int in_flight() const EXCLUDES(mu_);
  int most_in_flight() const EXCLUDES(mu_);
  // Waits until so many calls have begun.
  void WaitForCalls(size_t n) EXCLUDES(mu_);

 private:
  StatusOr<Embeddings> Answer(std::span<const std::string> texts, std::stop_token stop)
      EXCLUDES(mu_);
  Status Refusal(std::span<const std::string> texts) REQUIRES(mu_);
  Embeddings Work(std::span<const std::string> texts) REQUIRES(mu_);

  const ModelInfo info_;
  mutable Mutex mu_;
  CondVar changed_;
  std::deque<Status> failures_ GUARDED_BY(mu_);
  std::deque<Status> lost_answers_ GUARDED_BY(mu_);
  std::map<std::string, Status> rejected_ GUARDED_BY(mu_);
  std::map<std::string, Status> kept_back_ GUARDED_BY(mu_);
  std::map<std::string, Status> refused_ GUARDED_BY(mu_);
  std::function<void(std::span<const std::string>)> on_call_ GUARDED_BY(mu_);
  bool held_ GUARDED_BY(mu_) = false;
  bool say_bill_ GUARDED_BY(mu_) = true;
  std::optional<int64_t> guess_ GUARDED_BY(mu_);

  std::vector<Call> calls_ GUARDED_BY(mu_);
  std::map<std::string, int> billed_ GUARDED_BY(mu_);
  int64_t tokens_ GUARDED_BY(mu_) = 0;
  size_t begun_ GUARDED_BY(mu_) = 0;
  int in_flight_ GUARDED_BY(mu_) = 0;
  int most_in_flight_ GUARDED_BY(mu_) = 0;
};

// The fake's tokenizer: a token for every four bytes, at least one.
int64_t FakeTokens(std::string_view text);

class FakeTokenCounter : public TokenCounter {
 public:
  explicit FakeTokenCounter(bool exact = true) : exact_(exact) {}
  int64_t Count(std::string_view text) override { return FakeTokens(text); }
  bool exact() const override { return exact_; }

 private:
  const bool exact_;
};

}  // namespace drift::testing
