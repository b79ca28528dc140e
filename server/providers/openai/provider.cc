#include "providers/openai/provider.h"

#include "core/reasons.h"
#include "net/http.h"
#include "providers/openai/config.h"
#include "providers/openai/decode.h"
#include "providers/openai/encode.h"
#include "providers/openai/errors.h"
#include "providers/rate_hint.h"
#include "providers/sent_texts.h"

namespace drift::openai {
namespace {

// 2,048 vectors of 3,072 dimensions as lists of numbers take some 140 MB.
constexpr size_t kMaxAnswerBytes = 256u << 20;
constexpr int kOk = 200;

// Read for each request, so that a key that was changed in its file is used at once.
StatusOr<Secret> ReadKey(const SecretRef& ref, std::string_view provider) {
  if (ref.empty()) return Secret();
  auto key = ReadSecret(ref);
  if (key.ok()) return key;
  return WithRemedy(
      WithReason(Unauthenticated("{}: no API key: {}", provider, Message(key.status())),
                 reason::kUnauthenticated),
      fmt::format("put the key where driftd finds it as {}", ref.text));
}

class OpenaiEmbedder : public Embedder {
 public:
  OpenaiEmbedder(ModelInfo info, ModelEntry entry, Settings settings, Clock& clock)
      : info_(std::move(info)),
        entry_(std::move(entry)),
        settings_(std::move(settings)),
        clock_(clock) {}

  const ModelInfo& model() const override { return info_; }

  StatusOr<Embeddings> Embed(std::span<const std::string> texts, InputKind kind,
                             std::stop_token stop) override {
    const bool query = kind == InputKind::kQuery;
    SentTexts sent = PrepareTexts(texts, query ? entry_.query_prefix : entry_.document_prefix);
    if (sent.texts.empty()) {
      Embeddings nothing = Assemble(std::move(sent), {});
      nothing.billed_tokens = 0;
      return nothing;
    }
    ASSIGN_OR_RETURN(const Secret key, ReadKey(settings_.api_key, info_.provider));
    auto response = http_.Send(MakeRequest(sent.texts, key), stop);
    if (!response.ok()) return TransportError(response.status());
    if (response->status != kOk) return AnswerError(*response, sent.texts, key);
    auto answer =
        DecodeAnswer(response->body, sent.texts.size(), static_cast<size_t>(info_.dimensions));
    // It was answered, so it was billed.
    if (!answer.ok()) return MarkMaybeBilled(Annotate(answer.status(), info_.provider));
    Embeddings out = Assemble(std::move(sent), std::move(answer->vectors));
    out.billed_tokens = answer->billed_tokens;
    out.rate = ReadRateHint(response->headers, clock_.Now());
    return out;
  }

 private:
  HttpRequest MakeRequest(std::span<const std::string> texts, const Secret& key) const {
    HttpRequest request;
    request.url = settings_.url;
    request.timeout = settings_.timeout;
    request.max_response_bytes = kMaxAnswerBytes;
    if (!key.empty()) request.headers.Add("Authorization", "Bearer " + key.Reveal());
    request.headers.Add("Content-Type", "application/json");
    request.headers.Add("Accept", "application/json");
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) request.headers.Add(name, value);
    };
    add("OpenAI-Organization", settings_.organization);
    add("OpenAI-Project", settings_.project);
    const bool own = info_.dimensions == entry_.dimensions.standard;
    request.body = EncodeRequest({texts, info_.name, own ? 0 : info_.dimensions, settings_.base64});
    return request;
  }

  Status TransportError(const Status& status) const {
    Status out = Annotate(status, info_.provider);
    return MaybeSent(status) ? MarkMaybeBilled(std::move(out)) : out;
  }

  Status AnswerError(const HttpResponse& response, std::span<const std::string> texts,
                     const Secret& key) const {
    const WallTime now = clock_.Now();
    return WithRateHint(ErrorFromAnswer(response, {.provider = info_.provider,
                                                   .model = info_.name,
                                                   .url = settings_.url,
                                                   .key_ref = settings_.api_key.text,
                                                   .key = key.Reveal(),
                                                   .texts = texts,
                                                   .now = now}),
                        ReadRateHint(response.headers, now));
  }

  const ModelInfo info_;
  const ModelEntry entry_;
  const Settings settings_;
  Clock& clock_;
  HttpClient http_;
};

}  // namespace

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(ModelInfo info, MakeModelInfo(parts));
  ASSIGN_OR_RETURN(Settings settings, ReadSettings(parts.config));
  RETURN_IF_ERROR(ReadKey(settings.api_key, info.provider).status());
  return std::make_unique<OpenaiEmbedder>(std::move(info), parts.entry, std::move(settings),
                                          parts.clock);
}

}  // namespace drift::openai
