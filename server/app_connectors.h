// The connectors of this process: sources, sinks and models by their registries, with the secrets
// and models that configuration names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/uri.h"
#include "config/catalogue.h"
#include "config/checks.h"
#include "config/config.h"
#include "drift/v1/model.pb.h"
#include "pipeline/connectors.h"
#include "providers/registry.h"

namespace drift {

// The catalogue, the providers and what makes models of them; replaced as a whole by a reload.
struct ModelSet {
  // `ratios` is handed from one set to the next.
  ModelSet(Catalogue catalogue, std::vector<ProviderConfig> configured, Clock& clock,
           std::shared_ptr<TokenRatios> ratios);

  const Catalogue catalogue;
  const std::vector<ProviderConfig> configured;
  const std::vector<ProviderConfig> well_known;
  const std::shared_ptr<TokenRatios> ratios;
  ProviderRegistry registry;

  // kInvalidArgument: no such provider; lists the known ones.
  StatusOr<const ProviderConfig*> FindProvider(std::string_view name) const;
  // Whom to ask in place of `provider`, in that order; each serves the very same model.
  StatusOr<std::vector<const ProviderConfig*>> Fallbacks(const ProviderConfig& provider,
                                                         std::string_view model,
                                                         int32_t dimensions) const;
};

// "openai/text-embedding-3-small" → "openai", "text-embedding-3-small".
// kInvalidArgument: there is no slash.
StatusOr<std::pair<std::string, std::string>> SplitModel(const std::string& model);

// What configuration is checked against. `models` may be null: then models are not checked.
ConfigChecks MakeConfigChecks(std::shared_ptr<const ModelSet> models);

// Safe for concurrent use.
class AppConnectors final : public Connectors {
 public:
  // What queues are made with; all outlive the connectors.
  struct Parts {
    Ledger& ledger;
    Budget& budget;
    Clock& clock;
    Rng& rng;
    Metrics& metrics;
  };
  AppConnectors(const Parts& parts, std::shared_ptr<ModelSet> models)
      : parts_(parts), models_(std::move(models)) {}

  // Runs that go keep the models they have.
  void SetModels(std::shared_ptr<ModelSet> models) EXCLUDES(mu_);
  std::shared_ptr<ModelSet> models() const EXCLUDES(mu_);
  std::vector<v1::Model> ListModels() const EXCLUDES(mu_);

  Status Normalize(PipelineSpec& spec, std::vector<std::string>& warnings) override;
  StatusOr<std::string> NormalizeSink(const std::string& sink) override;
  StatusOr<std::string> SinkPlace(const std::string& sink) override;
  StatusOr<std::shared_ptr<Source>> OpenSource(const PipelineSpec& spec,
                                               const Projection& projection) override;
  StatusOr<std::shared_ptr<Sink>> OpenSink(const std::string& sink) override;
  StatusOr<std::shared_ptr<EmbedQueue>> OpenModel(const std::string& model,
                                                  int32_t dimensions) override;

 private:
  StatusOr<std::string> TakeSink(const std::string& sink, std::vector<std::string>* warnings)
      EXCLUDES(mu_);
  Status NormalizeModel(PipelineSpec& spec) const EXCLUDES(mu_);
  // The model at one provider; without a key it is one that says so when it is asked.
  StatusOr<Endpoint> MakeEndpoint(const std::shared_ptr<ModelSet>& set,
                                  const ProviderConfig& provider, const std::string& model,
                                  int32_t dimensions) EXCLUDES(mu_);
  // The one of this model in the process, whatever dimensions it is asked for. It outlives a reload
  // that changes neither the account nor its quota: runs that go share it with those that come.
  std::shared_ptr<Pacer> PacerOf(const ProviderConfig& provider, const std::string& model,
                                 const ModelInfo& info) EXCLUDES(mu_);
  std::shared_ptr<RecentVectors> RecentOf(const ModelInfo& info) EXCLUDES(mu_);
  // Takes up what the ledger knows of the model's bills, once in the process.
  void Recall(const ModelSet& set, const ProviderConfig& provider, const std::string& model)
      EXCLUDES(mu_);

  struct KnownPacer {
    ProviderConfig account;
    RateLimits rate;
    std::shared_ptr<Pacer> pacer;
  };

  const Parts parts_;
  mutable Mutex mu_;
  std::shared_ptr<ModelSet> models_ GUARDED_BY(mu_);
  std::map<std::string, std::shared_ptr<EmbedQueue>> queues_ GUARDED_BY(mu_);
  std::map<std::string, KnownPacer> pacers_ GUARDED_BY(mu_);  // by provider/name
  // By fingerprint and dimensions. Kept over a reload: they are paid for.
  std::map<std::pair<std::string, int32_t>, std::shared_ptr<RecentVectors>> recent_ GUARDED_BY(mu_);
  std::set<std::string> recalled_ GUARDED_BY(mu_);  // models, provider/name
  std::map<std::string, std::weak_ptr<Sink>> sinks_ GUARDED_BY(mu_);
  // Addresses that came with a secret in them, by the form without it. Never stored or shown.
  std::map<std::string, Uri> with_secret_ GUARDED_BY(mu_);
};

}  // namespace drift
