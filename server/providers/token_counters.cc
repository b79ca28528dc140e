#include "providers/token_counters.h"

#include <algorithm>

namespace drift {
namespace {

class EstimateCounter : public TokenCounter {
 public:
  explicit EstimateCounter(std::shared_ptr<TokenRatio> ratio) : ratio_(std::move(ratio)) {}
  int64_t Count(std::string_view text) override {
    const int64_t estimate = EstimateTokens(text);
    return ratio_ == nullptr ? estimate : ratio_->Apply(estimate);
  }
  int64_t Measure(std::string_view text) override { return EstimateTokens(text); }
  bool exact() const override { return false; }

 private:
  const std::shared_ptr<TokenRatio> ratio_;
};

class TiktokenCounter : public TokenCounter {
 public:
  explicit TiktokenCounter(TokenizerKind kind) : kind_(kind) {}
  int64_t Count(std::string_view text) override {
    const auto count = local::CountTiktoken(kind_, text);
    return count.ok() ? *count : EstimateTokens(text);
  }
  bool exact() const override { return true; }

 private:
  const TokenizerKind kind_;
};

class ModelFileCounter : public TokenCounter {
 public:
  explicit ModelFileCounter(std::shared_ptr<local::Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)) {}
  int64_t Count(std::string_view text) override {
    const auto count = tokenizer_->Count(text, false);
    return count.ok() ? *count : EstimateTokens(text);
  }
  bool exact() const override { return true; }

 private:
  const std::shared_ptr<local::Tokenizer> tokenizer_;
};

}  // namespace

int64_t EstimateTokens(std::string_view text) {
  const auto ascii = std::count_if(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const auto others = static_cast<int64_t>(text.size()) - ascii;
  return std::max<int64_t>(1, (ascii + 3) / 4 + (others + 1) / 2);
}

StatusOr<std::unique_ptr<TokenCounter>> MakeTokenCounter(const ModelEntry& entry,
                                                         local::ModelFiles& files,
                                                         std::shared_ptr<TokenRatio> ratio) {
  switch (entry.tokenizer) {
    case TokenizerKind::kCl100k:
    case TokenizerKind::kO200k:
      return std::make_unique<TiktokenCounter>(entry.tokenizer);
    case TokenizerKind::kModelFile: {
      ASSIGN_OR_RETURN(auto tokenizer, files.OpenTokenizer(entry));
      return std::make_unique<ModelFileCounter>(std::move(tokenizer));
    }
    case TokenizerKind::kEstimate:
      break;
  }
  return std::make_unique<EstimateCounter>(std::move(ratio));
}

}  // namespace drift
