#include "providers/gemini/provider.h"

#include "base/json_text.h"
#include "base/uri.h"
#include "net/json.h"
#include "providers/gemini/errors.h"
#include "providers/json_vectors.h"

namespace drift::gemini {
namespace {

constexpr HttpDefaults kGemini{.base_url = "https://generativelanguage.googleapis.com/v1beta",
                               .example = "https://generativelanguage.googleapis.com/v1beta",
                               .needs_key = true};

class GeminiProtocol final : public Protocol {
 public:
  GeminiProtocol(const HttpSettings& settings, const ModelEntry& entry, int32_t dimensions)
      : url_(fmt::format("{}/models/{}:batchEmbedContents", settings.base_url,
                         PercentEncode(entry.name))),
        model_("models/" + entry.name),
        document_type_(entry.document_type),
        query_type_(entry.query_type),
        dimensions_(dimensions) {}

  HttpRequest Encode(const EmbedCall& call) const override {
    const std::string rest = Rest(call.kind);
    std::string body;
    body.reserve(BodySize(call.texts) + call.texts.size() * (rest.size() + 64));
    body += "{\"requests\":[";
    for (size_t i = 0; i < call.texts.size(); ++i) {
      body +=
          i > 0 ? ",{\"content\":{\"parts\":[{\"text\":" : "{\"content\":{\"parts\":[{\"text\":";
      AppendJsonString(body, call.texts[i]);
      body += rest;
    }
    HttpRequest request = JsonPost(url_, body + "]}");
    if (!call.key.empty()) request.headers.Add("x-goog-api-key", call.key.Reveal());
    return request;
  }

  StatusOr<std::optional<int64_t>> Decode(const HttpResponse& response,
                                          AnswerVectors& vectors) const override {
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
    ASSIGN_OR_RETURN(const JsonView list, document.root().Get("embeddings"));
    RETURN_IF_ERROR(list.CheckArray());
    RETURN_IF_ERROR(vectors.CheckCount(list.size()));
    for (size_t i = 0; i < list.size(); ++i) {
      ASSIGN_OR_RETURN(const JsonView values, list[i].Get("values"));
      RETURN_IF_ERROR(PutVector(values, i, vectors));
    }
    // Not every answer says it.
    return FindCount(document.root(), {"usageMetadata", "promptTokenCount"});
  }

  bool CutsLongTexts() const override { return true; }
  ErrorBody ReadBody(const HttpResponse& response) const override {
    return gemini::ReadBody(response.body);
  }
  Verdict Judge(int status, const ErrorBody& body, const ErrorContext& /*context*/) const override {
    return gemini::Judge(status, body);
  }

 private:
  // What follows a text: the same for all of a request.
  std::string Rest(InputKind kind) const {
    std::string out = "}]},\"model\":";
    AppendJsonString(out, model_);
    const std::string& type = kind == InputKind::kQuery ? query_type_ : document_type_;
    if (!type.empty()) {
      out += ",\"taskType\":";
      AppendJsonString(out, type);
    }
    if (dimensions_ > 0) out += fmt::format(",\"outputDimensionality\":{}", dimensions_);
    return out + "}";
  }

  const std::string url_;
  const std::string model_;
  const std::string document_type_;
  const std::string query_type_;
  const int32_t dimensions_;
};

}  // namespace

const std::vector<std::string>& Options() {
  return NetworkOptions();
}

ProviderConfig WellKnown() {
  return {.name = "gemini",
          .type = "gemini",
          .api_key = {"env:GEMINI_API_KEY"},
          .base_url = std::string(kGemini.base_url)};
}

StatusOr<HttpSettings> ReadSettings(const ProviderConfig& config) {
  return ReadHttpSettings(config, kGemini);
}

Status Check(const ProviderConfig& config) {
  return ReadSettings(config).status();
}

std::unique_ptr<Protocol> MakeProtocol(const HttpSettings& settings, const ModelEntry& entry,
                                       int32_t dimensions) {
  return std::make_unique<GeminiProtocol>(settings, entry, dimensions);
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(const HttpSettings settings, ReadSettings(parts.config));
  return MakeHttpEmbedder(parts, settings,
                          MakeProtocol(settings, parts.entry, DimensionsToAsk(parts)));
}

}  // namespace drift::gemini
