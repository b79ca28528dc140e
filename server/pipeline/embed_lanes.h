// The texts that wait to be asked for, and which of them go next, together in one request.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/embedder.h"
#include "pipeline/embed_client.h"
#include "pipeline/embed_ticket.h"

namespace drift {

// Who waits for a text's answer.
struct EmbedWaiter {
  std::shared_ptr<EmbedClient> client;
  std::shared_ptr<EmbedTicket> ticket;
  size_t index;
};

// One text to ask for. The first waiter's client asks and pays; the others get the same vector.
struct EmbedSlot {
  EmbedText text;
  int64_t tokens = 0;
  int64_t quarter_bytes = 0;  // of its bytes, rounded up: what TokenRule::kQuarterBytes adds up
  int64_t json_bytes = 0;     // in a request's body
  std::vector<EmbedWaiter> waiters;
};

// One request: texts of one client.
struct EmbedPack {
  std::shared_ptr<EmbedClient> client;
  std::vector<std::shared_ptr<EmbedSlot>> slots;
};

// A lane per client. Full requests go first come, first served within a class of clients; classes
// share by weight, counted in tokens, so that live changes pass a backfill and do not starve it. A
// search passes all. One thread at a time.
class EmbedLanes {
 public:
  // Fills in the slot's sizes, but for `tokens`, and puts it into the lane of its first waiter.
  void Add(const std::shared_ptr<EmbedSlot>& slot);
  // The client's last, partly filled request may go too, as soon as none of its requests is in
  // flight: so requests stay full.
  void Flush(const EmbedClient& client);
  // Takes all of the client's texts out.
  std::deque<std::shared_ptr<EmbedSlot>> Remove(const EmbedClient& client);

  // What would go next: a view that is good until the lanes change.
  struct Choice {
    size_t lane = 0;
    std::vector<size_t> slots;  // ascending
    int64_t tokens = 0;
  };
  // nullopt: nothing is ready.
  std::optional<Choice> Next(const RequestLimits& limits) const;
  EmbedPack Take(const Choice& choice);

 private:
  struct Lane {
    std::shared_ptr<EmbedClient> client;
    std::deque<std::shared_ptr<EmbedSlot>> waiting;
    int64_t tokens = 0;
    int64_t quarter_bytes = 0;
    int64_t json_bytes = 0;
    bool flush = false;
  };
  bool IsReady(const Lane& lane, const RequestLimits& limits) const;
  Choice Fill(size_t lane, const RequestLimits& limits) const;
  Lane& LaneOf(const std::shared_ptr<EmbedClient>& client);

  std::vector<Lane> lanes_;  // the one served last is last
  // Tokens served, divided by the class's weight.
  std::array<double, kPriorities> served_{};
};

}  // namespace drift
