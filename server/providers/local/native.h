// libdrift_models (native/models/drift_models.h) as C++ objects.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/catalogue.h"

struct drift_tokenizer;
struct drift_onnx_session;

namespace drift::local {

// A Hugging Face tokenizer. Safe for concurrent use.
class Tokenizer {
 public:
  // `json`: a tokenizer.json. kDataLoss: it is none.
  static StatusOr<std::shared_ptr<Tokenizer>> Open(std::string_view json);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Replaces `ids`. `special`: with what stands around a text. kInvalidArgument: it cannot be
  // encoded (it is not UTF-8).
  Status Encode(std::string_view text, bool special, std::vector<uint32_t>& ids) const;
  StatusOr<int64_t> Count(std::string_view text, bool special) const;

 private:
  explicit Tokenizer(drift_tokenizer* handle) : handle_(handle) {}
  drift_tokenizer* const handle_;
};

// Tokens as OpenAI counts them. kInvalidArgument: not UTF-8. REQUIRES: kCl100k or kO200k.
StatusOr<int64_t> CountTiktoken(TokenizerKind encoding, std::string_view text);

// Opens the ONNX Runtime library, once for the process. kNotFound: it is not there, or too old.
Status LoadOnnxRuntime(const std::string& path);

// Sessions of one model: as many as run at the same time, up to a limit. Safe for concurrent use.
class OnnxSessions {
 public:
  struct Options {
    int max_sessions = 1;
    int threads = 1;  // of one session
    LocalModel::Pooling pooling = LocalModel::Pooling::kMean;
    size_t dimensions = 0;
  };
  // `model` is the .onnx file's content and must outlive this. Opens the first session: kDataLoss:
  // the file is no model. REQUIRES: LoadOnnxRuntime() was OK.
  static StatusOr<std::unique_ptr<OnnxSessions>> Open(std::string_view model, Options options);
  ~OnnxSessions();
  OnnxSessions(const OnnxSessions&) = delete;
  OnnxSessions& operator=(const OnnxSessions&) = delete;

  // Token ids of some texts in, one unit vector each out (row by row). Waits while all sessions are
  // busy. kCancelled soon after `stop`; kInternal.
  Status Embed(std::span<const std::vector<uint32_t>> texts, std::span<float> out,
               const std::stop_token& stop) EXCLUDES(mu_);

 private:
  OnnxSessions(std::string_view model, Options options) : model_(model), options_(options) {}
  StatusOr<drift_onnx_session*> NewSession() const;
  StatusOr<drift_onnx_session*> Take(const std::stop_token& stop) EXCLUDES(mu_);
  void GiveBack(drift_onnx_session* session) EXCLUDES(mu_);

  const std::string_view model_;
  const Options options_;
  Mutex mu_;
  CondVar returned_;
  std::vector<drift_onnx_session*> idle_ GUARDED_BY(mu_);
  int open_ GUARDED_BY(mu_) = 0;
};

}  // namespace drift::local
