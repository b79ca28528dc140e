#include "providers/tei/provider.h"

#include "base/mutex.h"

namespace drift::tei {
namespace {

constexpr HttpDefaults kTei{.example = "http://tei:3000"};
constexpr std::chrono::milliseconds kInfoTimeout{10'000};
constexpr int kOk = 200;
constexpr int kNotFound = 404;

class TeiEmbedder final : public Embedder {
 public:
  TeiEmbedder(std::unique_ptr<Embedder> inner, Settings settings, Clock& clock)
      : inner_(std::move(inner)),
        settings_(std::move(settings)),
        clock_(clock),
        limits_(inner_->model().request) {}

  const ModelInfo& model() const override { return inner_->model(); }

  RequestLimits limits() const override {
    MutexLock lock(mu_);
    return limits_;
  }

  StatusOr<Embeddings> Embed(std::span<const std::string> texts, InputKind kind,
                             std::stop_token stop) override {
    RETURN_IF_ERROR(Learn(stop));
    const int64_t most = limits().max_items;
    if (most > 0 && static_cast<int64_t>(texts.size()) > most) {
      return InvalidArgument("{}: {} texts in a request; the server takes {}", model().provider,
                             texts.size(), most);
    }
    auto answer = inner_->Embed(texts, kind, stop);
    // It may have been started anew, with other settings or another model.
    const StatusCode code = answer.status().code();
    if (code == StatusCode::kUnavailable || code == StatusCode::kInvalidArgument) Forget();
    return answer;
  }

 private:
  void Forget() {
    MutexLock lock(mu_);
    known_ = false;
  }

  // Asks for /info unless it is known. Two calls at once may both ask; that does no harm.
  Status Learn(const std::stop_token& stop) {
    {
      MutexLock lock(mu_);
      if (known_) return OkStatus();
    }
    ASSIGN_OR_RETURN(const RequestLimits limits, Ask(stop));
    MutexLock lock(mu_);
    limits_ = limits;
    known_ = true;
    return OkStatus();
  }

  StatusOr<RequestLimits> Ask(const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const Secret key, ReadKey(settings_.http.api_key, model().provider));
    HttpRequest request;
    request.method = HttpRequest::Method::kGet;
    request.url = settings_.http.base_url + "/info";
    request.timeout = kInfoTimeout;
    if (!key.empty()) request.headers.Add("Authorization", "Bearer " + key.Reveal());
    const auto response = http_.Send(request, stop);
    if (!response.ok()) return Annotate(response.status(), model().provider);
    // What speaks the protocol without saying of itself is taken at the catalogue's word.
    if (response->status == kNotFound) return model().request;
    if (response->status != kOk) return InfoError(*response, request.url, key);
    const auto info = DecodeInfo(response->body);
    if (!info.ok()) return Annotate(info.status(), model().provider);
    RETURN_IF_ERROR(CheckModel(*info));
    return LimitsOf(*info, model().request);
  }

  Status InfoError(const HttpResponse& response, const std::string& url, const Secret& key) const {
    return ErrorFromAnswer(response, ReadErrorBody(response.body), VerdictOf(response.status),
                           {.provider = model().provider,
                            .model = model().name,
                            .url = url,
                            .key_ref = settings_.http.api_key.text,
                            .key = key.Reveal(),
                            .now = clock_.Now()});
  }

  // Vectors of another model must not get into the index.
  Status CheckModel(const Info& info) const {
    const std::string& wanted = settings_.model_id.empty() ? model().name : settings_.model_id;
    if (info.model_id.empty() || info.model_id == wanted) return OkStatus();
    return WithRemedy(
        FailedPrecondition("{}: the server serves '{}', not '{}'", model().provider, info.model_id,
                           wanted),
        fmt::format("use the model by the name the server gives it, or set model_id of provider "
                    "'{}' if both are the same",
                    model().provider));
  }

  const std::unique_ptr<Embedder> inner_;
  const Settings settings_;
  Clock& clock_;
  HttpClient http_;
  mutable Mutex mu_;
  bool known_ GUARDED_BY(mu_) = false;
  RequestLimits limits_ GUARDED_BY(mu_);
};

}  // namespace

const std::vector<std::string>& Options() {
  static const auto& options = *new std::vector<std::string>(NetworkOptionsAnd({"model_id"}));
  return options;
}

StatusOr<Settings> ReadSettings(const ProviderConfig& config) {
  Settings out;
  ASSIGN_OR_RETURN(out.http, ReadHttpSettings(config, kTei));
  out.model_id = TextOption(config, "model_id");
  return out;
}

Status Check(const ProviderConfig& config) {
  return ReadSettings(config).status();
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(const Settings settings, ReadSettings(parts.config));
  ASSIGN_OR_RETURN(auto inner,
                   MakeHttpEmbedder(parts, settings.http,
                                    MakeProtocol(settings, parts.entry, DimensionsToAsk(parts))));
  return std::make_unique<TeiEmbedder>(std::move(inner), settings, parts.clock);
}

}  // namespace drift::tei
