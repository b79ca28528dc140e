#include "providers/voyage/provider.h"

#include "base/json_text.h"
#include "net/json.h"
#include "providers/json_vectors.h"

namespace drift::voyage {
namespace {

constexpr HttpDefaults kVoyage{.base_url = "https://api.voyageai.com/v1",
                               .example = "https://api.voyageai.com/v1",
                               .needs_key = true};

bool Mentions(const std::string& message, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (message.find(word) != std::string::npos) return true;
  }
  return false;
}

class VoyageProtocol final : public Protocol {
 public:
  VoyageProtocol(const Settings& settings, const ModelEntry& entry, int32_t dimensions)
      : url_(settings.http.base_url + "/embeddings"),
        base64_(settings.base64),
        model_(entry.name),
        document_type_(entry.document_type),
        query_type_(entry.query_type),
        dimensions_(dimensions) {}

  HttpRequest Encode(const EmbedCall& call) const override {
    std::string body;
    body.reserve(BodySize(call.texts));
    body += "{\"input\":[";
    AppendTexts(body, call.texts);
    body += "],\"model\":";
    AppendJsonString(body, model_);
    const std::string& type = call.kind == InputKind::kQuery ? query_type_ : document_type_;
    if (!type.empty()) {
      body += ",\"input_type\":";
      AppendJsonString(body, type);
    }
    // A text that is too long is to be refused, not cut.
    body += ",\"truncation\":false";
    if (dimensions_ > 0) body += fmt::format(",\"output_dimension\":{}", dimensions_);
    if (base64_) body += ",\"encoding_format\":\"base64\"";
    HttpRequest request = JsonPost(url_, body + "}");
    if (!call.key.empty()) request.headers.Add("Authorization", "Bearer " + call.key.Reveal());
    return request;
  }

  StatusOr<std::optional<int64_t>> Decode(const HttpResponse& response,
                                          AnswerVectors& vectors) const override {
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
    ASSIGN_OR_RETURN(const JsonView data, document.root().Get("data"));
    RETURN_IF_ERROR(PutByIndex(data, vectors));
    return FindCount(document.root(), {"usage", "total_tokens"});
  }

  Verdict Judge(int status, const ErrorBody& body, const ErrorContext& /*context*/) const override {
    const Verdict plain = VerdictOf(status);
    if (plain != Verdict::kBadInput) return plain;
    if (body.param == "model" || Mentions(body.message, {"is not supported. Supported models"})) {
      return Verdict::kNoModel;
    }
    const bool settings =
        Mentions(body.param, {"output_d", "input_type", "encoding", "truncation"}) ||
        Mentions(body.message,
                 {"output_dimension", "output_dtype", "input_type", "encoding_format"});
    return settings ? Verdict::kBadSettings : plain;
  }

 private:
  const std::string url_;
  const bool base64_;
  const std::string model_;
  const std::string document_type_;
  const std::string query_type_;
  const int32_t dimensions_;
};

}  // namespace

const std::vector<std::string>& Options() {
  static const auto& options = *new std::vector<std::string>(NetworkOptionsAnd({"encoding"}));
  return options;
}

ProviderConfig WellKnown() {
  return {.name = "voyage",
          .type = "voyage",
          .api_key = {"env:VOYAGE_API_KEY"},
          .base_url = std::string(kVoyage.base_url)};
}

StatusOr<Settings> ReadSettings(const ProviderConfig& config) {
  Settings out;
  ASSIGN_OR_RETURN(out.http, ReadHttpSettings(config, kVoyage));
  ASSIGN_OR_RETURN(out.base64, Base64Option(config));
  return out;
}

Status Check(const ProviderConfig& config) {
  return ReadSettings(config).status();
}

std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, const ModelEntry& entry,
                                       int32_t dimensions) {
  return std::make_unique<VoyageProtocol>(settings, entry, dimensions);
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(const Settings settings, ReadSettings(parts.config));
  return MakeHttpEmbedder(parts, settings.http,
                          MakeProtocol(settings, parts.entry, DimensionsToAsk(parts)));
}

}  // namespace drift::voyage
