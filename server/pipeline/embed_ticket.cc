#include "pipeline/embed_ticket.h"

namespace drift {

bool EmbedTicket::done() const {
  MutexLock lock(mu_);
  return unanswered_ == 0;
}

Status EmbedTicket::status() const {
  MutexLock lock(mu_);
  return error_;
}

void EmbedTicket::WhenDone(std::function<void()> callback) {
  {
    MutexLock lock(mu_);
    if (unanswered_ > 0) {
      when_done_ = std::move(callback);
      return;
    }
  }
  callback();
}

Status EmbedTicket::Wait(std::stop_token stop) {
  std::unique_lock lock(mu_);
  const bool done = answered_.wait(
      lock, stop, [this]() DRIFT_TSA(no_thread_safety_analysis) { return unanswered_ == 0; });
  return done ? error_ : Cancelled("stopped");
}

void EmbedTicket::Answer(size_t index, EmbedAnswer answer) {
  std::function<void()> callback;
  {
    MutexLock lock(mu_);
    const bool item_error = answer.status.code() == StatusCode::kInvalidArgument;
    if (!answer.status.ok() && !item_error && error_.ok()) error_ = answer.status;
    answers_[index] = std::move(answer);
    if (--unanswered_ == 0) {
      callback = std::move(when_done_);
      answered_.notify_all();
    }
  }
  if (callback) callback();
}

}  // namespace drift
