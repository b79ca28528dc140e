#include "providers/cohere/provider.h"

#include "base/json_text.h"
#include "net/json.h"
#include "providers/json_vectors.h"

namespace drift::cohere {
namespace {

constexpr HttpDefaults kCohere{
    .base_url = "https://api.cohere.com", .example = "https://api.cohere.com", .needs_key = true};
constexpr int kInvalidToken = 498;
constexpr int kNotImplemented = 501;

class CohereProtocol final : public Protocol {
 public:
  CohereProtocol(const Settings& settings, const ModelEntry& entry, int32_t dimensions)
      : url_(settings.http.base_url + "/v2/embed"),
        encoding_(settings.base64 ? "base64" : "float"),
        model_(entry.name),
        document_type_(entry.document_type.empty() ? "search_document" : entry.document_type),
        query_type_(entry.query_type.empty() ? "search_query" : entry.query_type),
        dimensions_(dimensions) {}

  HttpRequest Encode(const EmbedCall& call) const override {
    std::string body;
    body.reserve(BodySize(call.texts));
    body += "{\"texts\":[";
    AppendTexts(body, call.texts);
    body += "],\"model\":";
    AppendJsonString(body, model_);
    body += ",\"input_type\":";
    AppendJsonString(body, call.kind == InputKind::kQuery ? query_type_ : document_type_);
    if (dimensions_ > 0) body += fmt::format(",\"output_dimension\":{}", dimensions_);
    // A text that is too long is to be refused, not cut.
    body += fmt::format(",\"embedding_types\":[\"{}\"],\"truncate\":\"NONE\"}}", encoding_);
    HttpRequest request = JsonPost(url_, std::move(body));
    if (!call.key.empty()) request.headers.Add("Authorization", "Bearer " + call.key.Reveal());
    return request;
  }

  StatusOr<std::optional<int64_t>> Decode(const HttpResponse& response,
                                          AnswerVectors& vectors) const override {
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
    ASSIGN_OR_RETURN(const JsonView by_type, document.root().Get("embeddings"));
    ASSIGN_OR_RETURN(const JsonView list, by_type.Get(encoding_));
    RETURN_IF_ERROR(PutInOrder(list, vectors));
    return FindCount(document.root(), {"meta", "billed_units", "input_tokens"});
  }

  Verdict Judge(int status, const ErrorBody& body, const ErrorContext& /*context*/) const override {
    const auto says = [&](std::string_view words) {
      return body.message.find(words) != std::string::npos;
    };
    const Verdict plain = VerdictOf(status);
    if (status == kInvalidToken) return Verdict::kBadKey;
    if (status == kNotImplemented) return Verdict::kBadSettings;
    // A trial key has its calls of the month, too.
    if (status == 429 && (says("/ month") || says("per month"))) return Verdict::kOutOfMoney;
    if (plain == Verdict::kNoAddress && says("model")) return Verdict::kNoModel;
    if (plain != Verdict::kBadInput) return plain;
    if (says("model '") && says("not found")) return Verdict::kNoModel;
    const bool settings = says("input_type") || says("embedding_types") ||
                          says("output_dimension") || says("truncate must");
    return settings ? Verdict::kBadSettings : plain;
  }

 private:
  const std::string url_;
  const std::string encoding_;
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
  return {.name = "cohere",
          .type = "cohere",
          .api_key = {"env:CO_API_KEY"},
          .base_url = std::string(kCohere.base_url)};
}

StatusOr<Settings> ReadSettings(const ProviderConfig& config) {
  Settings out;
  ASSIGN_OR_RETURN(out.http, ReadHttpSettings(config, kCohere));
  ASSIGN_OR_RETURN(out.base64, Base64Option(config));
  return out;
}

Status Check(const ProviderConfig& config) {
  return ReadSettings(config).status();
}

std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, const ModelEntry& entry,
                                       int32_t dimensions) {
  return std::make_unique<CohereProtocol>(settings, entry, dimensions);
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(const Settings settings, ReadSettings(parts.config));
  return MakeHttpEmbedder(parts, settings.http,
                          MakeProtocol(settings, parts.entry, DimensionsToAsk(parts)));
}

}  // namespace drift::cohere
