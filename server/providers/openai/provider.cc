#include "providers/openai/provider.h"

#include "base/uri.h"
#include "net/json.h"
#include "providers/json_vectors.h"
#include "providers/openai/encode.h"
#include "providers/openai/errors.h"

namespace drift::openai {
namespace {

class OpenaiProtocol : public Protocol {
 public:
  OpenaiProtocol(std::string url, std::string model, int32_t dimensions, bool base64)
      : url_(std::move(url)), model_(std::move(model)), dimensions_(dimensions), base64_(base64) {}

  HttpRequest Encode(const EmbedCall& call) const override {
    HttpRequest request = JsonPost(url_, EncodeRequest({call.texts, model_, dimensions_, base64_}));
    if (!call.key.empty()) AddKey(call.key.Reveal(), request.headers);
    return request;
  }

  StatusOr<std::optional<int64_t>> Decode(const HttpResponse& response,
                                          AnswerVectors& vectors) const override {
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
    ASSIGN_OR_RETURN(const JsonView data, document.root().Get("data"));
    RETURN_IF_ERROR(PutByIndex(data, vectors));
    // Servers that are not OpenAI may leave it out.
    return FindCount(document.root(), {"usage", "total_tokens"});
  }

  Verdict Judge(int status, const ErrorBody& body, const ErrorContext& context) const override {
    return openai::Judge(status, body, context);
  }

 private:
  virtual void AddKey(const std::string& key, HttpHeaders& headers) const {
    headers.Add("Authorization", "Bearer " + key);
  }

  const std::string url_;
  const std::string model_;
  const int32_t dimensions_;
  const bool base64_;
};

// With the headers that only OpenAI itself knows.
class OpenaiItself final : public OpenaiProtocol {
 public:
  OpenaiItself(const Settings& settings, std::string_view model, int32_t dimensions)
      : OpenaiProtocol(settings.http.base_url + "/embeddings", std::string(model), dimensions,
                       settings.base64),
        organization_(settings.organization),
        project_(settings.project) {}

  HttpRequest Encode(const EmbedCall& call) const override {
    HttpRequest request = OpenaiProtocol::Encode(call);
    if (!organization_.empty()) request.headers.Add("OpenAI-Organization", organization_);
    if (!project_.empty()) request.headers.Add("OpenAI-Project", project_);
    return request;
  }

 private:
  const std::string organization_;
  const std::string project_;
};

class AzureProtocol final : public OpenaiProtocol {
 public:
  using OpenaiProtocol::OpenaiProtocol;

 private:
  void AddKey(const std::string& key, HttpHeaders& headers) const override {
    headers.Add("api-key", key);
  }
};

}  // namespace

std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, std::string_view model,
                                       int32_t dimensions) {
  return std::make_unique<OpenaiItself>(settings, model, dimensions);
}

std::unique_ptr<Protocol> MakeAzureProtocol(const AzureSettings& settings, std::string_view model,
                                            int32_t dimensions) {
  std::string deployment = settings.deployment.empty() ? std::string(model) : settings.deployment;
  std::string url =
      fmt::format("{}/openai/deployments/{}/embeddings?api-version={}", settings.http.base_url,
                  PercentEncode(deployment), PercentEncode(settings.api_version));
  return std::make_unique<AzureProtocol>(std::move(url), std::move(deployment), dimensions,
                                         settings.base64);
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(const Settings settings, ReadSettings(parts.config));
  return MakeHttpEmbedder(parts, settings.http,
                          MakeProtocol(settings, parts.entry.name, DimensionsToAsk(parts)));
}

StatusOr<std::unique_ptr<Embedder>> MakeAzure(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(const AzureSettings settings, ReadAzureSettings(parts.config));
  if (!settings.deployment_model.empty() && settings.deployment_model != parts.entry.name) {
    return InvalidArgument("{}: the deployment '{}' is of {}, not of {}", parts.config.name,
                           settings.deployment, settings.deployment_model, parts.entry.name);
  }
  return MakeHttpEmbedder(parts, settings.http,
                          MakeAzureProtocol(settings, parts.entry.name, DimensionsToAsk(parts)));
}

}  // namespace drift::openai
