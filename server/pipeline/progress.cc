#include "pipeline/progress.h"

#include "base/status.h"

namespace drift {
namespace {

constexpr std::chrono::milliseconds kRateWindow{1000};

}  // namespace

RunView RunProgress::view() const {
  MutexLock lock(mu_);
  return view_;
}

void RunProgress::AddRows(int64_t rows) {
  Update([&](RunView& view) DRIFT_TSA(no_thread_safety_analysis) {
    view.rows_done += rows;
    rate_rows_ += rows;
    const MonoTime now = clock_.Mono();
    const Duration passed = now - rate_since_;
    if (passed < kRateWindow && view.rows_per_second > 0) return;
    const double seconds = std::chrono::duration<double>(passed).count();
    if (seconds > 0) view.rows_per_second = static_cast<double>(rate_rows_) / seconds;
    if (passed < kRateWindow) return;
    rate_since_ = now;
    rate_rows_ = 0;
  });
}

void RunProgress::SetWaiting(const Status& why, std::chrono::milliseconds wait) {
  Update([&](RunView& view) {
    view.backing_off = std::string(Message(why));
    view.backing_off_reason = Reason(why).empty() ? std::string(CodeName(why.code())) : Reason(why);
    view.retry_at = clock_.Now() + wait;
  });
}

void RunProgress::ClearWaiting() {
  Update([](RunView& view) {
    view.backing_off.clear();
    view.backing_off_reason.clear();
    view.retry_at.reset();
  });
}

RunView RunProgress::WaitForChange(uint64_t& generation, Duration most,
                                   std::stop_token stop) const {
  std::unique_lock lock(mu_);
  changed_.wait_for(lock, stop, most, [&]() DRIFT_TSA(no_thread_safety_analysis) {
    return generation_ != generation;
  });
  generation = generation_;
  return view_;
}

void RunProgress::WaitForEnd(Duration most, std::stop_token stop) const {
  std::unique_lock lock(mu_);
  changed_.wait_for(lock, stop, most, [&]() DRIFT_TSA(no_thread_safety_analysis) {
    return IsFinal(view_.run.state);
  });
}

}  // namespace drift
