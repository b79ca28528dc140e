// Where a model can be asked: at its own provider, and at others that serve the very same model
// while that one is away.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "core/embedder.h"
#include "core/ledger_types.h"
#include "pipeline/pacer.h"

namespace drift {

// Nano-dollars for `tokens` asked at `when`.
using PriceFunction = std::function<NanoUsd(int64_t tokens, WallTime when)>;

// One model at one provider, with that provider's quota and price.
struct Endpoint {
  std::shared_ptr<Embedder> embedder;
  PriceFunction price;
  std::shared_ptr<Pacer> pacer;  // of the (provider, key, model); others may share it

  const ModelInfo& model() const { return embedder->model(); }
};

// Safe for concurrent use. Requests go to the first endpoint unless its breaker is open
// (pacer.h); then to the next one that answers. When the breaker's probe finds the first one well,
// it is asked again.
class Endpoints {
 public:
  // REQUIRES: !all.empty(); all of equal fingerprint and dimensions.
  Endpoints(std::vector<Endpoint> all, Clock& clock);

  const Endpoint& first() const { return all_.front(); }
  bool is_first(const Endpoint& endpoint) const { return &endpoint == &all_.front(); }
  size_t size() const { return all_.size(); }

  // Whom to ask now. The first if none is well: one at a time finds out.
  const Endpoint& Next() EXCLUDES(mu_);

  // A fallback said what waiting does not heal (a wrong key, an exhausted budget): it is left alone
  // for some minutes, for its own trouble must not stop what the first would do.
  void PutAside(const Endpoint& endpoint, const Status& why) EXCLUDES(mu_);

  // The provider that is asked in place of the first; empty: the first is asked.
  std::string InUse() const EXCLUDES(mu_);

 private:
  bool IsWell(size_t index, MonoTime now) const REQUIRES(mu_);
  void Use(size_t index) REQUIRES(mu_);

  const std::vector<Endpoint> all_;
  Clock& clock_;
  mutable Mutex mu_;
  size_t in_use_ GUARDED_BY(mu_) = 0;
  std::vector<MonoTime> aside_until_ GUARDED_BY(mu_);
};

}  // namespace drift
