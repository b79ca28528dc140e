#include "providers/local/native.h"

#include <algorithm>

#include "native/models/drift_models.h"

namespace drift::local {
namespace {

Status FromNative(const drift_models_error& error) {
  const std::string_view message = error.message;
  switch (error.code) {
    case DRIFT_MODELS_INVALID:
      return MakeStatus(StatusCode::kInvalidArgument, message);
    case DRIFT_MODELS_NOT_FOUND:
      return MakeStatus(StatusCode::kNotFound, message);
    case DRIFT_MODELS_CANCELLED:
      return MakeStatus(StatusCode::kCancelled, message);
    default:
      return MakeStatus(StatusCode::kInternal, message);
  }
}

int32_t NativePooling(LocalModel::Pooling pooling) {
  return pooling == LocalModel::Pooling::kMean ? DRIFT_POOLING_MEAN : DRIFT_POOLING_CLS;
}

// Tokens per byte are at most this for all but the oddest texts; those are encoded twice.
size_t LikelyTokens(std::string_view text) {
  return text.size() / 2 + 16;
}

}  // namespace

StatusOr<std::shared_ptr<Tokenizer>> Tokenizer::Open(std::string_view json) {
  drift_models_error error{};
  drift_tokenizer* handle = drift_tokenizer_open(json.data(), json.size(), &error);
  if (handle == nullptr) return DataLoss("no tokenizer.json: {}", error.message);
  return std::shared_ptr<Tokenizer>(new Tokenizer(handle));
}

Tokenizer::~Tokenizer() {
  drift_tokenizer_close(handle_);
}

Status Tokenizer::Encode(std::string_view text, bool special, std::vector<uint32_t>& ids) const {
  ids.resize(LikelyTokens(text));
  for (;;) {
    drift_models_error error{};
    const int64_t found = drift_tokenizer_encode(handle_, text.data(), text.size(), special ? 1 : 0,
                                                 ids.data(), ids.size(), &error);
    if (found < 0) return FromNative(error);
    const bool fits = static_cast<size_t>(found) <= ids.size();
    ids.resize(static_cast<size_t>(found));
    if (fits) return OkStatus();
  }
}

StatusOr<int64_t> Tokenizer::Count(std::string_view text, bool special) const {
  drift_models_error error{};
  const int64_t found = drift_tokenizer_encode(handle_, text.data(), text.size(), special ? 1 : 0,
                                               nullptr, 0, &error);
  if (found < 0) return FromNative(error);
  return found;
}

StatusOr<int64_t> CountTiktoken(TokenizerKind encoding, std::string_view text) {
  drift_models_error error{};
  const int32_t native =
      encoding == TokenizerKind::kO200k ? DRIFT_TIKTOKEN_O200K : DRIFT_TIKTOKEN_CL100K;
  const int64_t found = drift_tiktoken_count(native, text.data(), text.size(), &error);
  if (found < 0) return FromNative(error);
  return found;
}

Status LoadOnnxRuntime(const std::string& path) {
  drift_models_error error{};
  if (drift_onnx_load(path.data(), path.size(), &error) != DRIFT_MODELS_OK)
    return FromNative(error);
  return OkStatus();
}

StatusOr<std::unique_ptr<OnnxSessions>> OnnxSessions::Open(std::string_view model,
                                                           Options options) {
  std::unique_ptr<OnnxSessions> out(new OnnxSessions(model, options));
  auto first = out->NewSession();
  if (!first.ok()) return DataLoss("no ONNX model: {}", Message(first.status()));
  MutexLock lock(out->mu_);
  out->idle_.push_back(*first);
  out->open_ = 1;
  return out;
}

OnnxSessions::~OnnxSessions() {
  for (drift_onnx_session* session : idle_) drift_onnx_close(session);
}

StatusOr<drift_onnx_session*> OnnxSessions::NewSession() const {
  drift_models_error error{};
  drift_onnx_session* session =
      drift_onnx_open(model_.data(), model_.size(), options_.threads, &error);
  if (session == nullptr) return FromNative(error);
  return session;
}

StatusOr<drift_onnx_session*> OnnxSessions::Take(const std::stop_token& stop) {
  {
    std::unique_lock lock(mu_);
    const bool ready = returned_.wait(lock, stop, [this]() DRIFT_TSA(no_thread_safety_analysis) {
      return !idle_.empty() || open_ < options_.max_sessions;
    });
    if (!ready || stop.stop_requested()) return Cancelled("stopped");
    if (!idle_.empty()) {
      drift_onnx_session* session = idle_.back();
      idle_.pop_back();
      return session;
    }
    ++open_;
  }
  auto session = NewSession();
  if (!session.ok()) {
    MutexLock lock(mu_);
    --open_;
    returned_.notify_one();
  }
  return session;
}

void OnnxSessions::GiveBack(drift_onnx_session* session) {
  MutexLock lock(mu_);
  idle_.push_back(session);
  returned_.notify_one();
}

Status OnnxSessions::Embed(std::span<const std::vector<uint32_t>> texts, std::span<float> out,
                           const std::stop_token& stop) {
  size_t length = 0;
  std::vector<size_t> lengths;
  for (const auto& ids : texts) {
    lengths.push_back(ids.size());
    length = std::max(length, ids.size());
  }
  std::vector<uint32_t> padded(texts.size() * length);
  for (size_t i = 0; i < texts.size(); ++i) {
    std::copy(texts[i].begin(), texts[i].end(),
              padded.begin() + static_cast<std::ptrdiff_t>(i * length));
  }
  ASSIGN_OR_RETURN(drift_onnx_session* const session, Take(stop));
  drift_onnx_stop(session, 0);
  drift_models_error error{};
  int32_t code;
  {
    const std::stop_callback cancel(stop, [session] { drift_onnx_stop(session, 1); });
    code =
        drift_onnx_embed(session, padded.data(), lengths.data(), texts.size(), length,
                         NativePooling(options_.pooling), out.data(), options_.dimensions, &error);
  }
  GiveBack(session);
  if (code == DRIFT_MODELS_OK) return OkStatus();
  // No text is to blame: what can be wrong with one was found by the tokenizer.
  if (code == DRIFT_MODELS_INVALID) return Internal("the model cannot be run: {}", error.message);
  return FromNative(error);
}

}  // namespace drift::local
