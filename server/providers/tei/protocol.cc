// Requests, answers and errors of /embed.
#include <charconv>

#include "base/json_text.h"
#include "net/json.h"
#include "providers/json_vectors.h"
#include "providers/tei/provider.h"

namespace drift::tei {
namespace {

// A server with too many requests at once is free again as soon as one is answered.
constexpr std::chrono::milliseconds kOverloadedWait{500};

class TeiProtocol final : public Protocol {
 public:
  TeiProtocol(const Settings& settings, const ModelEntry& entry, int32_t dimensions)
      : url_(settings.http.base_url + "/embed"),
        document_prompt_(entry.document_type),
        query_prompt_(entry.query_type),
        dimensions_(dimensions) {}

  HttpRequest Encode(const EmbedCall& call) const override {
    std::string body;
    body.reserve(BodySize(call.texts));
    body += "{\"inputs\":[";
    AppendTexts(body, call.texts);
    // A text that is too long is to be refused, not cut.
    body += "],\"truncate\":false,\"normalize\":true";
    const std::string& prompt = call.kind == InputKind::kQuery ? query_prompt_ : document_prompt_;
    if (!prompt.empty()) {
      body += ",\"prompt_name\":";
      AppendJsonString(body, prompt);
    }
    if (dimensions_ > 0) body += fmt::format(",\"dimensions\":{}", dimensions_);
    HttpRequest request = JsonPost(url_, body + "}");
    if (!call.key.empty()) request.headers.Add("Authorization", "Bearer " + call.key.Reveal());
    return request;
  }

  StatusOr<std::optional<int64_t>> Decode(const HttpResponse& response,
                                          AnswerVectors& vectors) const override {
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(response.body));
    RETURN_IF_ERROR(PutInOrder(document.root(), vectors));
    // The tokens are in a header only.
    const auto header = response.headers.Find("x-compute-tokens");
    int64_t tokens = 0;
    if (!header || std::from_chars(header->data(), header->data() + header->size(), tokens).ec !=
                       std::errc()) {
      return std::nullopt;
    }
    return tokens;
  }

  ErrorBody ReadBody(const HttpResponse& response) const override {
    ErrorBody body = ReadErrorBody(response.body);
    if (response.status == 429) body.wait = kOverloadedWait;
    return body;
  }

  Verdict Judge(int status, const ErrorBody& body, const ErrorContext& /*context*/) const override {
    constexpr int kFailedDependency = 424;  // the inference did not succeed
    if (status == kFailedDependency) return Verdict::kTrouble;
    const Verdict plain = VerdictOf(status);
    if (plain != Verdict::kBadInput) return plain;
    const bool settings = body.message.find("dimensions") != std::string::npos ||
                          body.message.find("prompt") != std::string::npos;
    return settings ? Verdict::kBadSettings : plain;
  }

 private:
  const std::string url_;
  const std::string document_prompt_;
  const std::string query_prompt_;
  const int32_t dimensions_;
};

}  // namespace

std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, const ModelEntry& entry,
                                       int32_t dimensions) {
  return std::make_unique<TeiProtocol>(settings, entry, dimensions);
}

}  // namespace drift::tei
