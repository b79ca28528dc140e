// Whom an EmbedQueue works for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "core/types.h"
#include "pipeline/spend.h"

namespace drift {

struct EmbedText {
  std::string text;
  Sha256Digest sha256{};
};

// Who goes first when a model's quota is short.
enum class EmbedPriority : uint8_t {
  kSearch,    // a person waits
  kLive,      // changes of a table
  kBackfill,  // a whole table
};
inline constexpr size_t kPriorities = 3;

// For whom. Shared with the queue until the last text is answered.
struct EmbedClient {
  std::string run_id;
  std::string pipeline;
  InputKind kind = InputKind::kDocument;
  int32_t batch_size = 128;  // texts per request, at most
  bool dedup = true;
  std::atomic<EmbedPriority> priority{EmbedPriority::kLive};
  std::stop_token stop;
  // Told before each wait for a provider; may be called from any thread until Leave() is over or
  // the last text is answered.
  std::function<void(const Status& why, std::chrono::milliseconds wait)> on_wait;
  // Told how many texts were just answered with a vector; as on_wait.
  std::function<void(int64_t texts)> on_answered;
  RunSpend spend;
  int32_t requests_in_flight = 0;  // kept by the queue, under its lock
};

}  // namespace drift
