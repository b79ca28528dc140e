#include "pipeline/embed_lanes.h"

#include <algorithm>
#include <limits>

namespace drift {
namespace {

// How many texts that do not fit are passed over in search of some that do: requests get fuller,
// and no text waits long behind others.
constexpr size_t kLookAhead = 64;
constexpr int64_t kJsonPerText = 4;  // quotes, comma, blank

// Live changes and backfills share a quota as 4 to 1. A search is never held back.
constexpr std::array<double, kPriorities> kWeights = {1, 4, 1};

int64_t OrUnlimited(int64_t limit) {
  return limit > 0 ? limit : std::numeric_limits<int64_t>::max();
}

int64_t JsonBytes(std::string_view text) {
  auto bytes = static_cast<int64_t>(text.size()) + kJsonPerText;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) bytes += 5;
    if (c == '"' || c == '\\') bytes += 1;
  }
  return bytes;
}

int64_t MaxItems(const EmbedClient& client, const RequestLimits& limits) {
  return std::min<int64_t>(client.batch_size, OrUnlimited(limits.max_items));
}

int64_t MaxQuarterBytes(const RequestLimits& limits) {
  return limits.token_rule == TokenRule::kQuarterBytes ? OrUnlimited(limits.max_tokens)
                                                       : OrUnlimited(0);
}

size_t ClassOf(const EmbedClient& client) {
  return static_cast<size_t>(client.priority.load());
}

}  // namespace

EmbedLanes::Lane& EmbedLanes::LaneOf(const std::shared_ptr<EmbedClient>& client) {
  for (Lane& lane : lanes_) {
    if (lane.client == client) return lane;
  }
  lanes_.emplace_back().client = client;
  return lanes_.back();
}

void EmbedLanes::Add(const std::shared_ptr<EmbedSlot>& slot) {
  slot->quarter_bytes = (static_cast<int64_t>(slot->text.text.size()) + 3) / 4;
  slot->json_bytes = JsonBytes(slot->text.text);
  Lane& lane = LaneOf(slot->waiters.front().client);
  lane.waiting.push_back(slot);
  lane.tokens += slot->tokens;
  lane.quarter_bytes += slot->quarter_bytes;
  lane.json_bytes += slot->json_bytes;
}

void EmbedLanes::Flush(const EmbedClient& client) {
  for (Lane& lane : lanes_) {
    if (lane.client.get() == &client) lane.flush = true;
  }
}

std::deque<std::shared_ptr<EmbedSlot>> EmbedLanes::Remove(const EmbedClient& client) {
  std::deque<std::shared_ptr<EmbedSlot>> out;
  const auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& candidate) {
    return candidate.client.get() == &client;
  });
  if (lane == lanes_.end()) return out;
  out = std::move(lane->waiting);
  lanes_.erase(lane);
  return out;
}

bool EmbedLanes::IsReady(const Lane& lane, const RequestLimits& limits) const {
  if (lane.flush && lane.client->requests_in_flight == 0) return true;
  return static_cast<int64_t>(lane.waiting.size()) >= MaxItems(*lane.client, limits) ||
         lane.tokens > OrUnlimited(limits.max_tokens) ||
         lane.quarter_bytes > MaxQuarterBytes(limits) ||
         lane.json_bytes > OrUnlimited(limits.max_bytes);
}

EmbedLanes::Choice EmbedLanes::Fill(size_t lane_index, const RequestLimits& limits) const {
  const Lane& lane = lanes_[lane_index];
  Choice choice{lane_index, {}, 0};
  const auto max_items = static_cast<size_t>(MaxItems(*lane.client, limits));
  int64_t quarter_bytes = 0;
  int64_t json_bytes = 0;
  size_t passed_over = 0;
  for (size_t i = 0; i < lane.waiting.size(); ++i) {
    const EmbedSlot& slot = *lane.waiting[i];
    const bool fits = choice.tokens + slot.tokens <= OrUnlimited(limits.max_tokens) &&
                      quarter_bytes + slot.quarter_bytes <= MaxQuarterBytes(limits) &&
                      json_bytes + slot.json_bytes <= OrUnlimited(limits.max_bytes);
    // Alone, even a too large text is tried: it is rejected.
    if (!fits && !choice.slots.empty()) {
      if (++passed_over == kLookAhead) break;
      continue;
    }
    choice.slots.push_back(i);
    choice.tokens += slot.tokens;
    quarter_bytes += slot.quarter_bytes;
    json_bytes += slot.json_bytes;
    if (choice.slots.size() == max_items) break;
  }
  return choice;
}

std::optional<EmbedLanes::Choice> EmbedLanes::Next(const RequestLimits& limits) const {
  std::array<std::optional<size_t>, kPriorities> ready;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    auto& first = ready[ClassOf(*lanes_[i].client)];
    if (!first && IsReady(lanes_[i], limits)) first = i;
  }
  std::optional<size_t> best;
  for (size_t c = 0; c < kPriorities; ++c) {
    if (!ready[c]) continue;
    if (c == static_cast<size_t>(EmbedPriority::kSearch)) return Fill(*ready[c], limits);
    if (!best || served_[c] < served_[*best]) best = c;
  }
  if (!best) return std::nullopt;
  return Fill(*ready[*best], limits);
}

EmbedPack EmbedLanes::Take(const Choice& choice) {
  Lane lane = std::move(lanes_[choice.lane]);
  lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(choice.lane));

  const size_t c = ClassOf(*lane.client);
  served_[c] += static_cast<double>(choice.tokens) / kWeights[c];
  // Who has nothing to ask saves up no right to be first for long.
  for (size_t other = 0; other < kPriorities; ++other) {
    const bool waits = std::any_of(lanes_.begin(), lanes_.end(), [other](const Lane& candidate) {
      return ClassOf(*candidate.client) == other;
    });
    if (!waits) served_[other] = std::max(served_[other], served_[c]);
  }

  EmbedPack pack{lane.client, {}};
  std::deque<std::shared_ptr<EmbedSlot>> left;
  size_t next = 0;
  const size_t last = choice.slots.back();
  for (size_t i = 0; i <= last; ++i) {
    if (choice.slots[next] != i) {
      left.push_back(std::move(lane.waiting[i]));
      continue;
    }
    ++next;
    const std::shared_ptr<EmbedSlot>& slot = lane.waiting[i];
    lane.tokens -= slot->tokens;
    lane.quarter_bytes -= slot->quarter_bytes;
    lane.json_bytes -= slot->json_bytes;
    pack.slots.push_back(slot);
  }
  lane.waiting.erase(lane.waiting.begin(),
                     lane.waiting.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  lane.waiting.insert(lane.waiting.begin(), left.begin(), left.end());
  if (!lane.waiting.empty()) lanes_.push_back(std::move(lane));
  return pack;
}

}  // namespace drift
