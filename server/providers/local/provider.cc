#include "providers/local/provider.h"

#include <algorithm>
#include <thread>

#include "providers/local/static_model.h"
#include "providers/sent_texts.h"

namespace drift::local {
namespace {

constexpr size_t kFingerprintDigits = 16;
// Texts of one call of a model whose vectors do not depend on their neighbours.
constexpr size_t kBatch = 8;

using Texts = std::span<const std::string>;
using IdLists = std::vector<std::vector<uint32_t>>;

// The vectors of a call, one block for all.
struct Block {
  Block(size_t count, size_t dimensions)
      : width(dimensions), values(std::make_shared_for_overwrite<float[]>(count * dimensions)) {}
  std::span<float> row(size_t i, size_t rows = 1) {
    return {values.get() + i * width, rows * width};
  }
  Vector Take(size_t i) const {
    return Vector(std::shared_ptr<const float>(values, values.get() + i * width), width);
  }

  size_t width;
  std::shared_ptr<float[]> values;
};

class StaticEmbedder : public Embedder {
 public:
  StaticEmbedder(ModelInfo info, StaticModel model, std::shared_ptr<Tokenizer> tokenizer)
      : info_(std::move(info)), model_(std::move(model)), tokenizer_(std::move(tokenizer)) {}

  const ModelInfo& model() const override { return info_; }

  StatusOr<Embeddings> Embed(Texts texts, InputKind, std::stop_token stop) override {
    Embeddings out;
    out.vectors.resize(texts.size());
    out.billed_tokens = 0;
    Block block(texts.size(), model_.dimensions());
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < texts.size(); ++i) {
      if (stop.stop_requested()) return Cancelled("embedding was cancelled");
      Status status = EmbedOne(texts[i], ids, block.row(i));
      if (status.code() == StatusCode::kInvalidArgument) {
        out.rejected.push_back({i, std::move(status)});
        continue;
      }
      RETURN_IF_ERROR(status);
      out.vectors[i] = block.Take(i);
      *out.billed_tokens += static_cast<int64_t>(ids.size());
    }
    return out;
  }

 private:
  Status EmbedOne(const std::string& text, std::vector<uint32_t>& ids, std::span<float> out) {
    if (text.empty()) return InvalidArgument("the text is empty");
    RETURN_IF_ERROR(tokenizer_->Encode(text, false, ids));
    return model_.Embed(ids, out);
  }

  const ModelInfo info_;
  const StaticModel model_;
  const std::shared_ptr<Tokenizer> tokenizer_;
};

class OnnxEmbedder : public Embedder {
 public:
  struct Parts {
    ModelInfo info;
    ModelEntry entry;
    MappedFile weights;  // the sessions are made from it
    std::shared_ptr<Tokenizer> tokenizer;
    std::unique_ptr<OnnxSessions> sessions;
    // Tokens of what stands around a text: the prefix of its kind and the tokenizer's own.
    int64_t document_overhead = 0;
    int64_t query_overhead = 0;
  };
  explicit OnnxEmbedder(Parts parts) : parts_(std::move(parts)) {}

  const ModelInfo& model() const override { return parts_.info; }

  StatusOr<Embeddings> Embed(Texts texts, InputKind kind, std::stop_token stop) override {
    const bool query = kind == InputKind::kQuery;
    const ModelEntry& entry = parts_.entry;
    const std::string& prefix = query ? entry.query_prefix : entry.document_prefix;
    SentTexts sent = PrepareTexts(texts, prefix);
    ASSIGN_OR_RETURN(const IdLists ids, Encode(sent, stop));
    int64_t tokens = 0;
    for (const auto& text : ids) {
      tokens += static_cast<int64_t>(text.size()) -
                (query ? parts_.query_overhead : parts_.document_overhead);
    }
    Block block(ids.size(), static_cast<size_t>(parts_.info.dimensions));
    const size_t batch = entry.local->one_text_per_call ? 1 : kBatch;
    for (size_t i = 0; i < ids.size(); i += batch) {
      if (stop.stop_requested()) return Cancelled("embedding was cancelled");
      const size_t n = std::min(batch, ids.size() - i);
      RETURN_IF_ERROR(parts_.sessions->Embed(std::span(ids).subspan(i, n), block.row(i, n), stop));
    }
    std::vector<Vector> vectors;
    for (size_t i = 0; i < ids.size(); ++i) vectors.push_back(block.Take(i));
    Embeddings out = Assemble(std::move(sent), std::move(vectors));
    out.billed_tokens = tokens;
    return out;
  }

 private:
  // Takes out the texts that the model cannot read whole: it would not tell.
  StatusOr<IdLists> Encode(SentTexts& sent, const std::stop_token& stop) {
    const int64_t most = parts_.entry.request.max_item_tokens;
    IdLists out;
    for (size_t i = 0; i < sent.texts.size();) {
      if (stop.stop_requested()) return Cancelled("embedding was cancelled");
      std::vector<uint32_t> ids;
      Status status = parts_.tokenizer->Encode(sent.texts[i], true, ids);
      if (status.ok() && most > 0 && static_cast<int64_t>(ids.size()) > most) {
        status = InvalidArgument("the text has {} tokens, the model takes {}", ids.size(), most);
      }
      if (status.code() == StatusCode::kInvalidArgument) {
        sent.Reject(i, std::move(status));
        continue;
      }
      RETURN_IF_ERROR(status);
      out.push_back(std::move(ids));
      ++i;
    }
    return out;
  }

  Parts parts_;
};

StatusOr<std::unique_ptr<Embedder>> MakeStatic(ModelInfo info, const MappedFile& weights,
                                               std::shared_ptr<Tokenizer> tokenizer) {
  ASSIGN_OR_RETURN(Matrix table, ReadMatrix(weights.content()));
  if (table.columns != static_cast<size_t>(info.dimensions)) {
    return DataLoss("the weights have {} dimensions where {} are expected", table.columns,
                    info.dimensions);
  }
  return std::make_unique<StaticEmbedder>(std::move(info), StaticModel(std::move(table)),
                                          std::move(tokenizer));
}

StatusOr<std::unique_ptr<Embedder>> MakeOnnx(const ProviderParts& parts, ModelInfo info,
                                             MappedFile weights,
                                             std::shared_ptr<Tokenizer> tokenizer) {
  RETURN_IF_ERROR(parts.files.LoadOnnx(parts.entry.id()));
  OnnxSessions::Options options;
  // int8 kernels gain nothing from a second thread; a second session does.
  options.max_sessions = static_cast<int>(info.rate.max_concurrency);
  options.pooling = parts.entry.local->pooling;
  options.dimensions = static_cast<size_t>(info.dimensions);
  ASSIGN_OR_RETURN(auto sessions, OnnxSessions::Open(weights.content(), options));
  IdLists probe(1);
  RETURN_IF_ERROR(tokenizer->Encode(parts.entry.query_prefix, true, probe[0]));
  const auto query_overhead = static_cast<int64_t>(probe[0].size());
  RETURN_IF_ERROR(tokenizer->Encode(parts.entry.document_prefix, true, probe[0]));
  const auto document_overhead = static_cast<int64_t>(probe[0].size());
  // A model of another shape is found out here, not with the first row.
  std::vector<float> vector(options.dimensions);
  const Status probed = sessions->Embed(probe, vector, {});
  if (!probed.ok()) return DataLoss("the model cannot be used: {}", Message(probed));
  // The limit is of the text alone.
  if (info.request.max_item_tokens > 0) info.request.max_item_tokens -= document_overhead;
  return std::make_unique<OnnxEmbedder>(
      OnnxEmbedder::Parts{std::move(info), parts.entry, std::move(weights), std::move(tokenizer),
                          std::move(sessions), document_overhead, query_overhead});
}

}  // namespace

const std::vector<std::string>& Options() {
  static const std::vector<std::string>& options = *new std::vector<std::string>{"max_concurrency"};
  return options;
}

Status Check(const ProviderConfig& config) {
  if (!config.base_url.empty()) return InvalidArgument("local models have no base_url");
  return NumberOption(config, "max_concurrency", 1).status();
}

StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts) {
  const ModelEntry& entry = parts.entry;
  if (!entry.local) {
    return InvalidArgument("model {} has no local section in the model catalogue", entry.id());
  }
  ASSIGN_OR_RETURN(ModelInfo info, MakeModelInfo(parts));
  ASSIGN_OR_RETURN(auto tokenizer, parts.files.OpenTokenizer(entry));
  ASSIGN_OR_RETURN(ModelFiles::Checked weights,
                   parts.files.Open(entry.local->weights, entry.local->weights_sha256, entry.id()));
  info.is_local = true;
  info.is_free = true;
  info.fingerprint += "@" + weights.sha256.substr(0, kFingerprintDigits);
  if (info.rate.max_concurrency == 0) {
    info.rate.max_concurrency = std::max(1u, std::thread::hardware_concurrency());
  }
  auto made = entry.local->kind == LocalModel::Kind::kStatic
                  ? MakeStatic(std::move(info), weights.file, std::move(tokenizer))
                  : MakeOnnx(parts, std::move(info), std::move(weights.file), std::move(tokenizer));
  if (!made.ok()) return Annotate(made.status(), entry.id());
  return made;
}

}  // namespace drift::local
