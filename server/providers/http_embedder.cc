#include "providers/http_embedder.h"

#include "base/json_text.h"
#include "providers/rate_hint.h"
#include "providers/token_counters.h"

namespace drift {
namespace {

// 2,048 vectors of 3,072 dimensions as lists of numbers take some 140 MB.
constexpr size_t kMaxAnswerBytes = 256u << 20;
constexpr int kOk = 200;

StatusOr<Embeddings> Decode(const Protocol& protocol, const HttpResponse& response, size_t count,
                            size_t dimensions) {
  AnswerVectors vectors(count, dimensions);
  Embeddings out;
  ASSIGN_OR_RETURN(out.billed_tokens, protocol.Decode(response, vectors));
  ASSIGN_OR_RETURN(out.vectors, std::move(vectors).Take());
  return out;
}

}  // namespace

ErrorBody Protocol::ReadBody(const HttpResponse& response) const {
  return ReadErrorBody(response.body);
}

Verdict Protocol::Judge(int status, const ErrorBody& /*body*/,
                        const ErrorContext& /*context*/) const {
  return VerdictOf(status);
}

HttpEmbedder::HttpEmbedder(ModelInfo info, ModelEntry entry, HttpSettings settings,
                           std::unique_ptr<Protocol> protocol, const ProviderParts& parts)
    : info_(std::move(info)),
      entry_(std::move(entry)),
      settings_(std::move(settings)),
      protocol_(std::move(protocol)),
      clock_(parts.clock),
      ratio_(parts.ratio) {}

SentTexts HttpEmbedder::Prepare(std::span<const std::string> texts, InputKind kind) const {
  const bool query = kind == InputKind::kQuery;
  SentTexts sent = PrepareTexts(texts, query ? entry_.query_prefix : entry_.document_prefix);
  if (protocol_->CutsLongTexts()) RejectLongTexts(sent);
  return sent;
}

std::vector<ItemError> HttpEmbedder::Unsendable(std::span<const std::string> texts,
                                                InputKind kind) const {
  return Prepare(texts, kind).rejected;
}

StatusOr<Embeddings> HttpEmbedder::Embed(std::span<const std::string> texts, InputKind kind,
                                         std::stop_token stop) {
  SentTexts sent = Prepare(texts, kind);
  if (sent.texts.empty()) {
    Embeddings nothing = Assemble(std::move(sent), {});
    nothing.billed_tokens = 0;
    return nothing;
  }
  ASSIGN_OR_RETURN(Embeddings answer, Ask(sent.texts, kind, stop));
  Embeddings out = Assemble(std::move(sent), std::move(answer.vectors));
  out.billed_tokens = answer.billed_tokens;
  out.guessed_tokens = answer.guessed_tokens;
  out.rate = answer.rate;
  return out;
}

void HttpEmbedder::RejectLongTexts(SentTexts& sent) const {
  const int64_t most = info_.request.max_item_tokens;
  if (most == 0) return;
  for (size_t i = sent.texts.size(); i-- > 0;) {
    int64_t tokens = EstimateTokens(sent.texts[i]);
    if (ratio_ != nullptr) tokens = ratio_->Apply(tokens);
    if (tokens <= most) continue;
    sent.Reject(i,
                InvalidArgument("{}: the text has about {} tokens, of which the model would read "
                                "{}; chunk it",
                                info_.provider, tokens, most));
  }
}

StatusOr<Embeddings> HttpEmbedder::Ask(std::span<const std::string> texts, InputKind kind,
                                       const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Secret key, ReadKey(settings_.api_key, info_.provider));
  HttpRequest request = protocol_->Encode({texts, kind, key});
  request.timeout = settings_.timeout;
  request.max_response_bytes = kMaxAnswerBytes;
  const auto response = http_.Send(request, stop);
  if (!response.ok()) return TransportError(response.status());
  if (response->status != kOk) return AnswerError(*response, request.url, texts, key);
  auto answer =
      ReadAnswer(*protocol_, *response, texts.size(), static_cast<size_t>(info_.dimensions));
  const RateHint rate = ReadRateHint(response->headers, clock_.Now());
  // It was answered, so it was billed.
  if (!answer.ok()) {
    return WithRateHint(MarkMaybeBilled(Annotate(answer.status(), info_.provider)), rate);
  }
  answer->rate = rate;
  if (ratio_ != nullptr && answer->billed_tokens) {
    answer->guessed_tokens = 0;
    for (const std::string& text : texts) *answer->guessed_tokens += EstimateTokens(text);
    ratio_->Learn(*answer->guessed_tokens, *answer->billed_tokens);
  }
  return answer;
}

Status HttpEmbedder::TransportError(const Status& status) const {
  Status out = Annotate(status, info_.provider);
  return MaybeSent(status) ? MarkMaybeBilled(std::move(out)) : out;
}

Status HttpEmbedder::AnswerError(const HttpResponse& response, const std::string& url,
                                 std::span<const std::string> texts, const Secret& key) const {
  const ErrorContext context{.provider = info_.provider,
                             .model = info_.name,
                             .url = std::string_view(url).substr(0, url.find('?')),
                             .key_ref = settings_.api_key.text,
                             .key = key.Reveal(),
                             .texts = texts,
                             .now = clock_.Now()};
  return ReadError(*protocol_, response, context);
}

StatusOr<Embeddings> ReadAnswer(const Protocol& protocol, const HttpResponse& response,
                                size_t count, size_t dimensions) {
  auto answer = Decode(protocol, response, count, dimensions);
  if (answer.ok()) return answer;
  return BadAnswer(fmt::format("the answer cannot be used: {}", Message(answer.status())));
}

Status ReadError(const Protocol& protocol, const HttpResponse& response,
                 const ErrorContext& context) {
  const ErrorBody body = protocol.ReadBody(response);
  return ErrorFromAnswer(response, body, protocol.Judge(response.status, body, context), context);
}

StatusOr<std::unique_ptr<Embedder>> MakeHttpEmbedder(const ProviderParts& parts,
                                                     HttpSettings settings,
                                                     std::unique_ptr<Protocol> protocol) {
  ASSIGN_OR_RETURN(ModelInfo info, MakeModelInfo(parts));
  RETURN_IF_ERROR(ReadKey(settings.api_key, info.provider).status());
  return std::make_unique<HttpEmbedder>(std::move(info), parts.entry, std::move(settings),
                                        std::move(protocol), parts);
}

int32_t DimensionsToAsk(const ProviderParts& parts) {
  return parts.dimensions == parts.entry.dimensions.standard ? 0 : parts.dimensions;
}

void AppendTexts(std::string& out, std::span<const std::string> texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(out, texts[i]);
  }
}

size_t BodySize(std::span<const std::string> texts) {
  size_t size = 256;
  for (const std::string& text : texts) size += text.size() + text.size() / 16 + 3;
  return size;
}

HttpRequest JsonPost(std::string url, std::string body) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers.Add("Content-Type", "application/json");
  request.headers.Add("Accept", "application/json");
  request.body = std::move(body);
  return request;
}

}  // namespace drift
