#include "pipeline/endpoints.h"

#include "base/log.h"

namespace drift {
namespace {

constexpr std::chrono::minutes kAside{5};

}  // namespace

Endpoints::Endpoints(std::vector<Endpoint> all, Clock& clock)
    : all_(std::move(all)), clock_(clock), aside_until_(all_.size(), clock.Mono()) {}

bool Endpoints::IsWell(size_t index, MonoTime now) const {
  return now >= aside_until_[index] && !all_[index].pacer->IsOpen();
}

const Endpoint& Endpoints::Next() {
  if (all_.size() == 1) return all_.front();
  MutexLock lock(mu_);
  const MonoTime now = clock_.Mono();
  for (size_t i = 0; i < all_.size(); ++i) {
    if (!IsWell(i, now)) continue;
    Use(i);
    return all_[i];
  }
  return all_.front();
}

void Endpoints::Use(size_t index) {
  if (index == in_use_) return;
  // A probe goes to the first while the others do the work.
  if (index == 0 && all_.front().pacer->IsTripped()) return;
  in_use_ = index;
  const std::string& model = all_.front().model().id();
  if (index == 0) {
    LogInfo("the model is asked of its own provider again", {{"model", model}});
  } else {
    LogWarn("the model's provider does not answer; another one is asked for it meanwhile",
            {{"model", model}, {"fallback", all_[index].model().provider}});
  }
}

void Endpoints::PutAside(const Endpoint& endpoint, const Status& why) {
  MutexLock lock(mu_);
  for (size_t i = 1; i < all_.size(); ++i) {
    if (&all_[i] != &endpoint) continue;
    const MonoTime now = clock_.Mono();
    if (now >= aside_until_[i]) {
      LogWarn("a fallback cannot be asked", {{"model", all_.front().model().id()},
                                             {"fallback", endpoint.model().provider},
                                             {"error", Message(why)}});
    }
    aside_until_[i] = now + kAside;
    if (in_use_ == i) in_use_ = 0;
  }
}

std::string Endpoints::InUse() const {
  MutexLock lock(mu_);
  return in_use_ == 0 ? "" : all_[in_use_].model().provider;
}

}  // namespace drift
