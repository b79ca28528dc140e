// What waits, and the threads that ask. One request is in embed_request.cc.
#include "pipeline/embed_queue.h"

#include <algorithm>

namespace drift {
namespace {

std::vector<Endpoint> EndpointsOf(const EmbedQueue::Parts& parts) {
  std::vector<Endpoint> all = {{parts.embedder, parts.price, parts.pacer}};
  all.insert(all.end(), parts.fallbacks.begin(), parts.fallbacks.end());
  return all;
}

}  // namespace

EmbedQueue::EmbedQueue(Parts parts)
    : parts_(std::move(parts)), endpoints_(EndpointsOf(parts_), parts_.clock) {}

EmbedQueue::~EmbedQueue() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mu_);
    closing_ = true;
    threads.swap(threads_);
  }
  work_.notify_all();
  for (std::thread& thread : threads) thread.join();
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
      if (auto recent = parts_.recent->Find(slot->text.sha256)) {
        known.emplace_back(i, std::move(*recent));
        continue;
      }
      const auto [pending, is_new] = pending_.emplace(slot->text.sha256, slot);
      if (!is_new) {
        Join(*pending->second, std::move(slot->waiters.front()));
        continue;
      }
    }
    lanes_.Add(slot);
  }
  for (auto& [index, entry] : known) {
    EmbedAnswer answer;
    answer.vector = std::move(entry.vector);
    answer.embedded_at = entry.embedded_at;
    ticket->Answer(index, std::move(answer));
  }
  MutexLock lock(mu_);
  WakeWorker();
  return ticket;
}

void EmbedQueue::Flush(const std::shared_ptr<EmbedClient>& client) {
  MutexLock lock(mu_);
  lanes_.Flush(*client);
  WakeWorker();
}

void EmbedQueue::Leave(const std::shared_ptr<EmbedClient>& client) {
  std::deque<std::shared_ptr<Slot>> left;
  {
    MutexLock lock(mu_);
    left = lanes_.Remove(*client);
  }
  const std::vector<std::shared_ptr<Slot>> slots(left.begin(), left.end());
  Fail(client, slots, Cancelled("the run has ended"));
  std::unique_lock lock(mu_);
  WakeWorker();
  idle_.wait(
      lock, [&]() DRIFT_TSA(no_thread_safety_analysis) { return client->requests_in_flight == 0; });
}

void EmbedQueue::Join(Slot& slot, EmbedWaiter waiter) {
  // Its own client may be in no hurry to have its last request sent.
  const std::shared_ptr<EmbedClient>& asks = slot.waiters.front().client;
  if (asks != waiter.client) lanes_.Flush(*asks);
  slot.waiters.push_back(std::move(waiter));
}

void EmbedQueue::WakeWorker() {
  const Endpoint& endpoint = endpoints_.Next();
  if (closing_ || !lanes_.Next(endpoint.embedder->limits())) return;
  if (idle_threads_ > 0) {
    work_.notify_one();
  } else if (static_cast<int64_t>(threads_.size()) < endpoint.pacer->max_concurrency()) {
    threads_.emplace_back([this] { Work(); });
  }
}

void EmbedQueue::Work() DRIFT_TSA(no_thread_safety_analysis) {
  std::unique_lock lock(mu_);
  const auto wait_idle = [&](std::optional<Duration> wait) {
    ++idle_threads_;
    if (wait) {
      work_.wait_for(lock, *wait);
    } else {
      work_.wait(lock);
    }
    --idle_threads_;
  };
  while (!closing_) {
    const Endpoint& endpoint = endpoints_.Next();
    const auto choice = lanes_.Next(endpoint.embedder->limits());
    if (!choice) {
      wait_idle(std::nullopt);
      continue;
    }
    const QuotaUse use{choice->tokens, static_cast<int64_t>(choice->slots.size())};
    if (const auto wait = endpoint.pacer->TryTake(use)) {
      const MonoTime began = parts_.clock.Mono();
      wait_idle(wait);
      parts_.metrics.AddThrottled({endpoint.model().provider, endpoint.model().id()},
                                  parts_.clock.Mono() - began);
      continue;
    }
    const EmbedPack pack = lanes_.Take(*choice);
    ++pack.client->requests_in_flight;
    WakeWorker();
    lock.unlock();
    Ask(pack.client, pack.slots, &endpoint);
    lock.lock();
    --pack.client->requests_in_flight;
    idle_.notify_all();
  }
}

}  // namespace drift
