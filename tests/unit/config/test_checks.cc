#include "tests/unit/config/test_checks.h"

#include "base/suggest.h"
#include "base/uri.h"

namespace drift {
namespace {

StatusOr<std::string> NormalizeTable(const std::string&, const std::string& table) {
  if (table.starts_with('/') || table.find("://") != std::string::npos) return table;
  return InvalidArgument("{}: the path must be absolute, for it is read by the daemon", table);
}

StatusOr<std::string> NormalizeSink(const std::string& text) {
  ASSIGN_OR_RETURN(const Uri uri, ParseUri(text));
  const std::vector<std::string> schemes = {"sqlite", "qdrant", "postgresql"};
  if (std::find(schemes.begin(), schemes.end(), uri.scheme) == schemes.end()) {
    return InvalidArgument("unknown scheme '{}'{}", uri.scheme, DidYouMean(uri.scheme, schemes));
  }
  if (uri.scheme == "sqlite" && !uri.host.empty()) {
    return InvalidArgument("the path must be absolute: sqlite:///...");
  }
  if (uri.scheme == "qdrant" && uri.port == 6333) {
    return InvalidArgument("port 6333 is Qdrant's REST port; gRPC listens on 6334");
  }
  return uri.ToString();
}

Status CheckLedger(const std::string& url) {
  const auto sink = NormalizeSink(url);
  if (sink.ok()) return OkStatus();
  return InvalidArgument("{}: {}", url, Message(sink.status()));
}

Status CheckModel(const ProviderConfig& provider, const std::string& model) {
  if (provider.type != "openai") return OkStatus();
  const std::vector<std::string> models = {"text-embedding-3-small", "text-embedding-3-large"};
  if (std::find(models.begin(), models.end(), model) != models.end()) return OkStatus();
  return InvalidArgument("{} has no model '{}'{}", provider.name, model, DidYouMean(model, models));
}

Status CheckDimensions(const ProviderConfig& provider, const std::string& model, int32_t wanted) {
  if (provider.type != "openai" || wanted <= 1536) return OkStatus();
  return InvalidArgument("{}/{} has 1 to 1536 dimensions, not {}", provider.name, model, wanted);
}

Status CheckFallback(const ProviderConfig& provider, const ProviderConfig& other,
                     const std::string&, int32_t) {
  if (provider.type == other.type) return OkStatus();
  return InvalidArgument("{} cannot fall back to {}: it has other models", provider.name,
                         other.name);
}

}  // namespace

ConfigChecks TestChecks() {
  ConfigChecks checks;
  checks.source_types = {{"delta", {"region", "endpoint", "access_key_id", "secret_access_key"}}};
  checks.normalize_table = NormalizeTable;
  checks.normalize_sink = NormalizeSink;
  checks.check_ledger_url = CheckLedger;
  checks.check_file = [](const std::string& path) {
    return path.starts_with("/nowhere") ? NotFound("{}: No such file or directory", path)
                                        : OkStatus();
  };
  checks.provider_types = {
      {"openai", {"organization"}}, {"local", {}}, {"shadow", {}}, {"tei", {}}};
  checks.well_known_providers = {
      {.name = "openai", .type = "openai", .api_key = SecretRef{"env:OPENAI_API_KEY"}},
      {.name = "local", .type = "local"},
      {.name = "shadow", .type = "shadow"}};
  checks.check_model = CheckModel;
  checks.check_dimensions = CheckDimensions;
  checks.check_fallback = CheckFallback;
  return checks;
}

}  // namespace drift
