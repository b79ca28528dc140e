// Packing and dispatch. Asking is in embed_request.cc.
#include "pipeline/embed_queue.h"

#include <algorithm>
#include <limits>
#include <thread>

namespace drift {
namespace {

constexpr size_t kRecentBytes = 32 << 20;
constexpr int64_t kRemoteInFlight = 8;

int64_t DefaultInFlight(const ModelInfo& model) {
  if (model.rate.max_concurrency > 0) return model.rate.max_concurrency;
  if (model.is_local) return std::max(1u, std::thread::hardware_concurrency());
  return kRemoteInFlight;
}

}  // namespace

EmbedQueue::EmbedQueue(Parts parts)
    : parts_(std::move(parts)),
      max_in_flight_(DefaultInFlight(parts_.embedder->model())),
      cooldown_until_(parts_.clock.Mono()),
      recent_(kRecentBytes) {}

EmbedQueue::~EmbedQueue() {
  std::unique_lock lock(mu_);
  idle_.wait(lock, [this]() DRIFT_TSA(no_thread_safety_analysis) { return tasks_ == 0; });
}

std::shared_ptr<EmbedTicket> EmbedQueue::Submit(const std::shared_ptr<EmbedClient>& client,
                                                std::vector<EmbedText> texts) {
  auto ticket = std::make_shared<EmbedTicket>(texts.size());
  const bool shares = client->dedup && client->kind == InputKind::kDocument;
  std::vector<std::pair<size_t, RecentVectors::Entry>> known;
  for (size_t i = 0; i < texts.size(); ++i) {
    auto slot = std::make_shared<Slot>();
    slot->tokens = parts_.counter->Count(texts[i].text);
    slot->text = std::move(texts[i]);
    slot->waiters.push_back({client, ticket, i});
    MutexLock lock(mu_);
    if (shares) {
      if (auto recent = recent_.Find(slot->text.sha256)) {
        known.emplace_back(i, std::move(*recent));
        continue;
      }
      const auto [pending, is_new] = pending_.emplace(slot->text.sha256, slot);
      if (!is_new) {
        Join(*pending->second, std::move(slot->waiters.front()));
        continue;
      }
    }
    Enqueue(slot, false);
  }
  for (auto& [index, entry] : known) {
    EmbedAnswer answer;
    answer.vector = std::move(entry.vector);
    answer.embedded_at = entry.embedded_at;
    ticket->Answer(index, std::move(answer));
  }
  Dispatch();
  return ticket;
}

void EmbedQueue::Flush(const std::shared_ptr<EmbedClient>& client) {
  {
    MutexLock lock(mu_);
    for (const auto& lane : lanes_) {
      if (lane->client == client) lane->flush = true;
    }
  }
  Dispatch();
}

void EmbedQueue::Leave(const std::shared_ptr<EmbedClient>& client) {
  std::deque<std::shared_ptr<Slot>> left;
  {
    MutexLock lock(mu_);
    for (size_t i = 0; i < lanes_.size(); ++i) {
      if (lanes_[i]->client != client) continue;
      left = std::move(lanes_[i]->waiting);
      EraseLane(i);
      break;
    }
  }
  const std::vector<std::shared_ptr<Slot>> slots(left.begin(), left.end());
  Fail(client, slots, Cancelled("the run has ended"));
  Dispatch();
}

void EmbedQueue::EraseLane(size_t at) {
  lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(at));
  if (next_lane_ > at) --next_lane_;
}

void EmbedQueue::Join(Slot& slot, Waiter waiter) {
  // Its own client may be in no hurry to have its last request sent.
  const std::shared_ptr<EmbedClient>& asks = slot.waiters.front().client;
  if (asks != waiter.client) {
    for (const auto& lane : lanes_) {
      if (lane->client == asks) lane->flush = true;
    }
  }
  slot.waiters.push_back(std::move(waiter));
}

EmbedQueue::Lane& EmbedQueue::LaneOf(const std::shared_ptr<EmbedClient>& client) {
  for (const auto& lane : lanes_) {
    if (lane->client == client) return *lane;
  }
  lanes_.push_back(std::make_unique<Lane>());
  lanes_.back()->client = client;
  return *lanes_.back();
}

void EmbedQueue::Enqueue(const std::shared_ptr<Slot>& slot, bool flush) {
  Lane& lane = LaneOf(slot->waiters.front().client);
  lane.waiting.push_back(slot);
  lane.tokens += slot->tokens;
  lane.bytes += static_cast<int64_t>(slot->text.text.size());
  lane.flush |= flush;
}

int64_t EmbedQueue::MaxItems(const EmbedClient& client) const {
  const int64_t most = model().request.max_items;
  return most > 0 ? std::min<int64_t>(most, client.batch_size) : client.batch_size;
}

bool EmbedQueue::HasFullPack(const Lane& lane) const {
  const RequestLimits& limits = model().request;
  return static_cast<int64_t>(lane.waiting.size()) >= MaxItems(*lane.client) ||
         (limits.max_tokens > 0 && lane.tokens > limits.max_tokens) ||
         (limits.max_bytes > 0 && lane.bytes > limits.max_bytes);
}

std::optional<EmbedQueue::Pack> EmbedQueue::NextPack() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const size_t at = (next_lane_ + i) % lanes_.size();
    Lane& lane = *lanes_[at];
    const bool flush = lane.flush && lane.client->requests_in_flight == 0;
    if (!HasFullPack(lane) && !flush) continue;
    Pack pack = TakePack(lane);
    next_lane_ = at + 1;
    if (lane.waiting.empty()) EraseLane(at);
    return pack;
  }
  return std::nullopt;
}

EmbedQueue::Pack EmbedQueue::TakePack(Lane& lane) {
  const RequestLimits& limits = model().request;
  const auto or_unlimited = [](int64_t limit) {
    return limit > 0 ? limit : std::numeric_limits<int64_t>::max();
  };
  const int64_t max_items = MaxItems(*lane.client);
  Pack pack{lane.client, {}};
  int64_t tokens = 0;
  int64_t bytes = 0;
  while (!lane.waiting.empty() && static_cast<int64_t>(pack.slots.size()) < max_items) {
    const std::shared_ptr<Slot>& next = lane.waiting.front();
    const auto size = static_cast<int64_t>(next->text.text.size());
    const bool fits = tokens + next->tokens <= or_unlimited(limits.max_tokens) &&
                      bytes + size <= or_unlimited(limits.max_bytes);
    if (!fits && !pack.slots.empty())
      break;  // alone, even a too large text is tried: it is rejected
    tokens += next->tokens;
    bytes += size;
    pack.slots.push_back(next);
    lane.waiting.pop_front();
  }
  lane.tokens -= tokens;
  lane.bytes -= bytes;
  return pack;
}

void EmbedQueue::Dispatch() {
  for (;;) {
    std::optional<Pack> pack;
    {
      MutexLock lock(mu_);
      if (in_flight_ >= max_in_flight_) return;
      pack = NextPack();
      if (!pack) return;
      ++in_flight_;
      ++tasks_;
      ++pack->client->requests_in_flight;
    }
    parts_.workers.Post([this, pack = std::move(*pack)] { Process(pack); });
  }
}

void EmbedQueue::Process(const Pack& pack) {
  Ask(pack.client, pack.slots);
  {
    MutexLock lock(mu_);
    --in_flight_;
    --pack.client->requests_in_flight;
  }
  Dispatch();
  MutexLock lock(mu_);
  --tasks_;
  idle_.notify_all();
}

}  // namespace drift
