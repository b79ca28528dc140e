#include "app_connectors.h"

#include "app_models.h"
#include "base/log.h"
#include "base/suggest.h"
#include "base/text_file.h"
#include "ledger/open.h"
#include "sinks/registry.h"
#include "sources/delta/delta_source.h"
#include "sources/delta/table_address.h"

namespace drift {
namespace {

constexpr size_t kRecentBytes = 32 << 20;  // of a model's answered vectors
constexpr int32_t kRecalledBills = 200;    // enough to estimate by, and quickly read

// A model that cannot be asked for want of a key: enough for a plan.
class KeylessEmbedder final : public Embedder {
 public:
  KeylessEmbedder(ModelInfo model, Status why) : model_(std::move(model)), why_(std::move(why)) {}
  const ModelInfo& model() const override { return model_; }
  Status Ready() const override { return why_; }
  StatusOr<Embeddings> Embed(std::span<const std::string>, InputKind, std::stop_token) override {
    return why_;
  }

 private:
  const ModelInfo model_;
  const Status why_;
};

// Keeps the set a queue's model was made from alive as long as the queue.
struct HeldQueue {
  HeldQueue(std::shared_ptr<ModelSet> set, EmbedQueue::Parts parts)
      : models(std::move(set)), queue(std::move(parts)) {}
  std::shared_ptr<ModelSet> models;
  EmbedQueue queue;
};

StatusOr<std::shared_ptr<Embedder>> MakeEmbedder(ModelSet& models, const ProviderConfig& provider,
                                                 const std::string& model, int32_t dimensions) {
  auto made = models.registry.MakeEmbedder(provider, model, dimensions);
  if (made.ok()) return std::shared_ptr<Embedder>(std::move(*made));
  if (made.status().code() != StatusCode::kUnauthenticated) return made.status();
  ASSIGN_OR_RETURN(ModelInfo info, models.registry.DescribeModel(provider, model, dimensions));
  return std::shared_ptr<Embedder>(
      std::make_shared<KeylessEmbedder>(std::move(info), made.status()));
}

bool HasPlainSecret(const Uri& uri) {
  if (!uri.password.empty()) return true;
  // ToString() leaves out secret options that are no references.
  const auto shown = ParseUri(uri.ToString());
  return shown.ok() && shown->options.size() != uri.options.size();
}

}  // namespace

ModelSet::ModelSet(Catalogue catalogue, std::vector<ProviderConfig> configured, Clock& clock,
                   std::shared_ptr<TokenRatios> ratios)
    : catalogue(std::move(catalogue)),
      configured(std::move(configured)),
      well_known(WellKnownProviders()),
      ratios(std::move(ratios)),
      registry(this->catalogue.models, this->catalogue.prices, clock,
               local::ModelFiles::DefaultFolders(), this->ratios) {}

StatusOr<const ProviderConfig*> ModelSet::FindProvider(std::string_view name) const {
  for (const auto* list : {&configured, &well_known}) {
    for (const ProviderConfig& provider : *list) {
      if (provider.name == name) return &provider;
    }
  }
  return InvalidArgument("unknown provider '{}'{}", name,
                         DidYouMean(name, ProviderNames(configured, well_known)));
}

StatusOr<std::vector<const ProviderConfig*>> ModelSet::Fallbacks(const ProviderConfig& provider,
                                                                 std::string_view model,
                                                                 int32_t dimensions) const {
  std::vector<const ProviderConfig*> out;
  for (const std::string& name : provider.fallback) {
    ASSIGN_OR_RETURN(const ProviderConfig* other, FindProvider(name));
    RETURN_IF_ERROR(registry.CheckFallback(provider, *other, model, dimensions));
    out.push_back(other);
  }
  return out;
}

StatusOr<std::pair<std::string, std::string>> SplitModel(const std::string& model) {
  const size_t slash = model.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == model.size()) {
    return InvalidArgument("model '{}': write provider/name, e.g. openai/text-embedding-3-small",
                           model);
  }
  return std::make_pair(model.substr(0, slash), model.substr(slash + 1));
}

ConfigChecks MakeConfigChecks(std::shared_ptr<const ModelSet> models) {
  ConfigChecks checks;
  checks.source_types = {{"delta", delta::StorageKeys("s3://bucket/table")}};
  checks.normalize_table = [](const std::string&, const std::string& table) {
    return delta::NormalizeTable(table);
  };
  checks.normalize_sink = [](const std::string& text) -> StatusOr<std::string> {
    ASSIGN_OR_RETURN(const Uri uri, ParseUri(text));
    RETURN_IF_ERROR(CheckSinkUri(uri));
    return NormalizeSinkUri(uri).ToString();
  };
  checks.check_ledger_url = [](const std::string& text) -> Status {
    ASSIGN_OR_RETURN(const Uri uri, ParseUri(text));
    return CheckLedgerUri(uri);
  };
  checks.check_file = [](const std::string& path) { return ReadTextFile(path).status(); };
  checks.provider_types = ProviderTypes();
  checks.well_known_providers = WellKnownProviders();
  if (!models) return checks;
  checks.check_provider = [models](const ProviderConfig& provider) {
    return models->registry.CheckProvider(provider);
  };
  checks.check_model = [models](const ProviderConfig& provider, const std::string& model) {
    return models->registry.FindModel(provider, model).status();
  };
  checks.check_fallback = [models](const ProviderConfig& provider, const ProviderConfig& fallback,
                                   const std::string& model, int32_t dimensions) {
    return models->registry.CheckFallback(provider, fallback, model, dimensions);
  };
  checks.check_dimensions = [models](const ProviderConfig& provider, const std::string& model,
                                     int32_t dimensions) {
    return models->registry.ResolveDimensions(provider, model, dimensions).status();
  };
  return checks;
}

void AppConnectors::SetModels(std::shared_ptr<ModelSet> models) {
  std::map<std::string, std::shared_ptr<EmbedQueue>> old;  // let go of without the lock
  MutexLock lock(mu_);
  models_ = std::move(models);
  old.swap(queues_);
}

std::shared_ptr<ModelSet> AppConnectors::models() const {
  MutexLock lock(mu_);
  return models_;
}

StatusOr<std::string> AppConnectors::TakeSink(const std::string& text,
                                              std::vector<std::string>* warnings) {
  auto parsed = ParseUri(text);
  if (!parsed.ok()) return InvalidArgument("sink: {}", Message(parsed.status()));
  RETURN_IF_ERROR(CheckSinkUri(*parsed));
  const Uri uri = NormalizeSinkUri(std::move(*parsed));
  const std::string shown = uri.ToString();
  if (HasPlainSecret(uri)) {
    if (warnings != nullptr) {
      warnings->push_back(
          fmt::format("{}: the secret in the address is kept until the daemon stops and stored "
                      "nowhere; name it "
                      "instead: ?password=env:NAME",
                      shown));
    }
    MutexLock lock(mu_);
    with_secret_.insert_or_assign(shown, uri);
  }
  return shown;
}

StatusOr<std::string> AppConnectors::NormalizeSink(const std::string& sink) {
  return TakeSink(sink, nullptr);
}

StatusOr<std::string> AppConnectors::SinkPlace(const std::string& sink) {
  ASSIGN_OR_RETURN(Uri uri, ParseUri(sink));
  return drift::SinkPlace(std::move(uri)).ToString();
}

Status AppConnectors::NormalizeModel(PipelineSpec& spec) const {
  const auto set = models();
  ASSIGN_OR_RETURN(const auto names, SplitModel(spec.model));
  ASSIGN_OR_RETURN(const ProviderConfig* provider, set->FindProvider(names.first));
  auto resolved = set->registry.ResolveDimensions(*provider, names.second, spec.dimensions);
  if (resolved.status().code() == StatusCode::kNotFound) {
    return WithReason(InvalidArgument("{}", Message(resolved.status())), Reason(resolved.status()));
  }
  ASSIGN_OR_RETURN(const int32_t dimensions, std::move(resolved));
  if (!spec.shadow || provider->type == "shadow") {
    return set->Fallbacks(*provider, names.second, spec.dimensions).status();
  }
  spec.model = fmt::format("shadow/{}", dimensions);
  spec.dimensions = 0;
  return OkStatus();
}

Status AppConnectors::Normalize(PipelineSpec& spec, std::vector<std::string>& warnings) {
  ASSIGN_OR_RETURN(spec.table, delta::NormalizeTable(spec.table));
  ASSIGN_OR_RETURN(spec.sink, TakeSink(spec.sink, &warnings));
  return NormalizeModel(spec);
}

StatusOr<std::shared_ptr<Source>> AppConnectors::OpenSource(const PipelineSpec& spec,
                                                            const Projection& projection) {
  delta::DeltaOptions options;
  options.table = spec.table;
  for (const auto& [key, value] : spec.storage) {
    options.storage[key] = value;
    if (!value.starts_with("env:") && !value.starts_with("file:")) continue;
    ASSIGN_OR_RETURN(const Secret secret, ReadSecret(SecretRef{value}));
    options.storage[key] = secret.Reveal();
  }
  ASSIGN_OR_RETURN(auto source, delta::OpenDelta(options, projection));
  return std::shared_ptr<Source>(std::move(source));
}

StatusOr<std::shared_ptr<Sink>> AppConnectors::OpenSink(const std::string& text) {
  Uri uri;
  {
    MutexLock lock(mu_);
    if (auto open = sinks_[text].lock()) return open;
    const auto secret = with_secret_.find(text);
    if (secret != with_secret_.end()) uri = secret->second;
  }
  if (uri.scheme.empty()) {
    ASSIGN_OR_RETURN(uri, ParseUri(text));
  }
  ASSIGN_OR_RETURN(auto made, drift::OpenSink(uri));
  std::shared_ptr<Sink> sink = std::move(made);
  MutexLock lock(mu_);
  sinks_[text] = sink;
  return sink;
}

std::shared_ptr<RecentVectors> AppConnectors::RecentOf(const ModelInfo& info) {
  MutexLock lock(mu_);
  std::shared_ptr<RecentVectors>& recent = recent_[{info.fingerprint, info.dimensions}];
  if (!recent) recent = std::make_shared<RecentVectors>(kRecentBytes);
  return recent;
}

std::shared_ptr<Pacer> AppConnectors::PacerOf(const ProviderConfig& provider,
                                              const std::string& model, const ModelInfo& info) {
  ProviderConfig account = provider;
  account.fallback.clear();
  MutexLock lock(mu_);
  KnownPacer& known = pacers_[provider.name + "/" + model];
  if (known.pacer == nullptr || known.account != account || known.rate != info.rate) {
    known = {std::move(account), info.rate, std::make_shared<Pacer>(info, parts_.clock)};
  }
  return known.pacer;
}

void AppConnectors::Recall(const ModelSet& set, const ProviderConfig& provider,
                           const std::string& model) {
  const std::shared_ptr<TokenRatio> ratio = set.registry.FindRatio(provider, model);
  if (ratio == nullptr) return;
  const std::string id = provider.name + "/" + model;
  {
    MutexLock lock(mu_);
    if (!recalled_.insert(id).second) return;
  }
  const auto bills = parts_.ledger.LatestBills(id, kRecalledBills);
  if (!bills.ok()) {
    // Estimates start over; what is billed stays what is billed.
    return LogWarn("what a model billed so far could not be read",
                   {{"model", id}, {"error", Message(bills.status())}});
  }
  for (const BilledGuess& bill : *bills) ratio->Learn(bill.guessed_tokens, bill.billed_tokens);
}

StatusOr<Endpoint> AppConnectors::MakeEndpoint(const std::shared_ptr<ModelSet>& set,
                                               const ProviderConfig& provider,
                                               const std::string& model, int32_t dimensions) {
  Endpoint out;
  ASSIGN_OR_RETURN(out.embedder, MakeEmbedder(*set, provider, model, dimensions));
  out.price = [set, &provider, model](int64_t tokens, WallTime when) {
    const auto found = set->catalogue.prices.Find(provider, model, when);
    return found.ok() ? CostOf(tokens, found->nano_usd_per_million_tokens) : 0;
  };
  out.pacer = PacerOf(provider, model, out.embedder->model());
  return out;
}

StatusOr<std::shared_ptr<EmbedQueue>> AppConnectors::OpenModel(const std::string& model,
                                                               int32_t dimensions) {
  const std::string id = fmt::format("{}@{}", model, dimensions);
  std::shared_ptr<ModelSet> set;
  {
    MutexLock lock(mu_);
    const auto open = queues_.find(id);
    if (open != queues_.end()) return open->second;
    set = models_;
  }
  ASSIGN_OR_RETURN(const auto names, SplitModel(model));
  ASSIGN_OR_RETURN(const ProviderConfig* provider, set->FindProvider(names.first));
  ASSIGN_OR_RETURN(Endpoint own, MakeEndpoint(set, *provider, names.second, dimensions));
  ASSIGN_OR_RETURN(const auto others, set->Fallbacks(*provider, names.second, dimensions));
  std::vector<Endpoint> fallbacks;
  for (const ProviderConfig* other : others) {
    ASSIGN_OR_RETURN(fallbacks.emplace_back(),
                     MakeEndpoint(set, *other, names.second, own.embedder->model().dimensions));
  }
  Recall(*set, *provider, names.second);
  ASSIGN_OR_RETURN(auto counter, set->registry.MakeTokenCounter(*provider, names.second));
  std::shared_ptr<RecentVectors> recent = RecentOf(own.embedder->model());
  auto held = std::make_shared<HeldQueue>(
      set, EmbedQueue::Parts{std::move(own.embedder), std::move(counter), std::move(own.price),
                             std::move(own.pacer), std::move(recent), parts_.ledger, parts_.budget,
                             parts_.clock, parts_.rng, parts_.metrics, std::move(fallbacks)});
  std::shared_ptr<EmbedQueue> queue(held, &held->queue);
  MutexLock lock(mu_);
  // A reload came in between; or the key may be there the next time.
  if (models_ != set || !queue->Ready().ok()) return queue;
  return queues_.emplace(id, std::move(queue)).first->second;
}

std::vector<v1::Model> AppConnectors::ListModels() const {
  return DescribeModels(*models(), parts_.clock);
}

}  // namespace drift
