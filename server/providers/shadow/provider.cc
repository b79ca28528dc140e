#include "providers/shadow/provider.h"

#include <charconv>

#include "core/reasons.h"
#include "providers/shadow/vectors.h"

namespace drift::shadow {
namespace {

constexpr int32_t kMostDimensions = 65'536;
// Texts between two looks at the stop token: far less than a millisecond.
constexpr size_t kLook = 64;

class ShadowEmbedder : public Embedder {
 public:
  explicit ShadowEmbedder(ModelInfo info) : info_(std::move(info)) {}

  const ModelInfo& model() const override { return info_; }

  StatusOr<Embeddings> Embed(std::span<const std::string> texts, InputKind,
                             std::stop_token stop) override {
    const auto width = static_cast<size_t>(info_.dimensions);
    const auto block = std::make_shared_for_overwrite<float[]>(texts.size() * width);
    Embeddings out;
    out.vectors.resize(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      if (i % kLook == 0 && stop.stop_requested()) return Cancelled("embedding was cancelled");
      if (texts[i].empty()) {
        out.rejected.push_back({i, InvalidArgument("the text is empty")});
        continue;
      }
      float* values = block.get() + i * width;
      ShadowVector(texts[i], {values, width});
      out.vectors[i] = Vector(std::shared_ptr<const float>(block, values), width);
    }
    return out;
  }

 private:
  const ModelInfo info_;
};

}  // namespace

StatusOr<ModelEntry> FindModel(std::string_view name) {
  int32_t dimensions = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), dimensions);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  if (!is_number || dimensions < 1 || dimensions > kMostDimensions || name.starts_with('0')) {
    return WithReason(NotFound("model 'shadow/{}': a shadow model is named by its dimensions, from "
                               "1 to {}, like shadow/1536",
                               name, kMostDimensions),
                      reason::kModelNotFound);
  }
  ModelEntry entry;
  entry.provider = "shadow";
  entry.name = name;
  entry.dimensions.standard = dimensions;
  return entry;
}

Status Check(const ProviderConfig& config) {
  if (!config.base_url.empty()) return InvalidArgument("shadow models have no base_url");
  return OkStatus();
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  ASSIGN_OR_RETURN(ModelInfo info, MakeModelInfo(parts));
  info.is_local = true;
  info.is_free = true;
  return std::make_unique<ShadowEmbedder>(std::move(info));
}

}  // namespace drift::shadow
