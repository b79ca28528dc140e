#include "providers/ollama/provider.h"

#include "base/json_text.h"
#include "net/json.h"
#include "providers/json_vectors.h"

namespace drift::ollama {
namespace {

constexpr HttpDefaults kOllama{.base_url = "http://127.0.0.1:11434",
                               .example = "http://127.0.0.1:11434"};
constexpr int kClientClosed = 499;
// A full queue empties as fast as the machine embeds.
constexpr std::chrono::milliseconds kBusyWait{500};

class OllamaProtocol final : public Protocol {
 public:
  OllamaProtocol(const Settings& settings, const ModelEntry& entry, int32_t dimensions)
      : settings_(settings),
        url_(settings.http.base_url + "/api/embed"),
        model_(entry.name),
        dimensions_(dimensions) {}

  HttpRequest Encode(const EmbedCall& call) const override {
    std::string body;
    body.reserve(BodySize(call.texts));
    body += "{\"model\":";
    AppendJsonString(body, model_);
    body += ",\"input\":[";
    AppendTexts(body, call.texts);
    // A text that is too long is to be refused, not cut.
    body += "],\"truncate\":false";
    if (dimensions_ > 0) body += fmt::format(",\"dimensions\":{}", dimensions_);
    if (!settings_.keep_alive.empty()) {
      body += ",\"keep_alive\":";
      AppendJsonString(body, settings_.keep_alive);
    }
    if (settings_.context_tokens > 0) {
      body += fmt::format(",\"options\":{{\"num_ctx\":{}}}", settings_.context_tokens);
    }
    HttpRequest request = JsonPost(url_, body + "}");
    if (!call.key.empty()) request.headers.Add("Authorization", "Bearer " + call.key.Reveal());
    return request;
  }

  StatusOr<std::optional<int64_t>> Decode(const HttpResponse& response,
                                          AnswerVectors& vectors) const override {
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
    ASSIGN_OR_RETURN(const JsonView list, document.root().Get("embeddings"));
    RETURN_IF_ERROR(PutInOrder(list, vectors));
    return FindCount(document.root(), {"prompt_eval_count"});
  }

  ErrorBody ReadBody(const HttpResponse& response) const override {
    ErrorBody body = ReadErrorBody(response.body);
    if (response.status == 503) body.wait = kBusyWait;
    body.remedy = fmt::format("fetch it on the server: ollama pull {}", model_);
    return body;
  }

  Verdict Judge(int status, const ErrorBody& body, const ErrorContext& /*context*/) const override {
    const auto says = [&](std::string_view words) {
      return body.message.find(words) != std::string::npos;
    };
    const Verdict plain = VerdictOf(status);
    if (plain == Verdict::kNoAddress && says("model")) return Verdict::kNoModel;
    if (status == 503 && says("server busy")) return Verdict::kThrottled;
    if (status == kClientClosed) return Verdict::kTrouble;
    if (says("does not support embeddings") || says("dimensions")) return Verdict::kBadSettings;
    // Some releases say these with 500. One text is enough to make a whole request end so.
    if (says("input length exceeds") || says("NaN")) return Verdict::kBadInput;
    return plain;
  }

 private:
  const Settings settings_;
  const std::string url_;
  const std::string model_;
  const int32_t dimensions_;
};

}  // namespace

const std::vector<std::string>& Options() {
  static const auto& options =
      *new std::vector<std::string>(NetworkOptionsAnd({"keep_alive", "context_tokens"}));
  return options;
}

ProviderConfig WellKnown() {
  return {.name = "ollama", .type = "ollama", .base_url = std::string(kOllama.base_url)};
}

StatusOr<Settings> ReadSettings(const ProviderConfig& config) {
  Settings out;
  ASSIGN_OR_RETURN(out.http, ReadHttpSettings(config, kOllama));
  ASSIGN_OR_RETURN(out.context_tokens, NumberOption(config, "context_tokens", 0));
  out.keep_alive = TextOption(config, "keep_alive");
  return out;
}

Status Check(const ProviderConfig& config) {
  return ReadSettings(config).status();
}

std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, const ModelEntry& entry,
                                       int32_t dimensions) {
  return std::make_unique<OllamaProtocol>(settings, entry, dimensions);
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(const Settings settings, ReadSettings(parts.config));
  return MakeHttpEmbedder(parts, settings.http,
                          MakeProtocol(settings, parts.entry, DimensionsToAsk(parts)));
}

}  // namespace drift::ollama
