#include "tests/fakes/fake_embedder.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "base/rng.h"

namespace drift::testing {
namespace {

ModelInfo FakeModel(int32_t dimensions) {
  ModelInfo info;
  info.provider = "fake";
  info.name = "model";
  info.dimensions = dimensions;
  info.fingerprint = "fake/model";
  return info;
}

}  // namespace

Vector FakeVector(std::string_view text, int32_t dimensions) {
  uint64_t state = Prefix64(Sha256(text));
  std::vector<float> values(static_cast<size_t>(dimensions));
  double squares = 0;
  for (float& x : values) {
    x = static_cast<float>(static_cast<int32_t>(SplitMix64(state) >> 32)) + 0.5f;
    squares += static_cast<double>(x) * x;
  }
  for (float& x : values) x = static_cast<float>(x / std::sqrt(squares));
  return Vector(std::move(values));
}

int64_t FakeTokens(std::string_view text) {
  return std::max<int64_t>(1, (static_cast<int64_t>(text.size()) + 3) / 4);
}

FakeEmbedder::FakeEmbedder(int32_t dimensions) : info_(FakeModel(dimensions)) {}

StatusOr<Embeddings> FakeEmbedder::Embed(std::span<const std::string> texts, InputKind kind,
                                         std::stop_token stop) {
  std::function<void(std::span<const std::string>)> callback;
  {
    MutexLock lock(mu_);
    ++begun_;
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
    callback = on_call_;
  }
  changed_.notify_all();
  if (callback) callback(texts);
  auto answer = Answer(texts, stop);
  MutexLock lock(mu_);
  --in_flight_;
  calls_.push_back({{texts.begin(), texts.end()}, kind, answer.status()});
  return answer;
}

StatusOr<Embeddings> FakeEmbedder::Answer(std::span<const std::string> texts,
                                          std::stop_token stop) {
  std::unique_lock lock(mu_);
  changed_.wait(lock, stop, [this]() DRIFT_TSA(no_thread_safety_analysis) { return !held_; });
  if (stop.stop_requested()) return Cancelled("embedding was cancelled");
  RETURN_IF_ERROR(Refusal(texts));
  Embeddings out = Work(texts);
  if (!lost_answers_.empty()) {
    Status lost = MarkMaybeBilled(lost_answers_.front());
    lost_answers_.pop_front();
    return lost;
  }
  return out;
}

Status FakeEmbedder::Refusal(std::span<const std::string> texts) {
  if (!failures_.empty()) {
    Status failure = failures_.front();
    failures_.pop_front();
    return failure;
  }
  for (const std::string& text : texts) {
    const auto refused = refused_.find(text);
    if (refused != refused_.end()) return refused->second;
  }
  return OkStatus();
}

Embeddings FakeEmbedder::Work(std::span<const std::string> texts) {
  Embeddings out;
  out.vectors.resize(texts.size());
  int64_t tokens = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto rejected = rejected_.find(texts[i]);
    if (texts[i].empty()) {
      out.rejected.push_back({i, InvalidArgument("the text is empty")});
    } else if (rejected != rejected_.end()) {
      out.rejected.push_back({i, rejected->second});
    } else {
      out.vectors[i] = FakeVector(texts[i], info_.dimensions);
      tokens += FakeTokens(texts[i]);
      ++billed_[texts[i]];
    }
  }
  tokens_ += tokens;
  if (say_bill_) {
    out.billed_tokens = tokens;
    out.guessed_tokens = guess_;
  }
  return out;
}

void FakeEmbedder::FailNext(Status error, int times) {
  MutexLock lock(mu_);
  failures_.insert(failures_.end(), static_cast<size_t>(times), error);
}

void FakeEmbedder::LoseNextAnswer(Status error) {
  MutexLock lock(mu_);
  lost_answers_.push_back(std::move(error));
}

void FakeEmbedder::RejectText(std::string text, Status why) {
  MutexLock lock(mu_);
  rejected_[std::move(text)] = std::move(why);
}

void FakeEmbedder::KeepBack(std::string text, Status why) {
  MutexLock lock(mu_);
  kept_back_[std::move(text)] = std::move(why);
}

std::vector<ItemError> FakeEmbedder::Unsendable(std::span<const std::string> texts,
                                                InputKind) const {
  MutexLock lock(mu_);
  std::vector<ItemError> out;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto kept = kept_back_.find(texts[i]);
    if (kept != kept_back_.end()) out.push_back({i, kept->second});
  }
  return out;
}

void FakeEmbedder::RefuseCallsWith(std::string text, Status why) {
  MutexLock lock(mu_);
  refused_[std::move(text)] = std::move(why);
}

void FakeEmbedder::Hold() {
  MutexLock lock(mu_);
  held_ = true;
}

void FakeEmbedder::Release() {
  {
    MutexLock lock(mu_);
    held_ = false;
  }
  changed_.notify_all();
}

void FakeEmbedder::SayBill(bool say) {
  MutexLock lock(mu_);
  say_bill_ = say;
}

void FakeEmbedder::SayGuess(int64_t tokens) {
  MutexLock lock(mu_);
  guess_ = tokens;
}

void FakeEmbedder::OnCall(std::function<void(std::span<const std::string>)> callback) {
  MutexLock lock(mu_);
  on_call_ = std::move(callback);
}

std::vector<FakeEmbedder::Call> FakeEmbedder::calls() const {
  MutexLock lock(mu_);
  return calls_;
}

std::map<std::string, int> FakeEmbedder::billed_texts() const {
  MutexLock lock(mu_);
  return billed_;
}

int64_t FakeEmbedder::billed_tokens() const {
  MutexLock lock(mu_);
  return tokens_;
}

int FakeEmbedder::in_flight() const {
  MutexLock lock(mu_);
  return in_flight_;
}

int FakeEmbedder::most_in_flight() const {
  MutexLock lock(mu_);
  return most_in_flight_;
}

void FakeEmbedder::WaitForCalls(size_t n) {
  std::unique_lock lock(mu_);
  changed_.wait(lock, [this, n]() DRIFT_TSA(no_thread_safety_analysis) { return begun_ >= n; });
}

}  // namespace drift::testing
