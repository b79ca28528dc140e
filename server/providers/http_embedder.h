// A model behind HTTP and JSON. What all such providers share is done here once: the key, the
// attempt, the deadline, what may have been billed, checking, the quota. A provider's own folder
// adds its Protocol: the request, the answer, the errors.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/embedder.h"
#include "net/http.h"
#include "providers/answer_error.h"
#include "providers/answer_vectors.h"
#include "providers/http_settings.h"
#include "providers/provider.h"
#include "providers/sent_texts.h"

namespace drift {

struct EmbedCall {
  std::span<const std::string> texts;  // none is empty; with the prefix of the kind
  InputKind kind = InputKind::kDocument;
  const Secret& key;  // empty: none
};

// Pure and constant: safe for concurrent use.
class Protocol {
 public:
  virtual ~Protocol() = default;

  // URL, headers (the key among them) and body; the deadline is the caller's to set.
  virtual HttpRequest Encode(const EmbedCall& call) const = 0;
  // Puts the vectors of a 200 into `vectors`, sized for the call, and returns the tokens billed, if
  // it says them. Any error means that the answer cannot be used.
  virtual StatusOr<std::optional<int64_t>> Decode(const HttpResponse& response,
                                                  AnswerVectors& vectors) const = 0;
  // Whether the provider cuts texts that are too long without a word, and cannot be told not to.
  // Texts that are too long by estimate are then not sent.
  virtual bool CutsLongTexts() const { return false; }
  // An answer other than 200: what it says, and what that means. By default ReadErrorBody() and
  // VerdictOf(status).
  virtual ErrorBody ReadBody(const HttpResponse& response) const;
  virtual Verdict Judge(int status, const ErrorBody& body, const ErrorContext& context) const;
};

// Safe for concurrent use.
class HttpEmbedder : public Embedder {
 public:
  HttpEmbedder(ModelInfo info, ModelEntry entry, HttpSettings settings,
               std::unique_ptr<Protocol> protocol, const ProviderParts& parts);

  const ModelInfo& model() const override { return info_; }
  std::vector<ItemError> Unsendable(std::span<const std::string> texts,
                                    InputKind kind) const override;
  StatusOr<Embeddings> Embed(std::span<const std::string> texts, InputKind kind,
                             std::stop_token stop) override;

 private:
  SentTexts Prepare(std::span<const std::string> texts, InputKind kind) const;
  void RejectLongTexts(SentTexts& sent) const;
  StatusOr<Embeddings> Ask(std::span<const std::string> texts, InputKind kind,
                           const std::stop_token& stop);
  Status TransportError(const Status& status) const;
  Status AnswerError(const HttpResponse& response, const std::string& url,
                     std::span<const std::string> texts, const Secret& key) const;

  const ModelInfo info_;
  const ModelEntry entry_;
  const HttpSettings settings_;
  const std::unique_ptr<const Protocol> protocol_;
  Clock& clock_;
  const std::shared_ptr<TokenRatio> ratio_;
  HttpClient http_;
};

// The embedder of `parts` with such a protocol. kUnauthenticated: the key is named but not there.
StatusOr<std::unique_ptr<Embedder>> MakeHttpEmbedder(const ProviderParts& parts,
                                                     HttpSettings settings,
                                                     std::unique_ptr<Protocol> protocol);

// A 200 to a request of `count` texts: vectors and tokens billed. kAborted (BAD_ANSWER): not JSON,
// or a vector is missing, twice there, of another dimension, not finite or without length.
StatusOr<Embeddings> ReadAnswer(const Protocol& protocol, const HttpResponse& response,
                                size_t count, size_t dimensions);
// Any other answer. Never OK; see Verdict.
Status ReadError(const Protocol& protocol, const HttpResponse& response,
                 const ErrorContext& context);

// POST of JSON to `url`.
HttpRequest JsonPost(std::string url, std::string body);

// What to ask the model for: 0 where it is the model's own. A model that cannot choose refuses to
// be asked.
int32_t DimensionsToAsk(const ProviderParts& parts);

// Appends "a text","another text".
void AppendTexts(std::string& out, std::span<const std::string> texts);
// Room for the body of a request with these texts.
size_t BodySize(std::span<const std::string> texts);

}  // namespace drift
